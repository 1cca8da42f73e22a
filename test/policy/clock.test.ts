import test from 'ava';
import * as fc from 'fast-check';
import { isBehind, silenceIn, unexplained, type Clock, type LastRun } from '../../src/policy/clock.ts';
import { dayMs, hourMs, nowMs } from './storage-of-facts.ts';

const last: LastRun = { startedAtMs: nowMs, lastAtMs: nowMs, machine: { bootId: 'a', uptimeMs: hourMs } };
const week = 7 * dayMs;

/** So long after the last run by the clock, with the machine up for so long. */
function later(byMs: number, uptimeMs: number, bootId: string, shortestMs = week): Clock {
  return { nowMs: nowMs + byMs, machine: { bootId, uptimeMs }, shortestMs };
}

test('a clock may be a minute behind, and no more', (t) => {
  t.false(isBehind(nowMs, nowMs - 60_000));
  t.true(isBehind(nowMs, nowMs - 60_001));
});

test('time that the machine was up is explained, however long', (t) => {
  t.is(unexplained(last, later(90 * dayMs, 90 * dayMs + hourMs, 'a')), undefined);
  t.is(unexplained({ ...last, machine: undefined }, later(90 * dayMs, 91 * dayMs, '')), undefined);
});

test('a clock that goes further than the machine was up is found ahead, beyond the shortest retention', (t) => {
  t.deepEqual(unexplained(last, later(365 * dayMs, 2 * hourMs, 'a')), {
    type: 'set-ahead',
    byMs: 365 * dayMs - hourMs,
  });
  t.is(unexplained(last, later(week, 2 * hourMs, 'a')), undefined);
  t.is(
    unexplained(last, later(week + hourMs, 2 * hourMs, 'a')),
    undefined,
    'exactly the retention is not more',
  );
  t.like(unexplained(last, later(week + 2 * hourMs, 2 * hourMs, 'a')), { type: 'set-ahead' });
  t.like(unexplained(last, later(dayMs, 2 * hourMs, 'a', dayMs / 2)), { type: 'set-ahead' });
  t.is(unexplained(last, later(hourMs, hourMs, 'a', 1)), undefined, 'an hour does no harm');
});

test('after a new start only the time up to it is unexplained', (t) => {
  t.is(unexplained(last, later(90 * dayMs, 90 * dayMs - hourMs, 'b')), undefined);
  t.deepEqual(unexplained(last, later(30 * dayMs, 5 * dayMs, 'b')), {
    type: 'unknown',
    fromMs: nowMs,
    untilMs: nowMs + 25 * dayMs,
  });
  t.like(unexplained({ ...last, machine: undefined }, later(365 * dayMs, hourMs, 'a')), { type: 'unknown' });
});

test('a machine that has no name for its start is never taken for one that was up', (t) => {
  const nameless = { ...last, machine: { bootId: '', uptimeMs: 0 } };
  t.like(unexplained(nameless, later(365 * dayMs, hourMs, '')), { type: 'unknown' });
});

test('a holiday without a trace is silent, a machine in use is not', (t) => {
  const holiday = { fromMs: nowMs, untilMs: nowMs + 21 * dayMs };
  const clock = { shortestMs: week };
  t.deepEqual(silenceIn(holiday, [], clock), holiday);
  t.is(silenceIn(holiday, [nowMs + 15 * dayMs], clock), undefined, 'used six days before the start');
  t.deepEqual(silenceIn(holiday, [nowMs + 13 * dayMs], clock), { ...holiday, fromMs: nowMs + 13 * dayMs });
  t.is(silenceIn({ ...holiday, untilMs: nowMs + 3 * dayMs }, [], { shortestMs: hourMs }), undefined);
});

test('traces that a wrong clock left in an earlier start do not fill the gap that it jumped over', (t) => {
  const year = { fromMs: nowMs, untilMs: nowMs + 365 * dayMs };
  const clock = { shortestMs: week };
  t.deepEqual(silenceIn(year, [nowMs + hourMs, nowMs + 364 * dayMs], clock), {
    fromMs: nowMs + hourMs,
    untilMs: nowMs + 364 * dayMs,
  });
  const monthly = Array.from({ length: 13 }, (_, index) => nowMs + index * 29 * dayMs);
  t.is(silenceIn(year, [...monthly, nowMs + 362 * dayMs].toReversed(), clock), undefined);
});

test('traces from outside the time in question tell nothing, and one more never makes it silent', (t) => {
  const time = fc.integer({ min: -30, max: 90 }).map((days) => nowMs + days * dayMs);
  const gap = { fromMs: nowMs, untilMs: nowMs + 60 * dayMs };
  fc.assert(
    fc.property(fc.array(time), time, fc.integer({ min: 1, max: 60 }), (times, one, days) => {
      const clock = { shortestMs: days * dayMs };
      if (silenceIn(gap, times, clock) === undefined) t.is(silenceIn(gap, [...times, one], clock), undefined);
      const outside = times.filter((atMs) => atMs <= gap.fromMs || atMs >= gap.untilMs);
      t.deepEqual(silenceIn(gap, outside, clock), silenceIn(gap, [], clock));
    }),
  );
});
