import type { EntryRange } from '../journal/journal.ts';
import type { KeyedProjection } from '../journal/projection.ts';

/** The earliest and the latest time of a block of entries. */
export type TimeBlock = { readonly firstSeq: number; readonly minMs: number; readonly maxMs: number };

const blockEntries = 1024;

/**
 * One row for each 1,024 entries: where a time is to be looked for. Times are nearly in the order of the entries, but
 * clocks are set: a search that believed in that order would miss entries, and this one does not.
 */
export const timeBlocks: KeyedProjection<TimeBlock> = {
  name: 'time',
  version: 1,
  keyOf: ({ seq }) => String(Math.floor(seq / blockEntries)),
  apply: (row, { seq, atMs }) => {
    if (row === undefined) return { firstSeq: seq, minMs: atMs, maxMs: atMs };
    if (row.minMs <= atMs && atMs <= row.maxMs) return row;
    return { ...row, minMs: Math.min(row.minMs, atMs), maxMs: Math.max(row.maxMs, atMs) };
  },
};

/** The stretch outside of which no entry is of that time; `undefined` when none is anywhere. Both ends are included. */
export function rangeOf(
  blocks: Iterable<TimeBlock>,
  sinceMs: number,
  untilMs: number,
): Required<Pick<EntryRange, 'from' | 'to'>> | undefined {
  let from = Infinity;
  let to = -Infinity;
  for (const { firstSeq, minMs, maxMs } of blocks) {
    if (maxMs < sinceMs || minMs > untilMs) continue;
    from = Math.min(from, firstSeq);
    to = Math.max(to, (Math.floor(firstSeq / blockEntries) + 1) * blockEntries - 1);
  }
  return from > to ? undefined : { from, to };
}
