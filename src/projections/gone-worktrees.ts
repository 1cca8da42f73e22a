import { removalOf, type RemovalIntended } from '../journal/event-removal.ts';
import type { KeyedProjection } from '../journal/projection.ts';

/** A worktree that left its place and can be made again. */
export type GoneWorktree = {
  readonly op: string;
  /** The run that removed it. */
  readonly run: string;
  readonly intent: RemovalIntended;
  readonly intentSeq: number;
  /** Branches that went with it. */
  readonly branches: readonly { readonly ref: string; readonly commit: string }[];
  /** The work that was in it. */
  readonly snapshot?: { readonly ref: string; readonly commit: string };
  /** Until when it can be put back; `undefined` while it is on its way out. UTC milliseconds. */
  readonly untilMs?: number;
  /** Somebody else removed it, and may have left its registration. */
  readonly isLeftBehind?: true;
  /** The operation that is making it again. */
  readonly undo?: string;
};

/** One row for each removal that can be undone by git, by its operation: gone when it was put back, or no more can be. */
export const goneWorktrees: KeyedProjection<GoneWorktree> = {
  name: 'gone',
  version: 2,
  keyOf: ({ op, event }) => {
    const isWorktree = 'item' in event && event.item.startsWith('worktrees:');
    return op === undefined || !isWorktree ? undefined : removalOf(op);
  },
  apply: (row, { event, op = '', run = '', seq, atMs }) => {
    if (event.type === 'RemovalIntended') {
      if (event.undoMs === undefined) return undefined;
      return { op, run, intent: event, intentSeq: seq, branches: [] };
    }
    if (row === undefined) return undefined;
    const isUndo = op !== row.op;
    const { undo: _, ...rest } = row;
    switch (event.type) {
      case 'BranchDeleted':
        return { ...row, branches: [...row.branches, { ref: event.branch, commit: event.commit }] };
      case 'SnapshotTaken':
        return { ...row, snapshot: { ref: event.ref, commit: event.commit } };
      case 'ItemRemoved':
        return { ...row, untilMs: atMs + (row.intent.undoMs ?? 0) };
      case 'UndoIntended':
        return { ...row, undo: op };
      case 'ItemFailed':
        return isUndo ? rest : undefined;
      case 'ItemVanished':
        // Whoever removed it did not remove what had been kept of it by then.
        return row.snapshot === undefined
          ? undefined
          : { ...row, untilMs: atMs + (row.intent.undoMs ?? 0), isLeftBehind: true };
      case 'ItemRestored':
      case 'ItemDrifted':
      case 'UndoExpired':
        return undefined;
      default:
        return row;
    }
  },
};

/** Commits that no branch need hold, and that worktrees can be made again from only while something does. */
export function detachedHeads(rows: Iterable<GoneWorktree>): readonly string[] {
  const heads = new Set<string>();
  for (const { intent } of rows) {
    if (intent.worktree?.branch === undefined && intent.worktree !== undefined)
      heads.add(intent.worktree.head);
  }
  return [...heads];
}
