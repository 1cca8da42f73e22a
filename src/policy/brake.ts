import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { UsageFailure } from '../model/failure.ts';
import { parseSize } from './size.ts';

/** How much a run may remove at most (DESIGN 8). `share` is in percent of what was found in scope. */
export type Brake =
  | { readonly type: 'items'; readonly items: number }
  | { readonly type: 'share'; readonly percent: number }
  | { readonly type: 'bytes'; readonly bytes: number };

export type Load = { readonly items: number; readonly bytes: number; readonly found: number };

const acceptedBrakes: readonly string[] = ['100', '25%', '10GB'];

/** `100` items, `25%` of the items in scope, or a size with its unit. Zero is a limit like any other: nothing may go. */
export function parseBrake(text: string): Result<Brake, UsageFailure> {
  const typed = text.trim();
  if (/^[0-9]{1,9}$/.test(typed)) return ok({ type: 'items', items: Number(typed) });
  const [, share] = /^([0-9]{1,3}(?:\.[0-9]{1,6})?) ?%$/.exec(typed) ?? [];
  if (share !== undefined && Number(share) <= 100) return ok({ type: 'share', percent: Number(share) });
  return share === undefined && parseSize(typed).isOk()
    ? parseSize(typed).map((bytes) => ({ type: 'bytes', bytes }))
    : err({ type: 'usage', problem: 'this is no limit of removals', text, accepted: acceptedBrakes });
}

/** Whether more would go than may. Exactly the limit may. */
export function isTooMuch(brake: Brake, { items, bytes, found }: Load): boolean {
  switch (brake.type) {
    case 'items':
      return items > brake.items;
    case 'share':
      // All of nothing is nothing.
      return items * 100 > brake.percent * found;
    case 'bytes':
      return bytes > brake.bytes;
  }
}

/** Beyond half of a kind and this many of its items, consent is the word `yes`. */
const manyItems = 100;

/** Whether so much of a kind would go that a quick `y` does not do. */
export function isMostOfAKind(going: number, found: number): boolean {
  return going > manyItems && going * 2 > found;
}
