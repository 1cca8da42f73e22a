import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import { readCheckouts } from './git-checkouts.ts';
import { gitComplaint } from './git-complaint.ts';
import type { Registration } from './git-registration.ts';
import { runGit } from './git.ts';
import { makeLinkRelative } from './relative-link.ts';
import { readGitFile, readPointer, realDirectory } from './worktree-link.ts';
import { layOutSettings, type KeptSettings } from './worktree-settings.ts';

/** A branch and where it has to be. */
export type Branch = { readonly ref: string; readonly commit: string };

/** Why it cannot be: a sentence for people. Nothing was overwritten. */
export type Conflict = string;

const durable = ['core.fsync=all', 'core.fsyncMethod=fsync'];
const branchPrefix = 'refs/heads/';

/**
 * Whether git could make the worktree again as it was: its repository and commit are there, its branch is where it was
 * or is gone, and no other working directory uses it. Changes nothing.
 */
export async function findConflict(
  { mainGitDir, branch, head }: Registration,
  branches: readonly Branch[],
): Promise<Conflict | undefined> {
  if ((await realDirectory(mainGitDir)) === undefined) return `its repository is gone: ${mainGitDir}`;
  // Asked for by its path git looks at no owner, and filters of somebody else's settings would run with our rights.
  const trusted = await runGit(['rev-parse', '--git-dir'], {
    cwd: mainGitDir,
    settings: ['safe.bareRepository=all'],
  });
  if (trusted.isErr()) return `git will not work in its repository: ${gitComplaint(trusted.error)}`;
  const commit = await runGit(['cat-file', '-e', `${head}^{commit}`], { gitDir: mainGitDir });
  if (commit.isErr()) return `its commit ${head.slice(0, 12)} is not in the repository any more`;
  const users = await readCheckouts(mainGitDir, undefined);
  if (users.isErr()) return `it cannot be told which branches are in use: ${users.error.detail}`;
  for (const one of wanted(branch, head, branches)) {
    const now = await commitOf(mainGitDir, one.ref);
    if (now !== undefined && now !== one.commit) {
      return `branch ${shortName(one.ref)} has moved on from ${one.commit.slice(0, 12)} to ${now.slice(0, 12)}`;
    }
    if (now === undefined) {
      const there = await runGit(['cat-file', '-e', `${one.commit}^{commit}`], { gitDir: mainGitDir });
      if (there.isErr()) return `the commit ${one.commit.slice(0, 12)} of its branch is gone`;
    }
  }
  const [user] = branch === undefined ? [] : (users.value.get(branch) ?? []);
  return user === undefined || branch === undefined
    ? undefined
    : `branch ${shortName(branch)} is in use: ${await workingDirectoryOf(user)}`;
}

/**
 * Makes the worktree at `at`, where nothing is: branches that are gone, the registration, the files. No hook is run; its
 * filters are, as whenever git writes files for their owner.
 */
export async function makeWorktree(
  registration: Registration & { readonly settings?: readonly KeptSettings[] },
  branches: readonly Branch[],
  at: string,
): Promise<Result<void, Conflict>> {
  const { mainGitDir, branch, head } = registration;
  const ready = await makeBranches(registration, branches);
  if (ready.isErr()) return err(ready.error);
  const isNamed = isBranch(branch) && (await isSayable(mainGitDir, shortName(branch)));
  const what = isNamed ? [at, shortName(branch)] : ['--detach', at, head];
  const added = await runGit(['worktree', 'add', '--no-checkout', ...what], { gitDir: mainGitDir });
  if (added.isErr()) return err(`git would not add it: ${gitComplaint(added.error)}`);
  if (isBranch(branch) && !isNamed) {
    const set = await runGit(['symbolic-ref', '--', 'HEAD', branch], { cwd: at });
    if (set.isErr()) return err(`git would not check out ${shortName(branch)}: ${gitComplaint(set.error)}`);
  }
  const settled = await giveSettings(registration, at);
  if (settled.isErr()) return err(settled.error);
  const files = await runGit(['reset', '--hard', '--quiet', '--no-recurse-submodules'], { cwd: at });
  if (files.isErr()) return err(`git would not write its files: ${gitComplaint(files.error)}`);
  const now = await runGit(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], { cwd: at });
  return now.isOk() && now.value.trim() === head ? ok(undefined) : err('its branch moved meanwhile');
}

/** Whether git takes it for a branch on its command line: it does not with `HEAD`, nor with what looks like an option. */
async function isSayable(gitDir: string, name: string): Promise<boolean> {
  return (await runGit(['check-ref-format', '--branch', name], { gitDir })).isOk();
}

