import { join } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import type { Doubt } from '../model/reason.ts';
import type { WorktreeFacts } from '../model/worktree.ts';
import { findSpentBranches } from './git-branch.ts';
import { findStatus, readStatus, readTracked, type Checkout, type Status } from './git-changes.ts';
import { findUnreachable } from './git-commits.ts';
import { hasOwnSettings, settingsOfWorktree } from './git-settings.ts';
import { findMergeTarget } from './git-merge.ts';
import { doubtsOfNested, nestedDirectories } from './git-nested.ts';
import { operationIn } from './git-operation.ts';
import { tipsOf } from './git-tips.ts';
import { gitComplaint } from './git-complaint.ts';
import { runGit } from './git.ts';
import { findPrecious } from './precious.ts';
import { mainGitDirOfWorktreeFile } from './repository.ts';
import { see } from './see.ts';
import {
  readPointer,
  readPointers,
  readWorktreeLink,
  realDirectory,
  type WorktreeLink,
} from './worktree-link.ts';
import { findSettings } from './worktree-settings.ts';

export type InspectOptions = {
  /** As Prodigy recorded it. */
  readonly originalBranch?: string | undefined;
  /** `.git` entries below the worktree that somebody met: absolute, or relative to it. Waited for as late as can be. */
  readonly measureNested?: readonly string[] | (() => Promise<readonly string[]>) | undefined;
  /** Whether to find out how unmerged work may have landed all the same; yes unless told. */
  readonly landed?: boolean | undefined;
  /** Whether to find out which of its branches are not needed any more; no unless told. */
  readonly branches?: boolean | undefined;
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
  landed: undefined,
  spentBranches: [],
  pointers: undefined,
  settings: [],
  nested: [],
  submodules: [],
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
  return inspectLinked(real.value, link.value, options, 'in-place');
}

/** The same of a worktree that was moved: it is where git does not believe it to be, and is not to notice. */
export function inspectMoved(
  path: string,
  link: WorktreeLink,
  options: InspectOptions,
): Promise<WorktreeFacts> {
  return inspectLinked(path, link, options, 'moved');
}

async function inspectLinked(
  worktree: string,
  link: WorktreeLink,
  { originalBranch, measureNested = [], landed = true, branches = false }: InspectOptions,
  where: 'in-place' | 'moved',
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
  const looked = await lookInside(worktree, link, where);
  if (looked.isErr()) return { ...files, doubts: [...doubts, looked.error] };
  const { head, branch, defaultBranch, status, checkout } = looked.value;

  const original = fullName(originalBranch);
  const tips = await tipsOf(adminDir);
  const [inside, unreachable, target, spentBranches, pointers, settings] = await Promise.all([
    status === undefined ? undefined : changesOf(checkout, status, measureNested),
    tips.isErr() ? err(tips.error) : findUnreachable(mainGitDir, { head, tips: tips.value }),
    findMergeTarget(mainGitDir, { head, branch, original, defaultBranch, landed }),
    branches ? findSpentBranches(worktree, link, { branch, original }) : [],
    readPointers(worktree, adminDir),
    findSettings(adminDir),
  ]);
  doubts.push(...looked.value.doubts, ...(inside?.doubts ?? []));
  if (unreachable.isErr()) doubts.push(unreachable.error);
  if (target.isErr()) doubts.push(target.error);
  const { merged, landed: way, committedAtMs = 0 } = target.unwrapOr(unknownTarget);
  return {
    ...files,
    branch,
    head,
    changes: inside?.changes,
    unreachable: unreachable.unwrapOr(undefined),
    mergedInto: merged?.name,
    landed: way,
    spentBranches,
    pointers,
    settings,
    nested: inside?.nested.slice(0, maxNestedListed) ?? [],
    submodules: inside?.submodules.slice(0, maxNestedListed) ?? [],
    doubts,
    lastGitSignMs: Math.max(files.lastGitSignMs ?? 0, committedAtMs),
  };
}

function fullName(branch: string | undefined): string | undefined {
  return branch === undefined || branch === '' ? undefined : `refs/heads/${branch}`;
}

const unknownTarget = { merged: undefined, landed: undefined, committedAtMs: undefined };

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

type Looked = {
  readonly head: string;
  readonly branch: string | undefined;
  readonly defaultBranch: string | undefined;
  readonly checkout: Checkout;
  /** `undefined` when git could not say; then `doubts` says why. */
  readonly status: Status | undefined;
  readonly doubts: readonly Doubt[];
};

