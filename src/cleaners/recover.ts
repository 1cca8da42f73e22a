import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import { identify, isSameWithin, isUnchanged, sameObject } from '../disk/identity.ts';
import { dropSecondName, syncDirectories } from '../disk/quarantine.ts';
import type { Event } from '../journal/event.ts';
import type { Move, PurgeStarted } from '../journal/event-removal.ts';
import type { Journal } from '../journal/journal.ts';
import type { JournalFailure } from '../model/failure.ts';
import { unreachable } from '../model/invariant.ts';
import type { Identity, ItemId } from '../model/item.ts';
import { openOperations, type OpenOperation } from '../projections/open-operations.ts';
import { adopt, fail } from '../projections/run-account.ts';
import { isRegistered } from '../storage/git-registration.ts';
import { reconcile, type NextStep, type SeenPart } from '../run/reconcile.ts';
import { free, type Quarantined } from './free.ts';
import { putBack, syncMoves } from './move-out.ts';
import { operationOf, quarantineLevels } from './quarantine-place.ts';
import { makeWhole, notHeld } from './snapshot.ts';
import type { RunRecord } from './run-record.ts';
import type { OpenIntent } from './intent.ts';

export type Recovery = {
  readonly record: RunRecord;
  readonly journal: Pick<Journal, 'row' | 'rowPages'>;
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
};

/**
 * Brings what earlier runs left half done to where it belongs (JOURNAL 3.4): looks at the quarantine first, finishes
 * what is in it, puts half-moved items back, and hands over the intents that were never begun. One operation's failure
 * never stops the others, nor the run.
 */
export async function recover(context: Recovery): Promise<Result<Recovered, JournalFailure>> {
  const { record, journal, clock } = context;
  const openIntents = new Map<ItemId, OpenIntent>();
  const toPurge: OpenOperation[] = [];
  let settled = 0;

  const sorted = await sort(context);
  if (sorted.isErr()) return err(sorted.error);
  const { undoable, known, unsettled } = sorted.value;
  for (const operation of unsettled) {
    const { op, run, intent } = operation;
    const seen = await see(intent.moves);
    const step = await stepFor(operation, seen);
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
    adopt(record.account, op, intent, 'taken-up');
    const done = await settle(step, operation, context);
    if (done.isErr()) return err(done.error);
    if (done.value === 'open') {
      record.account.items.delete(intent.item);
      openIntents.set(intent.item, { op, run, intent });
    }
    if (done.value === 'purge') toPurge.push(operation);
    if (done.value !== 'failed') settled += 1;
  }

  const purged = await purgeHeld(toPurge, 'resumed', context);
  if (purged.isErr()) return err(purged.error);
  const now = clock();
  const ops = (are: readonly Undoable[]): readonly string[] =>
    are.toSorted((a, b) => a.seq - b.seq).map(({ op }) => op);
  const expired = undoable.filter(({ untilMs }) => untilMs <= now);
  const ended = await purgeByIds(ops(expired), 'undo-expired', journal, context);
  if (ended.isErr()) return err(ended.error);
  const orphans = await reportOrphans(known, context);
  if (orphans.isErr()) return err(orphans.error);
  return ok({ openIntents, settled, held: ops(undoable.filter(({ untilMs }) => untilMs > now)) });
}

/** What is left in memory of an operation that waits for the end of undo: there may be a hundred thousand. */
type Undoable = { readonly op: string; readonly seq: number; readonly untilMs: number };

type Sorted = {
  readonly undoable: Undoable[];
  /** Ids of all open operations. */
  readonly known: ReadonlySet<string>;
  readonly unsettled: readonly OpenOperation[];
};

