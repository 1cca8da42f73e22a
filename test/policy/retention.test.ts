import test from 'ava';
import { kinds } from '../../src/model/kind.ts';
import type { Kind } from '../../src/model/kind.ts';
import type { RunPolicy } from '../../src/journal/event-run.ts';
import {
  activityWindowMs,
  canonicalPolicy,
  defaultRetentionMs,
  isInsideWindow,
  minimumWindowMs,
  policyOf,
  retentionFor,
} from '../../src/policy/retention.ts';
import { dayMs, hourMs, nowMs } from './storage-of-facts.ts';

const keptFor = test.macro<[Kind, number]>({
  exec(t, kind, days) {
    t.is(defaultRetentionMs[kind], days * dayMs);
    t.is(retentionFor(undefined, [kind])[kind], days * dayMs);
  },
  title: (_, kind, days) => `${kind} are kept for ${days} days by default`,
});

test(keptFor, 'worktrees', 7);
test(keptFor, 'sessions', 30);
test(keptFor, 'logs', 7);
test(keptFor, 'state', 30);
test(keptFor, 'events', 14);
test(keptFor, 'dlq', 30);

test('an asked retention replaces the default of the selected kinds only', (t) => {
  const retention = retentionFor(hourMs, ['logs', 'events']);
  t.deepEqual(retention, { ...defaultRetentionMs, logs: hourMs, events: hourMs });
});

test('a retention that is zero, negative or no number is a defect, never "no limit"', (t) => {
  for (const olderThanMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
    t.throws(() => retentionFor(olderThanMs, kinds), { name: 'Defect' });
});

test('so is a limit that is zero, negative or no number', (t) => {
  for (const limit of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    t.throws(() => policyOf({ nowMs, keepLast: limit, kinds }), { name: 'Defect' });
    t.throws(() => policyOf({ nowMs, freeBytes: limit, kinds }), { name: 'Defect' });
  }
});

test('the cut-off of a kind is its retention before now', (t) => {
  const policy = policyOf({ nowMs, olderThanMs: 2 * dayMs, kinds: ['worktrees'] });
  t.is(policy.cutoffMs.worktrees, nowMs - 2 * dayMs);
  t.is(policy.cutoffMs.logs, nowMs - 7 * dayMs);
});

test('a policy with its hash is what the journal records of it', (t) => {
  const policy: RunPolicy = { ...policyOf({ nowMs, kinds }), hash: '0000000000000000' };
  t.false(policy.mergedOnly);
});

test('the activity window is a day, and never shorter than an hour', (t) => {
  t.is(activityWindowMs, dayMs);
  t.is(minimumWindowMs, hourMs);
  t.is(policyOf({ nowMs, kinds }).windowMs, dayMs);
  for (const windowMs of [0, -dayMs, hourMs - 1]) t.is(policyOf({ nowMs, windowMs, kinds }).windowMs, hourMs);
  t.is(policyOf({ nowMs, windowMs: 3 * dayMs, kinds }).windowMs, 3 * dayMs);
  t.throws(() => policyOf({ nowMs, windowMs: Number.NaN, kinds }), { name: 'Defect' });
});

test('exactly the window is not inside it; the future and what is no time are', (t) => {
  t.false(isInsideWindow(nowMs - dayMs, nowMs, dayMs));
  t.true(isInsideWindow(nowMs - dayMs + 1, nowMs, dayMs));
  t.true(isInsideWindow(nowMs + dayMs, nowMs, dayMs));
  t.true(isInsideWindow(Number.NaN, nowMs, dayMs));
  t.true(isInsideWindow(nowMs - dayMs, nowMs, Number.NaN));
  t.true(isInsideWindow(nowMs - hourMs + 1, nowMs, 0));
});

test('equal rules have one canonical text, whenever the run was', (t) => {
  const policy = policyOf({ nowMs, kinds });
  t.is(canonicalPolicy(policy), canonicalPolicy(policyOf({ nowMs: nowMs + dayMs, kinds: [] })));
  t.not(canonicalPolicy(policy), canonicalPolicy(policyOf({ nowMs, olderThanMs: dayMs, kinds: ['logs'] })));
  t.not(canonicalPolicy(policy), canonicalPolicy(policyOf({ nowMs, windowMs: 2 * dayMs, kinds })));
  t.not(canonicalPolicy(policy), canonicalPolicy(policyOf({ nowMs, mergedOnly: true, kinds })));
});
