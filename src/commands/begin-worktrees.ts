import { readdirSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { beginMeasuring, type Begun } from '../disk/measure.ts';
import { repositoryAt } from '../storage/repository.ts';
import type { CleanRequest } from './options.ts';
import type { Shell } from './shell.ts';

/** A thread takes as long to start as some thousand entries to read: a worktree has hundreds. */
const worthwhile = 16;

/**
 * Adding up worktrees takes longest of an overview, and nothing has to be known for it: it begins while the rest of the
 * program is being loaded. Only when all of them will be asked for; and what is not an item after all was looked at
 * for nothing.
 */
export async function beginWorktrees(
  { allRepositories, repository }: Pick<CleanRequest, 'allRepositories' | 'repository'>,
  { config, cwd }: Pick<Shell, 'config' | 'cwd'>,
): Promise<Begun | undefined> {
  const isEverything =
    allRepositories || (repository === undefined && (await repositoryAt(cwd)) === undefined);
  if (!isEverything) return undefined;
  // No link is followed here, either: what lies behind one is somebody else's.
  const below = (path: string): string[] => directoriesIn(path).map((name) => join(path, name));
  const worktrees = config.roots
    .flatMap((root) =>
      directoriesIn(root)
        .filter((name) => name === 'worktrees')
        .map((name) => join(root, name)),
    )
    .flatMap(below)
    .flatMap(below);
  return worktrees.length < worthwhile ? undefined : beginMeasuring(worktrees, { isBesides: true });
}

/** What cannot be listed is for the look to tell. */
function directoriesIn(path: string): string[] {
  return entriesIn(path).flatMap((entry) =>
    entry.isDirectory() && !entry.name.startsWith('.') ? [entry.name] : [],
  );
}

function entriesIn(path: string): readonly Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
}
