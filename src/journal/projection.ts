import type { Entry } from './entry.ts';

/** A question put to the journal: folded over entries in order, ignoring what does not concern it. */
export type Projection<State> = {
  /** A function, because folds may change their state in place. */
  readonly initial: () => State;
  apply(state: State, entry: Entry): State;
};

/**
 * A projection stored beside the entries, one row a key, written in the same batch as the entry that changes it
 * (JOURNAL 7.7): it is never behind. Row keys are `p!<name>!<key>`; a changed `version` means rebuild.
 * Rows are plain JSON.
 */
export type KeyedProjection<Row> = {
  readonly name: string;
  readonly version: number;
  /** Its rows are things under way: while there are any, entries are not sealed unless it cannot wait. */
  readonly isWork?: boolean;
  /** The row that the entry touches; `undefined` when it does not concern this projection. */
  keyOf(entry: Entry): string | undefined;
  /**
   * The new row; `undefined` deletes it. Must not change `row`, unless it `isOwn`: made by an earlier call, and nobody
   * else's yet.
   */
  apply(row: Row | undefined, entry: Entry, isOwn?: boolean): Row | undefined;
};
