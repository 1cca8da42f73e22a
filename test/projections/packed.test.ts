import test from 'ava';
import * as fc from 'fast-check';
import { Packed } from '../../src/projections/packed.ts';

test('what is packed comes out as it was, in whatever order it is asked for', (t) => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { minLength: 1 }), (values) => {
      const packed = new Packed<unknown>();
      const places = values.map((value) => packed.add(value));
      const found = places.toReversed().map((place) => packed.get(place));
      t.is(JSON.stringify(found.toReversed()), JSON.stringify(values));
    }),
  );
});

test('what is longer than a piece, and what comes after it, are packed, too', (t) => {
  const packed = new Packed<string>();
  const texts = ['a', 'ü'.repeat(3_000_000), 'b', 'c'.repeat(1_000_000), 'd'.repeat(100_000), '\ud800'];
  const places = texts.map((text) => packed.add(text));
  t.deepEqual(
    places.map((place) => packed.get(place)),
    texts,
  );
});
