import type { JournalEvent } from './event-journal.ts';
import type { RemovalEvent } from './event-removal.ts';
import type { RunEvent } from './event-run.ts';
import type { VerdictEvent } from './event-verdict.ts';

/** Everything that can be in a journal (JOURNAL 7.4). Events are for ever: add, never change a meaning. */
export type Event = RunEvent | VerdictEvent | RemovalEvent | JournalEvent;

export type EventType = Event['type'];
export type EventOf<T extends EventType> = Extract<Event, { readonly type: T }>;

/** The events that end an operation (P5): each operation gets exactly one. */
export const terminalEvents: readonly EventType[] = [
  'ItemRemoved',
  'ItemRestored',
  'ItemDrifted',
  'ItemVanished',
  'ItemFailed',
];
