import type { Item, ItemId } from '../model/item.ts';
import { kinds } from '../model/kind.ts';

/**
 * The order of removal (DESIGN 8): by kind, then by path; but the records of sessions whose worktrees go, too, come
 * after all worktrees, so that whatever an interruption leaves is still explained. They come together, and not each
 * behind its own worktree, so that chunks of one kind share their syncs. Equal sets give equal lists.
 */
export function planOrder(items: readonly Item[]): readonly Item[] {
  const planned = new Set(items.map(({ id }) => id));
  const sorted = items.toSorted(byKindAndPath);
  // What state waits for is of a kind that comes before it anyway.
  const waits = (item: Item): boolean => item.kind === 'sessions' && dependsOn(item, planned).length > 0;
  return [...sorted.filter((item) => !waits(item)), ...sorted.filter(waits)];
}

/** What cannot be understood or retried without the item: a session's worktrees, the pending letters of a job. */
export function explains({ detail }: Item): readonly ItemId[] {
  if (detail.type === 'session') return detail.worktrees;
  return detail.type === 'state' ? (detail.letters ?? []) : [];
}

/** What of the plan must be gone before the item: what it {@link explains}. */
export function dependsOn(item: Item, planned: ReadonlySet<ItemId>): readonly ItemId[] {
  return explains(item).filter((id) => planned.has(id));
}

function byKindAndPath(a: Item, b: Item): number {
  return (
    kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || compareText(a.path, b.path) || compareText(a.id, b.id)
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
