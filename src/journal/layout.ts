import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { discardFlatDirectory, namesIn, unlinkIfThere } from './durable.ts';

/** Where a database is born: `db.tmp-<pid>-<random>`. */
export const scratchPrefix = 'db.tmp-';
/** Where one is made that is to take another's place: `db.next-<pid>-<random>`. */
export const nextPrefix = 'db.next-';
/** Where a copy of the database is tried, and readers once had theirs: `snap-<pid>-<random>`. */
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

export function segmentsPath(directory: string): string {
  return join(directory, 'segments');
}

/** A process that cannot be seen from here, in another container say, has long been done with what it made by then. */
export const surelyDoneMs: number = 60 * 60 * 1000;

type LeftOver = { readonly path: string; readonly isDirectory: boolean };

/**
 * What processes that are no more left half-made in a journal's directory.
 *
 * @param youngMs - what is younger does not count: whoever only reads is kept out by nobody, and may know too little
 */
export async function leftOversIn(directory: string, youngMs = 0): Promise<readonly LeftOver[]> {
  const names: readonly string[] = await namesIn(directory).catch(() => []);
  const found: LeftOver[] = [];
  for (const name of names) {
    const pid = /^(?:db\.tmp|db\.next|snap)-(\d+)-[0-9a-f]+$/.exec(name)?.[1];
    const isLeftOver = name === 'db.tmp' || (pid !== undefined && !isAlive(Number(pid)));
    const path = join(directory, name);
    if (isLeftOver && (await isOlder(path, youngMs))) found.push({ path, isDirectory: true });
  }
  found.push(...(await replacementsIn(directory, names, youngMs)));
  const segments = segmentsPath(directory);
  if (names.includes('segments')) {
    found.push(...(await replacementsIn(segments, await namesIn(segments).catch(() => []), youngMs)));
  }
  return found;
}

/** Discards {@link leftOversIn}. What resists is left. */
export async function sweepScratch(directory: string): Promise<void> {
  for (const { path, isDirectory } of await leftOversIn(directory)) {
    await (isDirectory ? discardFlatDirectory(path) : unlinkIfThere(path)).catch(() => undefined);
  }
}

/** Files that were to replace others: `<name>.<pid>-<random>.tmp`. */
async function replacementsIn(
  directory: string,
  names: readonly string[],
  youngMs: number,
): Promise<readonly LeftOver[]> {
  const found: LeftOver[] = [];
  for (const name of names) {
    const pid = /\.(\d+)-[0-9a-f]{8}\.tmp$/.exec(name)?.[1];
    const path = join(directory, name);
    if (pid !== undefined && !isAlive(Number(pid)) && (await isOlder(path, youngMs)))
      found.push({ path, isDirectory: false });
  }
  return found;
}

async function isOlder(path: string, youngMs: number): Promise<boolean> {
  if (youngMs === 0) return true;
  return stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs > youngMs,
    () => false,
  );
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}
