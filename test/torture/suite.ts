/** One way of trying to break the product (JOURNAL 5.3), in trials that a seed reproduces. */
export type Suite = {
  /** As JOURNAL 5.3 has it: `T2`. */
  readonly id: string;
  readonly title: string;
  /** How many trials `npm run torture` makes unless told, and how many belong to `npm test`. */
  readonly trials: number;
  readonly slice: number;
  /** Why it cannot run here (not root, no loop device); `undefined` when it can. */
  readonly hindrance: () => Promise<string | undefined>;
  /**
   * The same seed, the same trial. Everything it makes lies below `directory`, which is empty and is removed
   * afterwards with whatever is in it. It throws only for a defect of its own.
   */
  readonly trial: (seed: number, directory: string) => Promise<Trial>;
  /** Called once after the last trial of a process: what several trials shared. */
  readonly close?: () => Promise<void>;
};

export type Trial = {
  readonly violations: readonly Violation[];
  /**
   * What was done, summed over the trials in the table of results: `crashes`, `cuts`, `operations`, `entries` ... Of a
   * count whose name begins with `most `, the greatest is told.
   */
  readonly counts: Readonly<Record<string, number>>;
};

/** A rule of JOURNAL 5.4 (`J5`) or a promise (`P6`) that did not hold. */
export type Violation = { readonly rule: string; readonly detail: string };

export const possible = (): Promise<string | undefined> => Promise.resolve(undefined);