/** Makes its branches that are gone where they were. */
export async function makeBranches(
  { mainGitDir, branch, head }: Registration,
  branches: readonly Branch[],
): Promise<Result<void, Conflict>> {
  for (const { ref, commit } of wanted(branch, head, branches)) {
    if ((await commitOf(mainGitDir, ref)) !== undefined) continue;
    // Only as a new one: whoever was faster keeps what he made.
    const none = '0'.repeat(commit.length);
    const made = await runGit(['update-ref', ref, commit, none], { gitDir: mainGitDir, settings: durable });
    if (made.isErr()) return err(`git would not make branch ${shortName(ref)}: ${gitComplaint(made.error)}`);
  }
  return ok(undefined);
}

/**
 * Tells git that a worktree of its was moved, and ties the two by relative paths where they were. Done again, it ends
 * where it ended.
 *
 * @param scratch - a name for a moment, on the worktree's file system and not in it
 */
export async function settleWorktree(
  { mainGitDir, pointers }: Pick<Registration, 'mainGitDir' | 'pointers'>,
  path: string,
  scratch: string,
): Promise<Result<void, Conflict>> {
  const repaired = await runGit(['worktree', 'repair', path], { gitDir: mainGitDir });
  if (repaired.isErr()) return err(`git would not register it: ${gitComplaint(repaired.error)}`);
  const adminDir = await readGitFile(join(path, '.git'));
  if (adminDir.isErr()) return err(`its .git file cannot be read: ${adminDir.error.detail}`);
  try {
    if (pointers !== undefined) await makeLinkRelative(pointers, path, adminDir.value, scratch);
  } catch (cause) {
    return err(`it cannot be tied by relative paths: ${cause instanceof Error ? cause.message : ''}`);
  }
  const back = await readPointer(join(adminDir.value, 'gitdir'));
  const text = back.unwrapOr(undefined)?.trim() ?? '';
  const isSame =
    (await realDirectory(dirname(resolve(adminDir.value, text)))) === (await realDirectory(path));
  return isSame ? ok(undefined) : err('git has registered it for another path');
}

/** Takes an attempt whose directory is gone out of git again, if it got so far. Its branches stay: they are where they were. */
export async function forgetAttempt(mainGitDir: string, at: string): Promise<void> {
  if ((await realDirectory(mainGitDir)) === undefined) return;
  await runGit(['worktree', 'remove', '--force', '--force', at], { gitDir: mainGitDir });
}

function wanted(branch: string | undefined, head: string, branches: readonly Branch[]): readonly Branch[] {
  const own = isBranch(branch) ? [{ ref: branch, commit: head }] : [];
  return [...own, ...branches.filter(({ ref }) => ref !== branch)];
}

function isBranch(ref: string | undefined): ref is string {
  return ref?.startsWith(branchPrefix) === true;
}

function shortName(ref: string): string {
  return ref.startsWith(branchPrefix) ? ref.slice(branchPrefix.length) : ref;
}

async function commitOf(gitDir: string, ref: string): Promise<string | undefined> {
  const asked = await runGit(['rev-parse', '--verify', '--quiet', ref], { gitDir });
  return asked.isOk() ? asked.value.trim() : undefined;
}

/** A git directory is known to people by the files that go with it. */
async function workingDirectoryOf(gitDir: string): Promise<string> {
  const text = await readPointer(join(gitDir, 'gitdir'));
  const line = text.unwrapOr(undefined)?.trim();
  return line === undefined || line === '' ? gitDir : dirname(resolve(gitDir, line));
}

/** The settings it had by itself; what is left of a sparse checkout where they were not kept. */
export async function giveSettings(
  { pointers, settings }: Pick<Registration, 'pointers'> & { readonly settings?: readonly KeptSettings[] },
  at: string,
): Promise<Result<void, Conflict>> {
  const adminDir = await readGitFile(join(at, '.git'));
  if (adminDir.isErr()) return err(`its .git file cannot be read: ${adminDir.error.detail}`);
  let isWhole = false;
  try {
    isWhole = settings !== undefined && (await layOutSettings(adminDir.value, settings)).length === 0;
  } catch (cause) {
    return err(`its settings cannot be laid out: ${cause instanceof Error ? cause.message : ''}`);
  }
  if (isWhole || pointers?.sparse === undefined) return ok(undefined);
  return makeSparse(at, adminDir.value, pointers.sparse);
}

async function makeSparse(at: string, adminDir: string, patterns: string): Promise<Result<void, Conflict>> {
  const file = join(adminDir, 'info', 'sparse-checkout');
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `${patterns}\n`);
  } catch (cause) {
    return err(`its sparse patterns cannot be written: ${cause instanceof Error ? cause.message : ''}`);
  }
  const asked = await runGit(['config', '--bool', 'core.sparseCheckout'], { cwd: at });
  if (asked.isOk() && asked.value.trim() === 'true') return ok(undefined);
  const set = await runGit(['config', '--worktree', 'core.sparseCheckout', 'true'], { cwd: at });
  return set.isOk() ? ok(undefined) : err(`it cannot be made sparse: ${gitComplaint(set.error)}`);
}
