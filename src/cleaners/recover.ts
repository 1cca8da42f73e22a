import { err, ok, type Result } from 'neverthrow';
import type { Event } from '../journal/event.ts';
import type { Move } from '../journal/event-removal.ts';
import { intentPages, withIntents } from '../journal/intents.ts';
import type { Journal } from '../journal/journal.ts';
import type { JournalFailure } from '../model/failure.ts';
import { unreachable } from '../model/invariant.ts';
import type { ItemId } from '../model/item.ts';
import { openOperations, type OpenOperation, type WholeOperation } from '../projections/open-operations.ts';
import { adopt, fail } from '../projections/run-account.ts';
import type { NextStep } from '../run/reconcile.ts';
import type { OpenIntent } from './intent.ts';
import { putBack, syncMoves } from './move-out.ts';
import { stepFor } from './next-step.ts';
import { purgeByIds, purgeHeld, type HeldReading } from './purge-held.ts';
import { noteOrphans, reportOrphans } from './quarantine-orphans.ts';
import { lyingInPlace } from './quarantine-place.ts';
import type { RunRecord } from './run-record.ts';
import { isOnlyTold, tellingOf, Tellings, type ToldStep } from './recover-telling.ts';
import { makeWhole } from './snapshot.ts';

export type Recovery = {
  readonly record: RunRecord;
  readonly journal: HeldReading & Pick<Journal, 'rowPages'>;
  readonly journalId: string;
  readonly roots: readonly string[];
  readonly clock: () => number;
  /** Paths in quarantine that are on record as nobody's. */
  readonly knownOrphans: ReadonlySet<string>;
  /** Commits that worktrees which are gone have to be made again from. */
  readonly heads: readonly string[];
};

export type Recovered = {
  /** Intents of which nothing is moved: to be judged again, and carried out only if the verdict is the same. */
  readonly openIntents: ReadonlyMap<ItemId, OpenIntent>;
  /** How many operations were brought to an end or a step further. */
  readonly settled: number;
  /** Operations whose items are still held for undo, oldest first: thousands, so only by their ids. */
  readonly held: readonly string[];
  /** At the most, before this run holds anything: what may have to be freed is looked for only when there can be some. */
  readonly heldBefore: HeldBefore;
};

export type HeldBefore = {
  readonly bytes: number;
  /** When the first of them expires. UTC milliseconds; none: never. */
  readonly untilMs: number;
};

/**
 * Brings what earlier runs left half done to where it belongs (JOURNAL 3.4): looks at the quarantine first, finishes
 * what is in it, puts half-moved items back, and hands over the intents that were never begun. One operation's failure
 * never stops the others, nor the run.
 */
export async function recover(context: Recovery): Promise<Result<Recovered, JournalFailure>> {
  const { record, journal, clock } = context;
  const openIntents = new Map<ItemId, OpenIntent>();
  const toPurge: WholeOperation[] = [];
  let settled = 0;

  const sorted = await sort(context);
  if (sorted.isErr()) return err(sorted.error);
  const { undoable, known, unsettled, heldBefore } = sorted.value;
  const tellings = new Tellings(record);
  const tell = async (): Promise<Result<void, JournalFailure>> => {
    const told = await tellings.tell();
    if (told.isErr()) return err(told.error);
    for (const { operation, isToGo } of told.value) if (isToGo) toPurge.push(operation);
    settled += told.value.length;
    return ok(undefined);
  };
  for (const operation of unsettled) {
    const { op, run, intent } = operation;
    if (tellings.mustBeTold(intent.item)) {
      const told = await tell();
      if (told.isErr()) return err(told.error);
    }
    const step = await stepFor(operation);
    record.adopt(op, operation.state);
    if (step.type === 'not-held') {
      adopt(record.account, op, intent, 'taken-up');
      const { path, why } = step;
      fail(record.account, intent.item, { code: 'ENOTKEPT', path, detail: `not freed: ${why}` });
      continue;
    }
    if (step.type === 'purge' && isUndoable(operation)) {
      undoable.push(undoableOf(operation));
      continue;
    }
    if (step.type === 'decide-again') {
      // Killed before it was whole again.
      if (intent.snapshot !== undefined) await makeWhole(intent);
      openIntents.set(intent.item, { op, run, intent });
      continue;
    }
    // git may know of it still, and of branches that were to go with it.
    const isWorktreeGone = step.type === 'record-removed' && intent.worktree !== undefined;
    const next = isWorktreeGone ? ({ type: 'purge' } as const) : step;
    if (isOnlyTold(next)) {
      adopt(record.account, op, intent, 'taken-up');
      tellings.add(tellingOf(next, operation));
      continue;
    }
    adopt(record.account, op, intent, 'taken-up');
    const done = await settle(next, operation, context);
    if (done.isErr()) return err(done.error);
    if (done.value === 'open') {
      record.account.items.delete(intent.item);
      openIntents.set(intent.item, { op, run, intent });
    }
    if (done.value === 'purge') toPurge.push(operation);
    if (done.value !== 'failed') settled += 1;
  }
  const told = await tell();
  if (told.isErr()) return err(told.error);

  const purged = await purgeHeld(toPurge, 'resumed', context);
  if (purged.isErr()) return err(purged.error);
  const now = clock();
  const ops = (are: readonly Undoable[]): readonly string[] =>
    are.toSorted((a, b) => a.intentSeq - b.intentSeq).map(({ op }) => op);
  const expired = undoable.filter(({ untilMs }) => untilMs <= now);
  const ended = await purgeByIds(ops(expired), 'undo-expired', journal, context);
  if (ended.isErr()) return err(ended.error);
  const orphans = await reportOrphans(known, context);
  if (orphans.isErr()) return err(orphans.error);
  const held = ops(undoable.filter(({ untilMs }) => untilMs > now));
  return ok({ openIntents, settled, held, heldBefore });
}

