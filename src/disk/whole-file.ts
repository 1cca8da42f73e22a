import { randomUUID } from 'node:crypto';
import { closeSync, constants, linkSync, lstatSync, openSync, unlinkSync, writeFileSync } from 'node:fs';
import { readdir, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from './failure.ts';
import { syncOpen } from './sync-file.ts';

/** What file systems without hard links answer. */
const noLinks: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/**
 * Makes a file that must not exist yet, with all of its content or not at all: whoever sees the name sees the content,
 * and so it is after a crash. Throws node's error, `EEXIST` when the name is taken.
 *
 * Only the sync is left to the thread pool: the other calls are short, and a lock is made for each of 10,000 sessions.
 */
export async function makeWholeFile(path: string, content: string, mode: number): Promise<void> {
  // Whoever is refused leaves no trace, not even in the directory's time.
  if (isTaken(path)) throw Object.assign(new Error(`EEXIST: ${path}`), { code: 'EEXIST', syscall: 'link' });
  const scratch = join(dirname(path), `.${basename(path)}.${process.pid}-${randomUUID()}.new`);
  try {
    await write(scratch, content, mode);
    linkSync(scratch, path);
  } catch (cause) {
    if (!noLinks.has(errnoOf(cause) ?? '')) throw cause;
    // The best that is left: empty for a moment, and for good after a crash in that moment.
    await write(path, content, mode).catch((failure: unknown) => {
      if (errnoOf(failure) !== 'EEXIST') drop(path);
      throw failure;
    });
  } finally {
    drop(scratch);
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

function isTaken(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (cause) {
    if (errnoOf(cause) === undefined) throw cause;
    return false;
  }
}

/** As far as it can be: what stays is swept by a later run. */
function drop(path: string): void {
  try {
    unlinkSync(path);
  } catch (cause) {
    if (errnoOf(cause) === undefined) throw cause;
  }
}

async function write(path: string, content: string, mode: number): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);
  const file = openSync(path, flags, mode);
  try {
    writeFileSync(file, content);
    await syncOpen(file);
  } finally {
    closeSync(file);
  }
}
