import { err, ok } from 'neverthrow';
import type { Result, ResultAsync } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import type { Anchor } from './anchor.ts';
import { chainSeed, hashLength } from './chain.ts';
import { decodeEntry } from './codec.ts';
import type { Head } from './entry.ts';
import type { JournalCreated } from './event.ts';
import { damaged, later } from './journal-failure.ts';
import { baseKey, entryKey, formatKey, highHeadKey, lowHeadKey, seqOfKey } from './key.ts';
import { isRecord } from './shape.ts';
import type { Store } from './store.ts';
import { supportedFormat } from './upcast.ts';
import { hashOf, walk } from './walk.ts';
import type { Link, Span } from './walk.ts';

/** How many entries from the end are verified at every open. */
const tailEntries = 1024;

export type Inspected = { readonly base: Link; readonly head: Head };

/** Reads where a store begins and ends, and verifies that its tail is whole and follows from `journalId`. */
export function inspect(
  store: Store,
  path: string,
  journalId: string,
): ResultAsync<Inspected, JournalFailure> {
  return later(async () => {
    const ends = readEnds(store, path);
    if (ends.isErr()) return err(ends.error);
    const { base, head } = ends.value;
    if (base.seq === -1 && base.hash !== chainSeed(journalId)) {
      return err(damaged(path, undefined, 'the database does not belong to identity.json'));
    }
    const last = await lastSeq(store);
    if (last.isErr()) return err(last.error);
    if (last.value !== undefined && last.value !== head.seq) {
      return err(damaged(path, last.value, `the last entry should be ${head.seq}`));
    }
    const span = { path, base, head };
    const verified = await verifySpan(store, span, head.seq - tailEntries + 1);
    return verified.map(() => ({ base, head }));
  });
}

/** Verifies gaps and chain from entry `from` to the head, and that the head is what the brackets say. */
export async function verifySpan(
  store: Store,
  span: Span,
  from: number,
): Promise<Result<void, JournalFailure>> {
  for await (const page of walk(store, span, { from })) if (page.isErr()) return err(page.error);
  return hashOf(store, span, span.head.seq).andThen((hash) =>
    hash === span.head.hash
      ? ok(undefined)
      : err(damaged(span.path, span.head.seq, 'the head has another hash')),
  );
}

/** Compares with what was written outside: an anchor ahead of the head means that entries are gone. */
export function checkAnchor(
  store: Store,
  span: Span,
  anchor: Anchor | undefined,
): Result<void, JournalFailure> {
  const { path, base, head } = span;
  if (anchor === undefined || anchor.seq < base.seq) return ok(undefined);
  if (anchor.seq > head.seq) {
    return err({ type: 'journal-truncated', path, anchorSeq: anchor.seq, headSeq: head.seq });
  }
  return hashOf(store, span, anchor.seq).andThen((hash) =>
    hash === anchor.hash
      ? ok(undefined)
      : err(damaged(path, anchor.seq, 'it is not the entry that anchor.json knows')),
  );
}

export type Genesis = Omit<JournalCreated, 'type'> & { readonly atMs: number };

/** What the genesis entry says; `undefined` when the store does not begin with one. */
export function genesisOf(store: Store): Result<Genesis | undefined, JournalFailure> {
  return store.get(entryKey(0)).map((value) => {
    const entry = value === undefined ? undefined : decodeEntry(value.slice(hashLength)).unwrapOr(undefined);
    if (entry?.event.type !== 'JournalCreated') return undefined;
    const { journalId, format, host } = entry.event;
    return { journalId, format, host, atMs: entry.atMs };
  });
}

function readEnds(store: Store, path: string): Result<Inspected, JournalFailure> {
  const read = (key: string): Result<unknown, JournalFailure> => store.get(key).map(parse);
  const format = read(formatKey);
  if (format.isErr()) return err(format.error);
  if (typeof format.value !== 'number') return err(damaged(path, undefined, `${formatKey} is missing`));
  if (format.value > supportedFormat) {
    return err({ type: 'journal-newer', path, format: format.value, supported: supportedFormat });
  }
  const base = read(baseKey);
  const low = read(lowHeadKey);
  const high = read(highHeadKey);
  if (base.isErr()) return err(base.error);
  if (low.isErr()) return err(low.error);
  if (high.isErr()) return err(high.error);
  if (!isLink(base.value)) return err(damaged(path, undefined, `${baseKey} is missing`));
  if (!isHead(low.value) || !isHead(high.value) || low.value.hash !== high.value.hash) {
    return err(damaged(path, undefined, 'the two records of the head are missing or differ'));
  }
  return ok({ base: base.value, head: low.value });
}

async function lastSeq(store: Store): Promise<Result<number | undefined, JournalFailure>> {
  for await (const page of store.pages({ gte: 'e!', lt: 'e"', limit: 1 }, true)) {
    return page.map(([first]) => (first === undefined ? undefined : seqOfKey(first[0])));
  }
  return ok(undefined);
}

function parse(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isLink(value: unknown): value is Link {
  return isRecord(value) && typeof value['seq'] === 'number' && typeof value['hash'] === 'string';
}

function isHead(value: unknown): value is Head {
  return isRecord(value) && isLink(value) && 'runs' in value && typeof value.runs === 'number';
}
