import test from 'ava';
import type { Event } from '../../src/journal/event.ts';
import { noStep, StepLog } from '../../src/projections/step-log.ts';
import { intended, removed } from './entries.ts';

test('the steps of operations that go on at once are told apart, each in its order', (t) => {
  const log = new StepLog();
  const operations = 5000;
  const events: readonly Event[] = [intended('a', 1), removed('a', 1)];
  const last = new Map<number, number>();
  for (const [round, event] of events.entries()) {
    for (let name = 0; name < operations; name += 1) {
      const entry = { seq: round * operations + name, atMs: 1e12 + name, event };
      last.set(name, log.add(entry, last.get(name) ?? noStep));
    }
  }
  for (const name of [0, 1, 4095, 4096, operations - 1]) {
    t.deepEqual(log.upTo(last.get(name) ?? noStep), [
      { seq: name, atMs: 1e12 + name, type: 'RemovalIntended' },
      { seq: operations + name, atMs: 1e12 + name, type: 'ItemRemoved' },
    ]);
  }
  t.deepEqual(log.upTo(noStep), []);
});
