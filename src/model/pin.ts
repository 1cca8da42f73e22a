import type { ItemId } from './item.ts';
import type { OwnerId } from './owner.ts';

/** An item by itself, or a session or job with all that belongs to it. */
export type PinTarget = ItemId | OwnerId;

/** What its owner said of something in the storage, and when. UTC milliseconds. */
export type Word = { readonly reason: string; readonly atMs: number };

/** `hold`: it stays, whatever its age. `abandoned`: nobody will resume it. Either ends when it is released. */
export type Pin = {
  readonly target: PinTarget;
  readonly name: string;
  /** `saidIn`: the storage root in whose journal it is, when that is not the one at hand. */
  readonly hold?: Word & { readonly untilMs?: number; readonly saidIn?: string };
  readonly abandoned?: Word;
};

/** The pins that count, by what they are about. */
export type Pins = ReadonlyMap<string, Pin>;

export const noPins: Pins = new Map();

/** A hold that has come to its date is none any more; exactly that moment is over. */
export function pinsAt(pins: Iterable<Pin>, nowMs: number): Pins {
  const current = new Map<string, Pin>();
  for (const pin of pins) {
    const { hold, ...rest } = pin;
    const isOver = hold?.untilMs !== undefined && hold.untilMs <= nowMs;
    const now: Pin = isOver ? rest : pin;
    if (now.hold !== undefined || now.abandoned !== undefined) current.set(pin.target, now);
  }
  return current;
}
