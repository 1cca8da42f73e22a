import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { identify } from '../disk/identity.ts';
import { isInside } from '../disk/path.ts';
import type { RegistrationOddity } from '../model/oddity.ts';
import { mapEach } from './each.ts';
import { registeredPath } from './git-registration.ts';
import type { Storage } from './storage.ts';
import { readPointer, readWorktreeLink, realDirectory } from './worktree-link.ts';

const readsAtOnce = 64;

/**
 * Main git directories that anything in the storage leads to. Real paths, in order.
 *
 * @param more - known from elsewhere: when the last worktree of a repository is gone, little leads there
 */
export function mainGitDirs(
  { survey, relations, repositories }: Storage,
  more: readonly string[],
): readonly string[] {
  const found = new Set<string>(more);
  const note = (gitDir: string | undefined): void => {
    if (gitDir !== undefined) found.add(gitDir);
  };
  for (const { signs } of survey.worktrees) note(signs.mainGitDir);
  for (const { holder } of [...survey.worktrees, ...survey.metadata])
    note(repositories.ofHolder(holder).repository?.gitDir);
  for (const session of relations.sessions) note(repositories.ofSession(session).repository?.gitDir);
  return [...found].sort();
}

/**
 * Registrations of worktrees that lay in the storage and are gone, and worktrees whose registration is gone or is
 * another's. Reads git's files, runs no git.
 *
 * @param isExpected - whether somebody is known to have taken the worktree away, and to see to git
 */
export async function oddRegistrations(
  storage: Storage,
  gitDirs: readonly string[],
  isExpected: (path: string) => boolean,
): Promise<readonly RegistrationOddity[]> {
  const { survey } = storage;
  const gone = await mapEach(gitDirs, readsAtOnce, (gitDir) => staleIn(gitDir, survey.roots, isExpected));
  const worktrees = survey.worktrees.filter(({ link }) => link === undefined);
  const odd = await mapEach(worktrees, readsAtOnce, ({ path }) => oddWorktree(path));
  return [...gone.flat(), ...odd.flat()];
}

async function staleIn(
  mainGitDir: string,
  roots: readonly string[],
  isExpected: (path: string) => boolean,
): Promise<readonly RegistrationOddity[]> {
  const directory = join(mainGitDir, 'worktrees');
  const names: readonly string[] = await readdir(directory).catch(() => []);
  const found: RegistrationOddity[] = [];
  for (const name of names.toSorted()) {
    const adminDir = join(directory, name);
    const registered = (await registeredPath(adminDir)).unwrapOr(undefined);
    if (registered === undefined) continue;
    const path = await realNearest(registered);
    if (!roots.some((root) => isInside(path, join(root, 'worktrees'))) || isExpected(path)) continue;
    const there = identify(path);
    if (there.isErr() || there.value !== undefined) continue;
    const head = (await readPointer(join(adminDir, 'HEAD'))).unwrapOr(undefined)?.trim() ?? '';
    found.push({
      type: 'registration-without-worktree',
      path,
      mainGitDir,
      registered,
      branch: /^ref: refs\/heads\/(\S+)$/.exec(head)?.[1],
      detachedAt: /^[0-9a-f]{40,64}$/.test(head) ? head : undefined,
      isLocked: identify(join(adminDir, 'locked')).unwrapOr(undefined) !== undefined,
    });
  }
  return found;
}

/** The real path of something that may be gone, as far as what is above it exists. */
async function realNearest(path: string): Promise<string> {
  if (dirname(path) === path) return path;
  const above = await realDirectory(dirname(path));
  return join(above ?? (await realNearest(dirname(path))), basename(path));
}

async function oddWorktree(path: string): Promise<readonly RegistrationOddity[]> {
  const git = identify(join(path, '.git'));
  const isFile = git.isOk() && git.value?.type === 'file';
  const link = await readWorktreeLink(path);
  if (link.isOk()) return [];
  const { reason, detail } = link.error;
  return isFile
    ? [{ type: 'worktree-unregistered', path, detail, isRepositoryGone: reason === 'unreachable-commits' }]
    : [{ type: 'worktree-without-git', path, detail }];
}
