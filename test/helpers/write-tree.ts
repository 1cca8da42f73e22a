import { chmod, lutimes, mkdir, symlink as makeLink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { durationMs } from './duration.ts';

export type Entry =
  | string
  | Uint8Array
  | {
      readonly content?: string | Uint8Array;
      readonly target?: string;
      readonly ago?: string;
      readonly mode?: number;
    };

/** Relative paths to contents. A path that ends in `/` is a directory; its parents are made as needed. */
export type Tree = Readonly<Record<string, Entry>>;

/** A file or directory last modified and read so long ago. */
export function aged(ago: string, content: string | Uint8Array = ''): Entry {
  return { ago, content };
}

/** A symbolic link; `target` is written as it is. Its own times are set with `ago`. */
export function symlink(target: string, ago?: string): Entry {
  return ago === undefined ? { target } : { target, ago };
}

/**
 * Writes `tree` below `root`, then sets the times, deepest paths first, so that a directory keeps the age it asks for.
 * Parents that the tree does not name keep the time of writing: see `settle-directories.ts`.
 */
export async function writeTree(root: string, tree: Tree, nowMs: number = Date.now()): Promise<void> {
  await mkdir(root, { recursive: true });
  for (const [relative, entry] of Object.entries(tree)) await writeEntry(root, relative, entry);

  const deepestFirst = Object.entries(tree).sort(([a], [b]) => depth(b) - depth(a));
  for (const [relative, entry] of deepestFirst) {
    if (typeof entry === 'string' || entry instanceof Uint8Array) continue;
    const path = join(root, relative);
    if (entry.mode !== undefined) await chmod(path, entry.mode);
    if (entry.ago !== undefined) await setTimes(path.replace(/\/+$/, ''), nowMs - durationMs(entry.ago));
  }
}

/** Sets access and modification time of the entry itself, never of what a link points to. */
export async function setTimes(path: string, atMs: number): Promise<void> {
  await lutimes(path, atMs / 1_000, atMs / 1_000);
}

async function writeEntry(root: string, relative: string, entry: Entry): Promise<void> {
  const path = join(root, relative);
  if (relative.endsWith('/')) {
    await mkdir(path, { recursive: true });
    return;
  }
  await mkdir(dirname(path), { recursive: true });
  if (typeof entry === 'string' || entry instanceof Uint8Array) await writeFile(path, entry);
  else if (entry.target !== undefined) await makeLink(entry.target, path);
  else await writeFile(path, entry.content ?? '');
}

function depth(path: string): number {
  return path.replace(/\/+$/, '').split('/').length;
}
