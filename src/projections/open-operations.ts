import type { RemovalIntended } from '../journal/event-removal.ts';
import { terminalEvents } from '../journal/event.ts';
import type { KeyedProjection } from '../journal/projection.ts';
import type { ItemId } from '../model/item.ts';
import type { Kind } from '../model/kind.ts';

/** A removal that has begun and not ended: what `resume` has to see to, and `undo` may take back. */
export type OpenOperation = {
  readonly op: string;
  /** The run that began it. */
  readonly run: string;
  readonly item: ItemId;
  readonly kind: Kind;
  readonly state: 'intended' | 'quarantined' | 'purging' | 'blocked';
  readonly intent: RemovalIntended;
  /** It is held for undo, and not freed before. UTC milliseconds. */
  readonly heldUntilMs?: number;
  /** Why it could not be put back, when that was tried last. */
  readonly putBackBlocked?: { readonly path: string; readonly code: string };
  readonly attempt: number;
  readonly intentSeq: number;
  /** When it was intended. */
  readonly atMs: number;
};

const followUps: ReadonlySet<string> = new Set([
  ...terminalEvents,
  'RemovalIntended',
  'ItemQuarantined',
  'PurgeStarted',
  'PurgeBlocked',
  'PutBackBlocked',
]);

/** One row for each operation, by its id; gone with its terminal event. */
export const openOperations: KeyedProjection<OpenOperation> = {
  name: 'op',
  version: 2,
  isWork: true,
  keyOf: ({ op, event }) => (followUps.has(event.type) ? op : undefined),
  apply: (row, { event, op, run, seq, atMs }) => {
    if (event.type === 'RemovalIntended') {
      if (op === undefined) return row;
      const { item, kind, attempt } = event;
      const state = 'intended';
      return { op, run: run ?? '', item, kind, state, intent: event, attempt, intentSeq: seq, atMs };
    }
    if (row === undefined || terminalEvents.includes(event.type)) return undefined;
    switch (event.type) {
      case 'ItemQuarantined':
        return {
          ...row,
          state: 'quarantined',
          ...(event.heldUntilMs === undefined ? {} : { heldUntilMs: event.heldUntilMs }),
        };
      case 'PutBackBlocked':
        return { ...row, putBackBlocked: { path: event.path, code: event.code } };
      case 'PurgeStarted':
        return { ...row, state: 'purging' };
      case 'PurgeBlocked':
        return { ...row, state: 'blocked', attempt: event.attempt };
      default:
        return row;
    }
  },
};
