import test from 'ava';
import { okAsync } from 'neverthrow';
import { unfinishedRuns } from '../../src/commands/unfinished.ts';
import type { Draft } from '../../src/journal/entry.ts';
import type { Event } from '../../src/journal/event.ts';
import type { JournalReader } from '../../src/journal/journal.ts';
import { runSummary } from '../../src/projections/run-summary.ts';
import { inRun, rowsOf, started } from '../projections/entries.ts';

const killed = inRun(
  'first',
  started,
  { type: 'RunPlanned', plan: 'p', items: 1, bytes: 1 },
  { type: 'RunConfirmed', plan: 'p', items: 1, bytes: 1, how: 'force' },
);
const resumedTo = (end: Event): readonly Draft[] =>
  inRun('second', { ...started, command: 'resume', resumeOf: 'first' }, end);
const unfinished = async (...drafts: readonly (readonly Draft[])[]): Promise<string[]> => {
  const rows = rowsOf(runSummary, drafts.flat());
  const journal = { rows: () => okAsync(rows) } as unknown as JournalReader;
  return (await unfinishedRuns(journal, undefined))._unsafeUnwrap().map(({ run }) => run);
};

test('a killed run is unfinished until a resume has brought it to its end', async (t) => {
  t.deepEqual(await unfinished(killed), ['first']);
  const end: Event = { type: 'RunCompleted', outcome: 'completed', exitCode: 0, totals: {} };
  t.deepEqual(await unfinished(killed, resumedTo(end)), []);
  t.deepEqual(await unfinished(killed, resumedTo({ ...end, outcome: 'partial' })), ['first']);
});

test('a resume that was refused has brought nothing to its end (P5)', async (t) => {
  const refused: Event = { type: 'RunRefused', rule: 'clock-behind', detail: {} };
  t.deepEqual(await unfinished(killed, resumedTo(refused)), ['first']);
});
