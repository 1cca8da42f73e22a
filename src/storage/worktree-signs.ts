import { join } from 'node:path';
import { readHead } from './bounded-read.ts';
import { mainGitDirOfWorktreeFile } from './repository.ts';
import { see, type Seen } from './see.ts';
import { newest } from './time.ts';
import { readGitFile } from './worktree-link.ts';

/** What can be told of a worktree without running git. */
export type WorktreeSigns = {
  /** Whether there is anything named `.git`, and whether it is the small file it should be. */
  readonly git: 'file' | 'absent' | 'odd';
  /** Real path; `undefined` when the `.git` file leads nowhere. */
  readonly mainGitDir: string | undefined;
  /** As the `.git` file names it. */
  readonly adminDir: string | undefined;
  readonly branch: string | undefined;
  /** When `.git` was written: at creation. */
  readonly gitFileMs: number | undefined;
  /** Newest of the admin directory's index, HEAD, logs/HEAD, ORIG_HEAD. */
  readonly lastGitSignMs: number | undefined;
  /** Newest of index.lock and HEAD.lock. */
  readonly gitLockMs: number | undefined;
};

export async function readWorktreeSigns(worktree: Seen): Promise<WorktreeSigns> {
  const nothing = {
    mainGitDir: undefined,
    adminDir: undefined,
    branch: undefined,
    gitFileMs: undefined,
    lastGitSignMs: undefined,
    gitLockMs: undefined,
  };
  if (worktree.identity.type !== 'directory') return { git: 'odd', ...nothing };
  const gitFile = join(worktree.path, '.git');
  const looked = see(gitFile);
  if (looked.isErr()) return { git: 'odd', ...nothing };
  if (looked.value === undefined) return { git: 'absent', ...nothing };
  if (looked.value.identity.type !== 'file') return { git: 'odd', ...nothing };
  const named = await readGitFile(gitFile);
  if (named.isErr()) return { git: 'odd', ...nothing };
  const adminDir = named.value;
  return {
    git: 'file',
    adminDir,
    mainGitDir: await mainGitDirOfWorktreeFile(worktree.path),
    branch: branchOf(adminDir),
    gitFileMs: looked.value.mtimeMs,
    lastGitSignMs: newest(
      ...['index', 'HEAD', 'logs/HEAD', 'ORIG_HEAD'].map((name) => mtimeMs(adminDir, name)),
    ),
    gitLockMs: newest(...['index.lock', 'HEAD.lock'].map((name) => mtimeMs(adminDir, name))),
  };
}

function branchOf(adminDir: string): string | undefined {
  return /^ref: (refs\/\S+)\s*$/.exec(readHead(join(adminDir, 'HEAD'), 4096) ?? '')?.[1];
}

function mtimeMs(directory: string, name: string): number | undefined {
  return see(join(directory, name)).unwrapOr(undefined)?.mtimeMs;
}
