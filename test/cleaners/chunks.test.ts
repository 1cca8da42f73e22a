import test from 'ava';
import * as fc from 'fast-check';
import { chunksOf } from '../../src/cleaners/chunks.ts';
import type { Condemned } from '../../src/cleaners/judged.ts';
import type { Item } from '../../src/model/item.ts';
import { itemId } from '../../src/model/item.ts';
import { kinds, type Kind } from '../../src/model/kind.ts';

function condemned(kind: Kind, path: string, files: number, root = '/r'): Condemned {
  const item: Item = {
    id: itemId(kind, path),
    kind,
    name: path,
    root,
    path,
    parts: [],
    repository: undefined,
    attribution: 'none',
    owners: [],
    recordedAtMs: 0,
    youngestSignMs: 0,
    rest: { type: 'no-record' },
    doubts: [],
    users: [],
    size: { bytes: 1, files },
    detail: { type: 'log' },
  };
  return { item, verdict: { type: 'remove', reason: 'expired', proof: 'orphan', evidence: {} } };
}

const anyPlan = fc.array(
  fc
    .record({
      kind: fc.constantFrom(...kinds),
      root: fc.constantFrom('/a', '/b'),
      files: fc.nat(20_000),
      n: fc.nat(),
    })
    .map(({ kind, root, files, n }) => condemned(kind, `${root}/${n}`, files, root)),
  { maxLength: 60 },
);

test('chunks hold the whole plan in its order, each of one kind and one root', (t) => {
  fc.assert(
    fc.property(anyPlan, fc.boolean(), (plan, isShort) => {
      const chunks = [...chunksOf(plan, isShort)];
      t.deepEqual(chunks.flat(), plan);
      for (const chunk of chunks) {
        t.true(chunk.length > 0);
        t.is(new Set(chunk.map(({ item }) => `${item.kind} ${item.root}`)).size, 1);
        if (isShort) t.true(chunk.length <= 8);
      }
    }),
  );
});

test('thousands of single files share few chunks, large trees go a few at a time', (t) => {
  const logs = Array.from({ length: 4_500 }, (_, n) => condemned('logs', `/r/${n}`, 1));
  t.deepEqual(
    [...chunksOf(logs, false)].map(({ length }) => length),
    [2_000, 2_000, 500],
  );
  const trees = Array.from({ length: 10 }, (_, n) => condemned('worktrees', `/r/${n}`, 5_000));
  t.deepEqual(
    [...chunksOf(trees, false)].map(({ length }) => length),
    [4, 4, 2],
  );
});

test('on a disk that is nearly full eight items go at a time', (t) => {
  const logs = Array.from({ length: 20 }, (_, n) => condemned('logs', `/r/${n}`, 1));
  t.deepEqual(
    [...chunksOf(logs, true)].map(({ length }) => length),
    [8, 8, 4],
  );
});
