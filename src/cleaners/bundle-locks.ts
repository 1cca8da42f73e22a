import { readdir, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { StaleLockReplaced } from '../journal/event-removal.ts';
import { identify } from '../disk/identity.ts';
import { syncDirectories } from '../disk/quarantine.ts';
import { isPlainId } from '../storage/names.ts';
import type { ProcessTable, ReadProcesses } from '../storage/processes.ts';
import { eachOf } from './each-of.ts';
import {
  readLock,
  releaseLock,
  replaceStaleLock,
  settleLockDirectory,
  takeLock,
  type LockReading,
} from '../storage/prodigy-lock.ts';

/** Prodigy's own resume locks, held by us while bundles go, so that Prodigy refuses to resume them (P11). */
export type BundleLocks = {
  /** Takes the locks of these sessions and jobs, and shares those that are ours already. */
  readonly hold: (ids: readonly string[]) => Promise<Held>;
  /** Paths of the locks that are ours now. */
  readonly paths: () => Pick<ReadonlySet<string>, 'has'>;
  /** Releases all of them, and takes the lock directory away again if it was not there before. */
  readonly close: () => Promise<void>;
};

export type Held = {
  /** Why an id could not be had, and whether because somebody has it. */
  readonly refused: ReadonlyMap<string, Refusal>;
  readonly replaced: readonly StaleLockReplaced[];
  /**
   * The lock that somebody has taken meanwhile where we could not take one for want of room; `undefined`: none. What was
   * moved without a lock is put back then: the disk being full locked Prodigy out, but may not do so any longer.
   */
  readonly takenSince: (ids: readonly string[]) => string | undefined;
  /** Gives back those that nobody else shares. */
  readonly release: () => Promise<void>;
};

export type Refusal = { readonly why: string; readonly isHeld: boolean };

type Context = { readonly host: string; readonly readProcesses: ReadProcesses };

const locksAtOnce = 16;

/**
 * @param roots - Prodigy keeps its locks in the first; a lock in any of them is respected
 */
export async function openBundleLocks(
  roots: readonly string[],
  { host, clock, readProcesses }: Context & { readonly clock: () => number },
): Promise<BundleLocks> {
  const pid = process.pid;
  const first = join(roots[0] ?? '', 'resume_locks');
  const wasThere = await stat(first).then(
    () => true,
    () => false,
  );
  /** How many share each; with none left it could not be given back yet. */
  const held = new Map<string, number>();
  let hasHeld = false;
  let queue: Promise<unknown> = Promise.resolve();

  /** A lock that is being given back is not to be shared. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = queue.then(work);
    queue = turn.catch(() => undefined);
    return turn;
  }

  function share(path: string, hold: Hold): void {
    if (hold.paths.has(path)) return;
    hold.paths.add(path);
    held.set(path, (held.get(path) ?? 0) + 1);
    hasHeld = true;
  }

  async function one(
    id: string,
    processes: () => Promise<ProcessTable>,
    hold: Hold,
  ): Promise<Refusal | undefined> {
    // An id that is no plain name would lead out of the lock directory (P4).
    if (!isPlainId(id)) return impossible(`not an id of Prodigy: ${id}`);
    for (const root of roots) {
      const path = join(root, 'resume_locks', `${id}.lock`);
      const isFirst = root === roots[0];
      const there = identify(path);
      const isAbsent = there.isOk() && there.value === undefined;
      const reading: LockReading = isAbsent
        ? { state: 'absent' }
        : await readLock(path, { host, nowMs: clock(), table: await processes(), ownPid: pid });
      switch (reading.state) {
        case 'ours':
          share(path, hold);
          continue;
        case 'absent': {
          if (!isFirst) continue;
          const taken = await takeLock(path, id, ownLock());
          if (taken.isErr() && isFull(taken.error.code)) {
            hold.withoutRoom.add(id);
            continue;
          }
          if (taken.isErr()) return impossible(`${taken.error.code} ${path}`);
          if (taken.value === 'held') return heldBy(`taken meanwhile: ${path}`);
          share(path, hold);
          continue;
        }
        case 'stale': {
          const { acquiredAt } = reading;
          const taken = await replaceStaleLock(path, reading, id, ownLock());
          if (taken.isErr() && isFull(taken.error.code)) {
            hold.withoutRoom.add(id);
            continue;
          }
          if (taken.isErr()) return impossible(`${taken.error.code} ${path}`);
          if (taken.value === 'held') return heldBy(`taken meanwhile: ${path}`);
          share(path, hold);
          hold.replaced.push({ type: 'StaleLockReplaced', path, pid: reading.pid, acquiredAt });
          continue;
        }
        case 'live':
        case 'foreign':
          return heldBy(`held by process ${reading.pid} on ${reading.host} since ${reading.acquiredAt}`);
        default:
          return { why: `not understood: ${reading.detail}`, isHeld: reading.state === 'broken-young' };
      }
    }
    return undefined;
  }

  function ownLock(): { host: string; pid: number; nowIso: string } {
    return { host, pid, nowIso: new Date(clock()).toISOString() };
  }

  function takenSince(ids: readonly string[], { withoutRoom }: Hold): string | undefined {
    for (const id of ids) {
      if (!withoutRoom.has(id)) continue;
      const path = join(first, `${id}.lock`);
      const there = identify(path);
      if (there.isErr() || there.value !== undefined) return path;
    }
    return undefined;
  }

  async function release({ paths, withoutRoom }: Hold): Promise<void> {
    withoutRoom.clear();
    for (const path of paths) held.set(path, (held.get(path) ?? 1) - 1);
    paths.clear();
    await giveBack((sharers) => sharers <= 0);
  }

  async function giveBack(isFree: (sharers: number) => boolean): Promise<void> {
    for (const [path, sharers] of held) {
      if (!isFree(sharers)) continue;
      const done = await releaseLock(path, { host, pid });
      // What cannot be released now is tried again at the next occasion, at the latest by the next run.
      if (done.isOk()) held.delete(path);
    }
  }

  return {
    hold: (ids) =>
      inTurn(async () => {
        const refused = new Map<string, Refusal>();
        const hold: Hold = { paths: new Set(), withoutRoom: new Set(), replaced: [] };
        // Hardly ever is there a lock already: the process table is read only then.
        let table: Promise<ProcessTable> | undefined;
        const processes = (): Promise<ProcessTable> => (table ??= readProcesses([]));
        await eachOf(new Set(ids), locksAtOnce, async (id) => {
          const why = await one(id, processes, hold);
          if (why !== undefined) refused.set(id, why);
        });
        return {
          refused,
          replaced: hold.replaced,
          takenSince: (since) => takenSince(since, hold),
          release: () => inTurn(() => release(hold)),
        };
      }),
    paths: () => held,
    close: async () => {
      await inTurn(() => giveBack(() => true));
      // Ours goes again while it is empty. One that Prodigy made stays: a starting run writes into it unasked.
      if (!wasThere) await rmdir(first).catch(() => undefined);
      // A power cut must not bring locks back when the run has come to its end: nobody would look for them any more.
      if (hasHeld) await syncDirectories([first]);
    },
  };
}

function impossible(why: string): Refusal {
  return { why, isHeld: false };
}

function heldBy(why: string): Refusal {
  return { why, isHeld: true };
}

/** What one chunk holds. */
type Hold = {
  readonly paths: Set<string>;
  /** Locks that cannot be written, because the disk is full: Prodigy cannot either. */
  readonly withoutRoom: Set<string>;
  readonly replaced: StaleLockReplaced[];
};

function isFull(code: string): boolean {
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** A run of ours: who it was, and when it may have taken locks. */
export type LockTaker = { readonly pid: number; readonly fromMs: number; readonly untilMs: number };

/**
 * Takes away the locks that earlier runs of ours left behind: killed, or with a disk that was gone when they gave them
 * back. Sessions that are gone are never locked again: nobody else would.
 *
 * @param takers - a lock of a process that lives is never touched, nor one that none of these can have taken
 */
export async function dropLocksOfDead(
  takers: readonly LockTaker[],
  roots: readonly string[],
  { host, nowMs, readProcesses }: Context & { readonly nowMs: number },
): Promise<void> {
  for (const root of roots) await settleLockDirectory(join(root, 'resume_locks'));
  if (takers.length === 0) return;
  let table: ProcessTable | undefined;
  for (const root of roots) {
    const directory = join(root, 'resume_locks');
    let dropped = 0;
    for (const name of await readdir(directory).catch(() => [])) {
      if (!name.endsWith('.lock')) continue;
      const path = join(directory, name);
      table ??= await readProcesses([]);
      const reading = await readLock(path, { host, nowMs, table, ownPid: process.pid });
      if (reading.state !== 'stale') continue;
      const { pid } = reading;
      const atMs = Date.parse(reading.acquiredAt);
      const isOurs = takers.some((one) => one.pid === pid && one.fromMs <= atMs && atMs <= one.untilMs);
      if (!isOurs) continue;
      await releaseLock(path, { host, pid });
      dropped += 1;
    }
    if (dropped > 0) await syncDirectories([directory]);
  }
}
