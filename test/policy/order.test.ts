import test from 'ava';
import * as fc from 'fast-check';
import type { Item } from '../../src/model/item.ts';
import { kinds } from '../../src/model/kind.ts';
import { dependsOn, explains, planOrder } from '../../src/policy/order.ts';
import { item, sessionRecord, worktree } from './storage-of-facts.ts';

test('kinds go events, logs, dlq, state, sessions, worktrees, each by path', (t) => {
  const items = kinds.flatMap((kind) => [item(kind, 'b'), item(kind, 'a')]).toReversed();
  t.deepEqual(
    planOrder(items).map(({ kind, name }) => `${kind}/${name}`),
    ['events', 'logs', 'dlq', 'state', 'sessions', 'worktrees'].flatMap((kind) => [`${kind}/a`, `${kind}/b`]),
  );
});

test('the records of sessions whose worktrees go come after all worktrees, together', (t) => {
  const [a, b, c] = [worktree('a'), worktree('b'), worktree('c')];
  const items = [sessionRecord('s', [b, a]), sessionRecord('alone', []), c, b, a];
  t.deepEqual(
    planOrder(items).map(({ name }) => name),
    ['alone', 'a', 'b', 'c', 's'],
  );
});

test('a session does not wait for worktrees that are not in the plan', (t) => {
  const away = worktree('away');
  const record = sessionRecord('s', [away]);
  t.deepEqual(dependsOn(record, new Set([record.id])), []);
  t.deepEqual(dependsOn(record, new Set([away.id])), [away.id]);
  t.deepEqual(planOrder([record]), [record]);
});

function stateOf(name: string, letters: readonly Item[]): Item {
  const detail = { type: 'state', complete: true, letters: letters.map(({ id }) => id) } as const;
  return item('state', name, { detail });
}

test('the state of a job waits for its letters in the plan, in the place of its kind', (t) => {
  const [here, away] = [item('dlq', 'here'), item('dlq', 'away')];
  const state = stateOf('j', [here, away]);
  t.deepEqual(explains(state), [here.id, away.id]);
  t.deepEqual(dependsOn(state, new Set([state.id, here.id])), [here.id]);
  t.deepEqual(dependsOn(item('state', 'other'), new Set([here.id])), []);
  const record = sessionRecord('s', []);
  t.deepEqual(planOrder([record, state, here]), [here, state, record]);
});

const anyPlan: fc.Arbitrary<readonly Item[]> = fc
  .array(fc.record({ worktrees: fc.nat(3), named: fc.subarray([0, 1, 2]) }), { maxLength: 6 })
  .chain((bundles) => {
    const items = bundles.flatMap(({ worktrees, named }, at) => {
      const trees = Array.from({ length: worktrees }, (_, index) => worktree(`w${at}-${index}`));
      const known = trees.filter((_, index) => named.includes(index));
      const letters = item('dlq', `d${at}`);
      const state = stateOf(`j${at}`, [letters]);
      return [...trees, sessionRecord(`s${at}`, known), item('logs', `l${at}`), state, letters];
    });
    return fc.shuffledSubarray(items);
  });

test('a plan holds each item once, and everything after what it explains', (t) => {
  fc.assert(
    fc.property(anyPlan, (items) => {
      const ordered = planOrder(items);
      t.true(items.every((one) => ordered.includes(one)));
      t.is(ordered.length, items.length);
      const planned = new Set(items.map(({ id }) => id));
      const gone = new Set<string>();
      for (const one of ordered) {
        for (const id of dependsOn(one, planned)) t.true(gone.has(id));
        gone.add(one.id);
      }
    }),
  );
});

test('the order of a plan does not depend on the order of finding', (t) => {
  fc.assert(
    fc.property(anyPlan, (items) => {
      t.deepEqual(planOrder(items), planOrder(items.toReversed()));
    }),
  );
});
