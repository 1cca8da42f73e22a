import { lstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort } from 'node:worker_threads';
import { invariant } from '../model/invariant.ts';
import { closeRead, errorCode, openFlags } from './see.ts';

/** What most files are read for lies at their beginning; the system fetches at least so much. */
const buffer = Buffer.allocUnsafe(4096);

invariant(parentPort, 'this module is a thread');
const port = parentPort;

/** Of a directory with more than this, which a worktree has, the rest is left to who really reads it. */
const mostNames = 64;

/** What is found is thrown away: it is in the system's memory now, where the real reader finds it. */
function touch(path: string, depth = 0): void {
  try {
    const stats = lstatSync(path);
    if (stats.isDirectory() && depth < 2)
      for (const name of readdirSync(path).slice(0, mostNames)) touch(join(path, name), depth + 1);
    if (!stats.isFile() || stats.size === 0) return;
    const descriptor = openSync(path, openFlags);
    try {
      readSync(descriptor, buffer);
    } finally {
      closeRead(descriptor);
    }
  } catch (cause) {
    // Whoever really reads it will say so.
    if (errorCode(cause) === undefined) throw cause;
  }
}

port.on('message', (paths: readonly string[]) => {
  for (const path of paths) touch(path);
  port.postMessage(paths.length);
});
