import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import type { Entry, Head } from './entry.ts';
import { rowKey, rowMetaKey, rowPrefix, rowsEnd } from './key.ts';
import type { KeyedProjection } from './projection.ts';
import type { Store, Write } from './store.ts';

/** Rows changed by entries that are about to be written, over those in the store. */
export type RowChanges = {
  apply(entry: Entry): Result<void, JournalFailure>;
  /** What to write so that the rows are those after `head`. */
  writes(head: Head): Write[];
};

/** Folds entries into the stored rows of all `projections`, reading each row at most once. */
export function rowChanges(store: Store, projections: readonly KeyedProjection<unknown>[]): RowChanges {
  const changed = projections.map(() => new Map<string, unknown>());
  return {
    apply: (entry) => {
      for (const [index, projection] of projections.entries()) {
        const key = projection.keyOf(entry);
        const rows = changed[index];
        if (key === undefined || rows === undefined) continue;
        const row = rows.has(key) ? ok(rows.get(key)) : readRow(store, projection, key);
        if (row.isErr()) return err(row.error);
        rows.set(key, projection.apply(row.value, entry));
      }
      return ok(undefined);
    },
    writes: (head) =>
      projections.flatMap((projection, index) => [
        ...[...(changed[index] ?? [])].map(([key, row]) => toWrite(rowKey(projection.name, key), row)),
        metaWrite(projection, head),
      ]),
  };
}

export function readRow<Row>(
  store: Store,
  projection: KeyedProjection<Row>,
  key: string,
): Result<Row | undefined, JournalFailure> {
  return store
    .get(rowKey(projection.name, key))
    .map((text) => (text === undefined ? undefined : (JSON.parse(text) as Row)));
}

/** Every stored row, by its key. */
export async function readRows<Row>(
  store: Store,
  projection: KeyedProjection<Row>,
): Promise<Result<Map<string, Row>, JournalFailure>> {
  const rows = new Map<string, Row>();
  const prefix = rowPrefix(projection.name);
  const meta = rowMetaKey(projection.name);
  for await (const page of store.pages({ gte: prefix, lt: rowsEnd(projection.name) })) {
    if (page.isErr()) return err(page.error);
    for (const [key, text] of page.value)
      if (key !== meta) rows.set(key.slice(prefix.length), JSON.parse(text) as Row);
  }
  return ok(rows);
}

/** Whether the stored rows were made by this version of the projection, from exactly the entries up to `head`. */
export function areRowsCurrent(
  store: Store,
  projection: KeyedProjection<unknown>,
  head: Head,
): Result<boolean, JournalFailure> {
  return store.get(rowMetaKey(projection.name)).map((text) => text === metaText(projection, head));
}

/** Puts `rows` in the place of whatever is stored; a crash in between leaves rows that are known to be stale. */
export async function replaceRows(
  store: Store,
  projection: KeyedProjection<unknown>,
  rows: ReadonlyMap<string, unknown>,
  head: Head,
): Promise<Result<void, JournalFailure>> {
  const old = await readRows(store, projection);
  if (old.isErr()) return err(old.error);
  const writes: Write[] = [{ type: 'del', key: rowMetaKey(projection.name) }];
  for (const key of old.value.keys()) writes.push({ type: 'del', key: rowKey(projection.name, key) });
  for (const [key, row] of rows) writes.push(toWrite(rowKey(projection.name, key), row));
  writes.push(metaWrite(projection, head));
  for (let from = 0; from < writes.length; from += writesPerBatch) {
    const written = await store.write(writes.slice(from, from + writesPerBatch));
    if (written.isErr()) return err(written.error);
  }
  return ok(undefined);
}

const writesPerBatch = 1000;

function metaWrite(projection: KeyedProjection<unknown>, head: Head): Write {
  return { type: 'put', key: rowMetaKey(projection.name), value: metaText(projection, head) };
}

function metaText({ version }: KeyedProjection<unknown>, { seq, hash }: Head): string {
  return JSON.stringify({ version, seq, hash });
}

function toWrite(key: string, row: unknown): Write {
  return row === undefined ? { type: 'del', key } : { type: 'put', key, value: JSON.stringify(row) };
}
