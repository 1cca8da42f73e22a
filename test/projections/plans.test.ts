import test from 'ava';
import type { PlanRecorded } from '../../src/journal/event-run.ts';
import { plannedItems, plans } from '../../src/projections/plans.ts';
import { folded, inRun, rowsOf, started } from './entries.ts';

const piece = (number: number, pieces: number, ...items: readonly string[]): PlanRecorded => ({
  type: 'PlanRecorded',
  plan: 'p',
  piece: number,
  pieces,
  items: items.map((item) => ({ item, bytes: 1, parts: [] })),
});

for (const first of [0, 1]) {
  test(`a plan is complete with its last piece, counted from ${first}`, (t) => {
    const events = [piece(first, 2, 'a', 'b'), piece(first + 1, 2, 'c')];
    t.like(rowsOf(plans, inRun('r', started, ...events.slice(0, 1))).get('p'), { complete: false, items: 2 });
    t.like(rowsOf(plans, inRun('r', started, ...events)).get('p'), {
      fromSeq: 1,
      toSeq: 2,
      items: 3,
      complete: true,
    });
  });
}

test('a list that was cut short is not mixed with its repetition', (t) => {
  const events = [
    piece(0, 3, 'a'),
    piece(1, 3, 'b'),
    started,
    piece(0, 3, 'a'),
    piece(1, 3, 'b'),
    piece(2, 3, 'c'),
  ];
  t.like(rowsOf(plans, inRun('r', ...events)).get('p'), { fromSeq: 3, toSeq: 5, items: 3, complete: true });
});

test('a missing piece leaves it incomplete', (t) => {
  t.false(rowsOf(plans, inRun('r', piece(0, 3, 'a'), piece(2, 3, 'c'))).get('p')?.complete);
});

test('the items of a plan come in order', (t) => {
  const other = { ...piece(0, 1, 'x'), plan: 'q' };
  const items = folded(plannedItems('p'), inRun('r', piece(0, 2, 'b'), other, piece(1, 2, 'a')));
  t.deepEqual(
    items.map(({ item }) => item),
    ['b', 'a'],
  );
});