/** Tells what is whole in quarantine, held for undo, from what is to be looked into. */
async function sort({ journal }: Recovery): Promise<Result<Sorted, JournalFailure>> {
  const undoable: Undoable[] = [];
  const known = new Set<string>();
  const unsettled: OpenOperation[] = [];
  for await (const page of journal.rowPages(openOperations)) {
    if (page.isErr()) return err(page.error);
    for (const [op, operation] of page.value) {
      known.add(op);
      const isWhole =
        isUndoable(operation) &&
        (await stepFor(operation, await see(operation.intent.moves))).type === 'purge';
      if (isWhole) undoable.push(undoableOf(operation));
      else unsettled.push(operation);
    }
  }
  return ok({ undoable, known, unsettled });
}

function undoableOf({ op, intentSeq, heldUntilMs = 0 }: OpenOperation): Undoable {
  return { op, seq: intentSeq, untilMs: heldUntilMs };
}

function isUndoable({ state, heldUntilMs }: OpenOperation): boolean {
  return heldUntilMs !== undefined && state === 'quarantined';
}

/** How many held operations are freed at a time: of a hundred thousand, each with its intent, not all are in memory. */
const purgedAtOnce = 1024;

/** The same for operations that are known by their ids. */
export async function purgeByIds(
  ops: readonly string[],
  why: PurgeStarted['why'],
  journal: Pick<Journal, 'row'>,
  context: Pick<Recovery, 'record'> & Partial<Recovery>,
): Promise<Result<void, JournalFailure>> {
  for (let from = 0; from < ops.length; from += purgedAtOnce) {
    const operations: OpenOperation[] = [];
    for (const op of ops.slice(from, from + purgedAtOnce)) {
      const row = await journal.row(openOperations, op);
      if (row.isErr()) return err(row.error);
      if (row.value !== undefined) operations.push(row.value);
    }
    const purged = await purgeHeld(operations, why, context);
    if (purged.isErr()) return err(purged.error);
  }
  return ok(undefined);
}

/** Frees what lies in quarantine, saying first why it is now. */
export async function purgeHeld(
  operations: readonly OpenOperation[],
  why: PurgeStarted['why'],
  { record, heads = [] }: Pick<Recovery, 'record'> & Partial<Recovery>,
): Promise<Result<void, JournalFailure>> {
  if (operations.length === 0) return ok(undefined);
  if (why !== 'resumed') {
    for (const { op, state, intent } of operations) {
      record.adopt(op, state);
      // What this run moved itself stays on its own account.
      if (record.account.items.get(intent.item)?.op !== op) adopt(record.account, op, intent, 'expired');
    }
  }
  const started = await record.facts(
    operations.map(({ op, intent }) => ({ op, event: { type: 'PurgeStarted', item: intent.item, why } })),
  );
  if (started.isErr()) return err(started.error);
  const quarantined: Quarantined[] = operations.map(({ op, intent, attempt }) => ({
    op,
    intent,
    attempt: attempt + 1,
  }));
  const told = await record.facts(await free(quarantined, heads));
  return told.isErr() ? err(told.error) : ok(undefined);
}

/** The work in it is kept nowhere any more, and it may be freed in part: it is left where it is. */
type NotHeld = { readonly type: 'not-held'; readonly path: string; readonly why: string };

async function stepFor(
  { state, intent }: OpenOperation,
  seen: readonly SeenPart[],
): Promise<NextStep | NotHeld> {
  const { moves, worktree } = intent;
  const main = mainOf(moves);
  const found = reconcile(state, seen, main);
  if (worktree === undefined) return found;
  // Nobody may have looked whether somebody worked in it until it was moved: it is put back, and judged again.
  if (found.type === 'record-quarantined') {
    return { type: 'put-back', parts: movedOf(seen), next: 'decide-again' };
  }
  const why = found.type === 'purge' ? await notHeld(intent) : undefined;
  if (why === undefined) return found;
  const { path = '', to = '' } = moves[main] ?? {};
  // What git still knows has not begun to be freed.
  return (await isRegistered(worktree, path))
    ? { type: 'put-back', parts: movedOf(seen), next: 'record-restored' }
    : { type: 'not-held', path: to, why };
}

