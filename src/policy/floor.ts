import type { Item, ItemId } from '../model/item.ts';
import type { Verdict } from '../model/reason.ts';
import { ageBasisMs } from './age.ts';

/**
 * Keeps so many of each repository and kind whatever their age: the youngest of all that have a verdict, so that what
 * stays for another reason counts, too. What has no credible time counts for nothing: it would take the place of one
 * that has.
 */
export function keepYoungest(
  items: readonly Item[],
  verdicts: ReadonlyMap<ItemId, Verdict>,
  { keepLast, nowMs }: { readonly keepLast?: number; readonly nowMs: number },
): ReadonlyMap<ItemId, Verdict> {
  if (keepLast === undefined) return verdicts;
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    // The future, and what is no number, is not before now.
    if (!verdicts.has(item.id) || !(ageBasisMs(item) <= nowMs)) continue;
    const key = groupOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  const settled = new Map(verdicts);
  for (const group of groups.values()) {
    for (const { id } of group.toSorted(youngestFirst).slice(0, keepLast)) {
      if (settled.get(id)?.type !== 'remove') continue;
      settled.set(id, { type: 'keep', reason: 'retention-floor', evidence: { keepLast } });
    }
  }
  return settled;
}

/** Where two names could be one repository they are two groups: that keeps more. */
function groupOf({ kind, repository }: Item): string {
  return JSON.stringify([kind, repository?.gitDir ?? null, repository?.name ?? null]);
}

function youngestFirst(a: Item, b: Item): number {
  return ageBasisMs(b) - ageBasisMs(a) || (a.id < b.id ? -1 : 1);
}
