import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { execa } from 'execa';
import { makeTemporaryDirectory, removeTemporaryDirectory } from './temporary.ts';
import { setTimes } from './write-tree.ts';

/** Runs git in `directory`, apart from the user's own configuration, and answers its stdout. Rejects when git fails. */
export function git(directory: string, ...args: readonly string[]): Promise<string> {
  return gitAt(Date.now(), directory, ...args);
}

/** {@link git} with the clock of commits and reflogs set to `atMs`. */
export async function gitAt(atMs: number, directory: string, ...args: readonly string[]): Promise<string> {
  const done = await execa('git', ['-c', 'gc.auto=0', '-C', directory, ...args], {
    env: gitEnvironment(atMs),
    extendEnv: false,
    input: '',
  });
  return done.stdout;
}

/** An environment in which git sees neither the user's settings nor our own repository. */
export function gitEnvironment(atMs: number = Date.now()): Record<string, string> {
  const date = `${Math.floor(atMs / 1_000)} +0000`;
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: join(tmpdir(), 'prodigy-clean-no-home'),
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: process.platform === 'win32' ? 'NUL' : '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: 'Ada',
    GIT_AUTHOR_EMAIL: 'ada@example.org',
    GIT_COMMITTER_NAME: 'Ada',
    GIT_COMMITTER_EMAIL: 'ada@example.org',
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_DATE: date,
  };
}

/** The part of AVA's `test` that is needed for what lasts as long as a file of tests. */
type TestFile = { readonly after: { readonly always: (undo: () => void) => void } };

/** A home without settings for the git that the tested code starts, until the tests of this file have ended. */
export function giveGitAHome(test: TestFile): void {
  const home = makeTemporaryDirectory();
  process.env['HOME'] = home;
  process.env['XDG_CONFIG_HOME'] = join(home, '.config');
  process.env['GIT_CONFIG_NOSYSTEM'] = '1';
  test.after.always(() => removeTemporaryDirectory(home));
}

/** A new repository with its settings inside itself, so that the tool under test sees the same ones. */
export async function makeRepository(
  directory: string,
  { bare = false, branch = 'main' }: { readonly bare?: boolean; readonly branch?: string } = {},
): Promise<string> {
  await mkdir(directory, { recursive: true });
  await git(directory, 'init', '--quiet', `--initial-branch=${branch}`, ...(bare ? ['--bare'] : []));
  await git(directory, 'config', 'user.name', 'Ada');
  await git(directory, 'config', 'user.email', 'ada@example.org');
  await git(directory, 'config', 'gc.auto', '0');
  await git(directory, 'config', 'commit.gpgSign', 'false');
  return directory;
}

/** Writes one file, commits it and answers the commit's hash. */
export async function commitFile(
  directory: string,
  path: string,
  content: string,
  { atMs = Date.now(), message = `Add ${path}` }: { readonly atMs?: number; readonly message?: string } = {},
): Promise<string> {
  await mkdir(dirname(join(directory, path)), { recursive: true });
  await writeFile(join(directory, path), content);
  await gitAt(atMs, directory, 'add', '--force', '--', path);
  await gitAt(atMs, directory, 'commit', '--quiet', '--allow-empty', '-m', message);
  return git(directory, 'rev-parse', 'HEAD');
}

/** `git worktree add -b branch path`, as Prodigy does it; `from` is the starting point. */
export async function addWorktree(
  repository: string,
  path: string,
  branch: string,
  { atMs = Date.now(), from = 'HEAD' }: { readonly atMs?: number; readonly from?: string } = {},
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await gitAt(atMs, repository, 'worktree', 'add', '--quiet', '-b', branch, path, from);
}

/** Where git keeps what belongs to one worktree: read from its `.git` file, never computed. */
export async function adminDirectory(worktree: string): Promise<string> {
  const path = (await readFile(join(worktree, '.git'), 'utf8')).trim().replace(/^gitdir: /, '');
  return isAbsolute(path) ? path : resolve(worktree, path);
}

/**
 * Makes a worktree look untouched since `atMs` (its files since two seconds earlier): files and directories, its `.git` file, and git's own `index`,
 * `HEAD`, `ORIG_HEAD` and `logs/HEAD` for it. Commit times are not changed: make the commits with `atMs`.
 */
export async function ageWorktree(worktree: string, atMs: number): Promise<void> {
  // Older than the index is going to be: else git takes them for racily clean and writes it at the next status.
  await ageTree(worktree, atMs - 2_000);
  // New times on files make the index stale; refreshed here, no later `git status` has a reason to write it.
  await git(worktree, 'update-index', '-q', '--refresh').catch(() => '');
  await ageAdmin(worktree, atMs);
}

/** The half of {@link ageWorktree} that concerns git's own files and the `.git` file. */
export async function ageAdmin(worktree: string, atMs: number): Promise<void> {
  await setTimes(join(worktree, '.git'), atMs);
  const admin = await adminDirectory(worktree);
  if (existsSync(admin)) await ageTree(admin, atMs);
}

/** Sets the times of everything at and below `path`; links are not followed. */
export async function ageTree(path: string, atMs: number): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true });
  for (const entry of entries) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) await ageTree(child, atMs);
    else await setTimes(child, atMs);
  }
  await setTimes(path, atMs);
}
