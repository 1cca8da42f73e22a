import { err, ok } from 'neverthrow';
import type { Result, ResultAsync } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import type { Anchor } from './anchor.ts';
import { chainSeed, hashLength } from './chain.ts';
import { decodeEntry } from './codec.ts';
import type { JournalCreated } from './event-journal.ts';
import { damaged, later } from './journal-failure.ts';
import { entryKey, formatKey, highHeadKey, lowHeadKey, seqOfKey } from './key.ts';
import { segmentRows } from './segment.ts';
import type { Segment } from './segment.ts';
import { parseState } from './state.ts';
import type { State } from './state.ts';
import { readRows } from './stored-rows.ts';
import type { StoreReader } from './store.ts';
import { migrationOf, supportedFormat } from './upcast.ts';
import { hashOf, walk } from './walk.ts';
import type { Span } from './walk.ts';

/** How many entries from the end are verified at every open. */
const tailEntries = 1024;

export type Inspected = { readonly state: State; readonly segments: readonly Segment[] };

/** Reads what a store says of itself, and verifies that its tail is whole and follows from `journalId`. */
export function inspect(
  store: StoreReader,
  path: string,
  journalId: string,
): ResultAsync<Inspected, JournalFailure> {
  return later(async () => {
    const read = readState(store, path);
    if (read.isErr()) return err(read.error);
    const state = read.value;
    const { base, head } = state;
    const isForeign =
      (state.journalId ?? journalId) !== journalId || (base.seq === -1 && base.hash !== chainSeed(journalId));
    if (isForeign) return err(damaged(path, undefined, 'the database does not belong to identity.json'));
    const last = await lastSeq(store);
    if (last.isErr()) return err(last.error);
    if (last.value !== undefined && last.value !== head.seq) {
      return err(damaged(path, last.value, `the last entry should be ${head.seq}`));
    }
    const verified = await verifySpan(store, liveSpan(path, state), head.seq - tailEntries + 1);
    if (verified.isErr()) return err(verified.error);
    const sum = state.rows[segmentRows.name];
    const segments = sum === undefined ? ok([]) : await readSegments(store, path, sum);
    return segments.map((found) => ({ state, segments: found }));
  });
}

async function readSegments(
  store: StoreReader,
  path: string,
  sum: Parameters<typeof readRows>[3],
): Promise<Result<readonly Segment[], JournalFailure>> {
  const rows = await readRows(store, path, segmentRows, sum);
  return rows.map((found) => [...found.values()]);
}

/** The entries in the database alone. */
export function liveSpan(path: string, { base, head }: Pick<State, 'base' | 'head'>): Span {
  return { path, origin: base, base, head, segments: [] };
}

/** Verifies gaps and chain from entry `from` to the head, and that the head is what it is said to be. */
export async function verifySpan(
  store: StoreReader,
  span: Span,
  from: number,
): Promise<Result<void, JournalFailure>> {
  for await (const page of walk(store, span, { from })) if (page.isErr()) return err(page.error);
  return ok(undefined);
}

/** Compares with what was written outside: an anchor ahead of the head means that entries are gone. */
export function checkAnchor(
  store: StoreReader,
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
export function genesisOf(store: StoreReader): Result<Genesis | undefined, JournalFailure> {
  return store
    .get(entryKey(0))
    .map((value) => (value === undefined ? undefined : genesisIn(value.slice(hashLength))));
}

/** What the text of entry 0 says. */
export function genesisIn(text: string): Genesis | undefined {
  const entry = decodeEntry(text).unwrapOr(undefined);
  if (entry?.event.type !== 'JournalCreated') return undefined;
  const { journalId, format, host } = entry.event;
  return { journalId, format, host, atMs: entry.atMs };
}

/** In which format a store is. */
export function readFormat(store: StoreReader, path: string): Result<number, JournalFailure> {
  return store.get(formatKey).andThen((text): Result<number, JournalFailure> => {
    const isNumber = text !== undefined && /^[1-9]\d{0,5}$/.test(text);
    if (!isNumber) return err(damaged(path, undefined, `${formatKey} is missing`));
    const format = Number(text);
    return format > supportedFormat
      ? err({ type: 'journal-newer', path, format, supported: supportedFormat })
      : ok(format);
  });
}

/** What a store says of itself, in whatever known format. */
export function readState(store: StoreReader, path: string): Result<State, JournalFailure> {
  const format = readFormat(store, path);
  if (format.isErr()) return err(format.error);
  const values = new Map<string, string | undefined>();
  let failure: JournalFailure | undefined;
  const get = (key: string): string | undefined => {
    const value = store.get(key);
    if (value.isErr()) failure = value.error;
    else values.set(key, value.value);
    return values.get(key);
  };
  const state =
    format.value === supportedFormat
      ? bothHeads(get(lowHeadKey), get(highHeadKey))
      : olderState(format.value, get);
  if (failure !== undefined) return err(failure);
  return state === undefined
    ? err(damaged(path, undefined, 'the two records of the head are missing, altered or different'))
    : ok(state);
}

function bothHeads(low: string | undefined, high: string | undefined): State | undefined {
  return low === high ? parseState(low, supportedFormat) : undefined;
}

function olderState(format: number, get: (key: string) => string | undefined): State | undefined {
  const ends = migrationOf(format)?.ends?.(get);
  return ends === undefined ? undefined : { ...ends, journalId: undefined, rows: {} };
}

async function lastSeq(store: StoreReader): Promise<Result<number | undefined, JournalFailure>> {
  for await (const page of store.pages({ gte: 'e!', lt: 'e"', limit: 1 }, true)) {
    return page.map(([first]) => (first === undefined ? undefined : seqOfKey(first[0])));
  }
  return ok(undefined);
}
