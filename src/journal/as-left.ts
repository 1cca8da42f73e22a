import { createHash } from 'node:crypto';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import type { Anchor } from './anchor.ts';
import { sha256Of } from './chain.ts';
import { openCopy } from './database-copy.ts';
import { checkAnchor, liveSpan, verifySpan } from './inspect.ts';
import { databasePath } from './layout.ts';
import { checkSum } from './stored-rows.ts';

/** A sum over the files of a closed database, byte for byte. `undefined` when they cannot be read. */
export async function filesSum(directory: string): Promise<string | undefined> {
  const path = databasePath(directory);
  try {
    const lines: string[] = [];
    const piece = Buffer.allocUnsafeSlow(pieceBytes);
    for (const name of (await readdir(path)).sort()) {
      // LevelDB's own lock must not be opened, and its text log says nothing.
      if (name === 'LOCK' || name.startsWith('LOG')) continue;
      lines.push(`${name} ${await fileSum(join(path, name), piece)}`);
    }
    return sha256Of(lines.join('\n'));
  } catch {
    return undefined;
  }
}

const pieceBytes = 256 * 1024;

/** However long the file is, no more of it is in memory than is read at a time. */
async function fileSum(path: string, piece: Buffer): Promise<string> {
  const sum = createHash('sha256');
  await using file = await open(path);
  for (;;) {
    const { bytesRead } = await file.read(piece);
    if (bytesRead === 0) return sum.digest('hex');
    sum.update(piece.subarray(0, bytesRead));
  }
}

/** The same, as an anchor has it. */
export async function filesNow(directory: string): Promise<Pick<Anchor, 'files'>> {
  const files = await filesSum(directory);
  return files === undefined ? {} : { files };
}

/** More entries than LevelDB's logs can hold: only what is in them can be dropped by opening. */
const unmergedEntries = 16_384;

/**
 * Tries, on a copy, whether the database opens and is whole. LevelDB forgives damage: it drops what it cannot read, and
 * then deletes the tables that it does not know any more. So nothing that is not as the last run left it is opened
 * before its copy was. What cannot be copied, on a full disk say, is not tried.
 */
export async function tryOnCopy(
  directory: string,
  anchor: Anchor | undefined,
): Promise<Result<void, JournalFailure>> {
  const copied = await openCopy(directory);
  if (copied.isErr()) {
    const isTelling = !['journal-full', 'journal-unavailable', 'journal-absent'].includes(copied.error.type);
    return isTelling ? err(copied.error) : ok(undefined);
  }
  const { readable, close } = copied.value;
  try {
    const state = readable.state();
    const from = state.head.seq - unmergedEntries + 1;
    const whole = await verifySpan(readable.store, liveSpan(directory, state), from);
    if (whole.isErr()) return err(whole.error);
    const anchored = checkAnchor(readable.store, liveSpan(directory, state), anchor);
    if (anchored.isErr()) return err(anchored.error);
    for (const [name, sum] of Object.entries(state.rows)) {
      const checked = await checkSum(readable.store, directory, name, sum);
      if (checked.isErr()) return err(checked.error);
    }
    return ok(undefined);
  } finally {
    await close();
  }
}
