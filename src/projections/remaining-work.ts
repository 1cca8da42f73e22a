import type { ItemId } from '../model/item.ts';
import type { Projection } from '../journal/projection.ts';

/** How an operation on an item ended. */
export type ItemEnd = {
  readonly type: 'ItemRemoved' | 'ItemRestored' | 'ItemDrifted' | 'ItemVanished' | 'ItemFailed';
  readonly retryable: boolean;
  readonly seq: number;
};

export type RemainingWork = {
  /** Hashes of the plans that the runs made. */
  readonly plans: Set<string>;
  /** The last terminal event of each item that had one. */
  readonly ends: Map<ItemId, ItemEnd>;
};

/** What a run and those that resume it have finished: what is planned and not finished remains. */
export function remainingWork(runIds: ReadonlySet<string>): Projection<RemainingWork> {
  return {
    initial: () => ({ plans: new Set(), ends: new Map() }),
    apply: (work, { event, run, seq }) => {
      const isOwn = run !== undefined && runIds.has(run);
      // What was taken up of earlier runs before there was a plan is not of this plan.
      if (work.plans.size === 0 && event.type !== 'RunPlanned') return work;
      // Whoever put it back: no run that is resumed takes it again.
      if (!isOwn && !(event.type === 'ItemRestored' && event.why === 'undo')) return work;
      switch (event.type) {
        case 'RunPlanned':
          work.plans.add(event.plan);
          break;
        case 'ItemFailed':
          work.ends.set(event.item, { type: event.type, retryable: event.retryable, seq });
          break;
        case 'ItemDrifted': {
          // A record that waited for its worktree in vain has not changed: it goes when the worktree does.
          const retryable = event.reason === 'has-worktree';
          work.ends.set(event.item, { type: event.type, retryable, seq });
          break;
        }
        case 'ItemRestored':
          // A power cut may have undone the move; an undo is somebody's wish.
          work.ends.set(event.item, { type: event.type, retryable: event.why === 'put-back', seq });
          break;
        case 'ItemRemoved':
        case 'ItemVanished':
          work.ends.set(event.item, { type: event.type, retryable: false, seq });
          break;
      }
      return work;
    },
  };
}

/** Whether a planned item is still to be removed: nothing ended it, or what did may be tried again. */
export function isRemaining(work: RemainingWork, item: ItemId): boolean {
  return work.ends.get(item)?.retryable ?? true;
}
