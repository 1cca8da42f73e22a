import test from 'ava';
import * as fc from 'fast-check';
import type { ItemId } from '../../src/model/item.ts';
import { kinds } from '../../src/model/kind.ts';
import type { Look } from '../../src/model/look.ts';
import { ageBasisMs } from '../../src/policy/age.ts';
import { protect } from '../../src/policy/closure.ts';
import { explains } from '../../src/policy/order.ts';
import { policyOf } from '../../src/policy/retention.ts';
import type { Policy } from '../../src/policy/retention.ts';
import type { Scope } from '../../src/policy/scope.ts';
import { judgeAll } from '../../src/policy/verdict.ts';
import { anyDuration, anyLook, anyPolicy } from './any-storage.ts';
import { alive, dead, everything, item, longAgoMs, nowMs, recorded } from './storage-of-facts.ts';

const runs = { numRuns: 500 };

function condemned(seen: Look, policy: Policy, scope: Scope = everything): ReadonlySet<ItemId> {
  const verdicts = judgeAll(seen, policy, { scope });
  return new Set([...verdicts].filter(([, { type }]) => type === 'remove').map(([id]) => id));
}

function isWithin(some: ReadonlySet<ItemId>, all: ReadonlySet<ItemId>): boolean {
  return [...some].every((id) => all.has(id));
}

test('the storages that the laws are tried on hold enough that goes and enough that stays', (t) => {
  let [going, staying] = [0, 0];
  for (const seen of fc.sample(anyLook, { numRuns: 200, seed: 1 })) {
    const count = condemned(seen, policyOf({ nowMs, olderThanMs: 1, kinds })).size;
    going += count;
    staying += seen.items.length - count;
  }
  t.true(going > 300 && staying > 300, `${going} go, ${staying} stay`);
});

test('a protected item is never condemned, whatever the policy', (t) => {
  fc.assert(
    fc.property(anyLook, anyPolicy, (seen, policy) => {
      const guard = protect(seen, policy.nowMs, policy.windowMs);
      const gone = condemned(seen, policy);
      for (const one of seen.items) t.false(guard.ofItem(one) !== undefined && gone.has(one.id));
    }),
    runs,
  );
});

test('what lives is never condemned, nor what waits to be resumed', (t) => {
  fc.assert(
    fc.property(anyLook, anyPolicy, (seen, policy) => {
      const gone = condemned(seen, policy);
      for (const one of seen.items.filter(({ id }) => gone.has(id)))
        for (const owner of one.owners) {
          const facts = seen.owners.get(owner);
          t.not(facts?.liveness.answer, 'yes');
          if (facts?.type !== 'session') continue;
          t.is(facts.mergeCheckpoint, undefined);
          t.false(facts.record.state === 'broken');
          t.false(facts.record.state === 'read' && facts.record.status === 'Paused');
        }
    }),
    runs,
  );
});

test('what is in doubt, in use or of the future is never condemned', (t) => {
  fc.assert(
    fc.property(anyLook, anyPolicy, (seen, policy) => {
      const gone = condemned(seen, policy);
      for (const one of seen.items.filter(({ id }) => gone.has(id))) {
        t.deepEqual([one.doubts, one.users], [[], []]);
        t.true(one.youngestSignMs <= nowMs + 2000);
        t.true(seen.processesReadable || one.rest.type === 'ended');
      }
    }),
    runs,
  );
});

test('an owner that comes to life condemns nothing that was kept', (t) => {
  fc.assert(
    fc.property(anyLook, anyPolicy, fc.nat(7), (seen, policy, which) => {
      const owners = new Map(seen.owners);
      const [id, facts] = [...owners][which] ?? [];
      if (id === undefined || facts === undefined) return t.fail();
      owners.set(id, { ...facts, liveness: alive });
      t.true(isWithin(condemned({ ...seen, owners }, policy), condemned(seen, policy)));
    }),
    runs,
  );
});

test('taking all protection away keeps nothing that would have gone', (t) => {
  fc.assert(
    fc.property(anyLook, anyPolicy, (seen, policy) => {
      const owners = new Map(
        [...seen.owners].map(([id, facts]) => [
          id,
          facts.type === 'job'
            ? { ...facts, state: 'none' as const, liveness: dead }
            : {
                ...facts,
                record: recorded('Completed'),
                checkpointDoubt: undefined,
                mergeCheckpoint: undefined,
                liveness: dead,
                lastSignMs: longAgoMs,
              },
        ]),
      );
      t.true(isWithin(condemned(seen, policy), condemned({ ...seen, owners }, policy)));
    }),
    runs,
  );
});

