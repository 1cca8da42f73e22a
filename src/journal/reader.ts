import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { decodeEntry } from './codec.ts';
import type { Entry } from './entry.ts';
import { damaged, later } from './journal-failure.ts';
import type { EntryRange, JournalReader, RowPage } from './journal.ts';
import type { KeyedProjection } from './projection.ts';
import { chainSeed } from './chain.ts';
import type { Segment } from './segment.ts';
import type { RowSum, State } from './state.ts';
import { checkSum, pagesOfRows, readRow, readRows } from './stored-rows.ts';
import type { Store, StoreReader } from './store.ts';
import { walk } from './walk.ts';
import type { Span, StoredText } from './walk.ts';

export type Readable = {
  readonly store: StoreReader;
  readonly path: string;
  readonly journalId: string;
  /** Now: of a journal that is written it moves on. */
  readonly state: () => State;
  readonly segments: readonly Segment[];
};

/** The same of a journal that is open for writing. */
export type Writable = Readable & { readonly store: Store };

/** Where to look for which entries. From the birth on, whatever is known of segments: what is not found is missing. */
export function spanOf({ path, journalId, state, segments }: Readable): Span {
  const { base, head } = state();
  const origin = { seq: -1, hash: chainSeed(journalId) };
  return { path, origin, base, head, segments: segments.filter(({ to }) => to <= base.seq) };
}

/** Reading entries and rows from an open store. */
export function readerOf(
  readable: Readable,
): Pick<JournalReader, 'entries' | 'stored' | 'fold' | 'rows' | 'rowPages' | 'row' | 'segments'> {
  const { store, path, state } = readable;
  const sound = new Set<string>();
  const currentSum = ({ name, version }: KeyedProjection<unknown>): RowSum | undefined => {
    const sum = state().rows[name];
    return sum?.version === version ? sum : undefined;
  };
  // Rows that are not stored as they should be are made once, not for each question.
  let folded: { readonly of: string; readonly rows: Map<string, unknown> } | undefined;
  const foldOnce = async <Row>(
    projection: KeyedProjection<Row>,
  ): Promise<Result<Map<string, Row>, JournalFailure>> => {
    const of = `${projection.name} ${projection.version} ${state().head.hash}`;
    if (folded?.of === of) return ok(folded.rows as Map<string, Row>);
    const rows = await foldRows(readable, projection);
    if (rows.isOk()) folded = { of, rows: rows.value };
    return rows;
  };
  const allRows = async <Row>(
    projection: KeyedProjection<Row>,
  ): Promise<Result<Map<string, Row>, JournalFailure>> => {
    const sum = currentSum(projection);
    if (sum === undefined) return foldRows(readable, projection);
    const rows = await readRows(store, path, projection, sum);
    if (rows.isOk()) sound.add(projection.name);
    return rows;
  };
  async function* rowPages<Row>(
    projection: KeyedProjection<Row>,
  ): AsyncGenerator<Result<RowPage<Row>, JournalFailure>> {
    const sum = currentSum(projection);
    if (sum === undefined) {
      yield (await foldOnce(projection)).map((rows) => [...rows]);
      return;
    }
    if (!sound.has(projection.name)) {
      const checked = await checkSum(store, path, projection.name, sum);
      if (checked.isErr()) return yield err(checked.error);
      sound.add(projection.name);
    }
    yield* pagesOfRows(store, path, projection);
  }
  return {
    segments: readable.segments,
    stored: (range) => walk(store, spanOf(readable), range),
    entries: (range) => entries(readable, range),
    fold: (projection, range) =>
      later(async () => {
        let state = projection.initial();
        for await (const page of entryPages(readable, range)) {
          if (page.isErr()) return err(page.error);
          for (const entry of page.value) state = projection.apply(state, entry);
        }
        return ok(state);
      }),
    rows: (projection) => later(() => allRows(projection)),
    rowPages,
    row: (projection, key) =>
      later(async () => {
        if (currentSum(projection) === undefined)
          return (await foldOnce(projection)).map((rows) => rows.get(key));
        // One row alone cannot tell that it is the newest: all of them are added up once.
        if (sound.has(projection.name)) return readRow(store, path, projection, key);
        return (await allRows(projection)).map((rows) => rows.get(key));
      }),
  };
}

