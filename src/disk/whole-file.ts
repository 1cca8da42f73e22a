import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { link, lstat, open, readdir, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from './failure.ts';

/** What file systems without hard links answer. */
const noLinks: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/**
 * Makes a file that must not exist yet, with all of its content or not at all: whoever sees the name sees the content,
 * and so it is after a crash. Throws node's error, `EEXIST` when the name is taken.
 */
export async function makeWholeFile(path: string, content: string, mode: number): Promise<void> {
  // Whoever is refused leaves no trace, not even in the directory's time.
  if (await isTaken(path))
    throw Object.assign(new Error(`EEXIST: ${path}`), { code: 'EEXIST', syscall: 'link' });
  const scratch = join(dirname(path), `.${basename(path)}.${process.pid}-${randomUUID()}.new`);
  try {
    await write(scratch, content, mode);
    await link(scratch, path);
  } catch (cause) {
    if (!noLinks.has(errnoOf(cause) ?? '')) throw cause;
    // The best that is left: empty for a moment, and for good after a crash in that moment.
    await write(path, content, mode).catch(async (failure: unknown) => {
      if (errnoOf(failure) !== 'EEXIST') await unlink(path).catch(() => undefined);
      throw failure;
    });
  } finally {
    await unlink(scratch).catch(() => undefined);
  }
}

/**
 * Removes what killed processes left of {@link makeWholeFile} in a directory.
 *
 * @param isDead - asked of the process that made it
 * @returns how many there were
 */
export async function sweepScratchFiles(
  directory: string,
  isDead: (pid: number) => boolean,
): Promise<number> {
  let swept = 0;
  for (const name of await readdir(directory).catch(() => [])) {
    const pid = scratchPid(name);
    if (pid === undefined || !isDead(pid)) continue;
    await unlink(join(directory, name)).catch(() => undefined);
    swept += 1;
  }
  return swept;
}

/** The process that made a scratch file of {@link makeWholeFile}, by its name; `undefined` when it is none. */
export function scratchPid(name: string): number | undefined {
  const pid = /^\..+\.(\d+)-[0-9a-f-]{36}\.new$/.exec(name)?.[1];
  return pid === undefined ? undefined : Number(pid);
}

async function isTaken(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

async function write(path: string, content: string, mode: number): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);
  const file = await open(path, flags, mode);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}
