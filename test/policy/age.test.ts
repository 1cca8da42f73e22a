import test from 'ava';
import * as fc from 'fast-check';
import { ageBasisMs, formatDuration, parseDuration } from '../../src/policy/age.ts';
import { dayMs, hourMs, item, longAgoMs, nowMs } from './storage-of-facts.ts';

const reads = test.macro<[string, number]>({
  exec(t, text, expectedMs) {
    t.is(parseDuration(text)._unsafeUnwrap(), expectedMs);
  },
  title: (_, text) => `"${text}" is a duration`,
});

test(reads, '90s', 90_000);
test(reads, '15m', 15 * 60_000);
test(reads, '24h', dayMs);
test(reads, '7d', 7 * dayMs);
test(reads, '2w', 14 * dayMs);
test(reads, '6mo', 180 * dayMs);
test(reads, '1y', 365 * dayMs);
test(reads, '1d12h', 36 * hourMs);
test(reads, '1y6mo2w1d1h1m1s', (365 + 180 + 14 + 1) * dayMs + hourMs + 61_000);
test(reads, ' 7d ', 7 * dayMs);
test(reads, '1d0h', dayMs);
test(reads, '100y', 100 * 365 * dayMs);

const refuses = test.macro<[string, RegExp]>({
  exec(t, text, problem) {
    const failure = parseDuration(text)._unsafeUnwrapErr();
    t.is(failure.type, 'usage');
    t.is(failure.text, text);
    t.regex(failure.problem, problem);
    t.deepEqual(failure.accepted, ['90s', '15m', '24h', '7d', '2w', '6mo', '1y', '1d12h']);
  },
  title: (_, text) => `"${text.slice(0, 30)}" is refused as a duration, and the accepted forms are shown`,
});

const means = test.macro<[string, string | undefined]>({
  exec(t, text, meant) {
    t.is(parseDuration(text)._unsafeUnwrapErr().meant, meant);
  },
  title: (_, text, meant) =>
    `"${text}" is refused, and ${meant === undefined ? 'nothing' : meant} may be meant`,
});

test(means, '7days', '7d');
test(means, '7 days', '7d');
test(means, '1 day and 12 hours', '1d12h');
test(means, '2Weeks', '2w');
test(means, '6 months', '6mo');
test(means, '7', '7d');
test(means, '7D', '7d');
// Minutes or months: whoever guesses wrong removes a lot.
test(means, '7M', undefined);
test(means, '-7d', undefined);
test(means, '0d', undefined);
test(means, '0', undefined);
test(means, 'soon', undefined);

test(refuses, '', /missing/);
test(refuses, '  ', /missing/);
test(refuses, '-7d', /negative/);
test(refuses, '7', /unit/);
test(refuses, '1.5', /unit/);
test(refuses, '0', /unit/);
test(refuses, '0d', /zero/);
test(refuses, '0d0h', /zero/);
test(refuses, '1.5d', /not a duration/);
test(refuses, '7 d', /not a duration/);
test(refuses, '7d -1h', /not a duration/);
test(refuses, 'd', /not a duration/);
test(refuses, 'forever', /not a duration/);
test(refuses, '7days', /"days"/);
test(refuses, '7D', /"D"/);
test(refuses, '1M', /"M"/);
test(refuses, '1d1d', /twice/);
test(refuses, '101y', /100 years/);
test(refuses, `${'9'.repeat(400)}d`, /100 years/);
test(refuses, '٧d', /not a duration/);
test(refuses, 'NaNd', /not a duration/);
test(refuses, 'Infinityd', /not a duration/);

test('durations are shown in days and smaller units', (t) => {
  t.is(formatDuration(7 * dayMs), '7d');
  t.is(formatDuration(36 * hourMs), '1d12h');
  t.is(formatDuration(90_000), '1m30s');
  t.is(formatDuration(90_999), '1m30s');
  t.is(formatDuration(999), '0s');
  t.is(formatDuration(-hourMs), '-1h');
});

test('a duration of whole seconds reads as it was written', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 * 365 * 86_400 }), (seconds) => {
      t.is(parseDuration(formatDuration(seconds * 1000))._unsafeUnwrap(), seconds * 1000);
    }),
  );
});

test('no text gives a duration that is not a positive whole number of milliseconds', (t) => {
  const text = fc.array(fc.constantFrom('0', '9', '1', '-', '.', 'd', 'm', 'mo', 'y', 'h', ' ', 'e', '+'));
  fc.assert(
    fc.property(text, (pieces) => {
      const durationMs = parseDuration(pieces.join('')).unwrapOr(1);
      t.true(Number.isSafeInteger(durationMs) && durationMs > 0);
    }),
  );
});

test('touching the files of what has ended does not make it younger', (t) => {
  t.is(ageBasisMs(item('sessions', 'a', { youngestSignMs: nowMs })), longAgoMs);
});

test('the youngest sign makes younger what has not ended or has no record', (t) => {
  for (const type of ['unfinished', 'no-record'] as const)
    t.is(ageBasisMs(item('sessions', 'a', { rest: { type }, youngestSignMs: nowMs })), nowMs);
});

test('an older sign never makes older what Prodigy recorded', (t) => {
  const rest = { type: 'unfinished' } as const;
  t.is(ageBasisMs(item('sessions', 'a', { rest, recordedAtMs: nowMs })), nowMs);
});

test('without a recorded time the youngest sign is the age, ended or not', (t) => {
  t.is(ageBasisMs(item('sessions', 'a', { recordedAtMs: undefined, youngestSignMs: nowMs })), nowMs);
});

test('a worktree is as young as the end of its session, a log is not', (t) => {
  const rest = { type: 'ended', atMs: nowMs - dayMs } as const;
  t.is(ageBasisMs(item('worktrees', 'a', { rest })), nowMs - dayMs);
  t.is(ageBasisMs(item('logs', 'a', { rest })), longAgoMs);
});
