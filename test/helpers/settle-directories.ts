import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimes } from './write-tree.ts';

/**
 * Gives every directory below and with `directory` the time of the youngest thing in it, as if nothing had been
 * touched since; an empty one keeps its time. Links are not followed, git's own directories are left alone.
 *
 * @returns the youngest time in the tree, UTC milliseconds
 */
export async function settleDirectories(directory: string): Promise<number> {
  const entries = await readdir(directory, { withFileTypes: true });
  let youngestMs = -Infinity;
  for (const entry of entries) {
    const path = join(directory, entry.name);
    const recurse = entry.isDirectory() && entry.name !== '.git';
    const atMs = recurse ? await settleDirectories(path) : (await lstat(path)).mtimeMs;
    if (atMs > youngestMs) youngestMs = atMs;
  }
  if (youngestMs === -Infinity) return (await lstat(directory)).mtimeMs;
  await setTimes(directory, youngestMs);
  return youngestMs;
}
