import { err, ok, type Result } from 'neverthrow';
import { addTo } from '../model/groups.ts';
import { KeptDirectories } from '../disk/held.ts';
import type { RemovalMode } from '../journal/event-removal.ts';
import type { JournalFailure } from '../model/failure.ts';
import type { Item, ItemId } from '../model/item.ts';
import type { Kind } from '../model/kind.ts';
import type { Look } from '../model/look.ts';
import type { Obstacle } from '../model/obstacle.ts';
import type { OwnerId } from '../model/owner.ts';
import { explains } from '../policy/order.ts';
import type { OwnPlaces } from '../storage/own-places.ts';
import type { ProcessTable } from '../storage/processes.ts';
import type { BundleLocks } from './bundle-locks.ts';
import { chunksOf } from './chunks.ts';
import type { OpenIntent } from './intent.ts';
import type { Condemned } from './judged.ts';
import { RecentProcesses } from './recent-processes.ts';
import type { RunRecord } from './run-record.ts';
import {
  freeChunk,
  isAskedFor,
  moveChunk,
  settleChunk,
  type Asked,
  type MovedChunk,
  type Sweeping,
} from './sweep-chunk.ts';

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
  /** Why the quarantine is known to be out of its reach: it goes beside its place at once. */
  readonly beside: (item: Item) => Obstacle | undefined;
  /** True when the disk is nearly full: small chunks, freed at once. */
  readonly isShortOfSpace: () => Promise<boolean>;
  readonly readProcesses: () => Promise<ProcessTable>;
  /** Asked for each chunk: what the run lives on, as it lies now. */
  readonly ownPlaces: () => Promise<OwnPlaces>;
  readonly signal: AbortSignal;
  readonly onProgress: (kind: Kind, items: number, bytes: number) => void;
};

/**
 * Removes a confirmed plan by the protocol of JOURNAL 3.3: per chunk intent, last look, rename into quarantine,
 * directory fsync, fact, free, fsync, fact. From the fsync on, which is waiting for the disk, the next chunk is looked at
 * and moved beside, unless it asks whether something of this one is gone; worktrees wait for the fact. One item's failure
 * never stops the others; a journal's failure stops everything before anything else begins. After an abort no new item
 * begins, and what had begun is told.
 */
export async function sweep(
  plan: Iterable<Condemned>,
  context: Sweep,
): Promise<Result<void, JournalFailure>> {
  const journal = new AbortController();
  using kept = new KeptDirectories();
  const sweeping: Sweeping = {
    ...context,
    processes: new RecentProcesses(context.readProcesses, context.clock),
    hold: kept.hold,
    signal: AbortSignal.any([context.signal, journal.signal]),
    gone: new Set<ItemId>(),
    expectedAbsent: new Set<string>(),
    noRoom: new Set<ItemId>(),
    asked: askedAbout(plan, context.look),
    short: await context.isShortOfSpace(),
    bundleOf: bundles(context.look),
  };
  const ending = new Ending(journal);
  try {
    for (const chunk of chunksOf(plan, sweeping.short)) {
      if (sweeping.signal.aborted) break;
      const elsewhere = await sweepChunk(chunk, 'quarantine', ending, sweeping);
      // Room is what both are waiting for.
      if (sweeping.short || elsewhere.length > 0) await ending.ended();
      if (elsewhere.length === 0 || sweeping.signal.aborted) continue;
      await sweepChunk(elsewhere, 'in-parent', ending, sweeping);
    }
  } finally {
    await ending.ended();
  }
  return ending.result;
}

/** @returns what is to be tried elsewhere */
async function sweepChunk(
  chunk: readonly Condemned[],
  mode: RemovalMode,
  ending: Ending,
  context: Sweeping,
): Promise<readonly Condemned[]> {
  const moved = await moveChunk(chunk, mode, context);
  if (moved.isErr()) {
    ending.fail(moved.error);
    return [];
  }
  if (!mustSettleFirst(moved.value, context)) {
    await ending.begin(() =>
      settleChunk(moved.value, context).then((settled) =>
        settled.isErr() ? err(settled.error) : freeChunk(settled.value, context),
      ),
    );
    return moved.value.elsewhere;
  }
  const settled = await settleChunk(moved.value, context);
  if (settled.isErr()) {
    ending.fail(settled.error);
    return [];
  }
  await ending.begin(() => freeChunk(settled.value, context));
  return moved.value.elsewhere;
}

/** Large trees are freed for long: what comes after them is told to be in quarantine before that. */
function mustSettleFirst(moved: MovedChunk, { asked }: Sweeping): boolean {
  return moved.out.some(({ intent }) => intent.kind === 'worktrees') || isAskedFor(moved, asked);
}

/** Brings chunks to their ends one after the other, while something else goes on. */
class Ending {
  readonly #journal: AbortController;
  #underWay: Promise<void> = Promise.resolve();
  #cause: { readonly cause: unknown } | undefined;
  /** Of all of them so far: what broke the journal. */
  result: Result<void, JournalFailure> = ok(undefined);

  /** @param journal - is aborted when the journal fails, or something that cannot fail does */
  constructor(journal: AbortController) {
    this.#journal = journal;
  }

  /** Nothing more is begun. */
  fail(failure: JournalFailure): void {
    // Whoever finds the journal dead does not know of what, and may be told first.
    if (this.result.isOk() || this.result.error.type === 'journal-dead') this.result = err(failure);
    this.#journal.abort();
  }

  /** Waits for its turn only. */
  async begin(end: () => Promise<Result<void, JournalFailure>>): Promise<void> {
    await this.ended();
    this.#underWay = end().then(
      (ended) => {
        if (ended.isErr()) this.fail(ended.error);
      },
      (cause: unknown) => {
        this.#cause = { cause };
        this.#journal.abort();
      },
    );
  }

  async ended(): Promise<void> {
    await this.#underWay;
    const thrown = this.#cause;
    this.#cause = undefined;
    if (thrown !== undefined) throw thrown.cause;
  }
}

/** Of what goes, only this is asked for again: of a hundred thousand items it is nearly nothing. */
function askedAbout(plan: Iterable<Condemned>, { owners }: Look): Asked {
  const items = new Set<ItemId>();
  for (const { item } of plan) for (const id of explains(item)) items.add(id);
  const paths = new Set<string>();
  for (const { witnesses } of owners.values()) for (const { path } of witnesses()) paths.add(path);
  return { items, paths };
}

/** Everybody linked to an owner, over any number of links, and itself. In no order. */
function bundles({ links }: Look): (owner: OwnerId) => readonly OwnerId[] {
  const neighbours = new Map<OwnerId, OwnerId[]>();
  for (const [a, b] of links) {
    addTo(neighbours, a, b);
    addTo(neighbours, b, a);
  }
  const known = new Map<OwnerId, readonly OwnerId[]>();
  return (owner) => {
    const before = known.get(owner);
    if (before !== undefined) return before;
    const reached = new Set([owner]);
    // A set is walked in the order in which it grows.
    for (const next of reached) for (const other of neighbours.get(next) ?? []) reached.add(other);
    const bundle = [...reached];
    for (const one of bundle) known.set(one, bundle);
    return bundle;
  };
}
