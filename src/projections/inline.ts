import type { KeyedProjection } from '../journal/projection.ts';
import { keptSnapshots } from './kept-snapshots.ts';
import { lastOddity } from './last-oddity.ts';
import { lastVerdict } from './last-verdict.ts';
import { openOperations } from './open-operations.ts';
import { pins } from './pins.ts';
import { goneWorktrees } from './gone-worktrees.ts';
import { plans } from './plans.ts';
import { runSummary } from './run-summary.ts';
import { timeBlocks } from './time-blocks.ts';

/** The projections that are stored beside the entries and never behind them. */
export const inlineProjections: readonly KeyedProjection<unknown>[] = [
  openOperations,
  runSummary,
  lastVerdict,
  plans,
  pins,
  goneWorktrees,
  keptSnapshots,
  lastOddity,
  timeBlocks,
];
