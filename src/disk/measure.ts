import { Buffer } from 'node:buffer';
import { realpath } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { DiskFailure } from '../model/failure.ts';
import type { Measured } from './measure-worker.ts';
import { mountsInside, readMounts } from './mounts.ts';
import type { MountTable } from './mounts.ts';
import { normalise } from './path.ts';
import { Pool } from './pool.ts';
import { Tallies } from './tallies.ts';
import { Walk } from './walk.ts';
import type { WalkTask } from './walk.ts';

export type Measurement = {
  /** Allocated: what `du` counts. Of an object with several names, the first tree that has one gets all. */
  readonly bytes: number;
  /** Entries, the top included; every name of an object counts. */
  readonly files: number;
  /** Objects that have further names outside this tree: removing the tree alone does not free them. */
  readonly hardLinksShared: number;
  /** Entries named `.git` below the top level, and bare repositories, relative; the first 20 in order. */
  readonly nestedRepositories: readonly string[];
  readonly newestMtimeMs: number;
  /** Sockets, pipes, devices. */
  readonly special: number;
  /** What could not be read, and `EXDEV` for what was not entered; 20 at most. */
  readonly problems: readonly DiskFailure[];
  readonly problemCount: number;
};

export type MeasureRequest = { readonly key: string; readonly path: string };

export type MeasureOptions = {
  /** Entries after which threads take over whatever the disk is like; decided by its speed when absent. */
  readonly threadsAfter?: number | undefined;
  /** Threads at most. */
  readonly concurrency?: number | undefined;
  /** Trees that are not finished when it is aborted are absent from the answer. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((entries: number, bytes: number) => void) | undefined;
};

/** A thread takes 30-50 ms to start: as long as reading so many entries. A cold disk is met sooner by its time. */
const inlineEntries = 20_000;
const inlineMs = 150;

/** Slower than this the disk is waited for, and threads can wait together. From memory it is twice as fast. */
const coldEntriesPerMs = 80;

/** With fewer cores threads gain nothing on what is already in memory (SPEED.md). */
const coresToShare = 4;

/** The event loop gets its turn after so many entries, some milliseconds. */
const turnEntries = 512;

/** Directories in one message, which costs as much as reading some. */
const tasksPerMessage = 64;

/**
 * Adds up the trees at the given absolute paths. The trees of one call share their hard links: each object is
 * counted once, for the first request that has a name of it. Links are never followed.
 */
export async function measureTrees(
  requests: readonly MeasureRequest[],
  options: MeasureOptions = {},
): Promise<Map<string, Measurement>> {
  const tops: WalkTask[] = requests.map(({ path }, tree) => ({
    tree,
    path: normalise(path) ?? path,
    relative: '',
    dev: undefined,
  }));
  const mounts = await mountsBelow(tops, await readMounts());
  const tallies = new Tallies(options.onProgress);
  const walk = new Walk(mounts);
  // Taken from the end: the first request first.
  for (const task of tops.reverse()) walk.tasks.push(task);

  // Only what reading takes: others have their turns in between.
  let readingMs = 0;
  let mayUseThreads = (options.concurrency ?? 1) > 0;
  while (!walk.isDone && options.signal?.aborted !== true) {
    if (!mayUseThreads || !isWorthThreads(options.threadsAfter, tallies.entries, readingMs)) {
      const startedAt = performance.now();
      walk.run(turnEntries);
      readingMs += performance.now() - startedAt;
    } else if (walk.finishDirectory(turnEntries)) {
      mayUseThreads = false;
      await readInThreads(walk, mounts, tallies, options);
    }
    tallies.add(walk.takeTallies());
    await setImmediate();
  }
  return tallies.results(requests, walk.unfinished);
}

function isWorthThreads(after: number | undefined, entries: number, elapsedMs: number): boolean {
  if (after !== undefined) return entries >= after;
  if (entries < inlineEntries && elapsedMs < inlineMs) return false;
  return entries < coldEntriesPerMs * elapsedMs || availableParallelism() >= coresToShare;
}

/** Shares the tasks of `walk` among threads; what is left there afterwards nobody could read. */
async function readInThreads(
  walk: Walk,
  mounts: ReadonlySet<string>,
  tallies: Tallies,
  { concurrency = 4, signal }: MeasureOptions,
): Promise<void> {
  const { tasks } = walk;
  if (tasks.length === 0) return;
  const module = new URL('./measure-worker.js', import.meta.url);
  const pool = new Pool<readonly WalkTask[], Measured>(module, concurrency, mounts);

  const ask = async (request: readonly WalkTask[]): Promise<void> => {
    try {
      const { tallies: counted, left } = await pool.ask(request);
      tallies.add(counted);
      for (const task of left) tasks.push(task);
    } catch {
      // The thread died and said nothing of these: they are read by another, or in this thread.
      for (const task of request) tasks.push(task);
    }
  };

  const isAborted = () => signal?.aborted === true;
  const asked = new Set<Promise<void>>();
  do {
    while (pool.idle > 0 && tasks.length > 0 && !isAborted()) {
      const share = Math.min(tasksPerMessage, Math.ceil(tasks.length / (2 * concurrency)));
      const question = ask(tasks.splice(-share)).finally(() => asked.delete(question));
      asked.add(question);
    }
    if (asked.size > 0) await Promise.race(asked);
  } while (asked.size > 0);
  await pool.close();
  for (const [index, task] of tasks.entries()) {
    if (typeof task.path !== 'string') tasks[index] = { ...task, path: Buffer.from(task.path) };
  }
}

/** Mount points inside the trees, written like the paths under which the walk meets them. */
async function mountsBelow(
  tops: readonly WalkTask[],
  table: MountTable | undefined,
): Promise<ReadonlySet<string>> {
  const points = new Set<string>();
  if (table === undefined) return points;
  const realParents = new Map<string, string>();
  for (const { path } of tops) {
    if (typeof path !== 'string') continue;
    const parent = dirname(path);
    const realParent = realParents.get(parent) ?? (await realpath(parent).catch(() => parent));
    realParents.set(parent, realParent);
    const real = join(realParent, basename(path));
    for (const point of mountsInside(table, real)) points.add(path + point.slice(real.length));
  }
  return points;
}
