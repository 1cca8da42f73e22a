import test from 'ava';
import * as fc from 'fast-check';
import { paceText, type Pace } from '../../src/ui/pace.ts';

const mib = 1024 ** 2;
const half: Pace = { items: 450, bytes: 120 * mib, work: 50, ofWork: 100 };

test('rates of items and bytes are of the whole time, and what remains follows from them', (t) => {
  t.deepEqual(paceText(half, 10_000), ['45/s', '12 MB/s', 'about 10s left']);
  t.deepEqual(paceText({ ...half, items: 3 }, 10_000), ['0.3/s', '12 MB/s', 'about 10s left']);
  t.deepEqual(paceText({ ...half, work: 25 }, 60_000)[2], 'about 3m left');
  t.deepEqual(paceText({ ...half, work: 10 }, 600_000)[2], 'about 1h30m left');
});

test('nothing is told that is not known yet', (t) => {
  t.deepEqual(paceText(half, 1_999), [], 'too early for a rate');
  t.is(paceText(half, 2_999).length, 2, 'too early for a forecast');
  t.is(paceText({ ...half, work: 4.9 }, 60_000).length, 2, 'too little is done');
  t.is(paceText({ ...half, work: 0, ofWork: 0 }, 60_000).length, 2, 'no total');
  t.deepEqual(paceText({ ...half, items: 0 }, 60_000), [], 'nothing is done');
  t.is(paceText({ ...half, work: 100 }, 60_000).length, 2, 'all is done');
});

test('while nothing moves on, what remains grows: a stuck run never promises to end', (t) => {
  const left = (elapsedMs: number): number => {
    const [, count = '', unit] = /about (\d+)(s|m|h\d+m) left/.exec(paceText(half, elapsedMs)[2] ?? '') ?? [];
    return Number(count) * (unit === 's' ? 1 : unit === 'm' ? 60 : 3_600);
  };
  fc.assert(
    fc.property(
      fc.integer({ min: 3_000, max: 3_000_000 }),
      fc.integer({ min: 0, max: 3_000_000 }),
      (at, later) => {
        t.true(left(at + later) >= left(at));
      },
    ),
  );
});
