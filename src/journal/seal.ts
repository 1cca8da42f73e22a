import { mkdir } from 'node:fs/promises';
import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { syncDirectory } from './durable.ts';
import type { Draft } from './entry.ts';
import { liveSpan } from './inspect.ts';
import { attempt, damaged, freeBytes } from './journal-failure.ts';
import type { JournalOptions, Sealing } from './journal.ts';
import { entryKey } from './key.ts';
import { databasePath, segmentsPath } from './layout.ts';
import { openInPlace } from './level-in-place.ts';
import { decodeStored } from './reader.ts';
import type { Readable, Writable } from './reader.ts';
import { checkSegment, segmentPages } from './segment-file.ts';
import { writeSegment } from './segment-writer.ts';
import type { Segment } from './segment.ts';
import type { StoreReader, Write } from './store.ts';
import { livePages, walk } from './walk.ts';
import type { Span, StoredPage, StoredText } from './walk.ts';
import type { Writer } from './writer.ts';

/** As JOURNAL 7.7 has it. */
const defaults: Sealing = {
  entries: 50_000,
  ageMs: 30 * 24 * 60 * 60 * 1000,
  segmentBytes: 16 * 1024 * 1024,
};

/** With less room than this nothing is trimmed: it needs some first. Sealing leaves so much beside what it needs. */
const roomyBytes = 128 * 1024 * 1024;

/**
 * While work is under way, which may be for as long as something is held for undo, sealing waits till it is so much
 * overdue. A run may hold a hundred thousand files with three entries each: it would write all of them once more at its
 * end. Half a million entries take some 150 MB and are opened, read and verified as fast as a journal has to be. Age has
 * no such height: what is old and not too much is sealed quickly.
 */
const patience = { entries: 10, age: 2 };

/**
 * Copies the entries of the database into sealed segments, when that is due, and journals that it did. They are
 * removed from the database by a later opening, see {@link trimSealed}: until then both have them. What there is no
 * room for is left to a later run.
 */
export async function sealWhenDue(
  readable: Readable,
  options: JournalOptions,
  append: (drafts: readonly Draft[]) => Promise<Result<unknown, JournalFailure>>,
): Promise<Result<void, JournalFailure>> {
  const sealing = { ...defaults, ...options.sealing };
  const step = options.seams?.afterStep ?? (() => undefined);
  const isDue = await isSealingDue(readable, options, sealing);
  if (isDue.isErr()) return err(isDue.error);
  if (!isDue.value) return ok(undefined);
  const made = await attempt(readable.path, async () => {
    await mkdir(segmentsPath(readable.path), { recursive: true, mode: 0o700 });
    await syncDirectory(readable.path);
  });
  if (made.isErr()) return err(made.error);
  const sealed: Segment[] = [];
  const span = liveSpan(readable.path, readable.state());
  const written = await readingInPlace(readable, async (store) => {
    for (let from = span.base.seq + 1; from <= span.head.seq && isRoomy(readable.path);) {
      const number = readable.segments.length + sealed.length + 1;
      const pages = upTo(walk(store, span, { from }), sealing.segmentBytes);
      const segment = await writeSegment(readable.path, number, pages, options.clock());
      if (segment.isErr()) return err(segment.error);
      sealed.push(segment.value);
      from = segment.value.to + 1;
      step('segment-written');
    }
    return ok(undefined);
  });
  if (written.isErr()) return err(written.error);
  const told = await append(sealed.map((segment) => ({ event: { type: 'SegmentSealed', ...segment } })));
  step('segment-sealed');
  return told.map(() => undefined);
}

function isRoomy(path: string): boolean {
  return (freeBytes(path) ?? 0) >= 2 * roomyBytes;
}

/**
 * All entries are read here, and LevelDB would map all tables into memory for that, and check none of them. It may write
 * meanwhile: entries do not change. What cannot be read where it lies is read through it all the same.
 */
async function readingInPlace<T>(
  { store, path }: Pick<Readable, 'store' | 'path'>,
  work: (store: StoreReader) => Promise<T>,
): Promise<T> {
  const opened = await openInPlace(databasePath(path), path);
  if (opened.isErr()) return work(store);
  try {
    return await work(opened.value);
  } finally {
    await opened.value.close();
  }
}

/** The entries up to the one with which there are so many bytes. */
async function* upTo(pages: AsyncIterable<StoredPage>, bytes: number): AsyncGenerator<StoredPage> {
  let size = 0;
  for await (const page of pages) {
    if (page.isErr()) return yield err(page.error);
    for (const [at, { text }] of page.value.entries()) {
      size += text.length;
      if (size >= bytes) return yield ok(page.value.slice(0, at + 1));
    }
    yield page;
  }
}

