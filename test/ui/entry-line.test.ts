import test from 'ava';
import * as fc from 'fast-check';
import { eventShapes } from '../../src/journal/event-shape.ts';
import { sentenceOf } from '../../src/ui/entry-line.ts';
import { printable } from '../../src/ui/format.ts';
import { arbitraryEvent } from '../journal/arbitrary-event.ts';

test('every event is one line that a person can read, whatever is in it', (t) => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(arbitraryEvent, (event) => {
      const sentence = sentenceOf(event);
      seen.add(event.type);
      t.true(sentence.length > 5);
      t.is(printable(sentence), sentence, event.type);
    }),
    { numRuns: 2_000 },
  );
  t.deepEqual([...seen].sort(), Object.keys(eventShapes).sort());
});
