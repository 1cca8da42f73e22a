import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { KeySet } from './key-set.ts';
import { rowPrefix, rowsEnd } from './key.ts';
import type { RowSums } from './state.ts';
import type { Store } from './store.ts';

/** A stored row: as it is read, and what it adds to the sum of its projection. */
export type Stored = { readonly row: unknown; readonly worth: bigint };

/**
 * What a writer knows of the rows in the store without reading them: those that were written last, and which keys have
 * none. A key without a row is dear to look for: LevelDB takes some hundred such looks for a reason to merge tables.
 */
export class KnownRows {
  readonly #projections = new Map<string, KnownRowsOf>();

  /** What is known of one projection, till {@link clear} is called. */
  of(name: string): KnownRowsOf {
    const known = this.#projections.get(name);
    if (known !== undefined) return known;
    const fresh = new KnownRowsOf();
    this.#projections.set(name, fresh);
    return fresh;
  }

  /** Reads the keys of those projections of which so much was read that reading them all costs no more. */
  async learn(store: Store, sums: RowSums): Promise<Result<void, JournalFailure>> {
    for (const [name, { count }] of Object.entries(sums)) {
      const projection = this.of(name);
      if (projection.hasKeys || projection.reads * keysForARead < count) continue;
      const keys = new KeySet();
      const prefix = rowPrefix(name);
      if (count > 0) {
        for await (const page of store.keys({ gte: prefix, lt: rowsEnd(name) })) {
          if (page.isErr()) return err(page.error);
          for (const key of page.value) keys.add(key.slice(prefix.length));
        }
      }
      projection.learn(keys);
    }
    return ok(undefined);
  }

  /** To be called when rows are written in another way. */
  clear(): void {
    this.#projections.clear();
  }
}

/** The same for the rows of one projection, by their keys in it: an item's id is hashed once, however often it is asked for. */
export class KnownRowsOf {
  /** Two generations: the older is dropped as a whole when the younger is full. */
  #young = new Map<string, Stored>();
  #old = new Map<string, Stored>();
  #reads = 0;
  #keys: KeySet | undefined;

  /** How many rows had to be read. */
  get reads(): number {
    return this.#reads;
  }

  get hasKeys(): boolean {
    return this.#keys !== undefined;
  }

  /** @param keys - of all rows in the store */
  learn(keys: KeySet): void {
    this.#keys = keys;
  }

  /** The row under a key, when it was written lately. */
  recent(key: string): Stored | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  /** Whether there surely is no row; when there may be one, it is taken for read now. */
  isAbsent(key: string): boolean {
    if (this.#keys?.mayHave(key) === false) return true;
    this.#reads += 1;
    return false;
  }

  /** A row is written, or deleted: then it is unknown, for its key is not forgotten. */
  set(key: string, stored: Stored | undefined): void {
    if (stored === undefined) {
      this.#young.delete(key);
      this.#old.delete(key);
      return;
    }
    this.#keys?.add(key);
    this.#young.set(key, stored);
    if (this.#young.size < generationRows) return;
    this.#old = this.#young;
    this.#young = new Map();
  }
}

/** A chunk of a run concerns two thousand items, with a row of each projection or none, once and again. */
const generationRows = 4096;

/** So many keys are read in the time of one row, in order as they lie. */
const keysForARead = 16;