async function isSealingDue(
  { store, path, state, segments }: Readable,
  options: JournalOptions,
  { entries, ageMs }: Sealing,
): Promise<Result<boolean, JournalFailure>> {
  const { base, head, rows } = state();
  // What was sealed in the last run is still to be trimmed.
  const isPending = (segments.at(-1)?.to ?? base.seq) > base.seq;
  if (isPending || !isRoomy(path)) return ok(false);
  const isBusy = options.inline.some(({ name, isWork }) => isWork === true && (rows[name]?.count ?? 0) > 0);
  const factor = isBusy ? patience : { entries: 1, age: 1 };
  const count = head.seq - base.seq;
  if (count >= entries * factor.entries) return ok(true);
  for await (const page of livePages(store, path, base.seq + 1, base.seq + 1, false)) {
    if (page.isErr()) return err(page.error);
    const [first] = page.value;
    if (first === undefined) return ok(false);
    return decodeStored(path, first).map(({ atMs }) => options.clock() - atMs >= ageMs * factor.age);
  }
  return ok(false);
}

/**
 * Removes from the database what lies sealed, after the segments were read from the disk once more and hold, entry for
 * entry, what the database has. A segment that does not is written again first.
 */
export async function trimSealed(
  writable: Writable,
  writer: Writer,
  options: JournalOptions,
): Promise<Result<void, JournalFailure>> {
  const { path, segments } = writable;
  const step = options.seams?.afterStep ?? (() => undefined);
  const pending = segments.filter(({ to }) => to > writer.state().base.seq);
  if (pending.length === 0 || !isRoomy(path)) return ok(undefined);
  const trimmed = await readingInPlace(writable, async (live): Promise<Result<void, JournalFailure>> => {
    for (const segment of pending) {
      const { base } = writer.state();
      const head = { seq: segment.to, hash: segment.lastHash };
      const verified = await verifySealed(
        live,
        segment,
        { ...liveSpan(path, writer.state()), head },
        options,
      );
      if (verified.isErr()) return err(verified.error);
      step('segment-verified');
      const removed: Write[] = [];
      for (let seq = base.seq + 1; seq <= segment.to; seq += 1)
        removed.push({ type: 'del', key: entryKey(seq) });
      const restated = await writer.restate({ base: head }, removed);
      if (restated.isErr()) return err(restated.error);
      step('segment-trimmed');
    }
    return ok(undefined);
  });
  if (trimmed.isErr()) return err(trimmed.error);
  // Without it the space comes back a little later.
  await writable.store.compact();
  return ok(undefined);
}

/** Sees to it that the segment holds what the database has in `span`. */
async function verifySealed(
  live: StoreReader,
  segment: Segment,
  span: Span,
  { clock }: JournalOptions,
): Promise<Result<void, JournalFailure>> {
  const { path } = span;
  const first = await holds(path, segment, walk(live, span));
  if (first.isErr()) return err(first.error);
  if (first.value) return ok(undefined);
  const again = await writeSegment(path, segment.segment, walk(live, span), clock());
  if (again.isErr()) return err(again.error);
  const second = await holds(path, segment, walk(live, span));
  if (second.isErr()) return err(second.error);
  return second.value
    ? ok(undefined)
    : err(damaged(path, segment.from, `segment ${segment.segment} cannot be made again`));
}

/** Whether the file is the one that was sealed, and has just these entries. That they cannot be read is an error. */
async function holds(
  path: string,
  segment: Segment,
  live: AsyncIterable<StoredPage>,
): Promise<Result<boolean, JournalFailure>> {
  let isSame = (await checkSegment(path, segment)).isOk();
  const sealed = segmentPages(path, segment, segment.from, segment.to, false);
  let page: readonly StoredText[] = [];
  let at = 0;
  try {
    for await (const found of live) {
      if (found.isErr()) return err(found.error);
      for (const { seq, hash, text } of isSame ? found.value : []) {
        if (at === page.length) [page, at] = [(await nextPage(sealed)) ?? [], 0];
        const other = page[at];
        isSame &&= other?.seq === seq && other.hash === hash && other.text === text;
        at += 1;
      }
    }
    return ok(isSame && at === page.length && (await nextPage(sealed))?.length === 0);
  } finally {
    await sealed.return(undefined);
  }
}

/** Empty: there are no more; `undefined`: they cannot be read. */
async function nextPage(pages: AsyncGenerator<StoredPage>): Promise<readonly StoredText[] | undefined> {
  for (;;) {
    const next = await pages.next();
    if (next.done === true) return [];
    if (next.value.isErr()) return undefined;
    if (next.value.value.length > 0) return next.value.value;
  }
}
