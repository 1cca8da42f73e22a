import * as fc from 'fast-check';
import type { Entry } from '../../src/journal/entry.ts';
import type { Event } from '../../src/journal/event.ts';
import { eventShapes } from '../../src/journal/event-shape.ts';
import type { AnyShape } from '../../src/journal/shape.ts';

const text = fc.string({ unit: 'binary' });
const number = fc.oneof(
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value)),
);

/** Any value of a shape, whatever nonsense it means. */
function ofShape(shape: AnyShape): fc.Arbitrary<unknown> {
  if (shape === 'string') return text;
  if (shape === 'number') return number;
  if (shape === 'boolean') return fc.boolean();
  if (shape === 'flat')
    return fc.dictionary(text, fc.oneof(text, number, fc.boolean()), { noNullPrototype: true });
  if (Array.isArray(shape)) {
    const [container, inner] = shape as readonly [string, AnyShape];
    if (container === 'list') return fc.array(ofShape(inner), { maxLength: 4 });
    return fc.dictionary(text, ofShape(inner), { maxKeys: 4, noNullPrototype: true });
  }
  const fields = Object.entries(shape as Readonly<Record<string, AnyShape>>);
  const isOptional = (field: AnyShape): boolean => Array.isArray(field) && field[0] === 'maybe';
  return fc.record(
    Object.fromEntries(
      fields.map(([name, field]) => [
        name,
        ofShape(isOptional(field) ? (field as [string, AnyShape])[1] : field),
      ]),
    ),
    {
      requiredKeys: fields.filter(([, field]) => !isOptional(field)).map(([name]) => name),
      noNullPrototype: true,
    },
  );
}

export const arbitraryEvent: fc.Arbitrary<Event> = fc.oneof(
  ...Object.entries(eventShapes as Readonly<Record<string, AnyShape>>).map(([type, shape]) =>
    ofShape(shape).map((data) => ({ type, ...(data as object) }) as Event),
  ),
);

export const arbitraryEntry: fc.Arbitrary<Entry> = fc.record(
  {
    seq: fc.maxSafeNat(),
    id: text,
    atMs: fc.integer({ min: -8.64e15, max: 8.64e15 }),
    actor: fc.record({ uid: fc.integer(), tool: text }, { noNullPrototype: true }),
    event: arbitraryEvent,
    run: text,
    op: text,
    cause: fc.maxSafeNat(),
  },
  { requiredKeys: ['seq', 'id', 'atMs', 'actor', 'event'], noNullPrototype: true },
);
