import type { ItemId } from '../model/item.ts';
import type { Kind } from '../model/kind.ts';
import type { PinTarget } from '../model/pin.ts';
import type { Evidence, KeepReason, RemovalProof, RemoveReason } from '../model/reason.ts';

type Judged = {
  readonly item: ItemId;
  readonly kind: Kind;
  readonly name: string;
  readonly path: string;
  /** Path of the main git directory when known, else the name. */
  readonly repository?: string;
  /** Allocated bytes, when measured. */
  readonly bytes?: number;
  /** What its age was counted from. UTC milliseconds. */
  readonly agedFromMs?: number;
  readonly evidence: Evidence;
};

/** An item stays. Repeated only when the verdict or its evidence differs from the last one journalled for it. */
export type ItemKept = Judged & { readonly type: 'ItemKept'; readonly reason: KeepReason };

/** An item was found past its retention, unprotected and safe to lose. Repeated as {@link ItemKept}. */
export type ItemCondemned = Judged & {
  readonly type: 'ItemCondemned';
  readonly reason: RemoveReason;
  readonly proof: RemovalProof;
};

/** An item, or a session or job with all that belongs to it, is to stay until then, or until it is released. */
export type HoldPlaced = {
  readonly type: 'HoldPlaced';
  readonly target: PinTarget;
  readonly name: string;
  readonly reason: string;
  readonly untilMs?: number;
};

/** The owner of a session or job will not resume it: that it could be resumed protects it no longer. */
export type SessionAbandoned = {
  readonly type: 'SessionAbandoned';
  readonly target: PinTarget;
  readonly name: string;
  readonly reason: string;
};

/** A hold was ended, an abandonment taken back, or both. */
export type PinReleased = { readonly type: 'PinReleased'; readonly target: PinTarget; readonly name: string };

/** What was judged of an item, and what its owner said of it. */
export type VerdictEvent = ItemKept | ItemCondemned | HoldPlaced | SessionAbandoned | PinReleased;
