import { lstat, readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { Doubt } from '../model/reason.ts';
import { isInside } from '../disk/path.ts';
import { readStatus, readTracked, type Checkout } from './git-changes.ts';
import { findUnpublished } from './git-commits.ts';
import { settingsOf } from './git-settings.ts';
import { operationIn } from './git-operation.ts';
import { gitComplaint } from './git-complaint.ts';
import { runGit } from './git.ts';
import { findPrecious } from './precious.ts';
import { errorCode, unreadable } from './see.ts';
import { readGitFile, readPointer, realDirectory } from './worktree-link.ts';

/** More than this in one worktree is not looked into one by one. */
const maxNested = 50;

/**
 * What would be lost with the repositories inside a worktree: their working directories by the same rules, and every
 * commit that no remote of theirs has, because their git directories go too. Nothing to lose, no doubt.
 *
 * @param nested - directories relative to the worktree that may hold a repository
 */
export async function doubtsOfNested(
  worktree: string,
  adminDir: string,
  nested: readonly string[],
): Promise<{ readonly found: readonly string[]; readonly doubts: readonly Doubt[] }> {
  const found = new Set<string>();
  const doubts: Doubt[] = [];
  const inspectedGitDirs = new Set<string>();
  const waiting = [...new Set(nested)].sort();
  for (let at = waiting.shift(); at !== undefined; at = waiting.shift()) {
    if (found.has(at)) continue;
    const path = join(worktree, at);
    const git = await gitDirOf(path);
    if (git === undefined) continue;
    found.add(at);
    if (found.size > maxNested) {
      doubts.push({ reason: 'unknown-format', detail: 'too many nested repositories', path: worktree });
      break;
    }
    if (typeof git !== 'string') {
      doubts.push(git);
      continue;
    }
    inspectedGitDirs.add(git);
    if (git === path) {
      doubts.push(...(await commitDoubts(git, path)));
      continue;
    }
    const inner = await inspect(path, git);
    doubts.push(...inner.doubts);
    waiting.push(...inner.nested.map((name) => relative(worktree, join(path, name)).split(sep).join('/')));
  }
  // A submodule that was deinitialised leaves its git directory behind, and that goes with the registration.
  for (const gitDir of await moduleDirs(join(adminDir, 'modules'), doubts)) {
    if (!inspectedGitDirs.has(gitDir)) doubts.push(...(await commitDoubts(gitDir, gitDir)));
  }
  return { found: [...found].sort(), doubts };
}

async function inspect(
  path: string,
  gitDir: string,
): Promise<{ readonly doubts: readonly Doubt[]; readonly nested: readonly string[] }> {
  const doubts: Doubt[] = [];
  const doubt = (reason: Doubt['reason'], detail: string): void => {
    doubts.push({ reason, detail: `nested repository: ${detail}`, path });
  };
  // By discovery, so that git refuses what it would refuse its user: another owner, a broken repository.
  const asked = await runGit(['rev-parse', '--absolute-git-dir'], { cwd: path });
  if (asked.isErr()) {
    doubt('unreadable', gitComplaint(asked.error));
    return { doubts, nested: [] };
  }
  const settings = await settingsOf(gitDir, undefined);
  if (settings.isErr()) {
    doubt('unreadable', gitComplaint(settings.error));
    return { doubts, nested: [] };
  }
  const checkout: Checkout = { workTree: path, gitDir, settings: settings.value.quiet };
  const operation = await operationIn(gitDir);
  if (operation !== undefined) doubt('operation-in-progress', operation);
  const [status, tracked, commits] = await Promise.all([
    readStatus(checkout),
    readTracked(checkout),
    commitDoubts(gitDir, path),
  ]);
  doubts.push(...commits);
  if (status.isErr()) doubt('unreadable', gitComplaint(status.error));
  if (tracked.isErr()) doubt('unreadable', gitComplaint(tracked.error));
  const nested = tracked.isOk() ? [...tracked.value.submodules] : [];
  if (tracked.isOk()) {
    const { hiddenEdits, stray } = tracked.value;
    if (hiddenEdits.length > 0) doubt('dirty', 'hidden changes');
    if (stray.length > 0) doubt('untracked', `${stray.length} in submodules that are not initialised`);
  }
  if (status.isOk()) {
    const { uncommitted, untracked, ignored } = status.value;
    if (uncommitted.length > 0) doubt('dirty', `${uncommitted.length} uncommitted`);
    if (untracked.length > 0) doubt('untracked', `${untracked.length} untracked`);
    const precious = await findPrecious(path, ignored);
    if (precious.precious[0] !== undefined) doubt('precious', precious.precious[0]);
    nested.push(...precious.nested);
  }
  return { doubts, nested };
}

async function commitDoubts(gitDir: string, path: string): Promise<readonly Doubt[]> {
  const found = await findUnpublished(gitDir);
  if (found.isErr()) return [found.error];
  const { count, example } = found.value;
  if (count === 0) return [];
  const detail = `nested repository: ${count} commits that no remote has, such as ${example}`;
  return [{ reason: 'unreachable-commits', detail, path }];
}

/** The git directory of a nested repository, itself when it is a bare one, `undefined` when there is none here. */
async function gitDirOf(path: string): Promise<string | Doubt | undefined> {
  const around = await gitDirIn(path);
  if (around !== undefined) return around;
  const names = await readdir(path).catch((): readonly string[] => []);
  return ['HEAD', 'objects', 'refs'].every((name) => names.includes(name)) ? path : undefined;
}

async function gitDirIn(path: string): Promise<string | Doubt | undefined> {
  const git = join(path, '.git');
  try {
    const stats = await lstat(git);
    if (stats.isDirectory()) return git;
    if (stats.isSymbolicLink())
      return { reason: 'symlink', detail: 'nested .git is a symbolic link', path: git };
  } catch (cause) {
    const code = errorCode(cause);
    return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : unreadable(git, cause);
  }
  const named = await readGitFile(git);
  if (named.isErr()) return named.error;
  const real = await realDirectory(named.value);
  if (real === undefined) return { reason: 'unreadable', detail: 'nested repository is missing', path: git };
  const common = await readPointer(join(real, 'commondir'));
  if (common.isErr()) return common.error;
  // Its repository would keep a registration of something that is gone, and its own work is not looked into here.
  if (common.value !== undefined) {
    return { reason: 'unknown-format', detail: 'another worktree lies inside', path };
  }
  return real;
}

/** Git directories below `modules`; names of submodules may have several parts. */
async function moduleDirs(modules: string, doubts: Doubt[]): Promise<readonly string[]> {
  const found: string[] = [];
  const waiting = [modules];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    try {
      const entries = await readdir(at, { withFileTypes: true });
      const isGitDir = entries.some((entry) => entry.name === 'HEAD') && at !== modules;
      if (isGitDir) {
        found.push((await realDirectory(at)) ?? at);
        waiting.push(join(at, 'modules'));
        continue;
      }
      for (const entry of entries) if (entry.isDirectory()) waiting.push(join(at, entry.name));
    } catch (cause) {
      if (errorCode(cause) !== 'ENOENT') doubts.push(unreadable(at, cause));
    }
  }
  return found;
}

/** Where nested `.git` entries lie, given as found by a walk: relative to the worktree, without their last part. */
export function nestedDirectories(worktree: string, gitPaths: readonly string[]): readonly string[] {
  return gitPaths
    .map((path) => (isInside(path, worktree) ? relative(worktree, path) : path).split(sep).join('/'))
    .map((path) => path.replace(/(?:^|\/)\.git\/?$/u, ''))
    .filter((path) => path !== '' && path !== '.');
}
