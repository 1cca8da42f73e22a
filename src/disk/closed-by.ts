import { accessSync, constants, lstatSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import type { Closed } from '../model/closed.ts';

/**
 * The directory that forbids something at `path`: the nearest above it that exists, or else `path` itself.
 *
 * @returns `undefined` when neither is closed (any more): a step that opens one would change nothing
 */
export function closedBy(path: string): Closed | undefined {
  let above = dirname(path);
  while (statsOf(above) === undefined && above !== dirname(above)) above = dirname(above);
  return closedItself(above) ?? closedItself(path);
}

function closedItself(path: string): Closed | undefined {
  const stats = statsOf(path);
  if (stats?.isDirectory() !== true) return undefined;
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (cause) {
    // On a file system that is read-only no mode helps.
    if ((cause as NodeJS.ErrnoException).code !== 'EACCES') return undefined;
    return { path, isOurs: stats.uid === process.geteuid?.() };
  }
}

/** What cannot be reached is closed further up. */
function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
