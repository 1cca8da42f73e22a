import { join } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import type { Hold } from '../disk/held.ts';
import { ensureQuarantine } from '../disk/quarantine.ts';
import type { RemovalMode } from '../journal/event-removal.ts';
import type { JournalFailure } from '../model/failure.ts';
import { invariant } from '../model/invariant.ts';
import type { ItemId } from '../model/item.ts';
import type { OwnerId } from '../model/owner.ts';
import { adopt } from '../projections/run-account.ts';
import type { Held } from './bundle-locks.ts';
import { breaths } from './breaths.ts';
import { eachOf } from './each-of.ts';
import { free } from './free.ts';
import { isPromised, operationFor, type Operation, type Way } from './intent.ts';
import { syncMoves } from './move-out.ts';
import { afterFailure, lostBeside, noRoomErrors } from './quarantine-fallback.ts';
import { quarantineLevels } from './quarantine-place.ts';
import { letGo } from './snapshot.ts';
import type { RecentProcesses } from './recent-processes.ts';
import type { Fact } from './run-record.ts';
import type { Condemned } from './judged.ts';
import type { Sweep } from './sweep.ts';
import { moveOne, putBackIfUsed } from './sweep-item.ts';

/** What is asked for again of all that goes. */
export type Asked = {
  /** What something that goes explains. */
  readonly items: ReadonlySet<ItemId>;
  /** What would show that an owner came to life. */
  readonly paths: ReadonlySet<string>;
};

/** What the chunks of one sweep have in common. */
export type Sweeping = Omit<Sweep, 'readProcesses'> & {
  readonly processes: RecentProcesses;
  /** Thousands of items are moved from and to the same few directories. */
  readonly hold: Hold;
  readonly asked: Asked;
  readonly gone: Set<ItemId>;
  readonly expectedAbsent: Set<string>;
  /** What is freed at once because there is no room to do otherwise (JOURNAL 3.5). */
  readonly noRoom: Set<ItemId>;
  readonly short: boolean;
  readonly bundleOf: (owner: OwnerId) => readonly OwnerId[];
};

/** Last look and rename follow each other for each item; this many items are under way. */
const movesAtOnce = 16;

/** A chunk as far as it is in quarantine. Its locks are held until it is freed. */
export type MovedChunk = {
  readonly out: readonly Operation[];
  /** What became of the others. */
  readonly facts: readonly Fact[];
  /** What cannot be moved to where it was to go, but perhaps to a place beside its own. */
  readonly elsewhere: readonly Condemned[];
  readonly held: Held;
};

/** A chunk that is told to be in quarantine, and is so for good. */
export type SettledChunk = Pick<MovedChunk, 'out' | 'held'>;

/** Writes down what is intended, looks a last time, and renames: the first part of a chunk. */
export async function moveChunk(
  chunk: readonly Condemned[],
  mode: RemovalMode,
  context: Sweeping,
): Promise<Result<MovedChunk, JournalFailure>> {
  const operations = await beginChunk(chunk, mode, context);
  if (operations.isErr()) return err(operations.error);
  const held = await context.locks.hold(operations.value.flatMap(({ intent }) => intent.locks));
  let moved: Result<Omit<MovedChunk, 'held'>, JournalFailure> | undefined;
  try {
    moved = await moveAll(operations.value, held, context);
  } finally {
    if (moved?.isOk() !== true) await held.release();
  }
  return moved.map((chunk) => ({ ...chunk, held }));
}

/** Whether what comes after a chunk asks for something of it: it must be settled before anything else is moved. */
export function isAskedFor({ out }: MovedChunk, { items, paths }: Asked): boolean {
  return out.some(
    ({ item, intent }) => items.has(item.id) || intent.moves.some(({ path }) => paths.has(path)),
  );
}

/** Makes the renames durable and writes down what became of each item: the second part of a chunk. */
export async function settleChunk(
  chunk: MovedChunk,
  context: Sweeping,
): Promise<Result<SettledChunk, JournalFailure>> {
  const { held } = chunk;
  let settled: Result<readonly Operation[], JournalFailure> | undefined;
  try {
    settled = await settleAll(chunk, context);
  } finally {
    if (settled?.isOk() !== true) await held.release();
  }
  return settled.map((out) => ({ out, held }));
}

/** Frees what is not held for undo, and gives the locks back: the last part of a chunk. */
export async function freeChunk(
  { out, held }: SettledChunk,
  context: Sweeping,
): Promise<Result<void, JournalFailure>> {
  try {
    return await freeAll(out, context);
  } finally {
    await held.release();
  }
}

