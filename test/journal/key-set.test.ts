import test from 'ava';
import * as fc from 'fast-check';
import { KeySet } from '../../src/journal/key-set.ts';

test('a key that was added is never denied, however many there are', (t) => {
  fc.assert(
    fc.property(fc.array(fc.string(), { maxLength: 3000, size: 'max' }), (keys) => {
      const set = new KeySet();
      for (const key of keys) set.add(key);
      t.true(keys.every((key) => set.mayHave(key)));
    }),
    { numRuns: 50 },
  );
});

test('nearly all keys that were not added are denied', (t) => {
  const set = new KeySet();
  const keys = Array.from({ length: 40_000 }, (_, index) => `p!item!logs:/storage/logs/${index}.jsonl`);
  for (const key of keys.slice(0, 20_000)) set.add(key);
  t.true(keys.slice(0, 20_000).every((key) => set.mayHave(key)));
  t.true(keys.slice(20_000).filter((key) => set.mayHave(key)).length < 10);
});
