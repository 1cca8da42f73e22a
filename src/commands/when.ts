import { err, ok, type Result } from 'neverthrow';
import { DateTime } from 'luxon';
import type { UsageFailure } from '../model/failure.ts';
import { parseDuration } from '../policy/age.ts';

const accepted = [
  '2026-01-31',
  '2026-01-31T14:30',
  '2026-01-31T14:30Z',
  'yesterday',
  'monday',
  '"2 hours ago"',
  '7d',
];

/**
 * A point in time as people type it, in the reader's zone: ISO, a duration back from now, or natural words. A day
 * without a time is its first moment for `since`, its last for `until`: `yesterday` is the reader's calendar day.
 */
export async function parseWhen(
  text: string,
  edge: 'since' | 'until',
  nowMs: number,
): Promise<Result<number, UsageFailure>> {
  const typed = text.trim();
  const wrong = err<number, UsageFailure>({
    type: 'usage',
    problem: `--${edge} is not a time`,
    text,
    accepted,
  });
  // A sign is no direction: every form looks back already.
  if (typed === '' || /^[+-]/.test(typed)) return wrong;
  const duration = parseDuration(typed);
  if (duration.isOk()) return ok(nowMs - duration.value);

  const iso = DateTime.fromISO(typed);
  if (iso.isValid) {
    const isDay = /^\d{4}-?\d{2}-?\d{2}$/.test(typed);
    return ok((isDay ? edgeOf(iso, edge) : iso).toMillis());
  }

  const chrono = await import('chrono-node');
  const now = DateTime.fromMillis(nowMs);
  // Weekdays mean the last one, not the next: a journal has no future.
  const [found, ...more] = chrono.casual.parse(typed, now.toJSDate(), { forwardDate: false });
  if (found === undefined || more.length > 0 || found.text.length !== typed.length) return wrong;
  const { start } = found;
  const at = DateTime.fromJSDate(start.date());
  const isDay = !start.isCertain('hour') && !/\b(ago|now|hours?|minutes?|seconds?)\b/i.test(typed);
  const day = isDay && at > now ? at.minus({ weeks: 1 }) : at;
  return ok((isDay ? edgeOf(day, edge) : at).toMillis());
}

function edgeOf(day: DateTime, edge: 'since' | 'until'): DateTime {
  return edge === 'since' ? day.startOf('day') : day.endOf('day');
}
