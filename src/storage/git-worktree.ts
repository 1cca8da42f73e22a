import { basename, dirname, join, resolve } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import { identify } from '../disk/identity.ts';
import type { DiskFailure, GitFailure } from '../model/failure.ts';
import type { Doubt } from '../model/reason.ts';
import type { WorktreeFacts } from '../model/worktree.ts';
import { readStatus, readTracked, type Checkout } from './git-changes.ts';
import { findUnreachable } from './git-commits.ts';
import { findMergeTarget } from './git-merge.ts';
import { doubtsOfNested, nestedDirectories } from './git-nested.ts';
import { operationIn } from './git-operation.ts';
import { gitComplaint } from './git-complaint.ts';
import { runGit } from './git.ts';
import { findPrecious } from './precious.ts';
import { mainGitDirOfWorktreeFile } from './repository.ts';
import { see } from './see.ts';
import { readPointer, readWorktreeLink, realDirectory, type WorktreeLink } from './worktree-link.ts';

export type InspectOptions = {
  /** As Prodigy recorded it. */
  readonly originalBranch?: string | undefined;
  /** `.git` entries below the worktree that somebody met already: absolute, or relative to it. */
  readonly measureNested?: readonly string[] | undefined;
};

/** git's own locks count as somebody at work for this long. */
const gitLockMs = 3_600_000;
const maxNestedListed = 20;

/** Before git was asked: nothing is proven. */
export const nothingKnown: WorktreeFacts = {
  mainGitDir: undefined,
  adminDir: undefined,
  branch: undefined,
  head: undefined,
  originalBranch: undefined,
  locked: undefined,
  operation: undefined,
  changes: undefined,
  unreachable: undefined,
  mergedInto: undefined,
  nested: [],
  doubts: [],
  lastGitSignMs: undefined,
};

/**
 * Everything that a proof of "nothing is lost" needs to know of one worktree. Writes nothing, never throws for what it
 * finds: whatever is odd is a doubt.
 */
export async function inspectWorktree(path: string, options: InspectOptions = {}): Promise<WorktreeFacts> {
  const { originalBranch } = options;
  const real = await realWorktree(path);
  if (real.isErr()) return { ...nothingKnown, originalBranch, doubts: [real.error] };
  const link = await readWorktreeLink(real.value);
  if (link.isErr()) {
    const mainGitDir = await mainGitDirOfWorktreeFile(real.value);
    return { ...nothingKnown, originalBranch, mainGitDir, doubts: [link.error] };
  }
  return inspectLinked(real.value, link.value, options);
}

async function inspectLinked(
  worktree: string,
  link: WorktreeLink,
  { originalBranch, measureNested = [] }: InspectOptions,
): Promise<WorktreeFacts> {
  const { adminDir, mainGitDir } = link;
  const doubts: Doubt[] = [];
  const locked = await lockReason(adminDir, doubts);
  const files = {
    ...nothingKnown,
    mainGitDir,
    adminDir,
    originalBranch,
    locked,
    operation: await operationIn(adminDir),
    lastGitSignMs: youngestFile(adminDir, doubts),
  };
  addGitLocks(adminDir, doubts);
  const head = await readHead(worktree, link);
  if (head.isErr()) return { ...files, doubts: [...doubts, head.error] };

  const checkout: Checkout = { workTree: worktree, gitDir: adminDir };
  const { branch } = head.value;
  const [inside, unreachable, mergedInto] = await Promise.all([
    lookInside(checkout, measureNested),
    findUnreachable(mainGitDir, adminDir, head.value.head),
    findMergeTarget(mainGitDir, { head: head.value.head, branch, originalBranch }),
  ]);
  doubts.push(...inside.doubts);
  if (unreachable.isErr()) doubts.push(unreachable.error);
  if (mergedInto.isErr()) doubts.push(mergedInto.error);
  return {
    ...files,
    branch,
    head: head.value.head,
    changes: inside.changes,
    unreachable: unreachable.unwrapOr(undefined),
    mergedInto: mergedInto.unwrapOr(undefined),
    nested: inside.nested.slice(0, maxNestedListed),
    doubts,
    lastGitSignMs: Math.max(files.lastGitSignMs ?? 0, head.value.committedAtMs),
  };
}

