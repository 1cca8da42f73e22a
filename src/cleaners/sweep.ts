import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import { ensureQuarantine, syncDirectories } from '../disk/quarantine.ts';
import type { RemovalIntended, RemovalMode } from '../journal/event.ts';
import type { DiskFailure, JournalFailure } from '../model/failure.ts';
import { invariant, unreachable } from '../model/invariant.ts';
import type { Item, ItemId } from '../model/item.ts';
import type { Kind } from '../model/kind.ts';
import type { Look } from '../model/look.ts';
import type { Verdict } from '../model/reason.ts';
import { dependsOn } from '../policy/order.ts';
import { registrationOf } from '../storage/git-worktree.ts';
import type { ProcessTable } from '../storage/processes.ts';
import type { BundleLocks } from './bundle-locks.ts';
import { eachOf } from './each-of.ts';
import { chunksOf } from './chunks.ts';
import { free, type Quarantined } from './free.ts';
import { lastLook } from './last-look.ts';
import { moveOut } from './move-out.ts';
import { movesOf, quarantineLevels } from './quarantine-place.ts';
import type { Fact, RunRecord } from './run-record.ts';

/** An item with the verdict that condemned it. */
export type Condemned = { readonly item: Item; readonly verdict: Extract<Verdict, { type: 'remove' }> };

/** An intent that an earlier run journalled and did not carry out: it is carried out, not written again. */
export type OpenIntent = { readonly op: string; readonly intent: RemovalIntended };

export type Sweep = {
  readonly record: RunRecord;
  readonly journalId: string;
  readonly look: Look;
  readonly openIntents: ReadonlyMap<ItemId, OpenIntent>;
  /** How often an item was tried before, over runs. */
  readonly attempts: ReadonlyMap<ItemId, number>;
  readonly locks: BundleLocks;
  readonly host: string;
  readonly ownPid: number;
  readonly clock: () => number;
  readonly newId: () => string;
  /** Asked for each item: how long it is kept for undo; 0 frees it at once. */
  readonly holdMs: (item: Item) => number;
  /** True when the disk is nearly full: small chunks, freed at once. */
  readonly isShortOfSpace: () => Promise<boolean>;
  readonly readProcesses: () => Promise<ProcessTable>;
  readonly signal: AbortSignal;
  readonly onProgress: (kind: Kind, items: number, bytes: number) => void;
};

/** Last look and rename follow each other for each item; this many items are under way. */
const movesAtOnce = 16;

type Operation = Quarantined & {
  readonly item: Item;
  readonly verdict: Condemned['verdict'];
  readonly isNew: boolean;
};

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
): Promise<Result<void, JournalFailure | DiskFailure>> {
  const gone = new Set<ItemId>();
  const expectedAbsent = new Set<string>();
  const planned = new Set(plan.map(({ item }) => item.id));
  const short = await context.isShortOfSpace();
  for (const chunk of chunksOf(plan, short)) {
    if (context.signal.aborted) break;
    const done = await sweepChunk(chunk, 'quarantine', { ...context, gone, expectedAbsent, planned, short });
    if (done.isErr()) return err(done.error);
  }
  return ok(undefined);
}

type ChunkContext = Sweep & {
  readonly gone: Set<ItemId>;
  readonly expectedAbsent: Set<string>;
  readonly planned: ReadonlySet<ItemId>;
  readonly short: boolean;
};

