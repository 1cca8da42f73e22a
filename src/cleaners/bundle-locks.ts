import { readdir, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { StaleLockReplaced } from '../journal/event.ts';
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
  /** Takes the locks of these sessions and jobs. `refused`: why an id could not be had. */
  readonly hold: (ids: readonly string[]) => Promise<Held>;
  /** Paths of the locks that are ours now. */
  readonly paths: () => ReadonlySet<string>;
  readonly release: () => Promise<void>;
  /** Releases, and takes the lock directory away again if it was not there before. */
  readonly close: () => Promise<void>;
};

export type Held = {
  readonly refused: ReadonlyMap<string, string>;
  readonly replaced: readonly StaleLockReplaced[];
};

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
  const held = new Set<string>();

  async function one(
    id: string,
    processes: () => Promise<ProcessTable>,
    replaced: StaleLockReplaced[],
  ): Promise<string | undefined> {
    // An id that is no plain name would lead out of the lock directory (P4).
    if (!isPlainId(id)) return `not an id of Prodigy: ${id}`;
    for (const root of roots) {
      const path = join(root, 'resume_locks', `${id}.lock`);
      const isFirst = root === roots[0];
      const there = await identify(path);
      const isAbsent = there.isOk() && there.value === undefined;
      const reading: LockReading = isAbsent
        ? { state: 'absent' }
        : await readLock(path, { host, nowMs: clock(), table: await processes(), ownPid: pid });
      switch (reading.state) {
        case 'ours':
          continue;
        case 'absent': {
          if (!isFirst) continue;
          const taken = await takeLock(path, id, ownLock());
          if (taken.isErr()) return `${taken.error.code} ${path}`;
          if (taken.value === 'held') return `taken meanwhile: ${path}`;
          held.add(path);
          continue;
        }
        case 'stale': {
          const { acquiredAt } = reading;
          const taken = await replaceStaleLock(path, reading, id, ownLock());
          if (taken.isErr()) return `${taken.error.code} ${path}`;
          if (taken.value === 'held') return `taken meanwhile: ${path}`;
          held.add(path);
          replaced.push({ type: 'StaleLockReplaced', path, pid: reading.pid, acquiredAt });
          continue;
        }
        case 'live':
        case 'foreign':
          return `held by process ${reading.pid} on ${reading.host} since ${reading.acquiredAt}`;
        default:
          return `not understood: ${reading.detail}`;
      }
    }
    return undefined;
  }

  function ownLock(): { host: string; pid: number; nowIso: string } {
    return { host, pid, nowIso: new Date(clock()).toISOString() };
  }

  async function release(): Promise<void> {
    const released: string[] = [];
    for (const path of held) {
      const done = await releaseLock(path, { host, pid });
      // What cannot be released now is tried again at the next occasion, at the latest by the next run.
      if (done.isErr()) continue;
      released.push(path);
      held.delete(path);
    }
    await settle(released);
  }

  return {
    hold: async (ids) => {
      const refused = new Map<string, string>();
      const replaced: StaleLockReplaced[] = [];
      // Hardly ever is there a lock already: the process table is read only then.
      let table: Promise<ProcessTable> | undefined;
      const processes = (): Promise<ProcessTable> => (table ??= readProcesses([]));
      await eachOf(new Set(ids), locksAtOnce, async (id) => {
        const why = await one(id, processes, replaced);
        if (why !== undefined) refused.set(id, why);
      });
      return { refused, replaced };
    },
    paths: () => held,
    release,
    close: async () => {
      await release();
      // Ours goes again while it is empty. One that Prodigy made stays: a starting run writes into it unasked.
      if (!wasThere) await rmdir(first).catch(() => undefined);
    },
  };
}

/** The run that took them is on record as ended next: a power cut must not bring back what nobody remembers. */
async function settle(paths: readonly string[]): Promise<void> {
  await syncDirectories([...new Set(paths.map((path) => dirname(path)))]);
}

/**
 * Takes away the locks that killed runs of ours left behind. Sessions that are gone are never locked again: nobody
 * else would.
 *
 * @param pids - of the runs there were; a lock of a process that lives is never touched
 */
export async function dropLocksOfDead(
  pids: ReadonlySet<number>,
  roots: readonly string[],
  { host, nowMs, readProcesses }: Context & { readonly nowMs: number },
): Promise<void> {
  for (const root of roots) await settleLockDirectory(join(root, 'resume_locks'));
  if (pids.size === 0) return;
  const table = await readProcesses([]);
  const dropped: string[] = [];
  for (const root of roots) {
    const directory = join(root, 'resume_locks');
    for (const name of await readdir(directory).catch(() => [])) {
      if (!name.endsWith('.lock')) continue;
      const path = join(directory, name);
      const reading = await readLock(path, { host, nowMs, table, ownPid: process.pid });
      if (reading.state !== 'stale' || !pids.has(reading.pid)) continue;
      await releaseLock(path, { host, pid: reading.pid });
      dropped.push(path);
    }
  }
  await settle(dropped);
}
