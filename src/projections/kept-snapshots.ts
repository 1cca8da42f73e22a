import { removalOf } from '../journal/event.ts';
import type { KeyedProjection } from '../journal/projection.ts';

/** A ref that this journal made, or was about to make, for the work in a worktree. */
export type KeptSnapshot = {
  readonly op: string;
  readonly mainGitDir: string;
  readonly ref: string;
  /** Known once it was taken. */
  readonly commit?: string;
  /** The work is in its place, or its time for undo is over: nobody needs the ref any more. */
  readonly isSpent: boolean;
};

/**
 * One row for each removal that keeps the work first, by its operation. It stays when the ref is spent: only a look into
 * the repository tells whether the ref went, too. Of what vanished or failed there is none: the ref may be the last that
 * has the work, and stays.
 */
export const keptSnapshots: KeyedProjection<KeptSnapshot> = {
  name: 'kept',
  version: 1,
  keyOf: ({ op, event }) => {
    const isWorktree = 'item' in event && event.item.startsWith('worktrees:');
    return op === undefined || !isWorktree ? undefined : removalOf(op);
  },
  apply: (row, { event, op = '' }) => {
    if (event.type === 'RemovalIntended') {
      const { snapshot, worktree } = event;
      if (snapshot === undefined || worktree === undefined) return undefined;
      return { op, mainGitDir: worktree.mainGitDir, ref: snapshot.ref, isSpent: false };
    }
    if (row === undefined) return undefined;
    switch (event.type) {
      case 'SnapshotTaken':
        return { ...row, commit: event.commit };
      case 'ItemRestored':
      case 'ItemDrifted':
      case 'UndoExpired':
        return { ...row, isSpent: true };
      case 'ItemVanished':
        return undefined;
      case 'ItemFailed':
        return op === row.op ? undefined : row;
      default:
        return row;
    }
  },
};