test('a link more never condemns more', (t) => {
  fc.assert(
    fc.property(anyLook, anyPolicy, (seen, policy) => {
      // Nobody can tell of any of the jobs here: links could only end them with their sessions.
      const owners = new Map(
        [...seen.owners].map(([id, facts]) => [
          id,
          facts.liveness.answer === 'cannot-tell' ? { ...facts, liveness: dead } : facts,
        ]),
      );
      const looser = { ...seen, owners, links: seen.links.slice(1) };
      t.true(isWithin(condemned({ ...seen, owners }, policy), condemned(looser, policy)));
    }),
    runs,
  );
});

test('a longer --older-than never condemns more', (t) => {
  fc.assert(
    fc.property(anyLook, anyDuration, anyDuration, fc.boolean(), (seen, one, other, mergedOnly) => {
      const at = (olderThanMs: number): ReadonlySet<ItemId> =>
        condemned(seen, policyOf({ nowMs, olderThanMs, mergedOnly, kinds }));
      t.true(isWithin(at(Math.max(one, other)), at(Math.min(one, other))));
    }),
    runs,
  );
});

test('a longer activity window never condemns more, and one of zero is that of an hour', (t) => {
  fc.assert(
    fc.property(anyLook, anyDuration, anyDuration, (seen, one, other) => {
      const at = (windowMs: number): ReadonlySet<ItemId> =>
        condemned(seen, policyOf({ nowMs, olderThanMs: 1, windowMs, kinds }));
      t.true(isWithin(at(Math.max(one, other)), at(Math.min(one, other))));
      t.deepEqual(at(0), at(3_600_000));
    }),
    runs,
  );
});

test('--merged-only never condemns more', (t) => {
  fc.assert(
    fc.property(anyLook, anyPolicy, (seen, policy) => {
      const strict = condemned(seen, { ...policy, mergedOnly: true });
      t.true(isWithin(strict, condemned(seen, { ...policy, mergedOnly: false })));
    }),
    runs,
  );
});

const anyFloor = fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined });
/** Every item has 4096 bytes. */
const anyBudget = fc.option(fc.integer({ min: 1, max: 60_000 }), { nil: undefined });

function limited(
  policy: Policy,
  { keepLast, freeBytes }: { keepLast?: number | undefined; freeBytes?: number | undefined },
): Policy {
  return {
    ...policy,
    ...(keepLast === undefined ? {} : { keepLast }),
    ...(freeBytes === undefined ? {} : { freeBytes }),
  };
}

test('a higher --keep-last never condemns more, and none at all condemns the most', (t) => {
  fc.assert(
    fc.property(anyLook, anyPolicy, fc.integer({ min: 1, max: 6 }), (seen, policy, keepLast) => {
      const at = (floor: number | undefined): ReadonlySet<ItemId> =>
        condemned(seen, limited(policy, { keepLast: floor }));
      t.true(isWithin(at(keepLast + 1), at(keepLast)));
      t.true(isWithin(at(keepLast), at(undefined)));
    }),
    runs,
  );
});

test('of each repository and kind as many as --keep-last says are left, or all there are', (t) => {
  fc.assert(
    fc.property(anyLook, anyPolicy, fc.integer({ min: 1, max: 6 }), (seen, policy, keepLast) => {
      const gone = condemned(seen, limited(policy, { keepLast }));
      const group = ({ kind, repository }: Look['items'][number]): string =>
        JSON.stringify([kind, repository]);
      for (const one of seen.items.filter(({ id }) => gone.has(id))) {
        const younger = seen.items.filter(
          (other) =>
            group(other) === group(one) && !gone.has(other.id) && ageBasisMs(other) >= ageBasisMs(one),
        );
        t.true(younger.length >= keepLast);
      }
    }),
    runs,
  );
});

test('a larger --free never condemns less, and no limit condemns the most', (t) => {
  fc.assert(
    fc.property(anyLook, anyPolicy, anyFloor, fc.nat(40_000), (seen, policy, keepLast, bytes) => {
      const at = (freeBytes: number | undefined): ReadonlySet<ItemId> =>
        condemned(seen, limited(policy, { keepLast, freeBytes }));
      t.true(isWithin(at(bytes + 1), at(bytes + 5000)));
      t.true(isWithin(at(bytes + 5000), at(undefined)));
    }),
    runs,
  );
});

