import test from 'ava';
import * as fc from 'fast-check';
import type { Entry } from '../../src/journal/entry.ts';
import { rangeOf, timeBlocks, type TimeBlock } from '../../src/projections/time-blocks.ts';
import { inRun, started } from './entries.ts';

test('no entry of a time lies outside its range, however the clock was set', (t) => {
  const steps = fc.array(fc.oneof(fc.nat(50), fc.integer({ min: -3_000, max: 3_000 })), {
    minLength: 1,
    maxLength: 3_000,
    size: 'max',
  });
  fc.assert(
    fc.property(steps, fc.integer({ min: -9_000, max: 90_000 }), fc.nat(9_000), (moves, sinceMs, lastsMs) => {
      const untilMs = sinceMs + lastsMs;
      const [draft] = inRun('one', started);
      let atMs = 0;
      const entries = moves.map((move, seq): Entry => {
        atMs += move;
        return { ...draft!, seq, id: '', atMs, actor: { uid: 1, tool: '' } };
      });
      const rows = new Map<string, TimeBlock>();
      for (const entry of entries) {
        const key = timeBlocks.keyOf(entry)!;
        rows.set(key, Object.freeze(timeBlocks.apply(rows.get(key), entry)!));
      }
      const range = rangeOf(rows.values(), sinceMs, untilMs);
      const wanted = entries.filter((entry) => entry.atMs >= sinceMs && entry.atMs <= untilMs);
      if (range === undefined) t.is(wanted.length, 0);
      else for (const { seq } of wanted) t.true(seq >= range.from && seq <= range.to);
    }),
    { numRuns: 60 },
  );
});

test('a range is a few blocks of many', (t) => {
  const blocks = Array.from({ length: 1_000 }, (_, index) => ({
    firstSeq: index * 1024,
    minMs: index * 1024,
    maxMs: index * 1024 + 1023,
  }));
  t.deepEqual(rangeOf(blocks, 500_000, 500_100), { from: 499_712, to: 500_735 });
  t.is(rangeOf(blocks, 2_000_000, Infinity), undefined);
});
