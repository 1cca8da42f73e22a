import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { chainHash } from './chain.ts';
import { encodeEntry } from './codec.ts';
import type { Actor, Draft, Entry, Head } from './entry.ts';
import { entryKey, highHeadKey, lowHeadKey, reserveKey } from './key.ts';
import { KnownRows } from './known-rows.ts';
import type { KeyedProjection } from './projection.ts';
import { stateText } from './state.ts';
import type { State } from './state.ts';
import { rowChanges } from './stored-rows.ts';
import type { Store, Write } from './store.ts';
import { supportedFormat } from './upcast.ts';

/** A draft with everything but its place: it can be looked for after a failure, by its id. */
export type Stamped = {
  readonly draft: Draft;
  readonly id: string;
  readonly atMs: number;
  readonly actor: Actor;
};

export type Writer = {
  readonly state: () => State;
  /** One at a time. After an `Err` every later call is `journal-dead`, and part may have been written. */
  append(
    stamped: readonly Stamped[],
    extra?: readonly Write[],
  ): Promise<Result<readonly Entry[], JournalFailure>>;
  /** Writes another base or other rows into the state, in one batch with `writes`. */
  restate(
    change: Partial<Pick<State, 'base' | 'rows'>>,
    writes?: readonly Write[],
  ): Promise<Result<void, JournalFailure>>;
};

export type WriterOptions = {
  readonly store: Store;
  readonly path: string;
  readonly state: State;
  readonly inline: readonly KeyedProjection<unknown>[];
  /** Called after each batch, where a synced write does not flush the drive (JOURNAL 1.2). */
  readonly flush: () => Promise<Result<void, JournalFailure>>;
};

/**
 * The most entries that are written as one: about a megabyte with their rows, and syncs are few. LevelDB takes a batch as
 * one text, and where so long a one was given back glibc keeps twice as much of the memory of each thread.
 */
export const batchEntries = 512;

/** Appends entries in synced batches, each with the rows that it changes and both records of the state. */
export function writerFrom({ store, path, state: first, inline, flush }: WriterOptions): Writer {
  let state = first;
  let dead = false;
  const known = new KnownRows();

  const write = async (next: State, writes: readonly Write[]): Promise<Result<void, JournalFailure>> => {
    const text = stateText(next, supportedFormat);
    const written = await store.write([
      { type: 'put', key: lowHeadKey, value: text },
      ...writes,
      { type: 'put', key: highHeadKey, value: text },
    ]);
    const flushed = written.isErr() ? written : await flush();
    if (flushed.isErr()) return err(flushed.error);
    state = next;
    return ok(undefined);
  };

  const appendBatch = async (
    stamped: readonly Stamped[],
    extra: readonly Write[],
  ): Promise<Result<readonly Entry[], JournalFailure>> => {
    const learnt = await known.learn(store, state.rows);
    if (learnt.isErr()) return err(learnt.error);
    const batch = place(stamped, state.head);
    const changes = rowChanges(store, path, inline, state.rows, known);
    for (const entry of batch.entries) {
      const applied = changes.apply(entry);
      if (applied.isErr()) return err(applied.error);
    }
    const { writes, sums } = changes.settle();
    const next = { ...state, head: batch.head, rows: sums };
    const written = await write(next, [...batch.writes, ...extra, ...writes]);
    if (written.isErr()) return err(written.error);
    changes.remember();
    return ok(batch.entries);
  };

  return {
    state: () => state,
    append: async (stamped, extra = []) => {
      const entries: Entry[] = [];
      for (let from = 0; from < stamped.length; from += batchEntries) {
        if (dead) return err({ type: 'journal-dead', path });
        const appended = await appendBatch(stamped.slice(from, from + batchEntries), from === 0 ? extra : []);
        if (appended.isErr()) {
          dead = true;
          return err(appended.error);
        }
        entries.push(...appended.value);
      }
      return ok(entries);
    },
    restate: async (change, writes = []) => {
      if (dead) return err({ type: 'journal-dead', path });
      known.clear();
      const written = await write({ ...state, ...change }, writes);
      if (written.isErr()) dead = true;
      return written;
    },
  };
}

type Placed = { readonly entries: readonly Entry[]; readonly writes: readonly Write[]; readonly head: Head };

/** Gives each draft its sequence number and hash. */
function place(stamped: readonly Stamped[], { seq, hash, runs }: Head): Placed {
  const entries: Entry[] = [];
  const writes: Write[] = [];
  let head = { seq, hash, runs };
  for (const one of stamped) {
    const entry = entryOf(one, head.seq + 1);
    const text = encodeEntry(entry);
    const isRun = entry.event.type === 'RunStarted';
    head = { seq: entry.seq, hash: chainHash(head.hash, text), runs: head.runs + (isRun ? 1 : 0) };
    writes.push({ type: 'put', key: entryKey(entry.seq), value: head.hash + text });
    const reserved = reserveWrite(entry);
    if (reserved !== undefined) writes.push(reserved);
    entries.push(entry);
  }
  return { entries, writes, head };
}

/** Written out for those that are many: an object that is spread and then extended takes three times as long. */
function entryOf({ draft, id, atMs, actor }: Stamped, seq: number): Entry {
  const { event, run, op, cause } = draft;
  if (run === undefined || cause !== undefined) return { ...draft, seq, id, atMs, actor };
  return op === undefined ? { event, run, seq, id, atMs, actor } : { event, run, op, seq, id, atMs, actor };
}

function reserveWrite({ seq, event }: Entry): Write | undefined {
  if (event.type === 'ReserveReleased') return { type: 'put', key: reserveKey, value: String(seq) };
  return event.type === 'ReserveRestored' ? { type: 'del', key: reserveKey } : undefined;
}