async function sweepChunk(
  chunk: readonly Condemned[],
  mode: RemovalMode,
  context: ChunkContext,
): Promise<Result<void, JournalFailure | DiskFailure>> {
  const { record, locks } = context;
  const first = chunk[0];
  invariant(first, 'a chunk has items');
  const quarantine = await ensureQuarantine(first.item.root, [...quarantineLevels(context.journalId)]);
  if (quarantine.isErr()) return err(quarantine.error);

  const operations = chunk.map((condemned) => operationFor(condemned, mode, quarantine.value, context));
  for (const { op, isNew } of operations) if (!isNew) record.adopt(op, 'intended');
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

function operationFor(
  { item, verdict }: Condemned,
  mode: RemovalMode,
  quarantine: string,
  context: ChunkContext,
): Operation {
  const known = context.openIntents.get(item.id);
  if (known !== undefined && mode === 'quarantine') {
    return { op: known.op, intent: known.intent, attempt: known.intent.attempt, item, verdict, isNew: false };
  }
  const op = context.newId();
  const attempt = (context.attempts.get(item.id) ?? 0) + (mode === 'in-parent' ? 2 : 1);
  const worktree = item.detail.type === 'worktree' ? registrationOf(item.detail.facts) : undefined;
  const repository = item.repository?.gitDir ?? item.repository?.name;
  const intent: RemovalIntended = {
    type: 'RemovalIntended',
    item: item.id,
    kind: item.kind,
    name: item.name,
    root: item.root,
    ...(repository === undefined ? {} : { repository }),
    bytes: item.size?.bytes ?? 0,
    files: item.size?.files ?? 0,
    reason: verdict.reason,
    proof: verdict.proof,
    mode,
    moves: movesOf(item, op, mode, quarantine),
    holdMs: mode === 'in-parent' || context.short ? 0 : context.holdMs(item),
    attempt,
    locks: item.owners.map((owner) => owner.slice(owner.indexOf(':') + 1)),
    ...(worktree === undefined ? {} : { worktree }),
  };
  return { op, intent, attempt, item, verdict, isNew: true };
}

type ChunkMoved = { readonly out: readonly Operation[]; readonly elsewhere: readonly Condemned[] };

async function moveChunk(
  operations: readonly Operation[],
  context: ChunkContext,
): Promise<Result<ChunkMoved, JournalFailure | DiskFailure>> {
  const out: Operation[] = [];
  const elsewhere: Condemned[] = [];
  const facts: Fact[] = [];
  const ids = operations.flatMap(({ intent }) => intent.locks);
  const held = await context.locks.hold(ids);
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
  for (const operation of operations) {
    const fact = results.get(operation);
    if (fact === undefined) continue;
    if (fact === 'moved') {
      out.push(operation);
      continue;
    }
    facts.push(fact);
    const { event } = fact;
    if (event.type !== 'ItemFailed' || operation.intent.mode === 'in-parent') continue;
    if (await mayWorkBeside(event.code, operation.item.path)) elsewhere.push(operation);
  }

  const directories = out.flatMap(({ intent }) =>
    intent.moves.flatMap(({ path, to }) => [dirname(to), dirname(path)]),
  );
  const synced = await syncDirectories([...new Set(directories)]);
  if (synced.isErr()) return err(synced.error);
  const now = context.clock();
  for (const { op, intent } of out) {
    const heldUntilMs = intent.holdMs > 0 ? { heldUntilMs: now + intent.holdMs } : {};
    facts.push({
      op,
      event: { type: 'ItemQuarantined', item: intent.item, bytes: intent.bytes, ...heldUntilMs },
    });
  }
  const told = await context.record.facts(facts);
  if (told.isErr()) return err(told.error);

  for (const { item, intent } of out) {
    context.gone.add(item.id);
    for (const { path } of intent.moves) context.expectedAbsent.add(path);
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
  const waitingFor = dependsOn(item, context.planned).find((id) => !context.gone.has(id));
  if (waitingFor !== undefined) {
    const evidence = { worktree: waitingFor };
    return { op, event: { type: 'ItemDrifted', item: item.id, reason: 'has-worktree', evidence } };
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

  const moved = await moveOut(intent.moves);
  switch (moved.type) {
    case 'moved':
      return 'moved';
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

async function freeChunk(
  operations: readonly Operation[],
  context: ChunkContext,
): Promise<Result<void, JournalFailure>> {
  for (const { item, intent } of operations) {
    if (intent.holdMs > 0) context.onProgress(item.kind, 1, intent.bytes);
  }
  const now = operations.filter(({ intent }) => intent.holdMs === 0);
  if (now.length === 0) return ok(undefined);
  const facts = await free(now, context.signal, ({ intent }) =>
    context.onProgress(intent.kind, 1, intent.bytes),
  );
  const told = await context.record.facts(facts);
  return told.isErr() ? err(told.error) : ok(undefined);
}
