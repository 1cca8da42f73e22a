import { lstat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf } from './failure.ts';
import { normalise } from './path.ts';

/** Asks about `path`, or the nearest directory above it that exists. */
async function askNearest<T>(path: string, ask: (path: string) => Promise<T>): Promise<T | undefined> {
  for (let at = normalise(path); at !== undefined; at = dirname(at)) {
    try {
      return await ask(at);
    } catch (cause) {
      const code = errnoOf(cause);
      if ((code !== 'ENOENT' && code !== 'ENOTDIR') || at === dirname(at)) return undefined;
    }
  }
  return undefined;
}

/** Bytes an ordinary user may still write on the volume of `path`; `undefined` when the system does not say. */
export async function freeBytes(path: string): Promise<number | undefined> {
  const stats = await askNearest(path, (at) => statfs(at));
  return stats === undefined ? undefined : stats.bavail * stats.bsize;
}

/**
 * A name for the file system of `path`, good for grouping. Equal names do not promise that a rename works:
 * a bind mount refuses with `EXDEV` all the same, so it is always tried.
 */
export async function volumeOf(path: string): Promise<string | undefined> {
  const stats = await askNearest(path, (at) => lstat(at, { bigint: true }));
  return stats === undefined ? undefined : String(stats.dev);
}
