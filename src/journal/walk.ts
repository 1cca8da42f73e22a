import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { chainHash, hashLength } from './chain.ts';
import type { Link } from './entry.ts';
import { damaged } from './journal-failure.ts';
import type { EntryRange } from './journal.ts';
import { entryKey, seqOfKey } from './key.ts';
import { segmentPages } from './segment-file.ts';
import type { Segment } from './segment.ts';
import type { StoreReader } from './store.ts';

/** The stretch of entries a journal should have: after `origin`, up to and with `head`. */
export type Span = {
  /** The journal's directory. */
  readonly path: string;
  /** Where the chain begins: the seed, when all segments are there. */
  readonly origin: Link;
  /** The entries after it are in the database, the others in `segments`. */
  readonly base: Link;
  readonly head: Link;
  readonly segments: readonly Segment[];
};

/** An entry as it is stored. */
export type StoredText = Link & { readonly text: string };

/** Some of them, in order. After an `Err` there is nothing more. */
export type StoredPage = Result<readonly StoredText[], JournalFailure>;

/**
 * The stored entries of a range, page by page, from segments and database. No number may be missing, each hash must
 * follow its predecessor's, and the last entry must have the head's: after the first `Err` there is nothing more.
 */
export async function* walk(
  store: StoreReader,
  span: Span,
  { from = 0, to = span.head.seq, reverse = false }: EntryRange = {},
): AsyncGenerator<StoredPage> {
  const first = Math.max(from, span.origin.seq + 1);
  const last = Math.min(to, span.head.seq);
  if (first > last) return;
  // Its hash is what the first one follows.
  const start = Math.max(first - 1, span.origin.seq + 1);
  const check = reverse ? backward(span, first, last) : forward(span, first, last);
  for await (const page of source(store, span, start, last, reverse)) {
    if (page.isErr()) return yield err(page.error);
    const sound: StoredText[] = [];
    for (const stored of page.value) {
      const checked = check.next(stored);
      if (checked.isErr()) {
        yield ok(sound);
        return yield err(checked.error);
      }
      if (checked.value !== undefined) sound.push(checked.value);
    }
    yield ok(sound);
  }
  const end = check.end();
  yield end.map((stored) => (stored === undefined ? [] : [stored]));
}

/** Whoever reads one entry after the other and says which of them are sound. */
type Check = {
  next(stored: StoredText): Result<StoredText | undefined, JournalFailure>;
  end(): Result<StoredText | undefined, JournalFailure>;
};

function forward({ path, origin, head }: Span, first: number, last: number): Check {
  let previous = first - 1 === origin.seq ? origin.hash : undefined;
  let expected = previous === undefined ? first - 1 : first;
  return {
    next: (stored) => {
      if (stored.seq !== expected) return missing(path, expected);
      expected += 1;
      const isLink = stored.seq < first;
      if (!isLink && !follows(previous, stored)) return broken(path, stored.seq);
      if (stored.seq === head.seq && stored.hash !== head.hash) return otherHead(path, stored.seq);
      previous = stored.hash;
      return ok(isLink ? undefined : stored);
    },
    end: () => (expected === last + 1 ? ok(undefined) : missing(path, expected)),
  };
}

/** An entry is sound when its predecessor, which comes after it, was seen. */
function backward({ path, origin, head }: Span, first: number, last: number): Check {
  let waiting: StoredText | undefined;
  let expected = last;
  return {
    next: (stored) => {
      if (stored.seq !== expected) return missing(path, expected);
      expected -= 1;
      if (stored.seq === head.seq && stored.hash !== head.hash) return otherHead(path, stored.seq);
      const later = waiting;
      waiting = stored;
      if (later !== undefined && !follows(stored.hash, later)) return broken(path, later.seq);
      return ok(later);
    },
    end: () => {
      if (waiting === undefined || expected >= first) return missing(path, expected);
      if (waiting.seq < first) return ok(undefined);
      return waiting.seq - 1 === origin.seq && follows(origin.hash, waiting)
        ? ok(waiting)
        : broken(path, waiting.seq);
    },
  };
}

function follows(previous: string | undefined, { hash, text }: StoredText): boolean {
  return previous !== undefined && chainHash(previous, text) === hash;
}

function missing(path: string, seq: number): Result<never, JournalFailure> {
  return err(damaged(path, seq, 'this entry is missing'));
}

function broken(path: string, seq: number): Result<never, JournalFailure> {
  return err(damaged(path, seq, 'its hash does not follow from what is stored'));
}

function otherHead(path: string, seq: number): Result<never, JournalFailure> {
  return err(damaged(path, seq, 'the head has another hash'));
}

/** What is stored of entries `from` to `to`, unchecked. */
async function* source(
  store: StoreReader,
  { path, base, segments }: Span,
  from: number,
  to: number,
  reverse: boolean,
): AsyncGenerator<StoredPage> {
  const sealed = segments.filter((segment) => segment.to >= from && segment.from <= to);
  const live = to > base.seq;
  const liveFrom = Math.max(from, base.seq + 1);
  if (reverse && live) yield* livePages(store, path, liveFrom, to, true);
  for (const segment of reverse ? sealed.toReversed() : sealed) {
    yield* segmentPages(path, segment, from, Math.min(to, base.seq), reverse);
  }
  if (!reverse && live) yield* livePages(store, path, liveFrom, to, false);
}

/** The entries in the database, unchecked. */
export async function* livePages(
  store: StoreReader,
  path: string,
  from: number,
  to: number,
  reverse: boolean,
): AsyncGenerator<StoredPage> {
  for await (const page of store.pages({ gte: entryKey(from), lte: entryKey(to) }, reverse)) {
    if (page.isErr()) return yield err(page.error);
    const stored: StoredText[] = [];
    for (const [key, value] of page.value) {
      const seq = seqOfKey(key);
      if (seq === undefined) return yield err(damaged(path, undefined, `no entry has the key ${key}`));
      stored.push({ seq, hash: value.slice(0, hashLength), text: value.slice(hashLength) });
    }
    yield ok(stored);
  }
}

/** The stored hash of entry `seq` of those in the database, or of the base. */
export function hashOf(
  store: StoreReader,
  { path, base }: Span,
  seq: number,
): Result<string, JournalFailure> {
  if (seq === base.seq) return ok(base.hash);
  return store
    .get(entryKey(seq))
    .andThen((value) => (value === undefined ? missing(path, seq) : ok(value.slice(0, hashLength))));
}
