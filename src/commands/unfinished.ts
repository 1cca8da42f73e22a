import { err, ok, type Result } from 'neverthrow';
import type { PlanList } from '../cleaners/still-planned.ts';
import type { PlannedItem } from '../journal/event-run.ts';
import type { JournalReader } from '../journal/journal.ts';
import { keptOfRows } from '../journal/kept-rows.ts';
import type { Failure, JournalFailure } from '../model/failure.ts';
import type { ItemId } from '../model/item.ts';
import { openOperations } from '../projections/open-operations.ts';
import { Packed } from '../projections/packed.ts';
import { plannedItems, plans } from '../projections/plans.ts';
import { isRemaining, remainingWork } from '../projections/remaining-work.ts';
import { oldestFirst } from '../projections/run-history.ts';
import { runSummary, type RunSummary } from '../projections/run-summary.ts';

/** Operations can be open although every run has ended: the last run's rules finish them. */
export async function lastRuns(journal: JournalReader): Promise<readonly RunSummary[]> {
  const rows = await journal.rows(runSummary);
  if (rows.isErr()) return [];
  const confirmed = oldestFirst(rows.value.values()).filter((row) => row.confirmed !== undefined);
  return confirmed.slice(-1);
}

/** Whether an undo died, and no run since has looked at what it put back: it may be in its place, and not on record. */
export async function hasBrokenUndo(journal: JournalReader): Promise<Result<boolean, JournalFailure>> {
  const rows = await journal.rows(runSummary);
  return rows.map((found) => {
    const all = oldestFirst(found.values());
    const looked = all.findLastIndex((row) => row.confirmed !== undefined);
    return all.slice(looked + 1).some(({ command, ended }) => command === 'undo' && ended === undefined);
  });
}

/** Confirmed runs that did not come to their end, oldest first; a later run that resumed one to its end closes it. */
export async function unfinishedRuns(
  journal: JournalReader,
  wanted: string | undefined,
): Promise<Result<readonly RunSummary[], Failure>> {
  const rows = await journal.rows(runSummary);
  if (rows.isErr()) return err(rows.error);
  const all = oldestFirst(rows.value.values());
  const closed = closedBy(all);
  const unfinished = all.filter((row) => isOpen(row) && !closed.has(row.run));
  if (wanted === undefined) return ok(unfinished);
  const named = all.filter(({ run }) => run.startsWith(wanted));
  if (named.length === 0) return err({ type: 'unknown-run', text: wanted });
  const roots = new Set(named.map(({ run, resumeOf }) => resumeOf ?? run));
  return ok(unfinished.filter(({ run }) => roots.has(run)));
}

function isOver({ ended }: RunSummary): boolean {
  return ended !== undefined && !['interrupted', 'failed', 'partial'].includes(ended.outcome);
}

function isOpen(row: RunSummary): boolean {
  return !row.dryRun && row.confirmed !== undefined && row.resumeOf === undefined && !isOver(row);
}

/** Runs that a later one resumed to its end. One that was refused, by the clock say, has brought nothing to its end. */
function closedBy(all: readonly RunSummary[]): ReadonlySet<string | undefined> {
  const finished = all.filter(
    ({ ended }) => ended?.outcome === 'completed' || ended?.outcome === 'nothing-to-do',
  );
  return new Set(finished.map((row) => row.resumeOf));
}

/** Whether `resume` would take the run up. */
export function isUnfinished(row: RunSummary, all: readonly RunSummary[]): boolean {
  return isOpen(row) && !closedBy(all).has(row.run);
}

/** The run and all that resume it. */
export async function chainOf(
  summary: RunSummary,
  journal: JournalReader,
): Promise<Result<ReadonlySet<string>, JournalFailure>> {
  const rows = await journal.rows(runSummary);
  if (rows.isErr()) return err(rows.error);
  const family = [...rows.value.values()].filter(
    ({ run, resumeOf }) => run === summary.run || resumeOf === summary.run,
  );
  return ok(new Set(family.map(({ run }) => run)));
}

/** What the run and those that resumed it had planned, and have neither removed nor given up. */
export async function remainingItems(
  summary: RunSummary,
  chain: ReadonlySet<string>,
  journal: JournalReader,
): Promise<Result<PlanList, JournalFailure>> {
  const work = await journal.fold(remainingWork(chain), { from: summary.startedSeq });
  if (work.isErr()) return err(work.error);
  const open = await keptOfRows(journal, openOperations, ({ state, item }) =>
    state === 'intended' ? undefined : item,
  );
  if (open.isErr()) return err(open.error);
  const moved = new Set(open.value);
  const remaining = new Remaining();
  const plan = summary.plan;
  if (plan === undefined) return ok(remaining);
  const stored = await journal.row(plans, plan);
  if (stored.isErr()) return err(stored.error);
  if (stored.value === undefined) return ok(remaining);
  const list = plannedItems(plan);
  for await (const entry of journal.entries({ from: stored.value.fromSeq, to: stored.value.toSeq })) {
    if (entry.isErr()) return err(entry.error);
    for (const item of list.apply(list.initial(), entry.value)) {
      if (isRemaining(work.value, item.item) && !moved.has(item.item)) remaining.add(item);
    }
  }
  return ok(remaining);
}

/** There may be a hundred thousand, and each is asked for once. */
class Remaining implements PlanList {
  readonly #places = new Map<ItemId, number>();
  readonly #items = new Packed<PlannedItem>();

  add(item: PlannedItem): void {
    this.#places.set(item.item, this.#items.add(item));
  }

  get(id: ItemId): PlannedItem | undefined {
    const place = this.#places.get(id);
    return place === undefined ? undefined : this.#items.get(place);
  }

  has(id: ItemId): boolean {
    return this.#places.has(id);
  }

  keys(): MapIterator<ItemId> {
    return this.#places.keys();
  }
}

/** Whether the run held small items for undo: who said `--no-undo` said it for the whole of it. */
export async function wasUndoable(
  { startedSeq }: RunSummary,
  journal: JournalReader,
): Promise<Result<boolean, JournalFailure>> {
  for await (const entry of journal.entries({ from: startedSeq, to: startedSeq })) {
    if (entry.isErr()) return err(entry.error);
    const { event } = entry.value;
    if (event.type === 'RunStarted') return ok(!event.argv.includes('--no-undo'));
  }
  return ok(true);
}
