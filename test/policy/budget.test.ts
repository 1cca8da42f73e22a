import test from 'ava';
import type { Item } from '../../src/model/item.ts';
import { kinds } from '../../src/model/kind.ts';
import { policyOf } from '../../src/policy/retention.ts';
import { judgeAll } from '../../src/policy/verdict.ts';
import {
  dayMs,
  everything,
  item,
  look,
  nowMs,
  session,
  sessionRecord,
  worktree,
} from './storage-of-facts.ts';

function aged(days: number, bytes = 100): Partial<Item> {
  const atMs = nowMs - days * dayMs;
  return {
    recordedAtMs: atMs,
    youngestSignMs: atMs,
    rest: { type: 'ended', atMs },
    size: { bytes, files: 1 },
  };
}

function going(items: readonly Item[], freeBytes: number): readonly string[] {
  const policy = policyOf({ nowMs, freeBytes, kinds });
  const verdicts = judgeAll(look(items, [session('a')]), policy, { scope: everything });
  return items.filter(({ id }) => verdicts.get(id)?.type === 'remove').map(({ name }) => name);
}

test('the oldest go, across kinds, until it is enough', (t) => {
  const items = [
    item('logs', '80', aged(80)),
    item('events', '100', aged(100)),
    item('sessions', '90', aged(90)),
    item('logs', '110', aged(110)),
  ];
  t.deepEqual(going(items, 1), ['110']);
  t.deepEqual(going(items, 100), ['110']);
  t.deepEqual(going(items, 101), ['100', '110']);
  t.deepEqual(going(items, 1_000_000).length, 4);
});

test('what stays for that says so', (t) => {
  const [old, younger] = [item('logs', '90', aged(90)), item('logs', '80', aged(80))];
  const policy = policyOf({ nowMs, freeBytes: 50, kinds });
  const verdicts = judgeAll(look([old, younger]), policy, { scope: everything });
  t.deepEqual(verdicts.get(younger.id), {
    type: 'keep',
    reason: 'enough-freed',
    evidence: { freeBytes: 50 },
  });
});

test('the record of a session goes after its worktrees, however old it is, and only with all of them', (t) => {
  const trees = [worktree('w80', {}, aged(80)), worktree('w90', {}, aged(90))];
  const record = sessionRecord('a', trees, aged(200, 10));
  const log = item('logs', 'l85', aged(85));
  const items = [record, ...trees, log];
  t.deepEqual(going(items, 100), ['w90']);
  t.deepEqual(going(items, 200), ['w90', 'l85']);
  t.deepEqual(going(items, 300), ['w80', 'w90', 'l85']);
  t.deepEqual(going(items, 301), ['a', 'w80', 'w90', 'l85']);
});
