import test from 'ava';
import type { Draft } from '../../src/journal/entry.ts';
import { oldestFirst, runHistory } from '../../src/projections/run-history.ts';
import { runSummary } from '../../src/projections/run-summary.ts';
import type { RunSummary } from '../../src/projections/run-summary.ts';
import { entriesOf, failed, folded, inOp, inRun, intended, removed, rowsOf, started } from './entries.ts';

const item = 'logs:/root/b';

const run: readonly Draft[] = [
  ...inRun(
    'one',
    started,
    { type: 'RunPlanned', plan: 'p', items: 4, bytes: 100 },
    { type: 'RunConfirmed', plan: 'p', items: 4, bytes: 100, how: 'prompt' },
  ),
  ...['a', 'b', 'c', 'd'].map((name) => inOp('one', name, intended(name, 25))),
  inOp('one', 'a', { type: 'ItemQuarantined', item: 'logs:/root/a' }),
  inOp('one', 'b', { type: 'ItemQuarantined', item, heldUntilMs: 9, bytes: 25 }),
  inOp('one', 'a', removed('a', 25)),
  inOp('one', 'c', failed('c', true)),
  inOp('one', 'd', failed('d', false)),
];

test('a run is summed up as it goes', (t) => {
  t.like(rowsOf(runSummary, run).get('one'), {
    run: 'one',
    startedSeq: 0,
    lastSeq: 11,
    lastAtMs: 11_000,
    plan: 'p',
    planned: { items: 4, bytes: 100 },
    confirmed: 'prompt',
    intended: 4,
    removed: { items: 1, bytes: 25 },
    held: { items: 1, bytes: 25 },
    failed: 2,
    retryable: 1,
    ended: undefined,
  });
});

test('what was shown not to be undoable, and what was consented to, are two things', (t) => {
  const [, planned, confirmed] = run.map(({ event }) => event);
  if (planned?.type !== 'RunPlanned' || confirmed?.type !== 'RunConfirmed') return t.fail();
  const told = [
    ...inRun('two', started, { ...planned, notUndoable: ['ELOOP /a'] }),
    ...inRun('two', { ...confirmed, notUndoable: ['ELOOP /b'], undoMs: 5, undoBytes: 9 }),
  ];
  t.like(rowsOf(runSummary, told).get('two'), {
    shownNotUndoable: ['ELOOP /a'],
    notUndoable: ['ELOOP /b'],
    undoMs: 5,
    undoBytes: 9,
  });
});

test('changed in place, the row becomes what its copies become', (t) => {
  const steps = [
    ...run,
    inOp('one', 'e', { type: 'ItemDrifted', item, reason: 'active', evidence: {} }),
    inOp('one', 'f', { type: 'ItemVanished', item }),
    inOp('one', 'b', { type: 'ItemRestored', item, why: 'undo' }),
    ...inRun('one', { type: 'RunCompleted', outcome: 'partial', exitCode: 9, totals: {} }),
  ];
  let row: RunSummary | undefined;
  for (const entry of entriesOf(steps)) row = runSummary.apply(row, entry, row !== undefined);
  const copies = rowsOf(runSummary, steps).get('one');
  t.is(JSON.stringify(row), JSON.stringify(copies));
  t.like(copies, { drifted: 1, vanished: 1, restored: 1 });
});

test('its end is kept with its totals', (t) => {
  const ended = inRun('one', {
    type: 'RunCompleted',
    outcome: 'partial',
    exitCode: 9,
    totals: {},
    freeBefore: 1,
    freeAfter: 2,
  });
  t.deepEqual(rowsOf(runSummary, [...run, ...ended]).get('one')?.ended, {
    outcome: 'partial',
    exitCode: 9,
    totals: {},
    freeBefore: 1,
    freeAfter: 2,
    atMs: 12_000,
  });
});

test('a run found dead by another is marked, and the other is not', (t) => {
  const rows = rowsOf(runSummary, [
    ...run,
    ...inRun(
      'two',
      { ...started, resumeOf: 'one' },
      { type: 'RunInterrupted', interrupted: 'one', by: 'found-dead' },
    ),
  ]);
  t.is(rows.get('one')?.interruptedBy, 'found-dead');
  t.is(rows.get('one')?.lastSeq, 11);
  t.like(rows.get('two'), { resumeOf: 'one', interruptedBy: undefined });
});

test('entries of no run, and of a run that did not begin, make no row', (t) => {
  t.is(rowsOf(runSummary, [{ event: removed('a', 1) }, ...inRun('ghost', removed('a', 1))]).size, 0);
});

test('history is the same rows, in order of their beginning', (t) => {
  const two = [...inRun('z', started), ...inRun('a', started), ...inRun('z', removed('a', 1))];
  t.deepEqual([...folded(runHistory, two).keys()], ['z', 'a']);
  const rows = rowsOf(runSummary, two);
  t.deepEqual(folded(runHistory, two), rows);
  t.deepEqual(
    oldestFirst([...rows.values()].reverse()).map(({ run }) => run),
    ['z', 'a'],
  );
});
