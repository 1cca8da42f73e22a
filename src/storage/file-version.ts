import { lstat } from 'node:fs/promises';

/** Some file systems keep times by seconds, FAT by two: what was written so lately may be written to unseen. */
const racyMs = 3_000;

/**
 * Which file has the name, and which state of it: any write, and any other file put in its place, gives another text.
 * `undefined` when there is none, it cannot be told, or the file is so young that the next write may not show.
 */
export async function versionOfFile(path: string): Promise<string | undefined> {
  const stats = await lstat(path, { bigint: true }).catch(() => undefined);
  if (stats?.isFile() !== true) return undefined;
  const { dev, ino, size, mtimeNs, ctimeNs } = stats;
  if (Date.now() - Number(ctimeNs) / 1_000_000 < racyMs) return undefined;
  return [dev, ino, size, mtimeNs, ctimeNs].join(':');
}
