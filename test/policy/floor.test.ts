import test from 'ava';
import type { Item, ItemId } from '../../src/model/item.ts';
import type { Verdict } from '../../src/model/reason.ts';
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
import { kinds } from '../../src/model/kind.ts';

function aged(days: number): Partial<Item> {
  const atMs = nowMs - days * dayMs;
  return { recordedAtMs: atMs, youngestSignMs: atMs, rest: { type: 'ended', atMs } };
}

function judged(items: readonly Item[], keepLast: number, owners = ['a']): ReadonlyMap<ItemId, Verdict> {
  const seen = look(
    items,
    owners.map((name) => session(name)),
  );
  return judgeAll(seen, policyOf({ nowMs, keepLast, kinds }), { scope: everything });
}

function going(items: readonly Item[], keepLast: number): readonly string[] {
  const verdicts = judged(items, keepLast);
  return items.filter(({ id }) => verdicts.get(id)?.type === 'remove').map(({ name }) => name);
}

test('the youngest of a kind stay whatever their age, and say why', (t) => {
  const items = [80, 90, 100, 110].map((days) => item('logs', `${days}`, aged(days)));
  t.deepEqual(going(items, 2), ['100', '110']);
  t.deepEqual(going(items, 9), []);
  t.deepEqual(judged(items, 2).get(items[1]?.id ?? ''), {
    type: 'keep',
    reason: 'retention-floor',
    evidence: { keepLast: 2 },
  });
});

test('each repository and each kind has a floor of its own, and so has what is known by name only', (t) => {
  const others: Partial<Item>[] = [
    { repository: { name: 'api', gitDir: '/elsewhere/api/.git' } },
    { repository: { name: 'api' }, attribution: 'name' },
    { repository: undefined, attribution: 'none' },
  ];
  const items = [{}, ...others].flatMap((repository, index) =>
    [80, 90].map((days) => item('logs', `${index}-${days}`, { ...aged(days), ...repository })),
  );
  const events = [80, 90].map((days) => item('events', `e-${days}`, aged(days)));
  t.deepEqual(going([...items, ...events], 1), ['0-90', '1-90', '2-90', '3-90', 'e-90']);
});

test('what stays anyway counts, but not what says that it is of the future', (t) => {
  const young = item('logs', 'young', aged(1));
  const items = [item('logs', '80', aged(80)), item('logs', '90', aged(90))];
  t.deepEqual(going([young, ...items], 1), ['80', '90']);
  const future = item('logs', 'future', aged(-1));
  t.deepEqual(going([future, ...items], 1), ['90']);
});

test('of two that are as old the same one stays, in whatever order they were found', (t) => {
  const items = ['b', 'a', 'c'].map((name) => item('logs', name, aged(80)));
  t.deepEqual([...going(items, 1)].sort(), ['b', 'c']);
  t.deepEqual([...going(items.toReversed(), 1)].sort(), ['b', 'c']);
});

test('a worktree that the floor keeps keeps the record of its session', (t) => {
  const tree = worktree('w', {}, aged(80));
  const record = sessionRecord('a', [tree], aged(90));
  const younger = sessionRecord('b', [], aged(85));
  const verdicts = judged([tree, record, younger], 1, ['a', 'b']);
  t.like(verdicts.get(tree.id), { reason: 'retention-floor' });
  t.like(verdicts.get(younger.id), { reason: 'retention-floor' });
  t.like(verdicts.get(record.id), { reason: 'has-worktree' });
});
