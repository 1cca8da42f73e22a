import type { Worker } from 'node:worker_threads';
import { startThread } from './pool.ts';
import type { Stretch } from './read-ahead-worker.ts';

/** One thing that will be read: `list` a directory, it and the files in it, a file, or the beginning of one. */
export type Aim = { readonly as: 'list' | 'directory' | 'file' | 'head'; readonly path: string };

/** Told by who works through a list, before each index. */
export type Follower = (index: number) => void;

const letters = { list: 'l', directory: 'd', file: 'f', head: 'h' } as const;

/** Shorter lists are read before the threads have started. */
const worthwhile = 512;

/** So many are read to see whether the disk is waited for, and again until it is. */
const watched = 128;

/** Of what is read, so much must have made us wait: a warm list makes nobody wait, a cold one at each step. */
const leastWaits = 0.5;

/** And so much must have come from the disk: on a busy machine whoever has helping threads waits for them, too. */
const leastBlocks = 0.25;

/** Or taken so long: Linux counts no blocks of what comes over a network. */
const slowMs = 1;

/** The one who needs them tells every so often where it is. */
const steps = 32;

/** Entries that are laid out for the threads at once: a few megabytes, however long the list. */
const stretchEntries = 8_192;

/**
 * Threads that read what somebody else is about to read one by one, when the disk has to be waited for: it answers
 * several at once as fast as one. What they read is in the system's cache then, and nothing else comes of it: whoever
 * needs it reads it all the same, and judges what it is then.
 */
export class ReadAhead {
  readonly #size: number;
  #threads: Worker[] = [];
  #isCold = false;

  /** @param size - threads; none reads nothing ahead */
  constructor(size: number) {
    this.#size = size;
  }

  /** How many threads there are: none while nobody had to wait. */
  get threads(): number {
    return this.#threads.length;
  }

  /** @param aimOf - what will be read at an index of the list, if anything */
  follow(length: number, aimOf: (index: number) => Aim | undefined): Follower {
    if (length < worthwhile || this.#size === 0) return () => undefined;
    let before = soFar();
    let laidOut = 0;
    const stretches: { readonly from: number; readonly stretch: Stretch }[] = [];
    const layOut = (from: number): void => {
      const to = Math.min(length, from + stretchEntries);
      if (to <= from) return;
      const stretch = stretchOf(from, to, aimOf);
      stretches.push({ from, stretch });
      laidOut = to;
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, no window
      for (const thread of this.#threads) thread.postMessage(stretch);
    };
    return (index) => {
      if (!this.#isCold) {
        if (index % watched !== 0 || index === 0) return;
        const now = soFar();
        this.#isCold = wasWaited(before, now);
        before = now;
      }
      if (!this.#isCold || index % steps !== 0) return;
      this.#start();
      // What is needed before the threads come to it is not for them.
      for (const { from, stretch } of stretches) skip(stretch, index - from);
      while (stretches.length > 0 && (stretches[0]?.from ?? 0) + stretchEntries <= index) stretches.shift();
      if (laidOut <= index) layOut(index + steps);
      else if (laidOut < length && laidOut - index < stretchEntries / 2) layOut(laidOut);
    };
  }

  /** Ends the threads, wherever they are. */
  async close(): Promise<void> {
    const threads = this.#threads.splice(0);
    await Promise.all(threads.map((thread) => thread.terminate()));
  }

  #start(): void {
    if (this.#threads.length > 0) return;
    const module = new URL('./read-ahead-worker.js', import.meta.url);
    for (let left = this.#size; left > 0; left -= 1) {
      const thread = startThread(module);
      if (thread === undefined) break;
      // Nobody waits for it, and nobody misses one that dies.
      thread.unref();
      thread.on('error', () => undefined);
      this.#threads.push(thread);
    }
  }
}

type SoFar = { readonly waits: number; readonly blocks: number; readonly atMs: number };

/** How often this process gave its processor away to wait for something, and what came from the disk. */
function soFar(): SoFar {
  const { voluntaryContextSwitches: waits, fsRead: blocks } = process.resourceUsage();
  return { waits, blocks, atMs: performance.now() };
}

function wasWaited(before: SoFar, now: SoFar): boolean {
  if (now.waits - before.waits < watched * leastWaits) return false;
  return now.blocks - before.blocks >= watched * leastBlocks || now.atMs - before.atMs >= watched * slowMs;
}

function stretchOf(from: number, to: number, aimOf: (index: number) => Aim | undefined): Stretch {
  const pieces: Buffer[] = [];
  const ends = new Uint32Array(new SharedArrayBuffer(4 * (to - from)));
  let length = 0;
  for (let index = from; index < to; index += 1) {
    const aim = aimOf(index);
    if (aim !== undefined) {
      const piece = Buffer.from(`${letters[aim.as]}${aim.path}`);
      pieces.push(piece);
      length += piece.length;
    }
    ends[index - from] = length;
  }
  const text = new Uint8Array(new SharedArrayBuffer(length));
  let end = 0;
  for (const piece of pieces) {
    text.set(piece, end);
    end += piece.length;
  }
  return { text, ends, next: new Int32Array(new SharedArrayBuffer(4)) };
}

function skip({ next }: Stretch, to: number): void {
  if (to > Atomics.load(next, 0)) Atomics.store(next, 0, to);
}
