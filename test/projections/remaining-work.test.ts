import test from 'ava';
import type { Event } from '../../src/journal/event.ts';
import { isRemaining, remainingWork } from '../../src/projections/remaining-work.ts';
import { failed, folded, inRun, removed } from './entries.ts';

const both = remainingWork(new Set(['one', 'two']));
const planned = inRun('one', { type: 'RunPlanned', plan: 'p', items: 2, bytes: 2 });

test('what no run ended remains', (t) => {
  const work = folded(
    both,
    inRun('one', { type: 'RunPlanned', plan: 'p', items: 2, bytes: 2 }, removed('a', 1)),
  );
  t.deepEqual([...work.plans], ['p']);
  t.false(isRemaining(work, 'logs:/root/a'));
  t.true(isRemaining(work, 'logs:/root/b'));
});

test('a failure remains only while it may be tried again', (t) => {
  const work = folded(both, [...planned, ...inRun('one', failed('a', true), failed('b', false))]);
  t.true(isRemaining(work, 'logs:/root/a'));
  t.false(isRemaining(work, 'logs:/root/b'));
});

test('a resuming run finishes what the first one failed at, another run does not', (t) => {
  const first = [...planned, ...inRun('one', failed('a', true))];
  t.false(isRemaining(folded(both, [...first, ...inRun('two', removed('a', 1))]), 'logs:/root/a'));
  t.true(isRemaining(folded(both, [...first, ...inRun('three', removed('a', 1))]), 'logs:/root/a'));
});

test('what was put back, drifted or vanished is not tried again', (t) => {
  const work = folded(both, [
    ...planned,
    ...inRun(
      'one',
      { type: 'ItemRestored', item: 'logs:/a', why: 'undo' },
      { type: 'ItemDrifted', item: 'logs:/b', reason: 'active', evidence: {} },
      { type: 'ItemVanished', item: 'logs:/c' },
    ),
  ]);
  for (const item of ['logs:/a', 'logs:/b', 'logs:/c']) t.false(isRemaining(work, item));
});

test('what an undo put back is not tried again, whichever run it was; what a run found in its place is', (t) => {
  const restored = (why: 'undo' | 'put-back', run: string): ReturnType<typeof inRun> => [
    ...planned,
    ...inRun(run, { type: 'ItemRestored', item: 'logs:/a', why }),
  ];
  t.false(isRemaining(folded(both, restored('undo', 'three')), 'logs:/a'));
  t.true(isRemaining(folded(both, restored('put-back', 'one')), 'logs:/a'));
  t.true(isRemaining(folded(both, restored('put-back', 'three')), 'logs:/a'));
  // Whoever wanted it back wanted it after the failure.
  const after = [...planned, ...inRun('one', failed('b', true)), ...inRun('three', undone('b'))];
  t.false(isRemaining(folded(both, after), 'logs:/root/b'));
});

function undone(name: string): Event {
  return { type: 'ItemRestored', item: `logs:/root/${name}`, why: 'undo' };
}

test('what was taken up of earlier runs before there was a plan is not of this plan', (t) => {
  for (const event of [undone('b'), removed('b', 1)]) {
    t.true(isRemaining(folded(both, [...inRun('one', event), ...planned]), 'logs:/root/b'));
    t.false(isRemaining(folded(both, [...planned, ...inRun('one', event)]), 'logs:/root/b'));
  }
});
