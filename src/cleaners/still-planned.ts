import { isUnchanged } from '../disk/identity.ts';
import type { PlannedItem } from '../journal/event-run.ts';
import type { ItemId } from '../model/item.ts';
import type { Evidence, Verdict } from '../model/reason.ts';
import { keepWhatExplains } from '../policy/verdict.ts';
import type { Condemned, Judged } from './judged.ts';
import { plannedItem, scanOf, type Scan } from './scan.ts';

/** An item of a plan that is there and stays now. `name` is with its kind. */
export type Dropped = { readonly item: ItemId; readonly name: string; readonly why: string };

export type StillPlanned = {
  readonly scan: Scan;
  readonly dropped: readonly Dropped[];
  /** Items of the plan that are not found any more. */
  readonly gone: readonly ItemId[];
};

/** What a plan says of its items, by their ids. */
export type PlanList = Pick<ReadonlyMap<ItemId, PlannedItem>, 'get' | 'has' | 'keys'>;

const notInPlan: Verdict = { type: 'keep', reason: 'not-in-plan', evidence: {} };

/**
 * Of a plan, what is condemned again and is the same object it was when it was shown: the plan, or less. What is not
 * in it stays, whatever its verdict; so does what explains something that stays (DESIGN 5.9).
 */
export function stillPlanned(whole: Scan, plan: PlanList): StillPlanned {
  const narrowed = new Map<ItemId, Verdict>();
  for (const judged of whole.judged) {
    const { id } = judged.item;
    narrowed.set(id, narrow(judged, plan.get(id)));
  }
  const verdicts = keepWhatExplains(whole.look.items, narrowed);
  const dropped: Dropped[] = [];
  for (const { item } of whole.judged) {
    const verdict = verdicts.get(item.id);
    if (!plan.has(item.id) || verdict === undefined || verdict.type === 'remove') continue;
    dropped.push({ item: item.id, name: `${item.kind} ${item.name}`, why: verdict.reason });
  }
  return {
    scan: scanOf(whole.look, verdicts, whole.outOfScope, whole.durationMs),
    dropped,
    gone: [...plan.keys()].filter((id) => !narrowed.has(id)),
  };
}

function narrow({ item, verdict }: Judged, planned: PlannedItem | undefined): Verdict {
  if (verdict.type === 'keep') return verdict;
  if (planned === undefined) return notInPlan;
  const change = changeSince(planned, plannedItem(item));
  return change === undefined
    ? onlyShown(verdict, planned.deletes)
    : { type: 'keep', reason: 'changed-since-decision', evidence: change };
}

/** Of the branches that could go with it now, those that were shown when it was confirmed. */
function onlyShown(found: Condemned['verdict'], shown: PlannedItem['deletes']): Verdict {
  const { deletes = [], evidence, ...verdict } = found;
  // Thousands that are alike have one verdict together.
  if (found.deletes === undefined && evidence['deletes'] === undefined) return found;
  const still = deletes.filter(({ ref, commit }) =>
    shown?.some((branch) => branch.ref === ref && branch.commit === commit),
  );
  const { deletes: text, ...others } = evidence;
  return still.length === 0 || text === undefined
    ? { ...verdict, evidence: others }
    : { ...verdict, evidence, deletes: still };
}

/** A part that is gone since was moved or removed by somebody; what is there must be what was shown. */
function changeSince(planned: PlannedItem, now: PlannedItem): Evidence | undefined {
  if (planned.head !== now.head) return { changed: 'HEAD', was: planned.head ?? '', is: now.head ?? '' };
  const changed = now.parts.find(({ path, identity, stamp }) => {
    const before = planned.parts.find((part) => part.path === path);
    if (before === undefined || !isUnchanged(before.identity, identity)) return true;
    // Entries of older versions have none.
    return before.stamp !== undefined && before.stamp !== stamp;
  });
  return changed === undefined ? undefined : { changed: changed.path };
}
