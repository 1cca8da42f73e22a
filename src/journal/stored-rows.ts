import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import type { Entry } from './entry.ts';
import { damaged } from './journal-failure.ts';
import { rowKey, rowPrefix, rowsEnd } from './key.ts';
import type { KnownRows, KnownRowsOf, Stored } from './known-rows.ts';
import type { KeyedProjection } from './projection.ts';
import { isSameSum, noRows, RunningSum, sumOf, worthOf } from './state.ts';
import type { RowSum, RowSums } from './state.ts';
import type { RowPage } from './journal.ts';
import type { Page, Store, StoreReader, Write } from './store.ts';

/** Rows changed by entries that are about to be written, over those in the store. */
export type RowChanges = {
  apply(entry: Entry): Result<void, JournalFailure>;
  /** What is to be written, and the sums of all projections with it. Called once, when all entries are applied. */
  settle(): { readonly writes: readonly Write[]; readonly sums: RowSums };
  /** To be called when the writes are durable. */
  remember(): void;
};

type Change = {
  readonly before: Stored | undefined;
  row: unknown;
  after: Stored | undefined;
};

type Changed = {
  readonly projection: KeyedProjection<unknown>;
  readonly prefix: string;
  readonly known: KnownRowsOf;
  readonly rows: Map<string, Change>;
};

/** Folds entries into the stored rows of all `projections`, reading each row at most once. */
export function rowChanges(
  store: StoreReader,
  path: string,
  projections: readonly KeyedProjection<unknown>[],
  sums: RowSums,
  known: KnownRows,
): RowChanges {
  const changed = projections.map((projection): Changed => ({
    projection,
    prefix: rowPrefix(projection.name),
    known: known.of(projection.name),
    rows: new Map<string, Change>(),
  }));

  function read(
    { projection, prefix, known }: Changed,
    key: string,
  ): Result<Stored | undefined, JournalFailure> {
    const recent = known.recent(key);
    if (recent !== undefined) return ok(recent);
    if (known.isAbsent(key)) return ok(undefined);
    return store.get(prefix + key).andThen((text) => {
      if (text === undefined) return ok(undefined);
      return parseRow(path, projection, text).map((row) => ({ row, worth: worthOf(key, text) }));
    });
  }

  return {
    apply: (entry) => {
      for (const of of changed) {
        const { projection, rows } = of;
        const key = projection.keyOf(entry);
        if (key === undefined) continue;
        const change = rows.get(key);
        if (change !== undefined) {
          const isOwn = change.row !== change.before?.row;
          change.row = projection.apply(change.row, entry, isOwn);
          continue;
        }
        const before = read(of, key);
        if (before.isErr()) return err(before.error);
        const row = projection.apply(before.value?.row, entry);
        rows.set(key, { before: before.value, row, after: undefined });
      }
      return ok(undefined);
    },
    settle: () => {
      const writes: Write[] = [];
      const next: [string, RowSum][] = [];
      for (const { projection, prefix, rows } of changed) {
        const { name, version } = projection;
        const running = new RunningSum(sums[name] ?? noRows(version));
        for (const [key, change] of rows) {
          const { before, row } = change;
          if (before !== undefined) running.take(before.worth);
          if (row === undefined) {
            writes.push({ type: 'del', key: prefix + key });
            continue;
          }
          const text = JSON.stringify(row);
          const worth = worthOf(key, text);
          change.after = { row, worth };
          running.add(worth);
          writes.push({ type: 'put', key: prefix + key, value: text });
        }
        next.push([name, running.sum]);
      }
      return { writes, sums: Object.fromEntries(next) };
    },
    remember: () => {
      for (const { known, rows } of changed) for (const [key, { after }] of rows) known.set(key, after);
    },
  };
}

