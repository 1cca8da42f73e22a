import { randomFillSync } from 'node:crypto';
import { mkdir, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { okAsync } from 'neverthrow';
import type { ResultAsync } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { discardFlatDirectory, replaceFile, syncDirectory } from './durable.ts';
import { attempt, freeBytes } from './journal-failure.ts';

/** Enough for LevelDB to open on a full disk and to journal a cleanup that makes room (JOURNAL 3.5). */
export const reserveBytes: number = 8 * 1024 * 1024;

const pieceBytes = 64 * 1024;

/**
 * Not in one piece: where a large one was given back once, glibc keeps as much of the memory of each thread from then on.
 */
function* randomPieces(bytes: number): Generator<Buffer> {
  const piece = Buffer.allocUnsafeSlow(pieceBytes);
  for (let left = bytes; left > 0; left -= pieceBytes)
    yield randomFillSync(piece.subarray(0, Math.min(left, pieceBytes)));
}

/** With less room than this the reserve is not written again: others need the space more. */
const roomyBytes = 64 * 1024 * 1024;

/** A disk can run out of files as well: so many empty ones are kept, for LevelDB makes several when it opens. */
const reserveEntries = 12;

function entriesPath(directory: string): string {
  return join(directory, 'reserve-files');
}

function reservePath(directory: string): string {
  return join(directory, 'reserve');
}

/** Gives the reserve up; answers with its bytes, 0 when there is none. */
export function releaseReserve(directory: string): ResultAsync<number, JournalFailure> {
  return attempt(directory, async () => {
    const bytes = await reserveSize(directory);
    await discardFlatDirectory(entriesPath(directory));
    if (bytes === 0) return 0;
    await unlink(reservePath(directory));
    await syncDirectory(dirname(reservePath(directory)));
    return bytes;
  });
}

/**
 * Writes the reserve when it is missing and the volume is roomy; `true` when written now.
 *
 * @param isNew - a journal just born was born where there is room for it
 */
export function writeReserve(
  directory: string,
  bytes: number = reserveBytes,
  isNew = false,
): ResultAsync<boolean, JournalFailure> {
  if ((freeBytes(directory) ?? 0) <= (isNew ? 2 * bytes : roomyBytes)) return okAsync(false);
  return attempt(directory, async () => {
    if ((await reserveSize(directory)) >= bytes) return false;
    await mkdir(entriesPath(directory), { recursive: true, mode: 0o700 });
    for (let index = 0; index < reserveEntries; index += 1) {
      await makeEmpty(join(entriesPath(directory), String(index)));
    }
    // Random, because file systems that compress would not really set zeros aside.
    await replaceFile(reservePath(directory), randomPieces(bytes));
    return true;
  });
}

/** What has the name already is as good, and is not opened: it may be a pipe, or lead elsewhere. */
async function makeEmpty(path: string): Promise<void> {
  await writeFile(path, '', { flag: 'wx', mode: 0o600 }).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  });
}

/** Whether all of the reserve lies there, and whether there is room to write it when it does not. */
export async function reserveSeen(
  directory: string,
): Promise<{ readonly isWhole: boolean; readonly isRoomy: boolean }> {
  const isWhole = (await reserveSize(directory)) >= reserveBytes;
  return { isWhole, isRoomy: (freeBytes(directory) ?? 0) > roomyBytes };
}

async function reserveSize(directory: string): Promise<number> {
  return stat(reservePath(directory)).then(
    ({ size }) => size,
    () => 0,
  );
}
