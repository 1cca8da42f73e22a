import type { Event } from '../journal/event.ts';
import type { ItemId } from '../model/item.ts';

/** What a run remembers of itself to decide what may come next. */
export type Run = {
  readonly phase: 'new' | 'looking' | 'planned' | 'confirmed' | 'ended';
  readonly dryRun: boolean;
  readonly plan: string | undefined;
  readonly planned: { readonly items: number; readonly bytes: number };
  /** Of the plan, what has not begun. */
  readonly plannedItems: Set<ItemId>;
  /** Intended and not ended, or durably gone: not to be begun again. */
  readonly underWay: Set<ItemId>;
};

export const newRun: Run = {
  phase: 'new',
  dryRun: false,
  plan: undefined,
  planned: { items: 0, bytes: 0 },
  plannedItems: new Set(),
  underWay: new Set(),
};

/**
 * Folds one event of this run into what is remembered. Its sets change in place: a run has up to 100,000 items, and
 * nobody keeps an older state.
 */
export function evolve(run: Run, event: Event): Run {
  switch (event.type) {
    case 'RunStarted':
      return {
        ...newRun,
        phase: 'looking',
        dryRun: event.dryRun,
        plannedItems: new Set(),
        underWay: new Set(),
      };
    case 'RunPlanned':
      return {
        ...run,
        phase: 'planned',
        plan: event.plan,
        planned: { items: event.items, bytes: event.bytes },
      };
    case 'RunConfirmed':
      return { ...run, phase: 'confirmed' };
    case 'RemovalIntended':
      run.plannedItems.delete(event.item);
      run.underWay.add(event.item);
      return run;
    case 'ItemFailed':
      // It may be tried again, in another way, by the same run.
      if (event.retryable && run.underWay.delete(event.item)) run.plannedItems.add(event.item);
      return run;
    case 'RunDeclined':
    case 'RunRefused':
    case 'RunCompleted':
      return { ...run, phase: 'ended' };
    default:
      return run;
  }
}

/** The plan's items are handed over whole: they are not repeated in the journal when the plan is on record. */
export function withPlannedItems(run: Run, items: Iterable<ItemId>): Run {
  return { ...run, plannedItems: new Set(items) };
}
