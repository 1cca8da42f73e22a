import type { ProcessTable } from '../storage/processes.ts';

/** A table that is no older is as of now. */
const recentMs = 500;

/**
 * Who runs, for chunks that follow each other: hundreds of processes take a tenth of a second to be looked at. What the
 * look from behind a chunk's renames saw is as good as a new one before those of the next, because that has its own from
 * behind, which asks all of the same again and puts back what somebody uses after all.
 */
export class RecentProcesses {
  readonly #read: () => Promise<ProcessTable>;
  readonly #clock: () => number;
  #last: { readonly table: ProcessTable; readonly atMs: number } | undefined;

  constructor(read: () => Promise<ProcessTable>, clock: () => number) {
    this.#read = read;
    this.#clock = clock;
  }

  async now(): Promise<ProcessTable> {
    // As of when it was begun.
    const atMs = this.#clock();
    const table = await this.#read();
    // What could not be read a moment ago perhaps can be now.
    this.#last = table.readable ? { table, atMs } : undefined;
    return table;
  }

  /** As of a moment ago at most. */
  async recent(): Promise<ProcessTable> {
    if (this.#last === undefined) return this.now();
    const ageMs = this.#clock() - this.#last.atMs;
    // The clock may have been set.
    return ageMs >= 0 && ageMs <= recentMs ? this.#last.table : this.now();
  }
}
