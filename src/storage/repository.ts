import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Repository } from '../model/item.ts';
import { readGitFile, readPointer, realDirectory } from './worktree-link.ts';

/**
 * The repository that a directory is in: by the real path of its main git directory, found through worktrees and
 * submodules alike. Reads files only, runs no git.
 */
export async function repositoryAt(path: string): Promise<Repository | undefined> {
  const start = await realDirectory(path);
  if (start === undefined) return undefined;
  for (let at = start; ; at = dirname(at)) {
    const found = await gitDirIn(at);
    if (found !== undefined) {
      const name = found.namedBy === 'git-directory' ? repositoryName(found.gitDir) : basename(at);
      return { name, gitDir: found.gitDir };
    }
    if (dirname(at) === at) return undefined;
  }
}

/**
 * The main git directory (real path) that a worktree belongs to by its `.git` file; `undefined` when that leads
 * nowhere. Whether the registration agrees is not asked: this is for attribution, thousands at a time.
 */
export async function mainGitDirOfWorktreeFile(worktree: string): Promise<string | undefined> {
  const named = await readGitFile(join(worktree, '.git'));
  if (named.isErr()) return undefined;
  const common = await commonDir(named.value);
  if (common !== undefined) return common;
  // The registration may be pruned while the repository is still there.
  const parent = dirname(named.value);
  return basename(parent) === 'worktrees' ? gitDirectory(dirname(parent)) : undefined;
}

/** What people call the repository with this main git directory. */
function repositoryName(mainGitDir: string): string {
  const name = basename(mainGitDir);
  if (name === '.git') return basename(dirname(mainGitDir));
  return name.replace(/(?<=.)\.git$/u, '');
}

type Found = {
  readonly gitDir: string;
  /** A submodule's git directory is named for nothing that people see; its working directory is. */
  readonly namedBy: 'git-directory' | 'working-directory';
};

async function gitDirIn(directory: string): Promise<Found | undefined> {
  const path = join(directory, '.git');
  const stats = await lstat(path).catch(() => undefined);
  if (stats === undefined) return found(await gitDirectory(directory), 'git-directory');
  if (!stats.isFile()) {
    return found(await gitDirectory(path), stats.isSymbolicLink() ? 'working-directory' : 'git-directory');
  }
  const named = await readGitFile(path);
  if (named.isErr()) return undefined;
  const common = await commonDir(named.value);
  if (common !== undefined) return found(common, 'git-directory');
  return found(await gitDirectory(named.value), 'working-directory');
}

function found(gitDir: string | undefined, namedBy: Found['namedBy']): Found | undefined {
  return gitDir === undefined ? undefined : { gitDir, namedBy };
}

/** Where `commondir` of an admin directory leads; `undefined` for what is none. */
async function commonDir(adminDir: string): Promise<string | undefined> {
  const common = await readPointer(join(adminDir, 'commondir'));
  if (common.isErr() || common.value === undefined) return undefined;
  return gitDirectory(resolve(await realpath(adminDir).catch(() => adminDir), common.value.trim()));
}

/** The real path when it is a git directory by git's own signs. */
async function gitDirectory(path: string): Promise<string | undefined> {
  const real = await realDirectory(path);
  if (real === undefined) return undefined;
  const signs = await Promise.all([
    lstat(join(real, 'HEAD')).catch(() => undefined),
    realDirectory(join(real, 'objects')),
    realDirectory(join(real, 'refs')),
  ]);
  return signs.every((sign) => sign !== undefined) ? real : undefined;
}
