import fs from 'node:fs';
import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { DiskFailure } from '../model/failure.ts';
import { errnoOf, toDiskFailure } from './failure.ts';
import { hold, type Hold } from './held.ts';
import { identify } from './identity.ts';

/** `gone`: the name was looked for afterwards and is absent; `directory`: it is no file, and nothing was touched. */
export type FileRemoved = { readonly removed: boolean } | 'directory';

const absentIsNoError = { throwIfNoEntry: false } as const;

/**
 * Removes one file or link, through its directory held open, and looks afterwards. What a whole tree needs (its mounts,
 * its directories) a file does not: a file that something is mounted on is refused by the system itself, as `EBUSY`.
 *
 * @param path - absolute, its directory without symbolic links
 * @returns `removed` is false when there was nothing of that name
 */
export async function removeFile(
  path: string,
  holdWith: Hold = hold,
): Promise<Result<FileRemoved, DiskFailure>> {
  const holding = holdWith(path);
  if (holding.isErr())
    return holding.error.code === 'ENOENT' && isAbsent(path) ? ok({ removed: false }) : err(holding.error);
  using held = holding.value;
  let bytes: number;
  try {
    const there = fs.lstatSync(held.path, absentIsNoError);
    if (there === undefined) return ok({ removed: false });
    if (there.isDirectory()) return ok('directory');
    bytes = there.size;
  } catch (cause) {
    return err(toDiskFailure(cause, path, 'lstat'));
  }
  const refused = bytes <= smallBytes && isSwift() ? unlinkNow(held.path) : await unlink(held.path);
  if (refused !== undefined && errnoOf(refused) !== 'ENOENT')
    return err(toDiskFailure(refused, path, 'unlink'));
  try {
    const remains = fs.lstatSync(held.path, absentIsNoError);
    // Said only after a look (LESSONS 2).
    return remains === undefined
      ? ok({ removed: refused === undefined })
      : err({ type: 'disk', code: 'EEXIST', syscall: 'unlink', path });
  } catch (cause) {
    return err(toDiskFailure(cause, path, 'lstat'));
  }
}

/** Its directory may be gone, too. */
function isAbsent(path: string): boolean {
  const there = identify(path);
  return there.isOk() && there.value === undefined;
}

/** What takes no longer to free than to ask the thread pool for it, if nothing has to be waited for. */
const smallBytes = 64 * 1024;
/** A call that takes longer waited for the disk: so do the next ones, and the thread pool waits for many at once. */
const waitMs = 0.1;
const waitsInARow = 256;
let waits = 0;

function isSwift(): boolean {
  waits -= 1;
  return waits < 0;
}

function unlinkNow(path: string): Error | undefined {
  const beganMs = performance.now();
  try {
    fs.unlinkSync(path);
    return undefined;
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    return cause;
  } finally {
    waits = performance.now() - beganMs > waitMs ? waitsInARow : 0;
  }
}

/** By the thread pool: a cold disk frees many at once faster than one after the other (SPEED.md). */
function unlink(path: string): Promise<Error | undefined> {
  return new Promise((resolve) => {
    fs.unlink(path, (cause) => resolve(cause ?? undefined));
  });
}
