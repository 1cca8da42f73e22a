import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rename, rmdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readRegular } from '../regular-file.ts';

/** Replaces the file at `path` as a whole: after a power cut there is the old one or the new one. */
export async function replaceFile(path: string, content: string | Iterable<Buffer>): Promise<void> {
  const replacement = await beginReplacement(path);
  try {
    if (typeof content === 'string') await replacement.write(content);
    else for (const bytes of content) await replacement.write(bytes);
    await replacement.finish();
    await replacement.take();
  } catch (error) {
    await replacement.discard();
    throw error;
  }
}

/** A file that is to take the place of another as a whole, for whoever has its content piece by piece. */
export type Replacement = {
  /** Where it lies till then. */
  readonly scratch: string;
  write(content: string | Buffer): Promise<void>;
  /** To be called when all is written: it is durable then, and the other one still in its place. */
  finish(): Promise<void>;
  /** Takes the place. */
  take(): Promise<void>;
  /** Leaves the place as it is. */
  discard(): Promise<void>;
};

export async function beginReplacement(path: string): Promise<Replacement> {
  const scratch = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
  const file = await open(scratch, 'wx', 0o600);
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    await file.close();
  };
  return {
    scratch,
    write: (content) => file.writeFile(content),
    finish: async () => {
      await file.sync();
      await close();
    },
    take: async () => {
      await rename(scratch, path);
      await syncDirectory(dirname(path));
    },
    discard: async () => {
      await close();
      await unlinkIfThere(scratch);
    },
  };
}

/** Flushes a file, on macOS through to the drive. */
export async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the names in a directory durable. Windows cannot, and does not need to be asked. */
export async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Flushes the files right below a closed database's directory, then their names. `LOCK` is never opened. */
export async function syncDatabaseDirectory(path: string): Promise<void> {
  for (const name of await readdir(path)) if (name !== 'LOCK') await syncFile(join(path, name));
  await syncDirectory(path);
}

/** Unlinks the files right below a directory of ours, then the directory. What is already gone is no error. */
export async function discardFlatDirectory(path: string): Promise<void> {
  for (const name of await namesIn(path)) await unlinkIfThere(join(path, name));
  await rmdir(path).catch(ignoreAbsent);
}

/** Makes a directory and those it lies in, level by level: Node's own way calls a full disk `ENOENT`. */
export async function makeDirectories(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    await makeDirectories(dirname(path));
    await mkdir(path, { mode: 0o700 });
  }
}

/** The names in a directory; none when it is not there. */
export async function namesIn(path: string): Promise<readonly string[]> {
  return readdir(path).catch((error: unknown) => {
    ignoreAbsent(error);
    return [];
  });
}

export async function readIfThere(path: string): Promise<string | undefined> {
  return (await readRegular(path).catch(ignoreAbsent))?.toString('utf8');
}

export async function unlinkIfThere(path: string): Promise<void> {
  await unlink(path).catch(ignoreAbsent);
}

function ignoreAbsent(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
  throw error;
}