/** Every stored row, by its key. They must add up to `expected`: the chain does not cover them. */
export async function readRows<Row>(
  store: StoreReader,
  path: string,
  projection: KeyedProjection<Row>,
  expected: RowSum,
): Promise<Result<Map<string, Row>, JournalFailure>> {
  const rows = new Map<string, Row>();
  const running = new RunningSum(noRows(projection.version));
  for await (const page of textPages(store, projection.name)) {
    if (page.isErr()) return err(page.error);
    for (const [key, text] of page.value) {
      running.add(worthOf(key, text));
      const row = parseRow(path, projection, text);
      if (row.isErr()) return err(row.error);
      if (row.value !== undefined) rows.set(key, row.value);
    }
  }
  return isSameSum(running.sum, expected) ? ok(rows) : err(rowsDamaged(path, projection));
}

/** Stored rows page by page, unchecked but for being readable: {@link checkSum} says whether they are to be believed. */
export async function* pagesOfRows<Row>(
  store: StoreReader,
  path: string,
  projection: KeyedProjection<Row>,
): AsyncGenerator<Result<RowPage<Row>, JournalFailure>> {
  for await (const page of textPages(store, projection.name)) {
    if (page.isErr()) return yield err(page.error);
    const rows: (readonly [string, Row])[] = [];
    for (const [key, text] of page.value) {
      const row = parseRow(path, projection, text);
      if (row.isErr()) return yield err(row.error);
      if (row.value !== undefined) rows.push([key, row.value]);
    }
    yield ok(rows);
  }
}

/** Whether the stored rows of a projection add up. */
export async function checkSum(
  store: StoreReader,
  path: string,
  name: string,
  expected: RowSum,
): Promise<Result<void, JournalFailure>> {
  const running = new RunningSum(noRows(expected.version));
  for await (const page of textPages(store, name)) {
    if (page.isErr()) return err(page.error);
    for (const [key, text] of page.value) running.add(worthOf(key, text));
  }
  return isSameSum(running.sum, expected) ? ok(undefined) : err(rowsDamaged(path, { name }));
}

/** One stored row, unchecked but for being readable. */
export function readRow<Row>(
  store: StoreReader,
  path: string,
  projection: KeyedProjection<Row>,
  key: string,
): Result<Row | undefined, JournalFailure> {
  return store.get(rowKey(projection.name, key)).andThen((text) => parseRow(path, projection, text));
}

/** Puts `rows` in the place of whatever is stored, and answers with their sum: it must be stored after this. */
export async function replaceRows(
  store: Store,
  { name, version }: KeyedProjection<unknown>,
  rows: ReadonlyMap<string, unknown>,
): Promise<Result<RowSum, JournalFailure>> {
  const old = new Set<string>();
  for await (const page of textPages(store, name)) {
    if (page.isErr()) return err(page.error);
    for (const [key] of page.value) old.add(key);
  }
  const texts = new Map<string, string>();
  for (const [key, row] of rows) texts.set(key, JSON.stringify(row));
  const writes: Write[] = [];
  for (const key of old) if (!texts.has(key)) writes.push(toWrite(rowKey(name, key), undefined));
  for (const [key, text] of texts) writes.push(toWrite(rowKey(name, key), text));
  for (let from = 0; from < writes.length; from += writesPerBatch) {
    const written = await store.write(writes.slice(from, from + writesPerBatch));
    if (written.isErr()) return err(written.error);
  }
  return ok(sumOf(version, texts));
}

const writesPerBatch = 1000;

/** By their keys within the projection. */
async function* textPages(store: StoreReader, name: string): AsyncGenerator<Result<Page, JournalFailure>> {
  const prefix = rowPrefix(name);
  for await (const page of store.pages({ gte: prefix, lt: rowsEnd(name) })) {
    yield page.map((rows) => rows.map(([key, text]) => [key.slice(prefix.length), text] as const));
  }
}

function parseRow<Row>(
  path: string,
  projection: KeyedProjection<Row>,
  text: string | undefined,
): Result<Row | undefined, JournalFailure> {
  try {
    return ok(text === undefined ? undefined : (JSON.parse(text) as Row));
  } catch {
    return err(rowsDamaged(path, projection));
  }
}

function rowsDamaged(path: string, { name }: { readonly name: string }): JournalFailure {
  return damaged(path, undefined, `the stored rows of '${name}' are not those that were written`);
}

function toWrite(key: string, text: string | undefined): Write {
  return text === undefined ? { type: 'del', key } : { type: 'put', key, value: text };
}
