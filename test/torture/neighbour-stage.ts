import type { Document } from '../e2e/shop.ts';
import type { Cast } from './neighbour-storage.ts';
import type { Random } from './random.ts';
import type { Violation } from './suite.ts';

/** Who is at work beside a cleanup. The first five are those of `npm test`. */
export const neighbours = [
  'resume',
  'knock',
  'run-resume',
  'dweller',
  'opener',
  'run',
  'resume-going',
] as const;

/** One trial: who plays, and what came of it. */
export type Stage = {
  readonly cast: Cast;
  readonly random: Random;
  readonly kind: (typeof neighbours)[number];
  readonly violations: Violation[];
  readonly counts: Record<string, number>;
  /** What the neighbour made or changed. */
  readonly except: string[];
  /** Sessions that need not go, because he is at them. */
  readonly spared: Set<string>;
  /** His worktree: he was at work before anybody looked for the last time. */
  readonly mustStay: Set<string>;
};

/** A neighbour, once he is in; `told` is what the cleanup said in the end. */
export type Entered = { readonly leave: (told: Document | undefined) => Promise<void> };
