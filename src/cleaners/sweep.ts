import { err, ok, type Result } from 'neverthrow';
import { KeptDirectories } from '../disk/held.ts';
import type { JournalFailure } from '../model/failure.ts';
import type { Item, ItemId } from '../model/item.ts';
import type { Kind } from '../model/kind.ts';
import type { Look } from '../model/look.ts';
import type { OwnerId } from '../model/owner.ts';
import { explains } from '../policy/order.ts';
import type { ProcessTable } from '../storage/processes.ts';
import type { BundleLocks } from './bundle-locks.ts';
import { chunksOf } from './chunks.ts';
import type { OpenIntent } from './intent.ts';
import type { Condemned } from './judged.ts';
import type { RunRecord } from './run-record.ts';
import { freeChunk, moveChunk, type Asked, type MovedChunk, type Sweeping } from './sweep-chunk.ts';

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

/**
 * Removes a confirmed plan by the protocol of JOURNAL 3.3: per chunk intent, last look, rename into quarantine,
 * directory fsync, fact, free, fsync, fact. While one chunk is freed, which is waiting for the disk, the next one is
 * looked at and moved, which is mostly waiting for git. One item's failure never stops the others; a journal's failure
 * stops everything before anything else begins. After an abort no new item begins, and what had begun is told.
 */
export async function sweep(
  plan: Iterable<Condemned>,
  context: Sweep,
): Promise<Result<void, JournalFailure>> {
  const journal = new AbortController();
  using kept = new KeptDirectories();
  const sweeping: Sweeping = {
    ...context,
    hold: kept.hold,
    signal: AbortSignal.any([context.signal, journal.signal]),
    gone: new Set<ItemId>(),
    expectedAbsent: new Set<string>(),
    asked: askedAbout(plan, context.look),
    short: await context.isShortOfSpace(),
    bundleOf: bundles(context.look),
  };
  const freeing = new Freeing((chunk) => freeChunk(chunk, sweeping), journal);
  try {
    for (const chunk of chunksOf(plan, sweeping.short)) {
      if (sweeping.signal.aborted) break;
      const moved = await moveChunk(chunk, 'quarantine', sweeping);
      if (moved.isErr()) {
        journal.abort();
        return err(moved.error);
      }
      await freeing.begin(moved.value);
      const { elsewhere } = moved.value;
      // Room is what both are waiting for.
      if (sweeping.short || elsewhere.length > 0) await freeing.ended();
      if (elsewhere.length === 0 || sweeping.signal.aborted) continue;
      const beside = await moveChunk(elsewhere, 'in-parent', sweeping);
      if (beside.isErr()) return err(beside.error);
      await freeing.begin(beside.value);
    }
  } finally {
    await freeing.ended();
  }
  return freeing.result;
}

/** Frees chunks one after the other, while something else goes on. */
class Freeing {
  readonly #free: (chunk: MovedChunk) => Promise<Result<void, JournalFailure>>;
  readonly #journal: AbortController;
  #underWay: Promise<void> = Promise.resolve();
  #cause: { readonly cause: unknown } | undefined;
  /** Of all of them so far. */
  result: Result<void, JournalFailure> = ok(undefined);

  /** @param journal - is aborted when the journal fails, or something that cannot fail does */
  constructor(free: (chunk: MovedChunk) => Promise<Result<void, JournalFailure>>, journal: AbortController) {
    this.#free = free;
    this.#journal = journal;
  }

  /** Waits for its turn only. */
  async begin(chunk: MovedChunk): Promise<void> {
    await this.ended();
    this.#underWay = this.#free(chunk).then(
      (freed) => {
        if (freed.isErr()) {
          this.result = freed;
          this.#journal.abort();
        }
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
