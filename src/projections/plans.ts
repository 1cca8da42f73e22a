import type { PlannedItem } from '../journal/event-run.ts';
import type { KeyedProjection, Projection } from '../journal/projection.ts';

/** Where a plan's list stands in the journal. */
export type StoredPlan = {
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly items: number;
  readonly pieces: number;
  readonly lastPiece: number;
  /** All pieces are there, in order. */
  readonly complete: boolean;
};

/** One row for each plan, by its hash. A list that was cut short by a crash counts from its new beginning. */
export const plans: KeyedProjection<StoredPlan> = {
  name: 'plan',
  version: 1,
  keyOf: ({ event }) => (event.type === 'PlanRecorded' ? event.plan : undefined),
  apply: (row, { event, seq }) => {
    if (event.type !== 'PlanRecorded' || row?.complete === true) return row;
    const before = row?.lastPiece === event.piece - 1 ? row : undefined;
    const pieces = (before?.pieces ?? 0) + 1;
    return {
      fromSeq: before?.fromSeq ?? seq,
      toSeq: seq,
      items: (before?.items ?? 0) + event.items.length,
      pieces,
      lastPiece: event.piece,
      complete: pieces === event.pieces,
    };
  },
};

/** A plan's list in order of removal; fold it over the entries `fromSeq` to `toSeq` of its row. */
export function plannedItems(plan: string): Projection<PlannedItem[]> {
  return {
    initial: () => [],
    apply: (items, { event }) => {
      if (event.type === 'PlanRecorded' && event.plan === plan) items.push(...event.items);
      return items;
    },
  };
}