function movedOf(seen: readonly SeenPart[]): readonly number[] {
  return seen.flatMap(({ quarantine }, index) => (quarantine === 'same' ? [index] : []));
}

function mainOf(moves: readonly Move[]): number {
  const main = moves.findIndex(({ role }) => role === 'main');
  return main === -1 ? moves.length - 1 : main;
}

async function see(moves: readonly Move[]): Promise<readonly SeenPart[]> {
  const seen: SeenPart[] = [];
  for (const { path, to, identity } of moves) {
    // Putting a file back gives it its old name before it takes the other away: a crash leaves both.
    if (dropSecondName(to, path)) await syncDirectories([dirname(to)]);
    const original = identify(path);
    const quarantine = identify(to);
    seen.push({
      original: original.isErr() ? 'unknown' : compare(original.value, identity),
      quarantine: quarantine.isErr()
        ? 'unknown'
        : quarantine.value === undefined
          ? 'absent'
          : isSameWithin(quarantine.value, identity)
            ? 'same'
            : 'other',
    });
  }
  return seen;
}

function compare(now: Identity | undefined, then: Identity): 'absent' | 'same' | 'changed' | 'other' {
  if (now === undefined) return 'absent';
  if (!sameObject(now, then)) return 'other';
  return isUnchanged(now, then) ? 'same' : 'changed';
}

type Settled = 'open' | 'settled' | 'purge' | 'failed';

async function settle(
  step: Exclude<NextStep, { type: 'decide-again' }>,
  { op, intent, atMs, putBackBlocked }: OpenOperation,
  { record, knownOrphans }: Recovery,
): Promise<Result<Settled, JournalFailure>> {
  const { item, moves } = intent;
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
    case 'record-removed':
      // git may know of it still, and of branches that were to go with it.
      if (intent.worktree !== undefined) return ok('purge');
      return tell(
        { type: 'ItemRemoved', item, bytes: intent.bytes, files: 0, observed: 'absent' },
        'settled',
      );
    case 'record-vanished':
      return tell({ type: 'ItemVanished', item }, 'settled');
    case 'record-drifted':
      return tell({ type: 'ItemDrifted', item, reason: 'changed-since-decision', evidence: {} }, 'settled');
    case 'record-restored':
      return tell({ type: 'ItemRestored', item, why: 'put-back' }, 'settled');
    case 'record-quarantined': {
      const synced = await syncMoves(moves);
      if (synced.isErr()) return leave(synced.error.code, synced.error.path);
      const heldUntilMs = intent.holdMs > 0 ? { heldUntilMs: atMs + intent.holdMs } : {};
      return tell(
        { type: 'ItemQuarantined', item, bytes: intent.bytes, recovered: true, ...heldUntilMs },
        intent.holdMs > 0 ? 'settled' : 'purge',
      );
    }
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
        ? tell({ type: 'ItemRestored', item, why: 'put-back' }, 'settled')
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

/** What lies in this journal's quarantine and belongs to no open operation is reported, and left alone. */
async function reportOrphans(
  known: ReadonlySet<string>,
  { record, roots, journalId, knownOrphans }: Recovery,
): Promise<Result<void, JournalFailure>> {
  const orphans: string[] = [];
  for (const root of roots) {
    const directory = join(root, ...quarantineLevels(journalId));
    const names = await readdir(directory).catch(() => []);
    for (const name of names) {
      const path = join(directory, name);
      if (!known.has(operationOf(path) ?? '')) orphans.push(path);
    }
  }
  return noteOrphans(orphans, { record, knownOrphans });
}

/** Tells once of each. */
async function noteOrphans(
  paths: readonly string[],
  { record, knownOrphans }: Pick<Recovery, 'record' | 'knownOrphans'>,
): Promise<Result<void, JournalFailure>> {
  const news = paths.filter((path) => !knownOrphans.has(path));
  const noted = await record.note(news.map((path) => ({ type: 'QuarantineOrphanFound', path }) as const));
  return noted.isErr() ? err(noted.error) : ok(undefined);
}
