import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import type { Entry } from './entry.ts';
import { damaged } from './journal-failure.ts';
import { rowKey, rowPrefix, rowsEnd } from './key.ts';
import type { KeyedProjection } from './projection.ts';
import { isSameSum, noRows, RunningSum, sumOf, worthOf } from './state.ts';
import type { RowSum, RowSums } from './state.ts';
import type { RowPage } from './journal.ts';
import type { Page, Store, Write } from './store.ts';

/** A stored row: as it is written, as it is read, and what it adds to the sum of its projection. */
type Stored = { readonly text: string; readonly row: unknown; readonly worth: bigint };

/** Rows that were written last, so that the next entries of the same items need not read them again. */
export class RecentRows {
  readonly #rows = new Map<string, Stored>();

  get(key: string): Stored | undefined {
    return this.#rows.get(key);
  }

  set(key: string, stored: Stored | undefined): void {
    this.#rows.delete(key);
    if (stored === undefined) return;
    this.#rows.set(key, stored);
    if (this.#rows.size <= recentRows) return;
    // A map keeps the order in which it was filled.
    const [oldest] = this.#rows.keys();
    if (oldest !== undefined) this.#rows.delete(oldest);
  }

  clear(): void {
    this.#rows.clear();
  }
}

/** A chunk of a run concerns some thousand items, each with some rows, once and again. */
const recentRows = 4_500;

/** Rows changed by entries that are about to be written, over those in the store. */
export type RowChanges = {
  apply(entry: Entry): Result<void, JournalFailure>;
  /** What is to be written, and the sums of all projections with it. Called once, when all entries are applied. */
  settle(): { readonly writes: readonly Write[]; readonly sums: RowSums };
  /** To be called when the writes are durable. */
  remember(): void;
};

type Change = { readonly before: Stored | undefined; row: unknown; after?: Stored | undefined };

/** Folds entries into the stored rows of all `projections`, reading each row at most once. */
export function rowChanges(
  store: Store,
  path: string,
  projections: readonly KeyedProjection<unknown>[],
  sums: RowSums,
  recent: RecentRows,
): RowChanges {
  const changed = projections.map((projection) => ({ projection, rows: new Map<string, Change>() }));

  function read(
    projection: KeyedProjection<unknown>,
    key: string,
  ): Result<Stored | undefined, JournalFailure> {
    const stored = rowKey(projection.name, key);
    const known = recent.get(stored);
    if (known !== undefined) return ok(known);
    return store.get(stored).andThen((text) => {
      if (text === undefined) return ok(undefined);
      return parseRow(path, projection, text).map((row) => ({ text, row, worth: worthOf(key, text) }));
    });
  }

  return {
    apply: (entry) => {
      for (const { projection, rows } of changed) {
        const key = projection.keyOf(entry);
        if (key === undefined) continue;
        const known = rows.get(key);
        if (known !== undefined) {
          known.row = projection.apply(known.row, entry);
          continue;
        }
        const before = read(projection, key);
        if (before.isErr()) return err(before.error);
        rows.set(key, { before: before.value, row: projection.apply(before.value?.row, entry) });
      }
      return ok(undefined);
    },
    settle: () => {
      const writes: Write[] = [];
      const next: [string, RowSum][] = [];
      for (const { projection, rows } of changed) {
        const { name, version } = projection;
        const running = new RunningSum(sums[name] ?? noRows(version));
        for (const [key, change] of rows) {
          const { before, row } = change;
          if (before !== undefined) running.take(before.worth);
          if (row !== undefined) {
            const text = JSON.stringify(row);
            change.after = { text, row, worth: worthOf(key, text) };
            running.add(change.after.worth);
          }
          writes.push(toWrite(rowKey(name, key), change.after?.text));
        }
        next.push([name, running.sum]);
      }
      return { writes, sums: Object.fromEntries(next) };
    },
    remember: () => {
      for (const { projection, rows } of changed)
        for (const [key, { after }] of rows) recent.set(rowKey(projection.name, key), after);
    },
  };
}

/** Every stored row, by its key. They must add up to `expected`: the chain does not cover them. */
export async function readRows<Row>(
  store: Store,
  path: string,
  projection: KeyedProjection<Row>,
  expected: RowSum,
): Promise<Result<Map<string, Row>, JournalFailure>> {
  const texts = await readTexts(store, projection.name);
  if (texts.isErr()) return err(texts.error);
  if (!isSameSum(sumOf(projection.version, texts.value), expected)) return err(rowsDamaged(path, projection));
  const rows = new Map<string, Row>();
  for (const [key, text] of texts.value) {
    const row = parseRow(path, projection, text);
    if (row.isErr()) return err(row.error);
    if (row.value !== undefined) rows.set(key, row.value);
  }
  return ok(rows);
}

/** Stored rows page by page, unchecked but for being readable: {@link checkSum} says whether they are to be believed. */
export async function* pagesOfRows<Row>(
  store: Store,
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
  store: Store,
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
  store: Store,
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
  const old = await readTexts(store, name);
  if (old.isErr()) return err(old.error);
  const texts = new Map<string, string>();
  for (const [key, row] of rows) texts.set(key, JSON.stringify(row));
  const writes: Write[] = [];
  for (const key of old.value.keys()) if (!texts.has(key)) writes.push(toWrite(rowKey(name, key), undefined));
  for (const [key, text] of texts) writes.push(toWrite(rowKey(name, key), text));
  for (let from = 0; from < writes.length; from += writesPerBatch) {
    const written = await store.write(writes.slice(from, from + writesPerBatch));
    if (written.isErr()) return err(written.error);
  }
  return ok(sumOf(version, texts));
}

const writesPerBatch = 1000;

async function readTexts(store: Store, name: string): Promise<Result<Map<string, string>, JournalFailure>> {
  const texts = new Map<string, string>();
  for await (const page of textPages(store, name)) {
    if (page.isErr()) return err(page.error);
    for (const [key, text] of page.value) texts.set(key, text);
  }
  return ok(texts);
}

/** By their keys within the projection. */
async function* textPages(store: Store, name: string): AsyncGenerator<Result<Page, JournalFailure>> {
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