/** The rows of a keyed projection, made from the entries. */
export async function foldRows<Row>(
  readable: Readable,
  projection: KeyedProjection<Row>,
): Promise<Result<Map<string, Row>, JournalFailure>> {
  const fold = new Fold(projection);
  for await (const page of entryPages(readable)) {
    if (page.isErr()) return err(page.error);
    for (const entry of page.value) fold.add(entry);
  }
  return ok(fold.rows);
}

export type Table = {
  readonly projection: KeyedProjection<unknown>;
  readonly rows: Map<string, unknown>;
};

/** The rows of several, and the number of runs, in one go over all entries. */
export async function foldAllRows(
  readable: Readable,
  projections: readonly KeyedProjection<unknown>[],
): Promise<Result<{ readonly tables: readonly Table[]; readonly runs: number }, JournalFailure>> {
  const tables = projections.map((projection) => new Fold(projection));
  let runs = 0;
  for await (const page of entryPages(readable)) {
    if (page.isErr()) return err(page.error);
    for (const entry of page.value) {
      if (entry.event.type === 'RunStarted') runs += 1;
      for (const table of tables) table.add(entry);
    }
  }
  return ok({ tables, runs });
}

/** Rows in memory, made entry by entry. */
export class Fold<Row> {
  readonly projection: KeyedProjection<Row>;
  readonly #rows = new Map<string, Row>();
  /** Entries of one run follow each other: the row touched last is put in its place when another one is. */
  #key: string | undefined;
  #row: Row | undefined;

  constructor(projection: KeyedProjection<Row>) {
    this.projection = projection;
  }

  add(entry: Entry): void {
    const key = this.projection.keyOf(entry);
    if (key === undefined) return;
    if (key !== this.#key) {
      this.#settle();
      this.#key = key;
      this.#row = this.#rows.get(key);
    }
    this.#row = this.projection.apply(this.#row, entry);
    if (this.#row === undefined) this.#rows.delete(key);
  }

  get rows(): Map<string, Row> {
    this.#settle();
    return this.#rows;
  }

  #settle(): void {
    if (this.#key !== undefined && this.#row !== undefined) this.#rows.set(this.#key, this.#row);
  }
}

async function* entries(
  readable: Readable,
  range?: EntryRange,
): AsyncGenerator<Result<Entry, JournalFailure>> {
  for await (const page of entryPages(readable, range)) {
    if (page.isErr()) return yield err(page.error);
    for (const entry of page.value) yield ok(entry);
  }
}

async function* entryPages(
  readable: Readable,
  range?: EntryRange,
): AsyncGenerator<Result<readonly Entry[], JournalFailure>> {
  for await (const page of walk(readable.store, spanOf(readable), range)) {
    if (page.isErr()) return yield err(page.error);
    const decoded: Entry[] = [];
    for (const stored of page.value) {
      const entry = decodeStored(readable.path, stored);
      if (entry.isErr()) {
        yield ok(decoded);
        return yield err(entry.error);
      }
      decoded.push(entry.value);
    }
    yield ok(decoded);
  }
}

/** The entry in a stored text; it must be the one of its place. */
export function decodeStored(path: string, { seq, text }: StoredText): Result<Entry, JournalFailure> {
  const entry = decodeEntry(text);
  if (entry.isErr()) return err(damaged(path, seq, entry.error));
  return entry.value.seq === seq
    ? ok(entry.value)
    : err(damaged(path, seq, `it says that it is entry ${entry.value.seq}`));
}