/** Its parents may be links (the storage root often is one), the worktree itself may not. */
async function realWorktree(path: string): Promise<Result<string, Doubt>> {
  const seen = see(path);
  if (seen.isErr()) return err(seen.error);
  if (seen.value === undefined) return err({ reason: 'unreadable', detail: 'no such directory', path });
  const { type } = seen.value.identity;
  if (type === 'symlink') return err({ reason: 'symlink', detail: 'a symbolic link', path });
  if (type !== 'directory') return err({ reason: 'unknown-format', detail: 'not a directory', path });
  const real = await realDirectory(path);
  return real === undefined ? err({ reason: 'unreadable', detail: 'cannot be resolved', path }) : ok(real);
}

type Head = {
  readonly head: string;
  readonly branch: string | undefined;
  readonly committedAtMs: number;
};

/**
 * Lets git find everything by itself, as it would for the user: so git's own refusals (another owner, a broken
 * repository) are heard, and a `core.worktree` that leads elsewhere is noticed.
 */
async function readHead(
  worktree: string,
  { adminDir, mainGitDir }: WorktreeLink,
): Promise<Result<Head, Doubt>> {
  const doubt = (reason: Doubt['reason'], detail: string): Result<Head, Doubt> =>
    err({ reason, detail, path: worktree });
  if ((await realDirectory(join(mainGitDir, 'reftable'))) !== undefined) {
    return doubt('unknown-format', 'refs are kept in a way that is not understood');
  }
  const args = ['rev-parse', '--show-toplevel', '--absolute-git-dir', '--symbolic-full-name', 'HEAD'];
  const asked = await runGit(args, { cwd: worktree });
  if (asked.isErr()) return doubt('unreadable', gitComplaint(asked.error));
  const expected = `${worktree}\n${adminDir}\n`;
  if (!asked.value.startsWith(expected))
    return doubt('unknown-format', 'git finds another directory from here');
  const name = asked.value.slice(expected.length).trim();

  const shown = await runGit(['log', '-1', '--no-show-signature', '--format=%H %ct', 'HEAD'], {
    gitDir: adminDir,
  });
  if (shown.isErr()) return doubt('unreadable', gitComplaint(shown.error));
  const [, head, seconds] = /^([0-9a-f]{40,64}) (\d+)\s*$/u.exec(shown.value) ?? [];
  if (head === undefined) return doubt('unreadable', 'HEAD is not a commit');
  return ok({ head, branch: name === 'HEAD' ? undefined : name, committedAtMs: Number(seconds) * 1_000 });
}

type Inside = Pick<WorktreeFacts, 'changes' | 'nested' | 'doubts'>;

async function lookInside(checkout: Checkout, measureNested: readonly string[]): Promise<Inside> {
  const doubts: Doubt[] = [];
  const [status, tracked] = await Promise.all([readStatus(checkout), readTracked(checkout)]);
  const failed = (failure: GitFailure): void => {
    doubts.push({ reason: 'unreadable', detail: gitComplaint(failure), path: checkout.workTree });
  };
  if (status.isErr()) failed(status.error);
  if (tracked.isErr()) failed(tracked.error);
  if (status.isErr() || tracked.isErr()) return { changes: undefined, nested: [], doubts };

  const { uncommitted, untracked, ignored } = status.value;
  const { precious, nested: met } = await findPrecious(checkout.workTree, ignored);
  const walked = nestedDirectories(checkout.workTree, measureNested);
  const nested = await doubtsOfNested(checkout.workTree, checkout.gitDir, [
    ...tracked.value.submodules,
    ...met,
    ...walked,
  ]);
  const changes = {
    uncommitted: uncommitted.length + tracked.value.hiddenEdits.length,
    untracked: untracked.length,
    precious,
  };
  return { changes, nested: nested.found, doubts: nested.doubts };
}

