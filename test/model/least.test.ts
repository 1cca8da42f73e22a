import test from 'ava';
import { least } from '../../src/model/least.ts';

test('the least of more values than fit on a stack', (t) => {
  t.is(least(Array.from({ length: 1_000_000 }, (_, index) => 2_000_000 - index)), 1_000_001);
  t.is(least([]), Infinity);
});
