import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import { identify } from '../disk/identity.ts';
import { ensureQuarantine } from '../disk/quarantine.ts';
import type { EventOf, RemovalMode } from '../journal/event.ts';
import type { JournalFailure } from '../model/failure.ts';
import { invariant, unreachable } from '../model/invariant.ts';
import { pathOf, type Item, type ItemId } from '../model/item.ts';
import type { Kind } from '../model/kind.ts';
import type { OwnerId } from '../model/owner.ts';
import type { Look } from '../model/look.ts';
import type { Verdict } from '../model/reason.ts';
import { adopt } from '../projections/run-account.ts';
import { explains } from '../policy/order.ts';
import { usersOf } from '../storage/liveness.ts';
import type { ProcessTable } from '../storage/processes.ts';
import type { BundleLocks } from './bundle-locks.ts';
import { eachOf } from './each-of.ts';
import { chunksOf } from './chunks.ts';
import { free } from './free.ts';
import { changedUntilMoved, lastLook, type Drift } from './last-look.ts';
import { operationFor, type OpenIntent, type Operation } from './intent.ts';
import { settleKept, stillKept } from './kept-move.ts';
import { moveOut, putBackDurably, syncMoves } from './move-out.ts';
import { quarantineLevels } from './quarantine-place.ts';
import { letGo, snapshotFor } from './snapshot.ts';
import type { Fact, RunRecord } from './run-record.ts';

/** An item with the verdict that condemned it. */
export type Condemned = { readonly item: Item; readonly verdict: Extract<Verdict, { type: 'remove' }> };

export type Sweep = {
  readonly record: RunRecord;
  readonly journalId: string;
  readonly look: Look;
  readonly openIntents: ReadonlyMap<ItemId, OpenIntent>;
  /** Commits that worktrees which are gone have to be made again from. */
  readonly heads: readonly string[];
  /** How often an item was tried before, over runs. */
  readonly attempts: ReadonlyMap<ItemId, number>;
  readonly locks: BundleLocks;
  readonly host: string;
  readonly ownPid: number;
  readonly clock: () => number;
  readonly newId: () => string;
  /** Asked for each item: how long it is kept for undo; 0 frees it at once. */
  readonly holdMs: (item: Item) => number;
  /** How long a worktree, which is freed at once, can be made again; 0: not at all. */
  readonly undoMs: (item: Item) => number;
  /** True when the disk is nearly full: small chunks, freed at once. */
  readonly isShortOfSpace: () => Promise<boolean>;
  readonly readProcesses: () => Promise<ProcessTable>;
  readonly signal: AbortSignal;
  readonly onProgress: (kind: Kind, items: number, bytes: number) => void;
};

/** Last look and rename follow each other for each item; this many items are under way. */
const movesAtOnce = 16;

/**
 * Renames that fail because of where the quarantine is, not because of the item: beside its place it may work.
 * EACCES is what a read-only directory answers when it would get another parent.
 */
const placeErrors: ReadonlySet<string> = new Set(['EXDEV', 'ENOSPC', 'EDQUOT', 'EACCES']);

async function mayWorkBeside(code: string, path: string): Promise<boolean> {
  if (!placeErrors.has(code)) return false;
  if (code !== 'EACCES') return true;
  return access(dirname(path), constants.W_OK).then(
    () => true,
    () => false,
  );
}

/**
 * Removes a confirmed plan by the protocol of JOURNAL 3.3: per chunk intent, last look, rename into quarantine,
 * directory fsync, fact, free, fsync, fact. One item's failure never stops the others; a journal's failure stops
 * everything before anything else is touched. After an abort no new item begins, and what had begun is told.
 */
export async function sweep(
  plan: readonly Condemned[],
  context: Sweep,
): Promise<Result<void, JournalFailure>> {
  const gone = new Set<ItemId>();
  const expectedAbsent = new Set<string>();
  const short = await context.isShortOfSpace();
  const bundleOf = bundles(context.look);
  const asked = askedAbout(plan, context.look);
  for (const chunk of chunksOf(plan, short)) {
    if (context.signal.aborted) break;
    const within = { ...context, gone, expectedAbsent, asked, short, bundleOf };
    const done = await sweepChunk(chunk, 'quarantine', within);
    if (done.isErr()) return err(done.error);
  }
  return ok(undefined);
}

