import { createHash } from 'node:crypto';
import { open, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { beginReplacement, namesIn, replaceFile, syncDirectory } from './durable.ts';
import type { Replacement } from './durable.ts';
import { attempt, damaged } from './journal-failure.ts';
import { checkSegment } from './segment-file.ts';
import { segmentLine, segmentPath, sha256Path, sha256Text } from './segment.ts';
import type { Segment } from './segment.ts';
import { freeName } from './swap.ts';
import { toIso } from './timestamp.ts';
import type { StoredPage } from './walk.ts';

/**
 * Writes a segment of these entries as they come, no more than a page in memory. It is durable, and was read again, when
 * this resolves. One that a crash left under this number was never journalled. Another that is there may be the only
 * copy of what it holds, and is kept aside.
 */
export async function writeSegment(
  directory: string,
  segment: number,
  pages: AsyncIterable<StoredPage>,
  nowMs: number,
): Promise<Result<Segment, JournalFailure>> {
  const path = segmentPath(directory, segment);
  const begun = await attempt(directory, () => beginReplacement(path));
  if (begun.isErr()) return err(begun.error);
  const file = begun.value;
  const filled = await fill(file, directory, segment, pages);
  const taken = await filled.asyncAndThen((sealed) =>
    attempt(directory, async () => {
      await file.finish();
      await keepOther(path, file.scratch, nowMs);
      await file.take();
      await replaceFile(sha256Path(directory, segment), sha256Text(sealed));
      return sealed;
    }),
  );
  if (taken.isErr()) {
    await attempt(directory, () => file.discard());
    return err(taken.error);
  }
  return (await checkSegment(directory, taken.value)).map(() => taken.value);
}

async function fill(
  file: Replacement,
  directory: string,
  segment: number,
  pages: AsyncIterable<StoredPage>,
): Promise<Result<Segment, JournalFailure>> {
  const sum = createHash('sha256');
  let from: number | undefined;
  let last = { seq: -1, hash: '' };
  for await (const page of pages) {
    if (page.isErr()) return err(page.error);
    const lines = Buffer.from(page.value.map(({ hash, text }) => segmentLine(hash, text)).join(''));
    const written = await attempt(directory, () => file.write(lines));
    if (written.isErr()) return err(written.error);
    sum.update(lines);
    from ??= page.value[0]?.seq;
    last = page.value.at(-1) ?? last;
  }
  if (from === undefined) return err(damaged(directory, undefined, 'nothing to seal'));
  return ok({ segment, from, to: last.seq, lastHash: last.hash, sha256: sum.digest('hex') });
}

/** Moves a file out of the way of the one at `other`, unless all of it is in there. */
async function keepOther(path: string, other: string, nowMs: number): Promise<void> {
  const isThere = (await namesIn(dirname(path))).includes(basename(path));
  if (!isThere || (await isBeginningOf(path, other))) return;
  const stamp = toIso(Math.trunc(nowMs)).replace(/[-:.]/g, '');
  const aside = basename(path).replace(/\.jsonl$/, `.replaced-${stamp}.jsonl`);
  await rename(path, join(dirname(path), await freeName(dirname(path), aside)));
  await syncDirectory(dirname(path));
}

const pieceBytes = 1024 * 1024;

/** Whether the one file begins with all that is in this one. */
async function isBeginningOf(path: string, other: string): Promise<boolean> {
  const [file, whole] = [await open(path, 'r'), await open(other, 'r')];
  try {
    const [piece, same] = [Buffer.allocUnsafe(pieceBytes), Buffer.allocUnsafe(pieceBytes)];
    for (let at = 0; ;) {
      const { bytesRead } = await file.read(piece, 0, pieceBytes, at);
      if (bytesRead === 0) return true;
      for (let got = 0; got < bytesRead;) {
        const more = await whole.read(same, got, bytesRead - got, at + got);
        if (more.bytesRead === 0) return false;
        got += more.bytesRead;
      }
      if (!piece.subarray(0, bytesRead).equals(same.subarray(0, bytesRead))) return false;
      at += bytesRead;
    }
  } finally {
    await file.close();
    await whole.close();
  }
}
