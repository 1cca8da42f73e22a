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
  /** Something else goes on in this thread meanwhile: another one helps soon, whatever the disk is like. */
  readonly isBesides?: boolean | undefined;
  /** Trees that are not finished when it is aborted are absent from the answer. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((entries: number, bytes: number) => void) | undefined;
};

/** A thread takes 30-50 ms to start: as long as reading so many entries. A cold disk is met sooner by its time. */
const inlineEntries = 20_000;
const inlineMs = 150;

/** When this thread has something else to do: about what a thread costs. */
const besidesEntries = 4_000;

const mostThreads = 4;

/**
 * With so many the disk is waited for, and threads can wait together: a cold tree has more than one block an entry, a
 * tree in memory one in a hundred, and a busy machine makes no difference to that.
 */
const coldBlocksPerEntry = 0.25;

/** Slower than this it is waited for, whatever was counted: Linux counts no blocks of what comes over a network. */
const coldEntriesPerMs = process.platform === 'linux' ? 20 : 80;

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
  const begun = beginMeasuring([], options);
  return begun.finish(requests);
}

/** Trees that are added up before it is known which of them have to be. */
export type Begun = AsyncDisposable & {
  /** As {@link measureTrees}: what was begun and is not among the requests is as if it had never been looked at. */
  finish(requests: readonly MeasureRequest[]): Promise<Map<string, Measurement>>;
};

/**
 * Begins with the trees at the given absolute paths in another thread: this one has something else to do. Whoever does
 * not want to finish it disposes of it.
 */
export function beginMeasuring(paths: readonly string[], options: MeasureOptions = {}): Begun {
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal]);
  const tallies = new Tallies(options.onProgress);
  const trees = new Map(paths.map((path, tree) => [path, tree]));
  let isWanted = false;
  const mayReadAlong = () => isWanted;
  const early = addUp(paths.map(topOf), { tallies, mayReadAlong, options: { ...options, signal } });
  // Whoever finishes it meets what went wrong.
  early.catch(() => undefined);
  return {
    finish: async (requests) => {
      isWanted = true;
      const unfinished = await early;
      const numbers = requests.map(({ path }) => {
        const tree = trees.get(path);
        trees.delete(path);
        return tree;
      });
      let next = paths.length;
      const order = numbers.map((tree) => tree ?? next++);
      const rest = requests.flatMap(({ path }, index) =>
        numbers[index] === undefined ? [topOf(path, order[index] ?? 0)] : [],
      );
      const left = await addUp(rest, { tallies, mayReadAlong, options: { ...options, signal } });
      return tallies.results(requests, order, new Set([...unfinished, ...left]));
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await early.catch(() => undefined);
    },
  };
}

function topOf(path: string, tree: number): WalkTask {
  return { tree, path: normalise(path) ?? path, relative: '', dev: undefined };
}

type Adding = {
  readonly tallies: Tallies;
  readonly options: MeasureOptions;
  /** Whether this thread has nothing better to do than to read some of it. */
  readonly mayReadAlong: () => boolean;
};

/** @returns the trees that are not read to their end */
async function addUp(
  tops: WalkTask[],
  { tallies, options, mayReadAlong }: Adding,
): Promise<ReadonlySet<number>> {
  if (tops.length === 0) return new Set();
  const mounts = await mountsBelow(tops, await readMounts());
  const walk = new Walk(mounts);
  // Taken from the end: the first request first.
  for (const task of tops.reverse()) walk.tasks.push(task);

  // Only what reading takes: others have their turns in between.
  let readingMs = 0;
  const blocksBefore = blocksRead();
  const entriesBefore = tallies.entries;
  let mayUseThreads = (options.concurrency ?? 1) > 0;
  const worth = (took: { readonly readingMs: number }): number => {
    const entries = tallies.entries - entriesBefore;
    const threads = threadsWorth(options, { ...took, entries, blocks: blocksRead() - blocksBefore });
    // Until somebody waits for it, it is for others to read it.
    return mayReadAlong() ? threads : Math.max(threads, 1);
  };
  while (!walk.isDone && options.signal?.aborted !== true) {
    const threads = mayUseThreads ? worth({ readingMs }) : 0;
    if (threads === 0) {
      readingMs += timed(() => walk.run(turnEntries));
    } else if (walk.finishDirectory(turnEntries)) {
      mayUseThreads = false;
      await readInThreads(walk, { mounts, tallies, options, threads, readingMs, worth, mayReadAlong });
    }
    tallies.add(walk.takeTallies());
    await setImmediate();
  }
  return walk.unfinished;
}

