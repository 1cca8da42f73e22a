import test from 'ava';
import * as fc from 'fast-check';
import { decodeEntry, encodeEntry } from '../../src/journal/codec.ts';
import type { Entry } from '../../src/journal/entry.ts';
import { eventShapes } from '../../src/journal/event-shape.ts';
import { arbitraryEntry } from './arbitrary-event.ts';

const entry: Entry = {
  seq: 7,
  id: 'id',
  atMs: 0,
  actor: { uid: 0, tool: '1' },
  run: 'run',
  event: { type: 'ItemFailed', item: 'logs:/a', code: 'EACCES', path: '/a', attempt: 1, retryable: true },
};

test('an entry decodes to what was encoded, for every type of event', (t) => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(arbitraryEntry, (any) => {
      seen.add(any.event.type);
      t.deepEqual(decodeEntry(encodeEntry(any))._unsafeUnwrap(), any);
    }),
    { numRuns: 2000 },
  );
  t.deepEqual([...seen].sort(), Object.keys(eventShapes).sort());
});

test('encoding what was decoded gives the stored bytes again', (t) => {
  fc.assert(
    fc.property(arbitraryEntry, (any) => {
      const text = encodeEntry(any);
      t.is(encodeEntry(decodeEntry(text)._unsafeUnwrap()), text);
    }),
    { numRuns: 300 },
  );
});

test('the stored text is that of the whole entry, wherever the event has its type', (t) => {
  fc.assert(
    fc.property(arbitraryEntry, fc.boolean(), (any, isLast) => {
      const { seq, id, atMs, run, op, cause, actor } = any;
      const { type, ...data } = any.event;
      const event = (isLast ? { ...data, type } : any.event) as Entry['event'];
      const at = new Date(atMs).toISOString();
      t.is(
        encodeEntry({ ...any, event }),
        JSON.stringify({ v: 1, seq, id, type, tv: 1, at, run, op, cause, actor, data }),
      );
    }),
    { numRuns: 2000 },
  );
});

test('the envelope is laid out as the format says', (t) => {
  t.is(
    encodeEntry(entry),
    '{"v":1,"seq":7,"id":"id","type":"ItemFailed","tv":1,"at":"1970-01-01T00:00:00.000Z","run":"run",' +
      '"actor":{"uid":0,"tool":"1"},' +
      '"data":{"item":"logs:/a","code":"EACCES","path":"/a","attempt":1,"retryable":true}}',
  );
});

const stored = JSON.parse(encodeEntry(entry)) as Record<string, unknown> & { data: Record<string, unknown> };
const refused = test.macro({
  exec: (t, change: object, why: RegExp) => {
    t.regex(decodeEntry(JSON.stringify({ ...stored, ...change }))._unsafeUnwrapErr(), why);
  },
  title: (what) => `${what} is refused`,
});

test('another envelope version', refused, { v: 2 }, /envelope version 2/);
test('an unknown type', refused, { type: 'ItemEaten' }, /unknown event type "ItemEaten"/);
test('a newer version of a known type', refused, { tv: 2 }, /version 2 of ItemFailed/);
test('a sequence that is text', refused, { seq: '7' }, /seq/);
test('a time that is none', refused, { at: 'noon' }, /at/);
test('an entry without an actor', refused, { actor: undefined }, /actor/);
test('a missing field', refused, { data: { ...stored.data, code: undefined } }, /data\.code: no string/);
test('a field of another type', refused, { data: { ...stored.data, retryable: 1 } }, /data\.retryable/);
test('data that is a list', refused, { data: [] }, /data: no object/);

test('a fault deep in a list is named', (t) => {
  const planned = {
    ...stored,
    type: 'PlanRecorded',
    data: { plan: 'p', piece: 0, pieces: 1, items: [{ item: 'i', bytes: 1, parts: [{ path: '/a' }] }] },
  };
  t.regex(decodeEntry(JSON.stringify(planned))._unsafeUnwrapErr(), /items\.0\.parts\.0\.identity/);
});

test('a field that a later version added is let through', (t) => {
  const later = decodeEntry(JSON.stringify({ ...stored, data: { ...stored.data, colour: 'red' } }));
  t.like(later._unsafeUnwrap().event, { type: 'ItemFailed', colour: 'red' });
});

test('a malformed event is not written', (t) => {
  t.throws(() => encodeEntry({ ...entry, event: { type: 'ItemVanished' } as never }), { name: 'Defect' });
});
