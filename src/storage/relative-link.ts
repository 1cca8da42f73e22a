import { rename, writeFile } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import type { Pointers } from '../model/worktree.ts';
import { realDirectory } from './worktree-link.ts';

/**
 * Ties a worktree to its repository by relative paths where it was tied so before: its owner may move both together,
 * or see them under another path in a container. Throws node's error.
 *
 * @param scratch - a name for a moment, on the worktree's file system and not in it
 */
export async function makeLinkRelative(
  { gitFile, gitdir }: Pointers,
  worktree: string,
  adminDir: string,
  scratch: string,
): Promise<void> {
  const [here, there] = await Promise.all([realDirectory(worktree), realDirectory(adminDir)]);
  if (here === undefined || there === undefined) return;
  if (!isAbsolute(gitFile.replace(/^gitdir: /u, ''))) {
    await replace(join(worktree, '.git'), `gitdir: ${between(here, there)}\n`, scratch);
  }
  if (!isAbsolute(gitdir)) {
    const back = `${between(there, join(here, '.git'))}\n`;
    await replace(join(adminDir, 'gitdir'), back, join(adminDir, 'gitdir.prodigy-clean'));
  }
}

function between(from: string, to: string): string {
  return relative(from, to).split(sep).join('/');
}

async function replace(path: string, text: string, scratch: string): Promise<void> {
  await writeFile(scratch, text, { flush: true });
  await rename(scratch, path);
}
