import type { RemovalIntended } from '../journal/event-removal.ts';
import { terminalEvents } from '../journal/event.ts';
import type { KeyedProjection } from '../journal/projection.ts';
import { markOf, type ItemId } from '../model/item.ts';

/** A removal that has begun and not ended: what `resume` has to see to, and `undo` may take back. */
export type OpenOperation = {
  readonly op: string;
  /** The run that began it. */
  readonly run: string;
  readonly item: ItemId;
  readonly state: 'intended' | 'quarantined' | 'purging' | 'blocked';
  readonly bytes: number;
  /** It is held for undo, and not freed before. UTC milliseconds. */
  readonly heldUntilMs?: number;
  /** Why it could not be put back, when that was tried last. */
  readonly putBackBlocked?: { readonly path: string; readonly code: string };
  readonly attempt: number;
  /** The entry of its intent, which says all else: `intentPages` reads it. */
  readonly intentSeq: number;
  /** When it was intended. */
  readonly atMs: number;
  /** Of what is one thing, and no worktree: the mark by which it is told in quarantine without its intent. */
  readonly mark?: string;
};

/** The same with its intent at hand. */
export type WholeOperation = OpenOperation & { readonly intent: RemovalIntended };

const followUps: ReadonlySet<string> = new Set([
  ...terminalEvents,
  'RemovalIntended',
  'ItemQuarantined',
  'PurgeStarted',
  'PurgeBlocked',
  'PutBackBlocked',
]);

/**
 * One row for each operation, by its id; gone with its terminal event. Written with each change of its state, a hundred
 * thousand times in a run: it does not hold the intent.
 */
export const openOperations: KeyedProjection<OpenOperation> = {
  name: 'op',
  version: 4,
  isWork: true,
  keyOf: ({ op, event }) => (followUps.has(event.type) ? op : undefined),
  apply: (row, { event, op, run = '', seq, atMs }) => {
    if (event.type === 'RemovalIntended') {
      if (op === undefined) return row;
      const { item, bytes, attempt } = event;
      const whole = { op, run, item, state: 'intended', bytes, attempt, intentSeq: seq, atMs } as const;
      const mark = onlyMark(event);
      return mark === undefined ? whole : { ...whole, mark };
    }
    if (row === undefined || terminalEvents.includes(event.type)) return undefined;
    switch (event.type) {
      case 'ItemQuarantined':
        return quarantined(row, event.heldUntilMs);
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

function onlyMark({ moves, worktree }: RemovalIntended): string | undefined {
  const [move] = moves;
  return move === undefined || moves.length > 1 || worktree !== undefined ? undefined : markOf(move.identity);
}

/**
 * Held operations are the many: written out, they share their shape. An object that is spread and then extended by
 * conditions gets one of its own, which is larger than itself.
 */
function quarantined(row: OpenOperation, heldUntilMs: number | undefined): OpenOperation {
  if (heldUntilMs === undefined) return { ...row, state: 'quarantined' };
  const { putBackBlocked, op, run, item, bytes, attempt, intentSeq, atMs, mark } = row;
  if (putBackBlocked !== undefined || mark === undefined)
    return { ...row, state: 'quarantined', heldUntilMs };
  return { op, run, item, state: 'quarantined', bytes, attempt, intentSeq, atMs, mark, heldUntilMs };
}
