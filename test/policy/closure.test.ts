import test from 'ava';
import * as fc from 'fast-check';
import type { OwnerFacts, OwnerId } from '../../src/model/owner.ts';
import { protect } from '../../src/policy/closure.ts';
import { alive, cannotTell, dayMs, item, job, look, nowMs, recorded, session } from './storage-of-facts.ts';

const paused = (id: string): OwnerFacts => session(id, { record: recorded('Paused') });

test('a protected session protects its jobs, and a protected job its session', (t) => {
  const links = [['session:a', 'job:j']] as const;
  const bySession = protect(look([], [paused('a'), job('j')], { links }), nowMs, dayMs);
  t.like(bySession.of('job:j'), { reason: 'resumable', via: ['session:a', 'job:j'] });

  const byJob = protect(look([], [session('a'), job('j', { state: 'incomplete' })], { links }), nowMs, dayMs);
  t.like(byJob.of('session:a'), { reason: 'resumable', via: ['job:j', 'session:a'] });
});

test('protection reaches whoever is linked, however far, and nobody else', (t) => {
  const links = [
    ['session:a', 'job:j'],
    ['session:b', 'job:j'],
    ['session:b', 'job:k'],
  ] as const;
  const owners = [session('a', { liveness: alive }), session('b'), session('c'), job('j'), job('k')];
  const guard = protect(look([], owners, { links }), nowMs, dayMs);
  t.deepEqual(guard.of('job:k')?.via, ['session:a', 'job:j', 'session:b', 'job:k']);
  t.is(guard.of('session:c'), undefined);
});

test('the strongest reason is told, then the shortest way, then the way that sorts first', (t) => {
  const owners = [paused('b'), paused('a'), session('m'), session('z', { liveness: alive })];
  const near = protect(
    look([], owners, {
      links: [
        ['session:m', 'session:b'],
        ['session:m', 'session:a'],
      ],
    }),
    nowMs,
    dayMs,
  );
  t.deepEqual(near.of('session:m')?.via, ['session:a', 'session:m']);

  const links = [
    ['session:m', 'session:a'],
    ['session:a', 'session:b'],
    ['session:b', 'session:z'],
  ] as const;
  const far = protect(look([], owners, { links }), nowMs, dayMs);
  t.is(far.of('session:m')?.reason, 'active');
  t.is(far.of('session:a')?.reason, 'active');
});

test('a link through an owner of whom nothing is known still binds', (t) => {
  const links = [
    ['session:a', 'job:gone'],
    ['job:gone', 'session:b'],
  ] as const;
  const guard = protect(look([], [paused('a'), session('b')], { links }), nowMs, dayMs);
  t.is(guard.of('session:b')?.reason, 'resumable');
});

test('an item whose owner nobody knows is kept', (t) => {
  const guard = protect(look([]), nowMs, dayMs);
  t.is(guard.ofItem(item('logs', 'x', { owners: ['session:nobody'] }))?.reason, 'unknown-format');
  t.is(guard.ofItem(item('logs', 'x')), undefined);
});

test('an item keeps the strongest protection among its owners', (t) => {
  const guard = protect(
    look([], [paused('a'), session('b', { liveness: alive }), session('c')]),
    nowMs,
    dayMs,
  );
  const logs = item('logs', 'x', { owners: ['session:c', 'session:a', 'session:b'] });
  t.is(guard.ofItem(logs)?.reason, 'active');
});

test('a dirty worktree of a finished session protects nothing but itself', (t) => {
  const owner = session('a', { hasWorktree: true, worktreeUnmergedOrDirty: true });
  t.is(protect(look([], [owner]), nowMs, dayMs).of('session:a'), undefined);
});

test('a job of which nothing can be told rests with its session', (t) => {
  const owners = [session('a'), job('j', { liveness: cannotTell })];
  const links = [['job:j', 'session:a']] as const;
  t.is(protect(look([], owners, { links }), nowMs, dayMs).of('session:a'), undefined);
  t.is(protect(look([], owners), nowMs, dayMs).of('job:j')?.reason, 'active');
});

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
const ids = names.map((name): OwnerId => `session:${name}`);
const anyOwner = (name: string): fc.Arbitrary<OwnerFacts> =>
  fc.constantFrom<OwnerFacts>(
    session(name),
    paused(name),
    session(name, { liveness: alive }),
    session(name, { mergeCheckpoint: '/m' }),
    session(name, { record: { state: 'broken', doubt: { reason: 'unreadable', detail: 'x' } } }),
  );
const anyWorld = fc.record({
  owners: fc.tuple(...names.map(anyOwner)),
  links: fc.array(fc.tuple(fc.constantFrom(...ids), fc.constantFrom(...ids)), { maxLength: 10 }),
});

test('closure is a fixed point: whoever is linked to the protected is protected as strongly', (t) => {
  fc.assert(
    fc.property(anyWorld, ({ owners, links }) => {
      const guard = protect(look([], owners, { links }), nowMs, dayMs);
      for (const [a, b] of links) {
        const [one, other] = [guard.of(a)?.reason, guard.of(b)?.reason];
        t.is(one, other);
      }
      for (const { id } of owners) if (guard.classOf(id)?.keep !== undefined) t.not(guard.of(id), undefined);
    }),
  );
});

test('every protection leads back to an owner that protects by itself, link by link', (t) => {
  fc.assert(
    fc.property(anyWorld, ({ owners, links }) => {
      const guard = protect(look([], owners, { links }), nowMs, dayMs);
      for (const { id } of owners) {
        const via = guard.of(id)?.via ?? [];
        if (via[0] === undefined) continue;
        t.is(guard.classOf(via[0])?.keep?.reason, guard.of(id)?.reason);
        t.is(via.at(-1), id);
        for (const [at, step] of via.slice(1).entries())
          t.true(links.some(([a, b]) => (a === via[at] && b === step) || (b === via[at] && a === step)));
      }
    }),
  );
});

test('closure does not depend on the order of owners or links', (t) => {
  fc.assert(
    fc.property(anyWorld, ({ owners, links }) => {
      const one = protect(look([], owners, { links }), nowMs, dayMs);
      const turned = links.toReversed().map(([a, b]) => [b, a] as const);
      const other = protect(look([], owners.toReversed(), { links: turned }), nowMs, dayMs);
      for (const id of ids) t.deepEqual(one.of(id), other.of(id));
    }),
  );
});