/** What is left in memory of an operation that waits for the end of undo: there may be a hundred thousand. */
type Undoable = Pick<OpenOperation, 'op' | 'intentSeq'> & { readonly untilMs: number };

type Sorted = {
  readonly undoable: Undoable[];
  /** Ids of all open operations. */
  readonly known: ReadonlySet<string>;
  readonly unsettled: readonly WholeOperation[];
  readonly heldBefore: HeldBefore;
};

/** Tells what is whole in quarantine, held for undo, from what is to be looked into. */
async function sort({ journal, journalId, roots }: Recovery): Promise<Result<Sorted, JournalFailure>> {
  const undoable: Undoable[] = [];
  const elsewhere: Undoable[] = [];
  const isInPlace = lyingInPlace(roots, journalId);
  const known = new Set<string>();
  const unsettled: OpenOperation[] = [];
  const heldBefore = { bytes: 0, untilMs: Infinity };
  for await (const page of journal.rowPages(openOperations)) {
    if (page.isErr()) return err(page.error);
    for (const [op, operation] of page.value) {
      known.add(op);
      if (!isUndoable(operation)) {
        unsettled.push(operation);
        continue;
      }
      heldBefore.bytes += operation.bytes;
      heldBefore.untilMs = Math.min(heldBefore.untilMs, operation.heldUntilMs ?? 0);
      (isInPlace(operation) ? undoable : elsewhere).push(undoableOf(operation));
    }
  }
  for await (const page of intentPages(journal, elsewhere)) {
    if (page.isErr()) return err(page.error);
    for (const { intent, ...one } of page.value) {
      const isWhole = (await stepFor({ state: 'quarantined', intent })).type === 'purge';
      if (isWhole) undoable.push(one);
      else {
        const row = await journal.row(openOperations, one.op);
        if (row.isErr()) return err(row.error);
        if (row.value !== undefined) unsettled.push(row.value);
      }
    }
  }
  const whole = await withIntents(journal, unsettled);
  return whole.map((operations) => ({ undoable, known, unsettled: operations, heldBefore }));
}

function undoableOf({ op, intentSeq, heldUntilMs = 0 }: OpenOperation): Undoable {
  return { op, intentSeq, untilMs: heldUntilMs };
}

function isUndoable({ state, heldUntilMs }: OpenOperation): boolean {
  return heldUntilMs !== undefined && state === 'quarantined';
}

type Settled = 'open' | 'settled' | 'purge' | 'failed';

async function settle(
  step: Exclude<NextStep, ToldStep | { type: 'decide-again' }>,
  operation: WholeOperation,
  { record, knownOrphans }: Recovery,
): Promise<Result<Settled, JournalFailure>> {
  const { op, intent, putBackBlocked } = operation;
  const { item, moves } = intent;
  // Who put back what was held wanted it: a run that is resumed must not take it again.
  const restored = { type: 'ItemRestored', item, why: isUndoable(operation) ? 'undo' : 'put-back' } as const;
  const tell = async (event: Event, then: Settled): Promise<Result<Settled, JournalFailure>> => {
    const told = await record.facts([{ op, event }]);
    return told.isErr() ? err(told.error) : ok(then);
  };
  const pick = (parts: readonly number[]): readonly Move[] => parts.flatMap((part) => moves[part] ?? []);
  /** The operation stays as it is, for the next run to try. */
  const leave = (code: string, path: string, detail?: string): Result<Settled, JournalFailure> => {
    fail(record.account, item, { code, path, ...(detail === undefined ? {} : { detail }) });
    return ok('failed');
  };

  switch (step.type) {
    case 'purge':
      return ok('purge');
    case 'put-back': {
      const parts = pick(step.parts);
      const back = putBack(parts);
      if (back.isErr()) {
        const { path, code } = back.error;
        // What is on record already is not told again by each run that tries.
        if (putBackBlocked?.path === path && putBackBlocked.code === code) return leave(code, path);
        return tell({ type: 'PutBackBlocked', item, path, code }, 'failed');
      }
      const synced = await syncMoves(parts);
      if (synced.isErr()) return leave(synced.error.code, synced.error.path);
      // Before it is judged again, or left: whatever is not whole then keeps its snapshot.
      await makeWhole(intent);
      if (step.next === 'decide-again') return ok('open');
      return step.next === 'record-restored'
        ? tell(restored, 'settled')
        : tell({ type: 'ItemDrifted', item, reason: 'changed-since-decision', evidence: {} }, 'settled');
    }
    case 'report-foreign': {
      const [first] = pick(step.parts);
      const path = first?.to ?? '';
      const noted = await noteOrphans([path], { record, knownOrphans });
      if (noted.isErr()) return err(noted.error);
      return leave('EFOREIGN', path, 'something else lies in its place in quarantine');
    }
    case 'report-unknown': {
      const [first] = pick(step.parts);
      return leave('EIO', first?.path ?? '', 'it cannot be looked at');
    }
    default:
      return unreachable(step);
  }
}
