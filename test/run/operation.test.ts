import test from 'ava';
import type { Event, EventType } from '../../src/journal/event.ts';
import { concernsOperation, evolveOperation, type OperationState } from '../../src/run/operation.ts';

const states: readonly OperationState[] = ['none', 'intended', 'quarantined', 'purging', 'blocked', 'ended'];

/** Every legal transition; whatever is not named here is illegal (T1). */
const legal: Readonly<Partial<Record<EventType, readonly (readonly [OperationState, OperationState])[]>>> = {
  RemovalIntended: [['none', 'intended']],
  ItemQuarantined: [['intended', 'quarantined']],
  ItemDrifted: [['intended', 'ended']],
  ItemVanished: [['intended', 'ended']],
  ItemFailed: [
    ['intended', 'ended'],
    ['quarantined', 'ended'],
  ],
  PutBackBlocked: [
    ['intended', 'intended'],
    ['quarantined', 'quarantined'],
  ],
  PurgeStarted: [
    ['quarantined', 'purging'],
    ['blocked', 'purging'],
    ['purging', 'purging'],
  ],
  PurgeBlocked: [
    ['quarantined', 'blocked'],
    ['purging', 'blocked'],
    ['blocked', 'blocked'],
  ],
  ItemRemoved: [
    ['quarantined', 'ended'],
    ['purging', 'ended'],
    ['blocked', 'ended'],
  ],
  ItemRestored: [
    ['intended', 'ended'],
    ['quarantined', 'ended'],
    ['purging', 'ended'],
    ['blocked', 'ended'],
  ],
  RenameRedone: [
    ['quarantined', 'quarantined'],
    ['purging', 'purging'],
    ['blocked', 'blocked'],
  ],
  PurgeRedone: [['ended', 'ended']],
};

// Only the type of an event decides: the table needs no more of it.
const event = (type: EventType): Event => ({ type }) as unknown as Event;

for (const [type, transitions] of Object.entries(legal) as [
  EventType,
  (readonly [OperationState, OperationState])[],
][]) {
  test(`${type} is allowed in its states only`, (t) => {
    t.true(concernsOperation(event(type)));
    for (const from of states) {
      const expected = transitions.find(([state]) => state === from)?.[1];
      const result = evolveOperation(from, event(type));
      t.deepEqual(
        result.isOk() ? result.value : result.error,
        expected ?? { type: 'illegal-transition', from, event: type },
        `${type} from ${from}`,
      );
    }
  });
}

test('an operation has one terminal event: none follows the end', (t) => {
  for (const type of ['ItemRemoved', 'ItemRestored', 'ItemDrifted', 'ItemVanished', 'ItemFailed'] as const) {
    t.true(evolveOperation('ended', event(type)).isErr());
  }
});

test('the bytes of an item are never said to be gone before it was in quarantine', (t) => {
  t.true(evolveOperation('none', event('ItemRemoved')).isErr());
  t.true(evolveOperation('intended', event('ItemRemoved')).isErr());
});

test('events of a run concern no operation', (t) => {
  for (const type of ['RunStarted', 'ItemKept', 'RunCompleted', 'QuarantineOrphanFound'] as const) {
    t.false(concernsOperation(event(type)));
  }
});
