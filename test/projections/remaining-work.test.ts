import test from 'ava';
import { isRemaining, remainingWork } from '../../src/projections/remaining-work.ts';
import { failed, folded, inRun, removed } from './entries.ts';

const both = remainingWork(new Set(['one', 'two']));

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
  const work = folded(both, inRun('one', failed('a', true), failed('b', false)));
  t.true(isRemaining(work, 'logs:/root/a'));
  t.false(isRemaining(work, 'logs:/root/b'));
});

test('a resuming run finishes what the first one failed at, another run does not', (t) => {
  const first = inRun('one', failed('a', true));
  t.false(isRemaining(folded(both, [...first, ...inRun('two', removed('a', 1))]), 'logs:/root/a'));
  t.true(isRemaining(folded(both, [...first, ...inRun('three', removed('a', 1))]), 'logs:/root/a'));
});

test('what was put back, drifted or vanished is not tried again', (t) => {
  const work = folded(
    both,
    inRun(
      'one',
      { type: 'ItemRestored', item: 'logs:/a', why: 'undo' },
      { type: 'ItemDrifted', item: 'logs:/b', reason: 'active', evidence: {} },
      { type: 'ItemVanished', item: 'logs:/c' },
    ),
  );
  for (const item of ['logs:/a', 'logs:/b', 'logs:/c']) t.false(isRemaining(work, item));
});
