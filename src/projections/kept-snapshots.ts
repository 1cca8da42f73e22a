import { removalOf, type RemovalIntended } from '../journal/event-removal.ts';
import type { KeyedProjection } from '../journal/projection.ts';

/** A ref that this journal made, or was about to make, for the work in a worktree. */
export type KeptSnapshot = {
  readonly op: string;
  readonly intent: RemovalIntended;
  /** Known once it was taken. */
  readonly commit?: string;
  /**
   * The worktree was made again from it, or its time for undo is over: nobody needs the ref any more (`over`). Or the
   * worktree was put back or never went, and whoever looks may find that git has lost its index meanwhile (`back`).
   */
  readonly spent?: 'over' | 'back';
};

/**
 * One row for each removal that keeps the work first, by its operation. It stays when the ref is spent: only a look into
 * the repository tells whether the ref went, too.
 */
export const keptSnapshots: KeyedProjection<KeptSnapshot> = {
  name: 'kept',
  version: 2,
  keyOf: ({ op, event }) => {
    const isWorktree = 'item' in event && event.item.startsWith('worktrees:');
    return op === undefined || !isWorktree ? undefined : removalOf(op);
  },
  apply: (row, { event, op = '' }) => {
    if (event.type === 'RemovalIntended') {
      if (event.snapshot === undefined || event.worktree === undefined) return undefined;
      return { op, intent: event };
    }
    if (row === undefined) return undefined;
    switch (event.type) {
      case 'SnapshotTaken':
        return { ...row, commit: event.commit };
      case 'ItemRestored':
        return { ...row, spent: op === row.op ? 'back' : 'over' };
      case 'ItemDrifted':
        return { ...row, spent: 'back' };
      case 'UndoExpired':
        return { ...row, spent: 'over' };
      case 'ItemVanished':
        // Undo can make it again as long as the ref is there.
        return row.commit === undefined ? undefined : row;
      case 'ItemFailed':
        return op === row.op ? { ...row, spent: 'back' } : row;
      default:
        return row;
    }
  },
};