async function beginChunk(
  chunk: readonly Condemned[],
  mode: RemovalMode,
  context: Sweeping,
): Promise<Result<readonly Operation[], JournalFailure>> {
  const { record } = context;
  const first = chunk[0];
  invariant(first, 'a chunk has items');
  const levels = [...quarantineLevels(context.journalId)];
  const quarantine = await ensureQuarantine(first.item.root, levels);
  const broken = quarantine.isErr() ? quarantine.error : undefined;
  if (broken !== undefined && noRoomErrors.has(broken.code))
    for (const { item } of chunk) context.noRoom.add(item.id);
  const operations: Operation[] = [];
  const given: Fact[] = [];
  for (const condemned of chunk) {
    const { item } = condemned;
    // Where there can be no quarantine, an item can still be renamed beside its place.
    const obstacle = broken ?? context.beside(item);
    const isBeside = mode === 'in-parent' || obstacle !== undefined;
    const unheld =
      isBeside && isPromised(item, context) ? await lostBeside(item, obstacle, context) : undefined;
    const way: Way = {
      mode: isBeside && unheld === undefined ? 'in-parent' : 'quarantine',
      quarantine: quarantine.unwrapOr(join(first.item.root, ...levels)),
      isAgain: mode === 'in-parent',
    };
    const { operation, givenUp } = operationFor(condemned, way, context);
    operations.push(unheld === undefined ? operation : { ...operation, unheld });
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
  return ok(operations);
}

async function moveAll(
  operations: readonly Operation[],
  held: Held,
  context: Sweeping,
): Promise<Result<Omit<MovedChunk, 'held'>, JournalFailure>> {
  const out: Operation[] = [];
  const elsewhere: Condemned[] = [];
  const facts: Fact[] = [];
  const noted = await context.record.note(held.replaced);
  if (noted.isErr()) return err(noted.error);
  // Whoever could resume one of them is locked out now; whoever is at work already is seen here, or at the latest from
  // behind the rename. A worktree is looked at for so long that nobody's is moved for nothing.
  const isLong = operations.some(({ intent }) => intent.kind === 'worktrees');
  const table = await (isLong ? context.processes.now() : context.processes.recent());

  const own = await context.ownPlaces();
  const results = new Map<Operation, Fact | 'moved'>();
  const breathe = breaths();
  await eachOf(operations, movesAtOnce, async (operation) => {
    // What is not begun after an abort keeps its open intent: `resume` takes it up.
    if (context.signal.aborted) return;
    results.set(operation, await moveOne(operation, held.refused, { table, own }, context));
    await breathe();
  });
  // Whoever came in after that look has come along: a working directory and an open file follow the rename.
  const late = await context.processes.now();
  for (const operation of operations) {
    const result = results.get(operation);
    if (result === undefined) continue;
    const fact = result === 'moved' ? await putBackIfUsed(operation, late, held, context.look) : result;
    if (fact === 'moved') {
      out.push(operation);
      continue;
    }
    const next = await afterFailure(operation, fact, context);
    facts.push(next.fact);
    if (next.isElsewhere) elsewhere.push(operation);
  }
  return ok({ out, facts, elsewhere });
}

/** @returns what is in quarantine now, and will be after a power cut */
async function settleAll(
  { out, facts: others }: MovedChunk,
  context: Sweeping,
): Promise<Result<readonly Operation[], JournalFailure>> {
  const { asked } = context;
  const facts = [...others];
  const synced = await syncMoves(out.flatMap(({ intent }) => intent.moves));
  const now = context.clock();
  for (const { op, intent } of out) {
    if (synced.isErr()) {
      // Not durable: nothing is freed, and the operation stays open for `resume` to look at.
      const { path, code } = synced.error;
      facts.push({ op, event: { type: 'PutBackBlocked', item: intent.item, path, code } });
      continue;
    }
    const { item, bytes, holdMs } = intent;
    const event: Fact['event'] =
      holdMs > 0
        ? { type: 'ItemQuarantined', item, bytes, heldUntilMs: now + holdMs }
        : { type: 'ItemQuarantined', item, bytes };
    facts.push({ op, event });
  }
  const told = await context.record.facts(facts);
  if (told.isErr()) return err(told.error);

  if (synced.isErr()) return ok([]);
  for (const { item, intent } of out) {
    if (asked.items.has(item.id)) context.gone.add(item.id);
    for (const { path } of intent.moves) if (asked.paths.has(path)) context.expectedAbsent.add(path);
  }
  return ok(out);
}

async function freeAll(
  operations: readonly Operation[],
  context: Sweeping,
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
