import type { Scan } from '../cleaners/scan.ts';
import type { RefusedFailure } from '../model/failure.ts';
import { isTooMuch, parseBrake } from '../policy/brake.ts';

/**
 * The refusal of a run that would remove more than `--max-delete` allows. A limit that cannot be read allows nothing.
 *
 * @param limit - as it was typed; `undefined`: there is none
 */
export function brakeProblem(
  { judged, condemned }: Pick<Scan, 'judged' | 'condemned'>,
  limit: string | undefined,
): Extract<RefusedFailure, { type: 'max-delete' }> | undefined {
  if (limit === undefined || condemned.length === 0) return undefined;
  const load = { items: condemned.length, bytes: condemned.bytes, found: judged.length };
  const isAllowed = parseBrake(limit).match(
    (brake) => !isTooMuch(brake, load),
    () => false,
  );
  return isAllowed ? undefined : { type: 'max-delete', limit, ...load };
}

/**
 * What of a run's brake still counts when it is resumed: its list has passed it, and a share was one of what was found
 * then. What remains can have grown.
 */
export function brakeOfThen(limit: string | undefined): string | undefined {
  return limit?.includes('%') === true ? undefined : limit;
}
