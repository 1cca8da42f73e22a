import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';

/** Opens without following a link and without waiting for the other end of a pipe. */
export const openFlags: number =
  constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** What a link, a pipe, a socket, a device or a directory is where a file should be. */
export const notRegular = 'EFOREIGN';

/** Those that tell of it before anything is open: a link, a socket. */
const toldByOpen: ReadonlySet<unknown> = new Set(['ELOOP', 'ENXIO']);

/**
 * Opens a file of our own to read it. Throws Node's error; of what is no regular file one with the code
 * {@link notRegular}, and neither waits for it nor reads of it.
 */
export async function openRegular(path: string): Promise<FileHandle> {
  const file = await open(path, openFlags).catch((error: unknown) => {
    throw error instanceof Error && 'code' in error && toldByOpen.has(error.code) ? odd(path) : error;
  });
  try {
    if ((await file.stat()).isFile()) return file;
    throw odd(path);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** All of a file, as {@link openRegular} opens it. */
export async function readRegular(path: string): Promise<Buffer> {
  const file = await openRegular(path);
  try {
    return await file.readFile();
  } finally {
    await file.close();
  }
}

function odd(path: string): Error {
  return Object.assign(new Error(`${basename(path)} is not a regular file`), { code: notRegular });
}