test('with --free no item too many goes: without any one of them it would not be enough', (t) => {
  let limitedRuns = 0;
  fc.assert(
    fc.property(anyLook, anyPolicy, fc.integer({ min: 1, max: 40_000 }), (seen, policy, freeBytes) => {
      const all = condemned(seen, policy);
      const gone = condemned(seen, limited(policy, { freeBytes }));
      t.is(gone.size, Math.min(all.size, Math.ceil(freeBytes / 4096)));
      if (gone.size < all.size) limitedRuns += 1;
    }),
    runs,
  );
  t.true(limitedRuns > 50, `${limitedRuns} were limited`);
});

test('whatever limits a run, nothing goes before what it explains, and nothing protected goes', (t) => {
  fc.assert(
    fc.property(anyLook, anyPolicy, anyFloor, anyBudget, (seen, policy, keepLast, freeBytes) => {
      const gone = condemned(seen, limited(policy, { keepLast, freeBytes }));
      t.true(isWithin(gone, condemned(seen, policy)));
      for (const one of seen.items.filter(({ id }) => gone.has(id)))
        t.true(explains(one).every((id) => gone.has(id)));
    }),
    runs,
  );
});

test('fewer kinds, fewer repositories, only MapReduce or one job never condemn more', (t) => {
  const narrowed: fc.Arbitrary<Scope> = fc.record({
    allRepositories: fc.boolean(),
    repositories: fc.subarray([{ name: 'api', gitDir: '/src/api/.git' }, { name: 'web' }]),
    kinds: fc.subarray([...kinds]),
    mapreduceOnly: fc.boolean(),
    jobId: fc.constantFrom(undefined, 'a', ''),
  });
  fc.assert(
    fc.property(anyLook, anyPolicy, narrowed, anyFloor, (seen, rules, scope, keepLast) => {
      const policy = limited(rules, { keepLast });
      t.true(isWithin(condemned(seen, policy, scope), condemned(seen, policy)));
    }),
    runs,
  );
});

test('a record of a session is condemned only when all its worktrees are', (t) => {
  fc.assert(
    fc.property(anyLook, anyPolicy, fc.subarray([...kinds]), (seen, policy, some) => {
      const gone = condemned(seen, policy, { ...everything, kinds: some });
      for (const { id, detail } of seen.items)
        if (detail.type === 'session' && gone.has(id))
          t.true(detail.worktrees.every((tree) => gone.has(tree)));
    }),
    runs,
  );
});

test('equal looks give equal verdicts, in whatever order things were found', (t) => {
  fc.assert(
    fc.property(anyLook, anyPolicy, anyFloor, anyBudget, (seen, rules, keepLast, freeBytes) => {
      const policy = limited(rules, { keepLast, freeBytes });
      const turned: Look = {
        ...seen,
        items: seen.items.toReversed(),
        owners: new Map([...seen.owners].toReversed()),
        links: seen.links.toReversed(),
      };
      const [one, other] = [seen, turned].map((some) => judgeAll(some, policy, { scope: everything }));
      for (const { id } of seen.items) t.deepEqual(one?.get(id), other?.get(id));
    }),
    runs,
  );
});

test('while no verdict and no class changes, no evidence does', (t) => {
  const words = (seen: Look, policy: Policy): string => {
    const guard = protect(seen, policy.nowMs, policy.windowMs);
    const verdicts = [...judgeAll(seen, policy, { scope: everything, guard }).values()];
    const classes = [...seen.owners.keys()].map((id) => guard.classOf(id)?.class);
    return JSON.stringify([verdicts.map(({ type, reason }) => [type, reason]), classes]);
  };
  let compared = 0;
  fc.assert(
    fc.property(anyLook, anyPolicy, (seen, policy) => {
      const later = { ...policy, nowMs: policy.nowMs + 1000 };
      if (words(seen, policy) !== words(seen, later)) return;
      compared += 1;
      const [one, other] = [policy, later].map((some) => judgeAll(seen, some, { scope: everything }));
      t.deepEqual(one, other);
    }),
    runs,
  );
  t.true(compared > 100, `${compared} compared`);
});

test('no time makes a verdict go wrong: what is no number is kept', (t) => {
  const weird = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
  fc.assert(
    fc.property(weird, fc.constantFrom('recordedAtMs', 'youngestSignMs', 'rest'), (time, field) => {
      const one = item('logs', 'x', { [field]: field === 'rest' ? { type: 'ended', atMs: time } : time });
      const seen: Look = {
        items: [one],
        owners: new Map(),
        links: [],
        oddities: [],
        processesReadable: true,
      };
      t.is(condemned(seen, policyOf({ nowMs, kinds })).size, 0);
    }),
  );
});
