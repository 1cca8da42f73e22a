import test from 'ava';
import type { Entry } from '../../src/journal/entry.ts';
import type { Event } from '../../src/journal/event.ts';
import { storyCheck } from '../../src/run/story-check.ts';

const item = 'logs:/a';
const intended = { type: 'RemovalIntended', item } as unknown as Event;
const quarantined: Event = { type: 'ItemQuarantined', item };
const removed: Event = { type: 'ItemRemoved', item, bytes: 1, files: 1 };

/** What is impossible in a story of events of these operations, in order. */
function impossible(...story: readonly (readonly [op: string | undefined, event: Event])[]): unknown[] {
  const check = storyCheck();
  return story.flatMap(([op, event], seq) => {
    const entry: Entry = {
      seq,
      id: '',
      atMs: 0,
      actor: { uid: 0, tool: '' },
      event,
      ...(op === undefined ? {} : { op }),
    };
    return check(entry).map(({ from, event: type }) => `${seq}: ${type} after ${from}`);
  });
}

test('operations that go their way, side by side, are possible', (t) => {
  t.deepEqual(
    impossible(
      ['a', intended],
      ['b', intended],
      ['a', quarantined],
      ['a', removed],
      ['b', { type: 'ItemVanished', item }],
    ),
    [],
  );
});

test('what was never intended, is removed before it was moved, or ends twice, is named with its entry', (t) => {
  t.deepEqual(impossible(['a', quarantined]), ['0: ItemQuarantined after none']);
  t.deepEqual(impossible(['a', intended], ['a', removed]), ['1: ItemRemoved after intended']);
  t.deepEqual(impossible(['a', intended], ['a', quarantined], ['a', removed], ['a', removed]), [
    '3: ItemRemoved after ended',
  ]);
  t.deepEqual(impossible(['a', intended], ['a', quarantined], ['a', removed], ['a', intended]), [
    '3: RemovalIntended after ended',
  ]);
});

test('events that concern no operation are no part of one', (t) => {
  t.deepEqual(
    impossible(
      [undefined, { type: 'RunDeclined', how: 'answer' }],
      ['a', { type: 'ReserveReleased', bytes: 1 }],
    ),
    [],
  );
});