/** Of what goes, only this is asked for again: of a hundred thousand items it is nearly nothing. */
function askedAbout(plan: readonly Condemned[], { owners }: Look): Asked {
  const items = new Set<ItemId>();
  for (const { item } of plan) for (const id of explains(item)) items.add(id);
  const paths = new Set<string>();
  for (const { witnesses } of owners.values()) for (const { path } of witnesses) paths.add(path);
  return { items, paths };
}

/** Everybody linked to an owner, over any number of links. */
function bundles({ links }: Look): (owner: OwnerId) => readonly OwnerId[] {
  const neighbours = new Map<OwnerId, OwnerId[]>();
  for (const [a, b] of links) {
    neighbours.set(a, [...(neighbours.get(a) ?? []), b]);
    neighbours.set(b, [...(neighbours.get(b) ?? []), a]);
  }
  return (owner) => {
    const reached = new Set([owner]);
    // A set is walked in the order in which it grows.
    for (const next of reached) for (const other of neighbours.get(next) ?? []) reached.add(other);
    return [...reached];
  };
}

type Asked = {
  /** What something that goes explains. */
  readonly items: ReadonlySet<ItemId>;
  /** What would show that an owner came to life. */
  readonly paths: ReadonlySet<string>;
};

type ChunkContext = Sweep & {
  readonly asked: Asked;
  readonly gone: Set<ItemId>;
  readonly expectedAbsent: Set<string>;
  readonly short: boolean;
  readonly bundleOf: (owner: OwnerId) => readonly OwnerId[];
};

async function sweepChunk(
  chunk: readonly Condemned[],
  mode: RemovalMode,
  context: ChunkContext,
): Promise<Result<void, JournalFailure>> {
  const { record, locks } = context;
  const first = chunk[0];
  invariant(first, 'a chunk has items');
  const quarantine = await ensureQuarantine(first.item.root, [...quarantineLevels(context.journalId)]);
  // Where there can be no quarantine, an item can still be renamed beside its place.
  const way = quarantine.isErr() ? 'in-parent' : mode;
  const operations: Operation[] = [];
  const given: Fact[] = [];
  for (const condemned of chunk) {
    const { operation, givenUp } = operationFor(condemned, way, quarantine.unwrapOr(''), context);
    operations.push(operation);
    if (givenUp !== undefined) given.push(givenUp);
  }
  for (const { op } of given) record.adopt(op, 'intended');
  const gaveUp = await record.facts(given);
  if (gaveUp.isErr()) return err(gaveUp.error);
  for (const { op } of given) {
    const old = [...context.openIntents.values()].find((open) => open.op === op);
    if (old !== undefined) await letGo(old.intent);
  }
  for (const { op, intent, isNew } of operations) {
    if (isNew) continue;
    record.adopt(op, 'intended');
    adopt(record.account, op, intent, 'found');
  }
  const begun = await record.begin(
    operations
      .filter(({ isNew }) => isNew)
      .map(({ op, intent }) => ({ op, command: { type: 'BeginRemoval', intent } as const })),
  );
  if (begun.isErr()) return err(begun.error);

  try {
    const moved = await moveChunk(operations, context);
    if (moved.isErr()) return err(moved.error);

    const freed = await freeChunk(moved.value.out, context);
    if (freed.isErr()) return err(freed.error);

    if (moved.value.elsewhere.length > 0 && !context.signal.aborted) {
      return await sweepChunk(moved.value.elsewhere, 'in-parent', context);
    }
    return ok(undefined);
  } finally {
    await locks.release();
  }
}

type ChunkMoved = { readonly out: readonly Operation[]; readonly elsewhere: readonly Condemned[] };

