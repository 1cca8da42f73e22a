import test from 'ava';
import * as fc from 'fast-check';
import type { ItemCondemned, ItemKept } from '../../src/journal/event-verdict.ts';
import { lastVerdict, verdictKey } from '../../src/projections/last-verdict.ts';
import { inRun, removed, rowsOf } from './entries.ts';

const kept: ItemKept = {
  type: 'ItemKept',
  item: 'logs:/root/a',
  kind: 'logs',
  name: 'a',
  path: '/root/a',
  reason: 'young',
  evidence: { b: 1, a: 'x' },
};
const condemned: ItemCondemned = { ...kept, type: 'ItemCondemned', reason: 'expired', proof: 'expired-log' };

test('sizes, times and the order of evidence do not make another verdict', (t) => {
  t.is(verdictKey(kept), verdictKey({ ...kept, bytes: 5, agedFromMs: 7, evidence: { a: 'x', b: 1 } }));
});

test('type, reason, proof and each piece of evidence do', (t) => {
  const others = [
    { ...kept, reason: 'active' as const },
    condemned,
    { ...condemned, proof: 'orphan' as const },
    { ...kept, evidence: { a: 'x' } },
    { ...kept, evidence: { a: 'x', b: '1' } },
  ];
  t.is(new Set([kept, ...others].map(verdictKey)).size, others.length + 1);
});

test('equal evidence has equal keys in whatever order it was gathered', (t) => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean())), (evidence) => {
      const reversed = Object.fromEntries(Object.entries(evidence).reverse());
      t.is(verdictKey({ ...kept, evidence }), verdictKey({ ...kept, evidence: reversed }));
    }),
  );
});

test('the last verdict stands until the item is gone', (t) => {
  const row = rowsOf(lastVerdict, inRun('r', kept, condemned)).get(kept.item);
  t.deepEqual(row, {
    type: 'ItemCondemned',
    reason: 'expired',
    proof: 'expired-log',
    verdict: verdictKey(condemned),
    seq: 1,
  });
  t.is(rowsOf(lastVerdict, inRun('r', condemned, removed('a', 1))).size, 0);
  t.is(rowsOf(lastVerdict, inRun('r', kept, { type: 'ItemVanished', item: kept.item })).size, 0);
});
