import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { discardFlatDirectory, namesIn } from './durable.ts';

/** Where a database is born: `db.tmp-<pid>-<random>`. */
export const scratchPrefix = 'db.tmp-';
/** Where one is made that is to take another's place: `db.next-<pid>-<random>`. */
export const nextPrefix = 'db.next-';
/** Where readers keep their links and copies: `snap-<pid>-<random>`. */
export const snapshotPrefix = 'snap-';

export function databasePath(directory: string): string {
  return join(directory, 'db');
}

/** A complete database that is about to take the place of the one that is there. */
export function nextPath(directory: string): string {
  return join(directory, 'db.next');
}

/** The database, or the one that is about to take its place. */
export async function currentDatabase(directory: string): Promise<string> {
  const isSwapping =
    !(await isDirectory(databasePath(directory))) && (await isDirectory(nextPath(directory)));
  return isSwapping ? nextPath(directory) : databasePath(directory);
}

export async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Discards the scratch and snapshot directories of processes that are no more. What resists is left. */
export async function sweepScratch(directory: string): Promise<void> {
  for (const name of await namesIn(directory).catch(() => [])) {
    const pid = /^(?:db\.tmp|db\.next|snap)-(\d+)-[0-9a-f]+$/.exec(name)?.[1];
    const isLeftOver = name === 'db.tmp' || (pid !== undefined && !isAlive(Number(pid)));
    if (isLeftOver) await discardFlatDirectory(join(directory, name)).catch(() => undefined);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}
