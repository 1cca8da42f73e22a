import test from 'ava';
import * as fc from 'fast-check';
import { include, noStretches, together, type Stretches } from '../../src/projections/stretches.ts';

const seqs = fc.uniqueArray(fc.nat({ max: 200_000 })).map((found) => found.sort((a, b) => a - b));

function stretchesOf(numbers: readonly number[]): Stretches {
  const stretches = noStretches();
  for (const seq of numbers) include(stretches, seq);
  return stretches;
}

test('every number is in one of the stretches, and these are in order, apart, and counted', (t) => {
  fc.assert(
    fc.property(fc.array(seqs), (sorts) => {
      const { count, ranges } = together(sorts.map(stretchesOf));
      const numbers = sorts.flat();
      t.is(count, numbers.length);
      for (const seq of numbers)
        t.is(ranges.filter(({ from, to }) => from <= seq && seq <= to).length, 1, `${seq}`);
      for (const [index, { from }] of ranges.entries()) t.true(from > (ranges[index - 1]?.to ?? -1));
    }),
  );
});

test('what lies far apart is jumped over', (t) => {
  t.deepEqual(stretchesOf([1, 2, 1000, 100_000, 100_001]).ranges, [
    { from: 1, to: 1000 },
    { from: 100_000, to: 100_001 },
  ]);
});
