import { lstat, open, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import type { Doubt } from '../model/reason.ts';
import type { Pointers } from '../model/worktree.ts';
import { openFlags } from '../regular-file.ts';
import { errorCode, unreadable } from './see.ts';

/** What a worktree's `.git` file leads to. Real paths. */
export type WorktreeLink = {
  readonly adminDir: string;
  readonly mainGitDir: string;
};

/** Pointer files are one line; anything longer is something else. */
const maxPointerBytes = 16_384;

/** Reads a small file without following a link at its end; `undefined` when there is none. */
export async function readPointer(path: string): Promise<Result<string | undefined, Doubt>> {
  try {
    const file = await open(path, openFlags);
    try {
      const stats = await file.stat();
      if (!stats.isFile()) return err({ reason: 'unknown-format', detail: 'not a regular file', path });
      if (stats.size > maxPointerBytes) return err({ reason: 'unknown-format', detail: 'too long', path });
      return ok(await file.readFile('utf8'));
    } finally {
      await file.close();
    }
  } catch (cause) {
    const code = errorCode(cause);
    if (code === 'ENOENT' || code === 'ENOTDIR') return ok(undefined);
    return err(unreadable(path, cause));
  }
}

/** The texts that tie a worktree to its repository; `undefined` when one of them cannot be read. */
export async function readPointers(worktree: string, adminDir: string): Promise<Pointers | undefined> {
  const [gitFile, gitdir, commondir, sparse] = await Promise.all(
    [
      join(worktree, '.git'),
      join(adminDir, 'gitdir'),
      join(adminDir, 'commondir'),
      join(adminDir, 'info', 'sparse-checkout'),
    ].map(async (path) => {
      const text = await readPointer(path);
      return text.isErr() ? undefined : text.value?.replace(/\r?\n$/u, '');
    }),
  );
  if (gitFile === undefined || gitdir === undefined || commondir === undefined) return undefined;
  return { gitFile, gitdir, commondir, ...(sparse === undefined ? {} : { sparse }) };
}

/** The directory that a `.git` file names, relative ones made absolute. No disk is asked about the answer. */
export async function readGitFile(path: string): Promise<Result<string, Doubt>> {
  const text = await readPointer(path);
  if (text.isErr()) return err(text.error);
  if (text.value === undefined) return err({ reason: 'unknown-format', detail: 'no .git', path });
  const target = /^gitdir: ([^\0\n]+?)\r?\n?$/u.exec(text.value)?.[1];
  if (target === undefined) return err({ reason: 'unknown-format', detail: 'odd .git file', path });
  return ok(resolve(dirname(path), target));
}

/**
 * Follows `<worktree>/.git` to the admin directory and from there to the main repository, and makes sure that the way
 * back leads here. Runs no git.
 */
export async function readWorktreeLink(worktree: string): Promise<Result<WorktreeLink, Doubt>> {
  const gitFile = join(worktree, '.git');
  const kind = await gitFileDoubt(gitFile);
  if (kind !== undefined) return err(kind);
  const named = await readGitFile(gitFile);
  if (named.isErr()) return err(named.error);

  const adminDir = await realDirectory(named.value);
  if (adminDir === undefined) return err(await registrationGone(named.value));
  const common = await readPointer(join(adminDir, 'commondir'));
  if (common.isErr()) return err(common.error);
  if (common.value === undefined) {
    return err({ reason: 'unknown-format', detail: 'not a linked worktree', path: gitFile });
  }
  const mainGitDir = await realDirectory(resolve(adminDir, common.value.trim()));
  if (mainGitDir === undefined) return err(mainMissing(adminDir));
  if (dirname(adminDir) !== join(mainGitDir, 'worktrees')) {
    return err({ reason: 'unknown-format', detail: 'registered outside its repository', path: adminDir });
  }
  const registered = await readPointer(join(adminDir, 'gitdir'));
  if (registered.isErr()) return err(registered.error);
  if (registered.value === undefined || registered.value.trim() === '') {
    return err({ reason: 'unknown-format', detail: 'registration without a path', path: adminDir });
  }
  // Where git believes the worktree to be, `/.git` included.
  const registeredAt = resolve(adminDir, registered.value.replace(/\r?\n$/u, ''));
  if (!(await sameFile(registeredAt, gitFile))) {
    const detail = `registered for ${dirname(registeredAt)}`;
    return err({ reason: 'unknown-format', detail, path: gitFile });
  }
  return ok({ adminDir, mainGitDir });
}

async function gitFileDoubt(path: string): Promise<Doubt | undefined> {
  try {
    const stats = await lstat(path);
    if (stats.isFile()) return undefined;
    if (stats.isSymbolicLink()) return { reason: 'symlink', detail: '.git is a symbolic link', path };
    const detail = stats.isDirectory() ? 'a repository of its own' : 'odd .git';
    return { reason: 'unknown-format', detail, path };
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return { reason: 'unknown-format', detail: 'no .git', path };
    return unreadable(path, cause);
  }
}

async function registrationGone(adminDir: string): Promise<Doubt> {
  const main = dirname(dirname(adminDir));
  if (basename(dirname(adminDir)) === 'worktrees' && (await realDirectory(main)) === undefined) {
    return mainMissing(adminDir);
  }
  return { reason: 'unreadable', detail: 'registration is gone', path: adminDir };
}

function mainMissing(adminDir: string): Doubt {
  // Nothing says that any of its commits exists anywhere else.
  return {
    reason: 'unreachable-commits',
    detail: 'main repository is missing',
    path: dirname(dirname(adminDir)),
  };
}

/** Real path of a directory; `undefined` when there is none. */
export async function realDirectory(path: string): Promise<string | undefined> {
  try {
    const real = await realpath(path);
    return (await lstat(real)).isDirectory() ? real : undefined;
  } catch {
    return undefined;
  }
}

async function sameFile(a: string, b: string): Promise<boolean> {
  try {
    const [one, other] = await Promise.all([lstat(a, { bigint: true }), lstat(b, { bigint: true })]);
    return one.dev === other.dev && one.ino === other.ino;
  } catch {
    return false;
  }
}