/** @returns how many threads so many entries, read in such a time and with so many blocks, are reason for */
function threadsWorth(
  { threadsAfter, concurrency = mostThreads, isBesides = false }: MeasureOptions,
  {
    entries,
    readingMs,
    blocks,
  }: { readonly entries: number; readonly readingMs: number; readonly blocks: number },
): number {
  if (threadsAfter !== undefined) return entries >= threadsAfter ? concurrency : 0;
  const isLong = entries >= inlineEntries || readingMs >= inlineMs;
  const isSpared = isBesides && entries >= besidesEntries;
  const isCold = entries < coldEntriesPerMs * readingMs || blocks > coldBlocksPerEntry * entries;
  if ((isLong || isSpared) && isCold) return concurrency;
  if (isLong && availableParallelism() >= coresToShare) return concurrency;
  return isSpared ? 1 : 0;
}

/** @returns milliseconds */
function timed(act: () => void): number {
  const startedAt = performance.now();
  act();
  return performance.now() - startedAt;
}

/** By this process, where the system counts them. */
function blocksRead(): number {
  return process.resourceUsage().fsRead;
}

type Shared = {
  readonly mounts: ReadonlySet<string>;
  readonly tallies: Tallies;
  readonly options: MeasureOptions;
  readonly threads: number;
  /** What reading took until here. */
  readonly readingMs: number;
  readonly worth: (took: { readonly readingMs: number }) => number;
  readonly mayReadAlong: () => boolean;
};

/** Shares the tasks of `walk` among threads; what is left there afterwards nobody could read. */
async function readInThreads(
  walk: Walk,
  { mounts, tallies, options, threads, readingMs: readingMsBefore, worth, mayReadAlong }: Shared,
): Promise<void> {
  const { tasks } = walk;
  if (tasks.length === 0) return;
  const module = new URL('./measure-worker.js', import.meta.url);
  const pool = new Pool<readonly WalkTask[], Measured>(module, threads, mounts);
  let size = threads;
  const most = options.concurrency ?? mostThreads;
  let readingMs = readingMsBefore;

  const ask = async (request: readonly WalkTask[]): Promise<void> => {
    try {
      const answer = await pool.ask(request);
      tallies.add(answer.tallies);
      for (const task of answer.left) tasks.push(received(task));
      readingMs += answer.readingMs;
    } catch {
      // The thread died and said nothing of these: they are read by another, or in this thread.
      for (const task of request) tasks.push(task);
    }
  };

  const mayAsk = () => pool.idle > 0 && tasks.length > 0 && options.signal?.aborted !== true;
  const asked = new Set<Promise<void>>();
  try {
    do {
      // One that only helps this thread becomes several when the disk turns out to be waited for.
      size = Math.max(size, worth({ readingMs }));
      pool.grow(size);
      while (mayAsk()) {
        const share = Math.min(tasksPerMessage, Math.ceil(tasks.length / (2 * size)));
        const question = ask(tasks.splice(-share)).finally(() => asked.delete(question));
        asked.add(question);
      }
      if (size < most && !walk.isDone && mayReadAlong()) {
        // This thread reads along in turns between what else it does.
        readingMs += timed(() => walk.run(turnEntries));
        tallies.add(walk.takeTallies());
        await setImmediate();
      } else if (asked.size > 0) await Promise.race(asked);
      // A thread that is alone has nothing to do when it has answered.
    } while (asked.size > 0 || mayAsk());
  } finally {
    await pool.close();
  }
}

/** Buffers come from a thread as plain arrays of bytes. */
function received(task: WalkTask): WalkTask {
  return typeof task.path === 'string' ? task : { ...task, path: Buffer.from(task.path) };
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
