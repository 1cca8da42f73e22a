import { setImmediate as breathe } from 'node:timers/promises';
import { Pool } from '../disk/pool.ts';

/**
 * Has threads read files a little before their real reader comes to them, once it turns out that they come from the disk
 * and not from memory: there queue depth is what counts (SPEED.md), and one reader has a queue of one.
 */
export class ReadAhead {
  readonly #paths: readonly string[];
  readonly #startedAt = performance.now();
  readonly #waitsBefore = waits();
  #reached = 0;
  #asked = 0;
  #pool: Pool<readonly string[], number> | undefined;

  /** @param paths - in the order in which they will be read */
  constructor(paths: readonly string[]) {
    this.#paths = paths;
  }

  /** To be awaited before each file is read, in order. */
  async next(): Promise<void> {
    this.#reached += 1;
    if (this.#pool === undefined) {
      if (!this.#isWorthThreads()) return;
      this.#pool = new Pool(new URL('./read-ahead-worker.js', import.meta.url), threads, undefined);
    }
    if (this.#reached % filesPerTurn !== 0) return;
    this.#ask(this.#pool);
    // Whoever answered has its turn.
    await breathe();
  }

  async close(): Promise<void> {
    await this.#pool?.close();
  }

  #ask(pool: Pool<readonly string[], number>): void {
    while (pool.idle > 0) {
      const from = Math.max(this.#asked, this.#reached + filesPerTurn);
      if (from >= Math.min(this.#paths.length, this.#reached + filesAhead)) return;
      this.#asked = from + filesPerQuestion;
      // A thread that died has read nothing ahead, and that is all.
      pool.ask(this.#paths.slice(from, this.#asked)).catch(() => undefined);
    }
  }

  #isWorthThreads(): boolean {
    if (this.#reached % filesPerTurn !== 0 || this.#paths.length - this.#reached < fewestLeft) return false;
    if (performance.now() - this.#startedAt < patienceMs) return false;
    return waits() - this.#waitsBefore > waitsPerColdFile * this.#reached;
  }
}

/**
 * How often this process has given its core away because it had to wait. Time alone does not tell a cold disk from a
 * machine with much else to do; a system that does not count answers 0.
 */
function waits(): number {
  return process.resourceUsage().voluntaryContextSwitches;
}

/** They wait for the disk, not for a core. */
const threads = 8;
/** To start them costs as much as reading so many from memory. */
const fewestLeft = 4_000;
const patienceMs = 100;
/** From memory it is none; cold, a file is waited for once or twice. */
const waitsPerColdFile = 0.3;
const filesPerTurn = 16;
const filesPerQuestion = 32;
const filesAhead = 1_024;
