import test from 'ava';
import type { Event } from '../../src/journal/event.ts';
import { terminalEvents } from '../../src/journal/event.ts';
import type { RemovalIntended } from '../../src/journal/event-removal.ts';
import { openOperations } from '../../src/projections/open-operations.ts';
import { failed, inOp, intended, removed, rowsOf } from './entries.ts';

const item = 'logs:/root/a';
const quarantined: Event = { type: 'ItemQuarantined', item, heldUntilMs: 5 };
const state = (...events: readonly Event[]): unknown =>
  rowsOf(
    openOperations,
    [intended('a', 7), ...events].map((event) => inOp('run', 'a', event)),
  ).get('op-a')?.state;

test('an intent opens an operation that tells which entry says all that is needed to go on', (t) => {
  const row = rowsOf(openOperations, [inOp('run', 'a', intended('a', 7))]).get('op-a');
  t.deepEqual(row, {
    op: 'op-a',
    run: 'run',
    item,
    state: 'intended',
    bytes: 7,
    attempt: 1,
    intentSeq: 0,
    atMs: 0,
  });
});

test('what is one thing, and no worktree, has the mark by which it is told in quarantine', (t) => {
  const [part] = [{ dev: '1', ino: '7', type: 'file', mtimeNs: '5', birthtimeNs: '3', size: 9 }] as const;
  const move = { role: 'main', path: '/root/a', to: '/q/op-a.0', identity: part } as const;
  const markWith = (more: Partial<RemovalIntended>): string | undefined =>
    rowsOf(openOperations, [
      inOp('run', 'a', { ...intended('a', 7), moves: [move], ...more }),
      inOp('run', 'a', quarantined),
    ]).get('op-a')?.mark;
  t.is(markWith({}), 'file 7 3');
  t.is(markWith({ moves: [move, { ...move, role: 'metadata' }] }), undefined);
  t.is(markWith({ worktree: { gitDir: '/g', name: 'a', branches: [] } as never }), undefined);
});

test('an operation passes through its states', (t) => {
  const purging: Event = { type: 'PurgeStarted', item, why: 'resumed' };
  const blocked: Event = { type: 'PurgeBlocked', item, paths: [], codes: [], blocked: 1, attempt: 2 };
  t.is(state(), 'intended');
  t.is(state(quarantined), 'quarantined');
  t.is(state(quarantined, purging), 'purging');
  t.is(state(quarantined, purging, blocked), 'blocked');
  t.is(state(quarantined, blocked, purging), 'purging');
  t.is(state({ type: 'PutBackBlocked', item, path: '/', code: 'EACCES' }), 'intended');
});

test('it is remembered how long an item is held, and by whom', (t) => {
  const rows = rowsOf(openOperations, [inOp('one', 'a', intended('a', 7)), inOp('two', 'a', quarantined)]);
  t.like(rows.get('op-a'), { heldUntilMs: 5, run: 'one' });
});

test('what is held is told in as many words, however it came to be', (t) => {
  const blocked: Event = { type: 'PutBackBlocked', item, path: '/root/a', code: 'EEXIST' };
  const row = (...events: readonly Event[]): unknown =>
    rowsOf(
      openOperations,
      [intended('a', 7), ...events].map((event) => inOp('run', 'a', event)),
    ).get('op-a');
  const plain = row(quarantined);
  t.deepEqual(plain, {
    op: 'op-a',
    run: 'run',
    item,
    state: 'quarantined',
    bytes: 7,
    attempt: 1,
    intentSeq: 0,
    atMs: 0,
    heldUntilMs: 5,
  });
  const putBackBlocked = { path: '/root/a', code: 'EEXIST' };
  t.deepEqual(row(blocked, quarantined), { ...(plain as object), putBackBlocked });
});

test('every terminal event closes its operation and no other', (t) => {
  const ends: readonly Event[] = [
    removed('a', 7),
    failed('a', true),
    { type: 'ItemRestored', item, why: 'undo' },
    { type: 'ItemDrifted', item, reason: 'active', evidence: {} },
    { type: 'ItemVanished', item },
  ];
  t.deepEqual(ends.map(({ type }) => type).sort(), [...terminalEvents].sort());
  for (const end of ends) {
    const rows = rowsOf(openOperations, [
      inOp('run', 'a', intended('a', 7)),
      inOp('run', 'b', intended('b', 7)),
      inOp('run', 'a', end),
    ]);
    t.deepEqual([...rows.keys()], ['op-b']);
  }
});

test('a fact about an operation that is not open opens none', (t) => {
  t.is(rowsOf(openOperations, [inOp('run', 'a', quarantined)]).size, 0);
});

test('why something could not be put back is remembered, so that it is told once', (t) => {
  const blocked: Event = { type: 'PutBackBlocked', item, path: '/root/a', code: 'EEXIST' };
  const rows = rowsOf(openOperations, [inOp('run', 'a', intended('a', 7)), inOp('run', 'a', blocked)]);
  t.deepEqual(rows.get('op-a')?.putBackBlocked, { path: '/root/a', code: 'EEXIST' });
});
