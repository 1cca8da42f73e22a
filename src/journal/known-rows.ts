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
  /** Two generations: the older is dropped as a whole when the younger is full. */
  #young = new Map<string, Stored>();
  #old = new Map<string, Stored>();
  readonly #projections = new Map<string, { reads: number; keys: KeySet | undefined }>();

  /** The row under a stored key, when it was written lately. */
  recent(key: string): Stored | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  /** Whether the projection surely has no row there; when it may have, it is taken for read now. */
  isAbsent(name: string, key: string): boolean {
    const projection = this.#of(name);
    if (projection.keys?.mayHave(key) === false) return true;
    projection.reads += 1;
    return false;
  }

  /** A row is written, or deleted: then it is unknown, for its key is not forgotten. */
  set(name: string, key: string, stored: Stored | undefined): void {
    if (stored === undefined) {
      this.#young.delete(key);
      this.#old.delete(key);
      return;
    }
    this.#of(name).keys?.add(key);
    this.#young.set(key, stored);
    if (this.#young.size < generationRows) return;
    this.#old = this.#young;
    this.#young = new Map();
  }

  /** Reads the keys of those projections of which so much was read that reading them all costs no more. */
  async learn(store: Store, sums: RowSums): Promise<Result<void, JournalFailure>> {
    for (const [name, { count }] of Object.entries(sums)) {
      const projection = this.#of(name);
      if (projection.keys !== undefined || projection.reads * keysForARead < count) continue;
      const keys = new KeySet();
      if (count > 0) {
        for await (const page of store.keys({ gte: rowPrefix(name), lt: rowsEnd(name) })) {
          if (page.isErr()) return err(page.error);
          for (const key of page.value) keys.add(key);
        }
      }
      projection.keys = keys;
    }
    return ok(undefined);
  }

  /** To be called when rows are written in another way. */
  clear(): void {
    this.#young.clear();
    this.#old.clear();
    this.#projections.clear();
  }

  #of(name: string): { reads: number; keys: KeySet | undefined } {
    const known = this.#projections.get(name);
    if (known !== undefined) return known;
    const fresh = { reads: 0, keys: undefined };
    this.#projections.set(name, fresh);
    return fresh;
  }
}

/** A chunk of a run concerns some thousand items, each with some rows, once and again. */
const generationRows = 8192;

/** So many keys are read in the time of one row, in order as they lie. */
const keysForARead = 16;
