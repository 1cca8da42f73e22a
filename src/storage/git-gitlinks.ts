import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parentsOf } from './real-parents.ts';
import { errorCode } from './see.ts';

/** More entries than this, over all of them, are not listed. */
const maxEntries = 20_000;
const maxDepth = 64;

/**
 * What lies in the directories of submodules that are not initialised: git says nothing of it, and no repository has
 * it.
 *
 * @param gitlinks - paths of submodules, relative to the worktree
 * @returns paths relative to the worktree; one that ends with `/` could not, or must not, be looked into
 */
export async function strayFiles(workTree: string, gitlinks: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  let entries = 0;
  const walk = async (directory: string, depth: number): Promise<void> => {
    const inside = await entriesOf(workTree, directory);
    entries += inside?.length ?? 0;
    if (inside === undefined || depth > maxDepth || entries > maxEntries) {
      found.push(`${directory}/`);
      return;
    }
    for (const entry of inside) {
      const path = `${directory}/${entry.name}`;
      // Another repository below it is looked into as one.
      if (entry.name === '.git') found.push(`${path}/`);
      else if (entry.isDirectory()) await walk(path, depth + 1);
      else found.push(path);
    }
  };
  for (const gitlink of gitlinks) if (await isUninitialised(workTree, gitlink)) await walk(gitlink, 0);
  return found;
}

/** Anything called `.git` makes it one that is looked into, or doubted, as a repository. */
async function isUninitialised(workTree: string, gitlink: string): Promise<boolean> {
  // Of what has taken the place of the directory, or of one above it, git itself tells.
  if ((await parentsOf(workTree, `${gitlink}/.`).catch(() => 'real')) !== 'real') return false;
  const inside = await entriesOf(workTree, gitlink);
  return inside?.every(({ name }) => name !== '.git') ?? true;
}

async function entriesOf(workTree: string, directory: string): Promise<readonly Dirent[] | undefined> {
  try {
    return await readdir(join(workTree, directory), { withFileTypes: true });
  } catch (cause) {
    return errorCode(cause) === 'ENOENT' ? [] : undefined;
  }
}
