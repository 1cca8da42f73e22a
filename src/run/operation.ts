import { err, ok, type Result } from 'neverthrow';
import type { Event, EventType } from '../journal/event.ts';

/**
 * What is remembered of one operation: one item on its way out in one run.
 *
 * ```
 * intended -> quarantined -> purging -> ended
 *    |            |             \-> blocked -> purging
 *    \-> ended    \-> ended
 *
 * restoring -> ended
 * ```
 */
export type OperationState =
  'none' | 'restoring' | 'intended' | 'quarantined' | 'purging' | 'blocked' | 'ended';

export type IllegalTransition = {
  readonly type: 'illegal-transition';
  readonly from: OperationState;
  readonly event: EventType;
};

const transitions: Readonly<
  Partial<Record<EventType, Readonly<Partial<Record<OperationState, OperationState>>>>>
> = {
  RemovalIntended: { none: 'intended' },
  UndoIntended: { none: 'restoring' },
  SnapshotTaken: { intended: 'intended' },
  ItemQuarantined: { intended: 'quarantined' },
  ItemDrifted: { intended: 'ended' },
  ItemVanished: { intended: 'ended' },
  // From quarantine an item fails only when something foreign lies in its place there.
  ItemFailed: { intended: 'ended', quarantined: 'ended', restoring: 'ended' },
  PutBackBlocked: { intended: 'intended', quarantined: 'quarantined' },
  PurgeStarted: { quarantined: 'purging', blocked: 'purging', purging: 'purging' },
  PurgeBlocked: { quarantined: 'blocked', purging: 'blocked', blocked: 'blocked' },
  ItemRemoved: { quarantined: 'ended', purging: 'ended', blocked: 'ended' },
  ItemRestored: {
    intended: 'ended',
    quarantined: 'ended',
    purging: 'ended',
    blocked: 'ended',
    restoring: 'ended',
  },
  RenameRedone: { quarantined: 'quarantined', purging: 'purging', blocked: 'blocked' },
  PurgeRedone: { ended: 'ended' },
};

/** Whether an event concerns operations at all. */
export function concernsOperation(event: Event): boolean {
  return transitions[event.type] !== undefined;
}

/** The next state, or the proof that the journal tells an impossible story. */
export function evolveOperation(
  from: OperationState,
  event: Event,
): Result<OperationState, IllegalTransition> {
  const to = transitions[event.type]?.[from];
  return to === undefined ? err({ type: 'illegal-transition', from, event: event.type }) : ok(to);
}
