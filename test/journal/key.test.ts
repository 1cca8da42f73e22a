import test from 'ava';
import * as fc from 'fast-check';
import {
  entryKey,
  highHeadKey,
  lowHeadKey,
  rowKey,
  rowPrefix,
  rowsEnd,
  seqOfKey,
} from '../../src/journal/key.ts';

test('keys sort as sequences do', (t) => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (a, b) => {
      const order: number = Buffer.compare(Buffer.from(entryKey(a)), Buffer.from(entryKey(b)));
      t.is(order, Math.sign(a - b));
    }),
  );
});

test('a key gives its sequence back', (t) => {
  fc.assert(fc.property(fc.maxSafeNat(), (seq) => t.is(seqOfKey(entryKey(seq)), seq)));
  t.is(seqOfKey('e!12'), undefined);
});

test('the two records of the head lie around everything else', (t) => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.string({ unit: 'binary', minLength: 5 }), (seq, key) => {
      for (const one of [entryKey(seq), rowKey('run', key)].map((text) => Buffer.from(text))) {
        t.is(Buffer.compare(Buffer.from(lowHeadKey), one), -1);
        t.is(Buffer.compare(one, Buffer.from(highHeadKey)), -1);
      }
    }),
  );
});

test('rows of one projection lie between its prefix and its end', (t) => {
  t.true(rowPrefix('run') < rowKey('run', '\u{10ffff}') && rowKey('run', '\u{10ffff}') < rowsEnd('run'));
  t.false(rowKey('runs', 'a') < rowsEnd('run') && rowKey('runs', 'a') > rowPrefix('run'));
});