async function moveChunk(
  operations: readonly Operation[],
  context: ChunkContext,
): Promise<Result<ChunkMoved, JournalFailure>> {
  const { locks, asked } = context;
  const out: Operation[] = [];
  const elsewhere: Condemned[] = [];
  const facts: Fact[] = [];
  const held = await locks.hold(operations.flatMap(({ intent }) => intent.locks));
  const noted = await context.record.note(held.replaced);
  if (noted.isErr()) return err(noted.error);
  // Whoever could resume one of them is locked out now; whoever is at work already is seen here.
  const table = await context.readProcesses();

  const results = new Map<Operation, Fact | 'moved'>();
  await eachOf(operations, movesAtOnce, async (operation) => {
    // What is not begun after an abort keeps its open intent: `resume` takes it up.
    if (context.signal.aborted) return;
    results.set(operation, await moveOne(operation, held.refused, table, context));
  });
  // Whoever came in after that look has come along: a working directory and an open file follow the rename.
  const late = await context.readProcesses();
  for (const operation of operations) {
    const result = results.get(operation);
    if (result === undefined) continue;
    const fact = result === 'moved' ? await putBackIfUsed(operation, late, locks) : result;
    if (fact === 'moved') {
      out.push(operation);
      continue;
    }
    facts.push(fact);
    const { event } = fact;
    if (event.type !== 'ItemFailed' || operation.intent.mode === 'in-parent') continue;
    if (await mayWorkBeside(event.code, operation.item.path)) elsewhere.push(operation);
  }

  const synced = await syncMoves(out.flatMap(({ intent }) => intent.moves));
  const now = context.clock();
  for (const { op, intent } of out) {
    if (synced.isErr()) {
      // Not durable: nothing is freed, and the operation stays open for `resume` to look at.
      const { path, code } = synced.error;
      facts.push({ op, event: { type: 'PutBackBlocked', item: intent.item, path, code } });
      continue;
    }
    const heldUntilMs = intent.holdMs > 0 ? { heldUntilMs: now + intent.holdMs } : {};
    facts.push({
      op,
      event: { type: 'ItemQuarantined', item: intent.item, bytes: intent.bytes, ...heldUntilMs },
    });
  }
  const told = await context.record.facts(facts);
  if (told.isErr()) return err(told.error);

  if (synced.isErr()) return ok({ out: [], elsewhere });
  for (const { item, intent } of out) {
    if (asked.items.has(item.id)) context.gone.add(item.id);
    for (const { path } of intent.moves) if (asked.paths.has(path)) context.expectedAbsent.add(path);
  }
  return ok({ out, elsewhere });
}

async function moveOne(
  operation: Operation,
  refused: ReadonlyMap<string, string>,
  table: ProcessTable,
  context: ChunkContext,
): Promise<Fact | 'moved'> {
  const { op, item, intent, attempt } = operation;
  const locked = intent.locks.find((id) => refused.has(id));
  if (locked !== undefined) {
    const evidence = { lock: refused.get(locked) ?? locked };
    return { op, event: { type: 'ItemDrifted', item: item.id, reason: 'active', evidence } };
  }
  const explained = await stillExplained(item, context.gone);
  if (explained !== undefined) {
    const reason = item.kind === 'state' ? 'dead-letters-pending' : 'has-worktree';
    return { op, event: { type: 'ItemDrifted', item: item.id, reason, evidence: { stays: explained } } };
  }
  const drift = await lastLook(item, context.look, {
    expectedAbsent: context.expectedAbsent,
    ownLocks: context.locks.paths(),
    nowMs: context.clock(),
    host: context.host,
    ownPid: context.ownPid,
    table,
  });
  if (drift !== undefined) return { op, event: { type: 'ItemDrifted', item: item.id, ...drift } };

  // Whatever the intent says, from whichever run: what goes because it is kept in a snapshot goes with one.
  if (operation.verdict.proof === 'snapshot' && intent.snapshot === undefined) {
    return { op, event: { ...unkept(operation), detail: 'no snapshot, no removal: none was intended' } };
  }
  const taken =
    intent.snapshot === undefined ? undefined : await snapshotFor(intent, op, context.journalId, item);
  if (taken?.isErr() === true) {
    await letGo(intent);
    return { op, event: { ...unkept(operation), detail: `no snapshot, no removal: ${taken.error}` } };
  }
  if (taken?.isOk() === true) {
    const { ref, commit } = taken.value;
    const told = await context.record.facts([
      { op, event: { type: 'SnapshotTaken', item: item.id, ref, commit } },
    ]);
    // The journal is dead, and says so as soon as it is told anything.
    if (told.isErr()) return { op, event: { ...unkept(operation), detail: 'the journal failed' } };
  }

  const moved = await moveOut(intent.moves);
  if (taken?.isOk() === true) {
    const settled = await settleKept(operation, context.journalId, taken.value, moved);
    if (settled !== undefined) return { op, event: settled };
  }
  switch (moved.type) {
    case 'moved': {
      const late = taken === undefined ? await lateWork(operation) : undefined;
      return late === undefined ? 'moved' : takeBack(operation, late);
    }
    case 'vanished':
      return { op, event: { type: 'ItemVanished', item: item.id } };
    case 'changed': {
      const evidence = { path: moved.path, observed: moved.observed?.ino ?? 'absent' };
      return {
        op,
        event: { type: 'ItemDrifted', item: item.id, reason: 'changed-since-decision', evidence },
      };
    }
    case 'failed': {
      const { code, syscall, path } = moved.failure;
      return {
        op,
        event: { type: 'ItemFailed', item: item.id, code, syscall, path, attempt, retryable: true },
      };
    }
    case 'stuck': {
      const { code, path } = moved.failure;
      return { op, event: { type: 'PutBackBlocked', item: item.id, path, code } };
    }
    default:
      return unreachable(moved);
  }
}

