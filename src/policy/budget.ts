import type { Item, ItemId } from '../model/item.ts';
import type { Verdict } from '../model/reason.ts';
import { ageBasisMs } from './age.ts';
import { dependsOn, planOrder } from './order.ts';

/**
 * Of what may go, the oldest until that makes so many bytes; the rest stays. What {@link dependsOn} others is as young
 * as the youngest of them, and comes after them, so that whatever is cut off never leaves behind what it explains.
 */
export function withinBudget(
  items: readonly Item[],
  verdicts: ReadonlyMap<ItemId, Verdict>,
  { freeBytes }: { readonly freeBytes?: number },
): ReadonlyMap<ItemId, Verdict> {
  if (freeBytes === undefined) return verdicts;
  const settled = new Map(verdicts);
  let bytes = 0;
  for (const { id, size } of oldestFirst(items.filter((item) => verdicts.get(item.id)?.type === 'remove'))) {
    if (bytes >= freeBytes)
      settled.set(id, { type: 'keep', reason: 'enough-freed', evidence: { freeBytes } });
    else bytes += size?.bytes ?? 0;
  }
  return settled;
}

function oldestFirst(going: readonly Item[]): readonly Item[] {
  const ids = new Set(going.map(({ id }) => id));
  const ages = new Map(going.map((item) => [item.id, ageBasisMs(item)]));
  const age = (item: Item): number =>
    Math.max(...[item.id, ...dependsOn(item, ids)].map((id) => ages.get(id) ?? Number.NEGATIVE_INFINITY));
  // The order of removal settles ties: what is explained comes before what explains it.
  return planOrder(going)
    .map((item) => ({ item, atMs: age(item) }))
    .toSorted((a, b) => a.atMs - b.atMs)
    .map(({ item }) => item);
}
