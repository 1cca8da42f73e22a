import { err, ok, type Result } from 'neverthrow';
import type { PlannedItem } from '../journal/event-run.ts';
import type { JournalReader } from '../journal/journal.ts';
import type { Failure } from '../model/failure.ts';
import type { ItemId } from '../model/item.ts';
import { plannedItems, plans } from '../projections/plans.ts';
import { oldestFirst } from '../projections/run-history.ts';
import { runSummary, type RunSummary } from '../projections/run-summary.ts';

/** A plan with the last run that showed it whole. */
export type ShownPlan = {
  readonly plan: string;
  readonly items: ReadonlyMap<ItemId, PlannedItem>;
  readonly shownBy: RunSummary;
  /** When that run had shown it. */
  readonly shownAtMs: number;
};

/** The one plan that an id, or the beginning of one, stands for. An overview shows no list: its plan is none. */
export async function findPlan(
  text: string,
  reader: Pick<JournalReader, 'row' | 'rows' | 'fold'>,
): Promise<Result<ShownPlan, Failure>> {
  const rows = await reader.rows(runSummary);
  if (rows.isErr()) return err(rows.error);
  const shown = new Map<string, RunSummary>();
  for (const row of oldestFirst(rows.value.values())) {
    // One that was killed may not have come to showing it.
    if (row.command === 'clean' && row.plan !== undefined && row.ended !== undefined)
      shown.set(row.plan, row);
  }
  const begun = [...shown.keys()].filter((plan) => text !== '' && plan.startsWith(text));
  const [plan] = shown.has(text) ? [text] : begun;
  const shownBy = plan === undefined ? undefined : shown.get(plan);
  if (plan === undefined || shownBy === undefined) return err({ type: 'unknown-plan', text });
  if (plan !== text && begun.length > 1) {
    return err({
      type: 'usage',
      problem: `Several plans begin with '${text}'`,
      accepted: begun.slice(-20),
    });
  }

  const stored = await reader.row(plans, plan);
  if (stored.isErr()) return err(stored.error);
  const list =
    stored.value === undefined
      ? ok([])
      : await reader.fold(plannedItems(plan), { from: stored.value.fromSeq, to: stored.value.toSeq });
  if (list.isErr()) return err(list.error);
  // A list that is not what was shown is none.
  if (list.value.length !== shownBy.planned.items) return err({ type: 'unknown-plan', text });
  const items = new Map(list.value.map((item) => [item.item, item]));
  return ok({ plan, items, shownBy, shownAtMs: shownBy.lastAtMs });
}
