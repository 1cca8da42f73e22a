import test from 'ava';
import { median, summaryOf } from '../../bench/statistics.ts';

test('the median of an odd number of values is the one in the middle', (t) => {
  t.is(median([9, 1, 5]), 5);
  t.is(median([7]), 7);
});

test('the median of an even number of values lies between the two in the middle', (t) => {
  t.is(median([10, 1, 2, 4]), 3);
});

test('values are ordered as numbers, not as words', (t) => {
  t.is(median([100, 20, 3]), 20);
});

test('the spread is from the least to the most', (t) => {
  t.deepEqual(summaryOf([3, 1, 2]), { median: 2, least: 1, most: 3, rounds: 3 });
});

test('without a value there is no median', (t) => {
  t.throws(() => median([]), { message: /nothing was measured/ });
});
