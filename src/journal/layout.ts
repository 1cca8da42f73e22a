import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { discardFlatDirectory, namesIn } from './durable.ts';

/** Where a database is born: `db.tmp-<pid>-<random>`. */
export const scratchPrefix = 'db.tmp-';
/** Where readers keep their links and copies: `snap-<pid>-<random>`. */
export const snapshotPrefix = 'snap-';

export function databasePath(directory: string): string {
  return join(directory, 'db');
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
    const pid = /^(?:db\.tmp|snap)-(\d+)-[0-9a-f]+$/.exec(name)?.[1];
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
