import test from 'ava';
import * as fc from 'fast-check';
import type { Draft } from '../../src/journal/entry.ts';
import type { Event } from '../../src/journal/event.ts';
import { itemStory } from '../../src/projections/item-story.ts';
import { storageStats } from '../../src/projections/storage-stats.ts';
import { failed, folded, inOp, inRun, intended, removed } from './entries.ts';

const scanned = (items: number, bytes: number): Event => ({
  type: 'ScanCompleted',
  kind: 'logs',
  found: { items, bytes },
  condemned: { items: 0, bytes: 0 },
  kept: {},
  outOfScope: 0,
  durationMs: 1,
  digest: '',
});
const held = (name: string): Event => ({
  type: 'ItemQuarantined',
  item: `logs:/root/${name}`,
  heldUntilMs: 1,
});

test('before less removed and held is after', (t) => {
  const stats = folded(storageStats, [
    ...inRun('one', scanned(3, 60)),
    ...['a', 'b', 'c'].map((name) => inOp('one', name, intended(name, 10))),
    inOp('one', 'a', removed('a', 10)),
    inOp('one', 'b', held('b')),
    inOp('one', 'c', failed('c', true)),
  ]);
  t.deepEqual(stats.runs.get('one')?.get('logs'), {
    before: { items: 3, bytes: 60 },
    removed: { items: 1, bytes: 10 },
    held: { items: 1, bytes: 10 },
    after: { items: 1, bytes: 40 },
    earlier: { items: 0, bytes: 0 },
  });
  t.deepEqual([...stats.open.keys()], ['op-b']);
});

test('what an earlier run had moved is freed on the account of its own', (t) => {
  const stats = folded(storageStats, [
    ...inRun('one', scanned(1, 10)),
    inOp('one', 'a', intended('a', 10)),
    inOp('one', 'a', held('a')),
    ...inRun('two', scanned(0, 0)),
    inOp('two', 'a', removed('a', 10)),
  ]);
  t.like(stats.runs.get('one')?.get('logs'), {
    held: { items: 1, bytes: 10 },
    after: { items: 0, bytes: 0 },
  });
  t.like(stats.runs.get('two')?.get('logs'), {
    after: { items: 0, bytes: 0 },
    earlier: { items: 1, bytes: 10 },
  });
});

test('what is held and then freed or put back by the same run is counted once', (t) => {
  const begin = [
    ...inRun('one', scanned(1, 10)),
    inOp('one', 'a', intended('a', 10)),
    inOp('one', 'a', held('a')),
  ];
  const freed = folded(storageStats, [...begin, inOp('one', 'a', removed('a', 10))])
    .runs.get('one')
    ?.get('logs');
  t.like(freed, {
    held: { items: 0, bytes: 0 },
    removed: { items: 1, bytes: 10 },
    after: { items: 0, bytes: 0 },
  });
  const back: Event = { type: 'ItemRestored', item: 'logs:/root/a', why: 'undo' };
  const restored = folded(storageStats, [...begin, inOp('one', 'a', back)])
    .runs.get('one')
    ?.get('logs');
  t.like(restored, { held: { items: 0, bytes: 0 }, after: { items: 1, bytes: 10 } });
});

test('what another run put on hold is on hold, and on no account of the run that began it', (t) => {
  const stats = folded(storageStats, [
    ...inRun('one', scanned(1, 10)),
    inOp('one', 'a', intended('a', 10)),
    { ...inOp('two', 'a', held('a')) },
  ]);
  t.like(stats.open.get('op-a'), { held: true });
  t.like(stats.runs.get('one')?.get('logs'), { held: { items: 0, bytes: 0 } });
});

test('the balance holds after any sequence of facts', (t) => {
  const name = fc.constantFrom('a', 'b', 'c');
  const draft: fc.Arbitrary<Draft> = fc
    .tuple(fc.constantFrom('one', 'two'), name, fc.nat(100), fc.nat(4))
    .map(([run, name, bytes, which]) =>
      inOp(
        run,
        name,
        [scanned(3, bytes), intended(name, bytes), held(name), removed(name, bytes), failed(name, true)][
          which
        ] ?? held(name),
      ),
    );
  fc.assert(
    fc.property(fc.array(draft, { maxLength: 40 }), (drafts) => {
      for (const kinds of folded(storageStats, drafts).runs.values()) {
        for (const { before, removed, held, after } of kinds.values()) {
          t.is(after.bytes, before.bytes - removed.bytes - held.bytes);
          t.is(after.items, before.items - removed.items - held.items);
          t.true(held.items >= 0 && held.bytes >= 0);
        }
      }
    }),
  );
});

test('the story of an item is its entries in order, and nobody else’s', (t) => {
  const drafts = [
    inOp('one', 'a', intended('a', 1)),
    inOp('one', 'b', intended('b', 1)),
    inOp('two', 'a', removed('a', 1)),
  ];
  t.deepEqual(
    folded(itemStory('logs:/root/a'), drafts).map(({ seq, event }) => [seq, event.type]),
    [
      [0, 'RemovalIntended'],
      [2, 'ItemRemoved'],
    ],
  );
});
