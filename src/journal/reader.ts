import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { decodeEntry } from './codec.ts';
import type { Entry, Head } from './entry.ts';
import { damaged, later } from './journal-failure.ts';
import type { EntryRange, JournalReader, Recorded } from './journal.ts';
import type { KeyedProjection } from './projection.ts';
import { areRowsCurrent, readRow, readRows } from './stored-rows.ts';
import type { Store } from './store.ts';
import { walk } from './walk.ts';
import type { Link } from './walk.ts';

export type Readable = {
  readonly store: Store;
  readonly path: string;
  readonly base: Link;
  readonly head: () => Head;
};

/** Reading entries and rows from an open store. */
export function readerOf(
  readable: Readable,
): Pick<JournalReader, 'entries' | 'recorded' | 'fold' | 'rows' | 'row'> {
  const { store, head } = readable;
  // Rows that are not stored as they should be are made once, not for each question.
  let folded: { readonly of: string; readonly rows: Map<string, unknown> } | undefined;
  const foldOnce = async <Row>(
    projection: KeyedProjection<Row>,
  ): Promise<Result<Map<string, Row>, JournalFailure>> => {
    const of = `${projection.name} ${projection.version} ${head().hash}`;
    if (folded?.of === of) return ok(folded.rows as Map<string, Row>);
    const rows = await foldRows(readable, projection);
    if (rows.isOk()) folded = { of, rows: rows.value };
    return rows;
  };
  return {
    entries: (range) => entries(readable, range),
    recorded: (range) => recorded(readable, range),
    fold: (projection, range) =>
      later(async () => {
        let state = projection.initial();
        for await (const page of entryPages(readable, range)) {
          if (page.isErr()) return err(page.error);
          for (const { entry } of page.value) state = projection.apply(state, entry);
        }
        return ok(state);
      }),
    rows: (projection) =>
      later(async () => {
        const current = areRowsCurrent(store, projection, head());
        if (current.isErr()) return err(current.error);
        return current.value ? readRows(store, projection) : foldRows(readable, projection);
      }),
    row: (projection, key) =>
      later(async () => {
        const current = areRowsCurrent(store, projection, head());
        if (current.isErr()) return err(current.error);
        if (current.value) return readRow(store, projection, key);
        return (await foldOnce(projection)).map((rows) => rows.get(key));
      }),
  };
}

/** The rows of a keyed projection, made from the entries. */
export async function foldRows<Row>(
  readable: Readable,
  projection: KeyedProjection<Row>,
): Promise<Result<Map<string, Row>, JournalFailure>> {
  const rows = new Map<string, Row>();
  for await (const page of entryPages(readable)) {
    if (page.isErr()) return err(page.error);
    for (const { entry } of page.value) applyToRows(rows, projection, entry);
  }
  return ok(rows);
}

/** One entry's effect on rows in memory. */
export function applyToRows<Row>(
  rows: Map<string, Row>,
  projection: KeyedProjection<Row>,
  entry: Entry,
): void {
  const key = projection.keyOf(entry);
  if (key === undefined) return;
  const row = projection.apply(rows.get(key), entry);
  if (row === undefined) rows.delete(key);
  else rows.set(key, row);
}

async function* entries(
  readable: Readable,
  range?: EntryRange,
): AsyncGenerator<Result<Entry, JournalFailure>> {
  for await (const page of entryPages(readable, range)) {
    if (page.isErr()) return yield err(page.error);
    for (const { entry } of page.value) yield ok(entry);
  }
}

async function* recorded(
  readable: Readable,
  range?: EntryRange,
): AsyncGenerator<Result<Recorded, JournalFailure>> {
  for await (const page of entryPages(readable, range)) {
    if (page.isErr()) return yield err(page.error);
    for (const one of page.value) yield ok(one);
  }
}

async function* entryPages(
  { store, path, base, head }: Readable,
  range?: EntryRange,
): AsyncGenerator<Result<readonly Recorded[], JournalFailure>> {
  for await (const page of walk(store, { path, base, head: head() }, range)) {
    if (page.isErr()) return yield err(page.error);
    const decoded: Recorded[] = [];
    for (const { seq, text } of page.value) {
      const entry = decodeEntry(text);
      if (entry.isOk() && entry.value.seq === seq) {
        decoded.push({ entry: entry.value, text });
        continue;
      }
      yield ok(decoded);
      const detail = entry.isErr() ? entry.error : `it says that it is entry ${entry.value.seq}`;
      return yield err(damaged(path, seq, detail));
    }
    yield ok(decoded);
  }
}
