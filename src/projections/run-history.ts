import type { Projection } from '../journal/projection.ts';
import { runSummary } from './run-summary.ts';
import type { RunSummary } from './run-summary.ts';

/** All runs by their ids, oldest first. */
export const runHistory: Projection<Map<string, RunSummary>> = {
  initial: () => new Map(),
  apply: (runs, entry) => {
    const key = runSummary.keyOf(entry);
    if (key === undefined) return runs;
    const row = runSummary.apply(runs.get(key), entry);
    if (row !== undefined) runs.set(key, row);
    return runs;
  },
};

/** Stored rows come in the order of their ids; people want the order of events. */
export function oldestFirst(runs: Iterable<RunSummary>): readonly RunSummary[] {
  return [...runs].sort((a, b) => a.startedSeq - b.startedSeq);
}
