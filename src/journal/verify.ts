import { isDeepStrictEqual } from 'node:util';
import { err, ok } from 'neverthrow';
import type { ResultAsync } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import type { Entry } from './entry.ts';
import { later } from './journal-failure.ts';
import type { JournalReader } from './journal.ts';
import type { KeyedProjection } from './projection.ts';
import { applyToRows } from './reader.ts';

export type Finding =
  /** The first entry that cannot be trusted; nothing after it was looked at. */
  | { readonly type: 'entry-damaged'; readonly seq: number | undefined; readonly detail: string }
  /** The anchor knows of entries that are not there. */
  | { readonly type: 'tail-missing'; readonly anchorSeq: number; readonly headSeq: number }
  /** A stored row is not what the entries say. */
  | { readonly type: 'row-differs'; readonly projection: string; readonly key: string };

export type Verified = { readonly entries: number; readonly findings: readonly Finding[] };

/** Reads every entry, checks numbers, chain and anchor, and makes all stored rows anew to compare them. */
export function verifyJournal(
  reader: JournalReader,
  inline: readonly KeyedProjection<unknown>[],
): ResultAsync<Verified, JournalFailure> {
  return later(async () => {
    const findings: Finding[] = [];
    const { anchor, head } = reader;
    if (anchor !== undefined && anchor.seq > head.seq) {
      findings.push({ type: 'tail-missing', anchorSeq: anchor.seq, headSeq: head.seq });
    }

    const expected = inline.map((projection) => ({ projection, rows: new Map<string, unknown>() }));
    let entries = 0;
    for await (const entry of reader.entries({ to: head.seq })) {
      if (entry.isErr()) {
        if (entry.error.type !== 'journal-damaged') return err(entry.error);
        findings.push({ type: 'entry-damaged', seq: entry.error.seq, detail: entry.error.detail });
        return ok({ entries, findings });
      }
      entries += 1;
      applyToAll(expected, entry.value);
    }

    for (const { projection, rows } of expected) {
      const stored = await reader.rows(projection);
      if (stored.isErr()) return err(stored.error);
      findings.push(...differences(projection.name, rows, stored.value));
    }
    return ok({ entries, findings });
  });
}

type Expected = { readonly projection: KeyedProjection<unknown>; readonly rows: Map<string, unknown> };

function applyToAll(expected: readonly Expected[], entry: Entry): void {
  for (const { projection, rows } of expected) applyToRows(rows, projection, entry);
}

function differences(
  projection: string,
  expected: ReadonlyMap<string, unknown>,
  stored: ReadonlyMap<string, unknown>,
): Finding[] {
  const keys = new Set([...expected.keys(), ...stored.keys()]);
  return [...keys]
    .filter((key) => !isDeepStrictEqual(asStored(expected.get(key)), stored.get(key)))
    .map((key) => ({ type: 'row-differs', projection, key }));
}

/** As it would come back from the database. */
function asStored(row: unknown): unknown {
  return row === undefined ? undefined : JSON.parse(JSON.stringify(row));
}
