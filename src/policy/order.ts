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
  const waits = (item: Item): boolean => dependsOn(item, planned).length > 0;
  return [...sorted.filter((item) => !waits(item)), ...sorted.filter(waits)];
}

/** What of the plan must be gone before the item: for the record of a session, its worktrees. */
export function dependsOn(item: Item, planned: ReadonlySet<ItemId>): readonly ItemId[] {
  return item.detail.type === 'session' ? item.detail.worktrees.filter((id) => planned.has(id)) : [];
}

function byKindAndPath(a: Item, b: Item): number {
  return (
    kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || compareText(a.path, b.path) || compareText(a.id, b.id)
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
