import { lstat } from 'node:fs/promises';

/**
 * Which file has the name, and which state of it: any write, and any other file put in its place, gives another text.
 * `undefined` when there is none, or it cannot be told.
 */
export async function versionOfFile(path: string): Promise<string | undefined> {
  const stats = await lstat(path, { bigint: true }).catch(() => undefined);
  if (stats?.isFile() !== true) return undefined;
  const { dev, ino, size, mtimeNs, ctimeNs } = stats;
  return [dev, ino, size, mtimeNs, ctimeNs].join(':');
}
