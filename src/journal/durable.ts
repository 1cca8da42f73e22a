import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rmdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Replaces the file at `path` as a whole: after a power cut there is the old one or the new one. */
export async function replaceFile(path: string, content: string | Iterable<Buffer>): Promise<void> {
  const scratch = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
  try {
    await writeFileSynced(scratch, content);
    await rename(scratch, path);
  } catch (error) {
    await unlinkIfThere(scratch);
    throw error;
  }
  await syncDirectory(dirname(path));
}

async function writeFileSynced(path: string, content: string | Iterable<Buffer>): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    if (typeof content === 'string') await file.writeFile(content);
    else for (const bytes of content) await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
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
  return readFile(path, 'utf8').catch(ignoreAbsent);
}

export async function unlinkIfThere(path: string): Promise<void> {
  await unlink(path).catch(ignoreAbsent);
}

function ignoreAbsent(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
  throw error;
}
