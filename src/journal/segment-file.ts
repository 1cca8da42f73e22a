import { createHash } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { err, ok } from 'neverthrow';
import type { Result, ResultAsync } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { readIfThere, replaceFile } from './durable.ts';
import { attempt, damaged } from './journal-failure.ts';
import { parseSegmentLine, segmentPath, sha256Path, sha256Text } from './segment.ts';
import type { Segment } from './segment.ts';
import type { StoredText } from './walk.ts';

const pageLines = 1000;
const newline = 10;

/**
 * The entries of a sealed segment that lie in the range, page by page, as they are stored: whoever reads them follows
 * the chain. A file that is missing or ends early is an error.
 */
export async function* segmentPages(
  directory: string,
  segment: Segment,
  from: number,
  to: number,
  reverse: boolean,
): AsyncGenerator<Result<readonly StoredText[], JournalFailure>> {
  const read = await readSegment(directory, segment);
  if (read.isErr()) return yield err(read.error);
  let page: StoredText[] = [];
  for (const [seq, line] of linesOf(read.value, segment, reverse)) {
    if (seq < from || seq > to) continue;
    const entry = parseSegmentLine(line());
    if (entry === undefined) {
      yield ok(page);
      return yield err(damaged(directory, seq, `segment ${segment.segment} holds no entry there`));
    }
    page.push({ seq, ...entry });
    if (page.length < pageLines) continue;
    yield ok(page);
    page = [];
  }
  yield ok(page);
}

/** Whether the file is, byte for byte, the one that was sealed, and its sum lies beside it. */
export async function checkSegment(
  directory: string,
  segment: Segment,
): Promise<Result<void, JournalFailure>> {
  const summed = await attemptOn(directory, segment, () =>
    sha256OfFile(segmentPath(directory, segment.segment)),
  );
  if (summed.isErr()) return err(summed.error);
  const wrong = (detail: string): Result<void, JournalFailure> =>
    err(damaged(directory, segment.from, `segment ${segment.segment} ${detail}`));
  if (summed.value !== segment.sha256) return wrong(`is not the file that was sealed: ${adviceFor(segment)}`);
  const sum = await attempt(directory, () => readIfThere(sha256Path(directory, segment.segment)));
  if (sum.isErr()) return err(sum.error);
  return sum.value === sha256Text(segment) ? ok(undefined) : wrong('has another sum, or none, beside it');
}

/** Whether the file is the one that was sealed, and only its sum beside it is not. */
export async function lacksSum(directory: string, segment: Segment): Promise<boolean> {
  if ((await checkSegment(directory, segment)).isOk()) return false;
  const summed = await attempt(directory, () => sha256OfFile(segmentPath(directory, segment.segment)));
  return summed.isOk() && summed.value === segment.sha256;
}

/** Writes the sum beside a segment that lacks it; everything else stays as it is. */
export async function mendSum(directory: string, segment: Segment): Promise<Result<void, JournalFailure>> {
  if (!(await lacksSum(directory, segment))) return ok(undefined);
  return attempt(directory, () => replaceFile(sha256Path(directory, segment.segment), sha256Text(segment)));
}

function adviceFor({ segment, from, to }: Segment): string {
  const file = basename(segmentPath('', segment));
  return `put a backup of segments/${file} in its place; without one, entries #${from} to #${to} are lost`;
}

function readSegment(directory: string, segment: Segment): ResultAsync<Buffer, JournalFailure> {
  return attemptOn(directory, segment, () => readFile(segmentPath(directory, segment.segment)));
}

function attemptOn<T>(
  directory: string,
  segment: Segment,
  read: () => Promise<T>,
): ResultAsync<T, JournalFailure> {
  return attempt(directory, read).mapErr((failure) =>
    failure.type === 'journal-unavailable' && failure.code === 'ENOENT'
      ? damaged(directory, segment.from, `segment ${segment.segment} is missing: ${adviceFor(segment)}`)
      : failure,
  );
}

/** In one small buffer: a segment is sixteen megabytes, and there may be hundreds. */
async function sha256OfFile(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const sum = createHash('sha256');
    const buffer = Buffer.allocUnsafe(readAtOnce);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, readAtOnce);
      if (bytesRead === 0) return sum.digest('hex');
      sum.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}

const readAtOnce = 1024 * 1024;

/** Lines with their numbers; they are made into text only when asked for. */
function* linesOf(
  bytes: Buffer,
  { from, to }: Segment,
  reverse: boolean,
): Generator<readonly [seq: number, line: () => string]> {
  if (!reverse) {
    let start = 0;
    for (let seq = from; start < bytes.length; seq += 1) {
      const found = bytes.indexOf(newline, start);
      const end = found === -1 ? bytes.length : found;
      const begin = start;
      yield [seq, () => bytes.toString('utf8', begin, end)];
      start = end + 1;
    }
    return;
  }
  let end = bytes.at(-1) === newline ? bytes.length - 1 : bytes.length;
  for (let seq = to; end > 0; seq -= 1) {
    const start = bytes.lastIndexOf(newline, end - 1) + 1;
    const stop = end;
    yield [seq, () => bytes.toString('utf8', start, stop)];
    end = start - 1;
  }
}
