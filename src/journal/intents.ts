import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import type { RemovalIntended } from './event-removal.ts';
import { damaged } from './journal-failure.ts';
import type { EntryRange, JournalReader } from './journal.ts';
import { decodeStored } from './reader.ts';
import type { StoredText } from './walk.ts';

/** An operation, and the number of the entry that it began with. */
type Begun = { readonly op: string; readonly intentSeq: number };

type Reading = Pick<JournalReader, 'stored' | 'segments' | 'directory'>;

type With<Operation> = Operation & { readonly intent: RemovalIntended };

/**
 * Operations with the intents that they began with, in the order in which they began. Rows do not repeat an intent, which
 * is longer than all else about an operation: it is read where it was written, and the chain covers it there. An entry
 * that is not the intent of its operation is damage.
 */
export async function* intentPages<Operation extends Begun>(
  journal: Reading,
  operations: readonly Operation[],
): AsyncGenerator<Result<readonly With<Operation>[], JournalFailure>> {
  const sorted = operations.toSorted((one, other) => one.intentSeq - other.intentSeq);
  const lost = ({ op, intentSeq }: Begun): Result<never, JournalFailure> =>
    err(damaged(journal.directory, intentSeq, `it is not what operation ${op} began with`));
  let at = 0;
  for (const range of rangesOf(journal, sorted)) {
    for await (const page of journal.stored(range)) {
      if (page.isErr()) return yield err(page.error);
      const found: With<Operation>[] = [];
      for (const stored of page.value) {
        for (; sorted[at]?.intentSeq === stored.seq; at += 1) {
          const operation = sorted[at] as Operation;
          const intent = intentIn(journal.directory, stored, operation.op);
          if (intent.isErr()) return yield err(intent.error);
          if (intent.value === undefined) return yield lost(operation);
          found.push({ ...operation, intent: intent.value });
        }
      }
      if (found.length > 0) yield ok(found);
    }
    const next = sorted[at];
    if (next !== undefined && next.intentSeq <= range.to) return yield lost(next);
  }
}

/** The same, all of them: for those who know that they are few. */
export async function withIntents<Operation extends Begun>(
  journal: Reading,
  operations: readonly Operation[],
): Promise<Result<With<Operation>[], JournalFailure>> {
  const found: With<Operation>[] = [];
  for await (const page of intentPages(journal, operations)) {
    if (page.isErr()) return err(page.error);
    for (const one of page.value) found.push(one);
  }
  return ok(found);
}

function intentIn(
  directory: string,
  stored: StoredText,
  op: string,
): Result<RemovalIntended | undefined, JournalFailure> {
  return decodeStored(directory, stored).map((entry) =>
    entry.op === op && entry.event.type === 'RemovalIntended' ? entry.event : undefined,
  );
}

/** To read on through so many entries costs no more than to begin anew behind them. */
const besideEachOther = 64;

/** Stretches of entries in which the intents lie. A sealed segment is read as a whole, so it is read once. */
function rangesOf(
  { segments }: Reading,
  sorted: readonly Begun[],
): readonly Required<Omit<EntryRange, 'reverse'>>[] {
  const ranges: { from: number; to: number }[] = [];
  for (const { intentSeq: seq } of sorted) {
    const last = ranges.at(-1);
    const isNear = last !== undefined && seq - last.to <= besideEachOther;
    if (last !== undefined && (isNear || areSealedTogether(segments, last.to, seq))) last.to = seq;
    else ranges.push({ from: seq, to: seq });
  }
  return ranges;
}

function areSealedTogether(segments: Reading['segments'], one: number, other: number): boolean {
  return segments.some(({ from, to }) => from <= one && other <= to);
}
