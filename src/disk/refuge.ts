import { createHash } from 'node:crypto';
import { lstat, mkdir, realpath, stat, statfs } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { errnoOf } from './failure.ts';

/** Enough for the journal of a run to open, grow and be compacted; with less a volume is no place for it. */
export const refugeBytes: number = 16 * 1024 * 1024;
const refugeEntries = 32;

/**
 * Where, on other volumes, something that belongs to `home` may lie while there is no room at home. The names are the
 * same for every process, so that the next one finds what a killed one left.
 *
 * @param bases - directories for such things, the best first
 */
export async function refugePaths(
  bases: readonly string[],
  home: string,
  uid: number,
): Promise<readonly string[]> {
  const whose = createHash('sha256')
    .update(`${uid}\0${await realNearest(home)}`)
    .digest('hex');
  return bases.map((base) => join(base, `prodigy-clean-${uid}-${whose.slice(0, 16)}`));
}

/** Those that exist. Others may write to the same directories: what is not a private directory of ours is nobody's. */
export async function existingRefuges(paths: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const path of paths) if (await isPrivate(path)) found.push(path);
  return found;
}

/** Makes, or finds, the first one whose volume has room; `undefined` when there is none. */
export async function makeRefuge(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    if (!(await isSafeBase(dirname(path))) || !(await hasRoom(dirname(path)))) continue;
    try {
      await mkdir(path, { mode: 0o700 });
    } catch (cause) {
      if (errnoOf(cause) !== 'EEXIST') continue;
    }
    if (await isPrivate(path)) return path;
  }
  return undefined;
}

/** Whether what lies there is lost when the machine starts again. */
export async function isVolatile(path: string): Promise<boolean> {
  return statfs(path).then(
    ({ type }) => type === tmpfs || type === ramfs,
    () => false,
  );
}

const tmpfs = 0x0102_1994;
const ramfs = 0x8584_58f6;

async function isPrivate(path: string): Promise<boolean> {
  return lstat(path).then(
    (stats) => stats.isDirectory() && stats.uid === process.geteuid?.() && (stats.mode & 0o077) === 0,
    () => false,
  );
}

/** Where others can write, they must not be able to put something else in the place of what is ours. */
async function isSafeBase(path: string): Promise<boolean> {
  return stat(path).then(
    ({ mode }) => (mode & 0o022) === 0 || (mode & 0o1000) !== 0,
    () => false,
  );
}

async function hasRoom(path: string): Promise<boolean> {
  return statfs(path).then(
    ({ bavail, bsize, files, ffree }) =>
      bavail * bsize >= refugeBytes && (files === 0 || ffree >= refugeEntries),
    () => false,
  );
}

/** The real path, as far as it exists. */
async function realNearest(path: string): Promise<string> {
  const whole = resolve(path);
  try {
    return await realpath(whole);
  } catch {
    return whole === dirname(whole) ? whole : join(await realNearest(dirname(whole)), basename(whole));
  }
}
