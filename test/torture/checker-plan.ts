import type { Entry } from '../../src/journal/entry.ts';
import type { PlannedItem } from '../../src/journal/event-run.ts';
import type { ItemId } from '../../src/model/item.ts';
import { sameObject } from '../../src/disk/identity.ts';
import type { Violation } from './suite.ts';

type Plan = ReadonlyMap<ItemId, PlannedItem>;

/**
 * P6: after consent only what was shown goes, or less. Every intent is of an item, and of an object, in the list that
 * its run was confirmed with; the list of a run that applies a plan or resumes a run holds nothing that is not in
 * theirs.
 */
export function plansOf(entries: readonly Entry[]): Violation[] {
  const lists = listsIn(entries);
  const planned = new Map<string, string>();
  const confirmed = new Map<string, string>();
  const source = new Map<string, { plan: string | undefined; how: string }>();
  const violations: Violation[] = [];
  const p6 = (detail: string): number => violations.push({ rule: 'P6', detail });
  for (const { seq, event, run = '' } of entries) {
    switch (event.type) {
      case 'RunStarted':
        if (event.applies !== undefined) source.set(run, { plan: event.applies, how: 'applies' });
        if (event.resumeOf !== undefined)
          source.set(run, { plan: planned.get(event.resumeOf), how: `resumes ${event.resumeOf} with` });
        break;
      case 'RunPlanned': {
        planned.set(run, event.plan);
        const list = lists.get(event.plan);
        if (event.items !== (list?.size ?? 0))
          p6(`entry ${seq}: plan ${event.plan} of ${event.items} items has a list of ${list?.size ?? 0}`);
        const from = source.get(run);
        if (from === undefined) break;
        const shown = from.plan === undefined ? undefined : lists.get(from.plan);
        for (const item of list?.values() ?? []) {
          if (!isShown(item, shown))
            p6(`entry ${seq}: run ${run} ${from.how} plan ${from.plan}, and adds ${item.item}`);
        }
        break;
      }
      case 'RunConfirmed':
        confirmed.set(run, event.plan);
        break;
      case 'RemovalIntended': {
        const list = lists.get(confirmed.get(run) ?? '');
        const shown = list?.get(event.item);
        if (shown === undefined) p6(`entry ${seq}: ${event.item} goes, and was not in what was confirmed`);
        for (const { path, identity } of event.moves) {
          const part = shown?.parts.find((one) => one.path === path);
          if (part !== undefined && !sameObject(part.identity, identity))
            p6(`entry ${seq}: ${path} goes, and is another object than the one that was confirmed`);
        }
        break;
      }
      default:
    }
  }
  return violations;
}

function isShown(item: PlannedItem, shown: Plan | undefined): boolean {
  const before = shown?.get(item.item);
  return (
    before !== undefined &&
    before.head === item.head &&
    item.parts.every(({ path, identity }) =>
      before.parts.some((part) => part.path === path && sameObject(part.identity, identity)),
    )
  );
}

function listsIn(entries: readonly Entry[]): ReadonlyMap<string, Plan> {
  const lists = new Map<string, Map<ItemId, PlannedItem>>();
  for (const { event } of entries) {
    if (event.type !== 'PlanRecorded') continue;
    const list = lists.get(event.plan) ?? new Map<ItemId, PlannedItem>();
    lists.set(event.plan, list);
    for (const item of event.items) list.set(item.item, item);
  }
  return lists;
}
