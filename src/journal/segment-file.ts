import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { err, ok } from 'neverthrow';
import type { Result, ResultAsync } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { openRegular, readRegular } from '../regular-file.ts';
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
  let page: StoredText[] = [];
  const pieces = reverse ? allAtOnce(directory, segment) : pieceByPiece(directory, segment);
  for await (const lines of pieces) {
    if (lines.isErr()) {
      yield ok(page);
      return yield err(lines.error);
    }
    for (const [seq, line] of lines.value) {
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
  }
  yield ok(page);
}

/** Whether the file is, byte for byte, the one that was sealed, and its sum lies beside it. */
export async function checkSegment(
  directory: string,
  segment: Segment,
): Promise<Result<void, JournalFailure>> {
  const found = await sumOfSegment(directory, segment);
  if (found.isErr()) return err(found.error);
  const wrong = (detail: string): Result<void, JournalFailure> =>
    err(damaged(directory, segment.from, `segment ${segment.segment} ${detail}`));
  if (found.value !== segment.sha256) return wrong(`is not the file that was sealed: ${adviceFor(segment)}`);
  const sum = await attempt(directory, () => readIfThere(sha256Path(directory, segment.segment)));
  if (sum.isErr()) return err(sum.error);
  return sum.value === sha256Text(segment) ? ok(undefined) : wrong('has another sum, or none, beside it');
}

/** Whether the file is the one that was sealed, and only its sum beside it is not. */
export async function lacksSum(directory: string, segment: Segment): Promise<boolean> {
  if ((await checkSegment(directory, segment)).isOk()) return false;
  return (await sumOfSegment(directory, segment)).unwrapOr('') === segment.sha256;
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
  return attemptAt(directory, segment, readRegular);
}

const pieceBytes = 1024 * 1024;

/** Read piece by piece: all segments are one after the other, and are larger than what lies in the database. */
function sumOfSegment(directory: string, segment: Segment): ResultAsync<string, JournalFailure> {
  return attemptAt(directory, segment, async (path) => {
    const file = await openRegular(path);
    try {
      const hash = createHash('sha256');
      const piece = Buffer.allocUnsafe(pieceBytes);
      for (;;) {
        const { bytesRead } = await file.read(piece, 0, pieceBytes);
        if (bytesRead === 0) return hash.digest('hex');
        hash.update(piece.subarray(0, bytesRead));
      }
    } finally {
      await file.close();
    }
  });
}

function attemptAt<T>(
  directory: string,
  segment: Segment,
  work: (path: string) => Promise<T>,
): ResultAsync<T, JournalFailure> {
  return attempt(directory, () => work(segmentPath(directory, segment.segment))).mapErr((failure) =>
    failure.type === 'journal-unavailable' && failure.code === 'ENOENT'
      ? damaged(directory, segment.from, `segment ${segment.segment} is missing: ${adviceFor(segment)}`)
      : failure,
  );
}

/** Lines with their numbers; they are made into text only when asked for, before the next one is. */
type Lines = Iterable<readonly [seq: number, line: () => string]>;

/** From the last one on. */
async function* allAtOnce(
  directory: string,
  segment: Segment,
): AsyncGenerator<Result<Lines, JournalFailure>> {
  yield (await readSegment(directory, segment)).map((bytes) => linesFromEnd(bytes, segment));
}

/** From the first one on: those of all segments are read one after the other, and a whole one is large. */
async function* pieceByPiece(
  directory: string,
  segment: Segment,
): AsyncGenerator<Result<Lines, JournalFailure>> {
  const opened = await attemptAt(directory, segment, openRegular);
  if (opened.isErr()) return yield err(opened.error);
  await using file = opened.value;
  const place = { seq: segment.from, room: Buffer.allocUnsafe(pieceBytes), begun: 0 };
  for (;;) {
    const { room, begun } = place;
    const read = await attemptAt(directory, segment, () => file.read(room, begun, room.length - begun));
    if (read.isErr()) return yield err(read.error);
    const { bytesRead } = read.value;
    yield ok(linesWithin(place, bytesRead));
    if (bytesRead === 0) return;
  }
}

/** Those that end in what was read; what is begun of the next is kept for the next piece. At the end nothing is read. */
function* linesWithin(
  place: { seq: number; room: Buffer; begun: number },
  bytesRead: number,
): Generator<readonly [seq: number, line: () => string]> {
  const bytes = place.room.subarray(0, place.begun + bytesRead);
  let start = 0;
  while (start < bytes.length) {
    const found = bytes.indexOf(newline, start);
    if (found === -1 && bytesRead > 0) break;
    const begin = start;
    const end = found === -1 ? bytes.length : found;
    yield [place.seq, () => bytes.toString('utf8', begin, end)];
    place.seq += 1;
    start = end + 1;
  }
  const rest = bytes.subarray(start);
  if (rest.length === place.room.length) place.room = Buffer.concat([rest], 2 * rest.length);
  else place.room.set(rest);
  place.begun = rest.length;
}

function* linesFromEnd(
  bytes: Buffer,
  { to }: Segment,
): Generator<readonly [seq: number, line: () => string]> {
  let end = bytes.at(-1) === newline ? bytes.length - 1 : bytes.length;
  for (let seq = to; end > 0; seq -= 1) {
    const start = bytes.lastIndexOf(newline, end - 1) + 1;
    const stop = end;
    yield [seq, () => bytes.toString('utf8', start, stop)];
    end = start - 1;
  }
}
