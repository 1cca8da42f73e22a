import type { Oddity, OdditySort, Severity } from '../model/oddity.ts';

/** An oddity in words: what is odd, whether that matters, and one next step. Names in them are safe to print. */
export type Words = {
  readonly sort: OdditySort;
  readonly severity: Severity;
  readonly detail: string;
  readonly matters: string;
  readonly next: string;
};

export type Finding = Words & { readonly type: Oddity['type']; readonly path: string };

/** The next step of what is harmless. */
export const nothingToDo = 'nothing has to be done';