/** What is checked out and what was changed, in git's own words. */
async function lookInside(
  worktree: string,
  link: WorktreeLink,
  where: 'in-place' | 'moved',
): Promise<Result<Looked, Doubt>> {
  const { adminDir, mainGitDir } = link;
  const isInPlace = where === 'in-place';
  const doubt = (reason: Doubt['reason'], detail: string): Doubt => ({ reason, detail, path: worktree });
  if ((await realDirectory(join(mainGitDir, 'reftable'))) !== undefined) {
    return err(doubt('unknown-format', 'refs are kept in a way that is not understood'));
  }
  // Without settings of its own, nothing can lead git elsewhere than the `.git` file does.
  const mayLead = isInPlace && (await hasOwnSettings(adminDir));
  const elsewhere = mayLead ? await leadsElsewhere(worktree, adminDir) : undefined;
  if (elsewhere !== undefined) return err(elsewhere);
  const settings = await settingsOfWorktree(link);
  if (settings.isErr()) return err(doubt('unreadable', gitComplaint(settings.error)));
  const { quiet, defaultBranch } = settings.value;

  const named = await readPointer(join(adminDir, 'HEAD'));
  if (named.isErr()) return err(named.error);
  const branch = /^ref: (refs\/\S.*)$/u.exec(named.value?.trimEnd() ?? '')?.[1];
  const checkout: Checkout = { workTree: worktree, gitDir: adminDir, settings: quiet };
  const status = await (isInPlace ? findStatus : readStatus)(checkout);
  if (status.isErr()) {
    const broken = doubt('unreadable', gitComplaint(status.error));
    if (!isInPlace) return err(broken);
    // Its commits can be told all the same, unless git refuses altogether.
    const asked = await runGit(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], { cwd: worktree });
    if (asked.isErr()) return err(broken);
    const known = { head: asked.value.trim(), branch, defaultBranch, checkout };
    return ok({ ...known, status: undefined, doubts: [broken] });
  }
  const { head, isDetached } = status.value;
  if (head === undefined) return err(doubt('unreadable', 'HEAD is not a commit'));
  if (isDetached !== (branch === undefined)) return err(doubt('in-use', 'HEAD changed meanwhile'));
  return ok({ head, branch, defaultBranch, checkout, status: status.value, doubts: [] });
}

/** A `core.worktree` of its own that leads git away from here. */
async function leadsElsewhere(worktree: string, adminDir: string): Promise<Doubt | undefined> {
  const asked = await runGit(['rev-parse', '--show-toplevel', '--absolute-git-dir'], { cwd: worktree });
  if (asked.isErr()) return { reason: 'unreadable', detail: gitComplaint(asked.error), path: worktree };
  if (asked.value === `${worktree}\n${adminDir}\n`) return undefined;
  return { reason: 'unknown-format', detail: 'git finds another directory from here', path: worktree };
}

type Inside = Pick<WorktreeFacts, 'changes' | 'nested' | 'submodules' | 'doubts'>;

async function changesOf(
  checkout: Checkout,
  { uncommitted, untracked, ignored }: Status,
  measureNested: NonNullable<InspectOptions['measureNested']>,
): Promise<Inside> {
  const tracked = await readTracked(checkout);
  if (tracked.isErr()) {
    const detail = gitComplaint(tracked.error);
    return {
      changes: undefined,
      nested: [],
      submodules: [],
      doubts: [{ reason: 'unreadable', detail, path: checkout.workTree }],
    };
  }
  const { precious, nested: met } = await findPrecious(checkout.workTree, ignored);
  const walk = typeof measureNested === 'function' ? await measureNested() : measureNested;
  const walked = nestedDirectories(checkout.workTree, walk);
  const nested = await doubtsOfNested(checkout.workTree, checkout.gitDir, [
    ...tracked.value.submodules,
    ...met,
    ...walked,
  ]);
  const changes = {
    uncommitted: uncommitted.length + tracked.value.hiddenEdits.length,
    untracked: untracked.length + tracked.value.stray.length,
    precious,
  };
  const { found, doubts } = nested;
  const submodules = found.filter((path) => tracked.value.submodules.includes(path));
  return { changes, nested: found, submodules, doubts };
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
