import { rename, writeFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { err, ok, type Result } from 'neverthrow';
import { identify } from '../disk/identity.ts';
import type { DiskFailure, GitFailure } from '../model/failure.ts';
import type { Pointers, WorktreeFacts } from '../model/worktree.ts';
import { runGit } from './git.ts';
import { readPointer, realDirectory } from './worktree-link.ts';

/** What is needed to take a worktree out of git's books, and to put it back. */
export type Registration = {
  readonly mainGitDir: string;
  readonly adminDir: string;
  /** Full ref name; none when HEAD is detached. */
  readonly branch?: string;
  readonly head: string;
  readonly pointers?: Pointers;
};

/** `undefined` while any part of it is not known. */
export function registrationOf(facts: WorktreeFacts): Registration | undefined {
  const { mainGitDir, adminDir, branch, head, pointers } = facts;
  if (mainGitDir === undefined || adminDir === undefined || head === undefined) return undefined;
  return {
    mainGitDir,
    adminDir,
    ...(branch === undefined ? {} : { branch }),
    head,
    ...(pointers === undefined ? {} : { pointers }),
  };
}

/** Before git is asked again: another removal takes some milliseconds. */
const waitsMs = [5, 20, 80];

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
  const there = identify(path);
  if (there.isErr()) return err(there.error);
  if (there.value !== undefined) return ok('already');
  const admin = identify(adminDir);
  if (admin.isErr()) return err(admin.error);
  if (admin.value === undefined) return ok('already');

  const registered = await registeredPath(adminDir);
  if (registered.isErr()) return err(registered.error);
  if (registered.value === undefined || !(await isSamePath(registered.value, path))) return ok('already');

  // git's own spelling of the path finds exactly this one.
  const args = ['worktree', 'remove', registered.value];
  let removed = await runGit(args, { gitDir: mainGitDir });
  if (removed.isErr() && (await makeAbsolute(adminDir, registered.value))) {
    removed = await runGit(args, { gitDir: mainGitDir });
  }
  // Asked again it may not find what it has taken apart: the first answer is the cause.
  const first = removed;
  // It reads the others' registrations, and dies when one of them goes meanwhile (git 2.39: "Invalid path").
  for (const waitMs of waitsMs) {
    if (removed.isOk() || identify(adminDir).unwrapOr(undefined) === undefined) break;
    await setTimeout(waitMs);
    // One that was made there meanwhile is not for git to remove.
    if (identify(path).unwrapOr(undefined) !== undefined) return ok('already');
    removed = await runGit(args, { gitDir: mainGitDir });
  }
  const left = identify(adminDir);
  if (left.isErr()) return err(left.error);
  if (left.value === undefined) return ok('unregistered');
  if (removed.isErr()) return err(first.isErr() ? first.error : removed.error);
  return err({ type: 'git', args, exitCode: 0, stderr: 'still registered' });
}

/** Whether git still has the registration of a worktree that was at `path`. */
export async function isRegistered(
  { adminDir }: Pick<Registration, 'adminDir'>,
  path: string,
): Promise<boolean> {
  const registered = await registeredPath(adminDir);
  return registered.isOk() && registered.value !== undefined && isSamePath(registered.value, path);
}

/** Where git believes the worktree to be; `undefined` when it does not say. */
export async function registeredPath(adminDir: string): Promise<Result<string | undefined, DiskFailure>> {
  const path = join(adminDir, 'gitdir');
  const text = await readPointer(path);
  if (text.isErr()) return err({ type: 'disk', code: text.error.detail, syscall: 'read', path });
  const line = text.value?.replace(/\r?\n$/u, '');
  if (line === undefined || line === '') return ok(undefined);
  return ok(dirname(resolve(adminDir, line)));
}

/**
 * Writes an absolute path in the place of a relative one, which git before 2.48 refuses to remove: it is about to go.
 *
 * @returns whether there was a relative one
 */
async function makeAbsolute(adminDir: string, worktree: string): Promise<boolean> {
  const path = join(adminDir, 'gitdir');
  const text = await readPointer(path);
  if (text.isErr() || text.value === undefined || isAbsolute(text.value)) return false;
  const scratch = `${path}.prodigy-clean`;
  try {
    await writeFile(scratch, `${join(worktree, '.git')}\n`, { flush: true });
    await rename(scratch, path);
    return true;
  } catch {
    return false;
  }
}

/** The path itself is gone, so only what is above it can be resolved. */
async function isSamePath(a: string, b: string): Promise<boolean> {
  if (a === b) return true;
  const [parentOfA, parentOfB] = await Promise.all([realDirectory(dirname(a)), realDirectory(dirname(b))]);
  return parentOfA !== undefined && parentOfA === parentOfB && basename(a) === basename(b);
}
