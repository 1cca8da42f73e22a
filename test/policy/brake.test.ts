import test from 'ava';
import * as fc from 'fast-check';
import { isMostOfAKind, isTooMuch, parseBrake } from '../../src/policy/brake.ts';

const load = { items: 10, bytes: 1000, found: 40 };

const stops = test.macro<[string, boolean]>({
  exec(t, text, expected) {
    t.is(isTooMuch(parseBrake(text)._unsafeUnwrap(), load), expected);
  },
  title: (_, text, expected) =>
    `--max-delete ${text} ${expected ? 'stops' : 'allows'} 10 of 40 items, 1000 bytes`,
});

test(stops, '0', true);
test(stops, '9', true);
test(stops, '10', false);
test(stops, '0%', true);
test(stops, '24.9%', true);
test(stops, '25%', false);
test(stops, '100%', false);
test(stops, '999B', true);
test(stops, '1000B', false);
test(stops, '1KB', false);

test('no brake stops a run that removes nothing, and every brake is monotone', (t) => {
  const brake = fc.oneof(
    fc.nat(1000).map((items) => ({ type: 'items' as const, items })),
    fc.nat(100).map((percent) => ({ type: 'share' as const, percent })),
    fc.nat(1000).map((bytes) => ({ type: 'bytes' as const, bytes })),
  );
  fc.assert(
    fc.property(brake, fc.nat(1000), fc.nat(1000), fc.nat(1000), (some, items, bytes, more) => {
      const found = items + more;
      t.false(isTooMuch(some, { items: 0, bytes: 0, found }));
      if (isTooMuch(some, { items, bytes, found }))
        t.true(isTooMuch(some, { items: items + 1, bytes: bytes + 1, found: found + 1 }));
    }),
  );
});

test('the word yes is wanted beyond a hundred items and beyond half of the kind, not at either', (t) => {
  t.true(isMostOfAKind(101, 201));
  t.false(isMostOfAKind(101, 202));
  t.false(isMostOfAKind(100, 100));
  t.true(isMostOfAKind(101, 101));
});
