import type { ItemCondemned, ItemKept } from '../journal/event-verdict.ts';
import type { KeyedProjection } from '../journal/projection.ts';
import type { KeepReason, RemovalProof, RemoveReason } from '../model/reason.ts';

/** The verdict last journalled for an item. */
export type LastVerdict = {
  readonly type: 'ItemKept' | 'ItemCondemned';
  readonly reason: KeepReason | RemoveReason;
  readonly proof?: RemovalProof;
  /** {@link verdictKey} of the event. */
  readonly verdict: string;
  readonly seq: number;
};

/**
 * What counts of a verdict, as text that is equal for equal verdicts: type, reason, proof and evidence. Sizes and
 * times are not part of it, for they change without changing anything.
 */
export function verdictKey(event: ItemKept | ItemCondemned): string {
  const { type, reason, evidence } = event;
  const proof = event.type === 'ItemCondemned' ? event.proof : null;
  const isAgain = last?.evidence === evidence && last.type === type;
  if (isAgain && last?.reason === reason && last.proof === proof) return last.key;
  const sorted = Object.entries(evidence).sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
  const text = JSON.stringify([type, reason, proof, sorted]);
  const key = last?.key === text ? last.key : text;
  last = { type, reason, proof, evidence, key };
  return key;
}

/** Items that are judged alike follow each other: those that share their evidence are made text once, and all share it. */
let last:
  | (Pick<ItemKept | ItemCondemned, 'type' | 'reason' | 'evidence'> & { proof: string | null; key: string })
  | undefined;

/**
 * One row for each item that was judged and is not known to be gone. An unchanged verdict needs no new entry; an
 * item that comes back after it was removed does.
 */
export const lastVerdict: KeyedProjection<LastVerdict> = {
  name: 'item',
  version: 1,
  keyOf: ({ event }) => {
    switch (event.type) {
      case 'ItemKept':
      case 'ItemCondemned':
      case 'ItemRemoved':
      case 'ItemVanished':
        return event.item;
      default:
        return undefined;
    }
  },
  apply: (_row, { event, seq }) => {
    if (event.type !== 'ItemKept' && event.type !== 'ItemCondemned') return undefined;
    return {
      type: event.type,
      reason: event.reason,
      ...(event.type === 'ItemCondemned' ? { proof: event.proof } : {}),
      verdict: verdictKey(event),
      seq,
    };
  },
};