async function lockReason(adminDir: string, doubts: Doubt[]): Promise<string | undefined> {
  const text = await readPointer(join(adminDir, 'locked'));
  if (text.isOk()) return text.value?.trim();
  doubts.push(text.error);
  return '';
}

function addGitLocks(adminDir: string, doubts: Doubt[]): void {
  for (const name of ['index.lock', 'HEAD.lock']) {
    const lock = see(join(adminDir, name));
    if (lock.isErr()) doubts.push(lock.error);
    else if (lock.value !== undefined && Date.now() - lock.value.mtimeMs < gitLockMs) {
      doubts.push({ reason: 'in-use', detail: `git holds ${name}`, path: lock.value.path });
    }
  }
}

function youngestFile(adminDir: string, doubts: Doubt[]): number | undefined {
  let youngestMs: number | undefined;
  for (const name of ['index', 'HEAD', 'logs/HEAD', 'ORIG_HEAD']) {
    const file = see(join(adminDir, name));
    if (file.isErr()) doubts.push(file.error);
    else if (file.value !== undefined) youngestMs = Math.max(youngestMs ?? 0, file.value.mtimeMs);
  }
  return youngestMs;
}

/** What is needed to take a worktree out of git's books, and to put it back. */
export type Registration = {
  readonly mainGitDir: string;
  readonly adminDir: string;
  /** Full ref name; none when HEAD is detached. */
  readonly branch?: string;
  readonly head: string;
};

/** `undefined` while any part of it is not known. */
export function registrationOf(facts: WorktreeFacts): Registration | undefined {
  const { mainGitDir, adminDir, branch, head } = facts;
  if (mainGitDir === undefined || adminDir === undefined || head === undefined) return undefined;
  return branch === undefined ? { mainGitDir, adminDir, head } : { mainGitDir, adminDir, branch, head };
}

/**
 * Makes git forget a worktree whose directory is gone already. A directory that is there again, and a registration
 * that by now stands for another path, are left alone and answered with `already`.
 *
 * @param path - where the worktree was
 */
export async function unregisterWorktree(
  { mainGitDir, adminDir }: Pick<Registration, 'mainGitDir' | 'adminDir'>,
  path: string,
): Promise<Result<'unregistered' | 'already', GitFailure | DiskFailure>> {
  const there = await identify(path);
  if (there.isErr()) return err(there.error);
  if (there.value !== undefined) return ok('already');
  const admin = await identify(adminDir);
  if (admin.isErr()) return err(admin.error);
  if (admin.value === undefined) return ok('already');

  const registered = await registeredPath(adminDir);
  if (registered.isErr()) return err(registered.error);
  if (registered.value === undefined || !(await isSamePath(registered.value, path))) return ok('already');

  // git's own spelling of the path finds exactly this one.
  const args = ['worktree', 'remove', registered.value];
  const removed = await runGit(args, { gitDir: mainGitDir });
  const left = await identify(adminDir);
  if (left.isErr()) return err(left.error);
  if (left.value === undefined) return ok('unregistered');
  if (removed.isErr()) return err(removed.error);
  return err({ type: 'git', args, exitCode: 0, stderr: 'still registered' });
}

async function registeredPath(adminDir: string): Promise<Result<string | undefined, DiskFailure>> {
  const path = join(adminDir, 'gitdir');
  const text = await readPointer(path);
  if (text.isErr()) return err({ type: 'disk', code: text.error.detail, syscall: 'read', path });
  const line = text.value?.replace(/\r?\n$/u, '');
  if (line === undefined || line === '') return ok(undefined);
  return ok(dirname(resolve(adminDir, line)));
}

/** The path itself is gone, so only what is above it can be resolved. */
async function isSamePath(a: string, b: string): Promise<boolean> {
  if (a === b) return true;
  const [parentOfA, parentOfB] = await Promise.all([realDirectory(dirname(a)), realDirectory(dirname(b))]);
  return parentOfA !== undefined && parentOfA === parentOfB && basename(a) === basename(b);
}