/** Whoever wrote into a worktree while it was looked at a last time wrote into what lies in quarantine now. */
async function lateWork({ item, intent }: Operation): Promise<Drift | undefined> {
  const main = intent.moves.find(({ role }) => role === 'main');
  return main === undefined ? undefined : changedUntilMoved(item, main.to);
}

async function takeBack({ op, item, intent }: Operation, { reason, evidence }: Drift): Promise<Fact> {
  const back = await putBackDurably(intent.moves);
  if (back.isErr()) {
    const { path, code } = back.error;
    return { op, event: { type: 'PutBackBlocked', item: item.id, path, code } };
  }
  const whole = stillKept(await letGo(intent), intent.snapshot?.ref);
  return { op, event: { type: 'ItemDrifted', item: item.id, reason, evidence: { ...evidence, ...whole } } };
}

function unkept({ item, attempt }: Operation): EventOf<'ItemFailed'> {
  const path = item.path;
  return { type: 'ItemFailed', item: item.id, code: 'ESNAPSHOT', path, attempt, retryable: false };
}

/** What the item explains and is still there, planned or not: the record of a worktree outlives it, never the reverse. */
async function stillExplained(item: Item, gone: ReadonlySet<ItemId>): Promise<ItemId | undefined> {
  for (const id of explains(item)) {
    if (gone.has(id)) continue;
    const there = identify(pathOf(id));
    if (there.isErr() || there.value !== undefined) return id;
  }
  return undefined;
}

async function putBackIfUsed(
  operation: Operation,
  table: ProcessTable,
  locks: BundleLocks,
): Promise<Fact | 'moved'> {
  const { intent } = operation;
  const [user] = intent.moves.flatMap(({ to }) => usersOf(to, table));
  if (user !== undefined) {
    const evidence = { process: `${user.pid} (${user.name}) came in meanwhile` };
    return takeBack(operation, { reason: 'in-use', evidence });
  }
  const lock = await locks.takenSince(intent.locks);
  if (lock === undefined) return 'moved';
  return takeBack(operation, { reason: 'active', evidence: { lock: `taken meanwhile: ${lock}` } });
}

async function freeChunk(
  operations: readonly Operation[],
  context: ChunkContext,
): Promise<Result<void, JournalFailure>> {
  for (const { item, intent } of operations) {
    if (intent.holdMs > 0) context.onProgress(item.kind, 1, intent.bytes);
  }
  const now = operations.filter(({ intent }) => intent.holdMs === 0);
  if (now.length === 0) return ok(undefined);
  const facts = await free(now, context.heads, context.signal, ({ intent }) =>
    context.onProgress(intent.kind, 1, intent.bytes),
  );
  const told = await context.record.facts(facts);
  return told.isErr() ? err(told.error) : ok(undefined);
}
