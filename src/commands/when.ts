import { err, ok, type Result } from 'neverthrow';
import { DateTime, type DurationLikeObject } from 'luxon';
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

/** Which end of a stretch of time is meant, when a whole day is named. */
type Edge = 'since' | 'until';

/** A point in time, or a stretch of it: a day, a month. */
type Meant = { readonly at: DateTime; readonly whole?: 'day' | 'week' | 'month' | 'year' };

/**
 * A point in time as people type it, in the reader's zone: ISO, a duration back from now, or natural words. A day
 * without a time is its first moment for `since`, its last for `until`: `yesterday` is the reader's calendar day.
 *
 * @param flag - what it was typed after, for the refusal
 */
export async function parseWhen(
  text: string,
  edge: Edge,
  nowMs: number,
  flag = `--${edge}`,
): Promise<Result<number, UsageFailure>> {
  const typed = text.trim();
  const wrong = err<number, UsageFailure>({
    type: 'usage',
    problem: `${flag} is not a time`,
    text,
    accepted,
  });
  // A sign is no direction: every form looks back already.
  if (typed === '' || /^[+-]/.test(typed)) return wrong;
  const duration = parseDuration(typed);
  if (duration.isOk()) return ok(nowMs - duration.value);

  const now = DateTime.fromMillis(nowMs);
  const meant = iso(typed) ?? ago(typed, now) ?? day(typed, now) ?? (await words(typed, now, edge));
  if (meant === undefined || !meant.at.isValid) return wrong;
  return ok(meant.whole === undefined ? instant(meant.at, edge, typed) : edgeOf(meant.at, meant.whole, edge));
}

/** A point in time to come: ISO, or a duration from now. A day without a time is its last moment. */
export function parseUntil(text: string, nowMs: number): Result<number, UsageFailure> {
  const typed = text.trim();
  const wrong = (problem: string): Result<number, UsageFailure> =>
    err({ type: 'usage', problem, text, accepted: ['2026-12-31', '2026-12-31T14:30Z', '30d', '6mo'] });
  const duration = parseDuration(typed);
  if (duration.isOk()) return ok(nowMs + duration.value);
  const meant = iso(typed);
  if (meant === undefined) return wrong('--until is not a time');
  const atMs =
    meant.whole === undefined ? instant(meant.at, 'until', typed) : edgeOf(meant.at, meant.whole, 'until');
  return atMs > nowMs ? ok(atMs) : wrong('--until is over already');
}

function iso(typed: string): Meant | undefined {
  const at = DateTime.fromISO(typed);
  if (!at.isValid) return undefined;
  if (/^\d{4}$/.test(typed)) return { at, whole: 'year' };
  if (/^\d{4}-\d{2}$/.test(typed)) return { at, whole: 'month' };
  if (/^\d{4}-?W\d{2}$/.test(typed)) return { at, whole: 'week' };
  return /[T:]/i.test(typed) ? { at } : { at, whole: 'day' };
}

const units: Readonly<Record<string, keyof DurationLikeObject>> = {
  second: 'seconds',
  sec: 'seconds',
  minute: 'minutes',
  min: 'minutes',
  hour: 'hours',
  day: 'days',
  week: 'weeks',
  month: 'months',
  year: 'years',
};

/** Hours and less are counted exactly; days and more by the calendar: a day ago it was as late as now. */
function ago(typed: string, now: DateTime): Meant | undefined {
  if (/^now$/i.test(typed)) return { at: now };
  const given = /^(.+?)\s+ago$/i.exec(typed)?.[1]?.toLowerCase();
  if (given === undefined) return undefined;
  let at = now;
  for (const part of given.split(/\s*(?:,|\band\b)\s*/)) {
    const [, count = '', name = ''] = /^(\d{1,6}|an?|one)\s+([a-z]+?)s?$/.exec(part) ?? [];
    const unit = units[name];
    if (unit === undefined) return undefined;
    at = at.minus({ [unit]: /^\d/.test(count) ? Number(count) : 1 });
  }
  return { at };
}

const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

/** Weekdays mean the last one, not the next: a journal has no future. On a Monday, `monday` is today. */
function day(typed: string, now: DateTime): Meant | undefined {
  const word = typed.toLowerCase();
  const noon = now.set({ hour: 12, minute: 0, second: 0, millisecond: 0 });
  if (word === 'today') return { at: noon, whole: 'day' };
  if (word === 'yesterday') return { at: noon.minus({ days: 1 }), whole: 'day' };
  const [, last, name = ''] = /^(last\s+)?([a-z]{3,9})$/.exec(word) ?? [];
  const index = weekdays.findIndex((weekday) => weekday === name || weekday.slice(0, 3) === name);
  if (index === -1) return undefined;
  const back = (now.weekday - 1 - index + 7) % 7;
  return { at: noon.minus({ days: back === 0 && last !== undefined ? 7 : back }), whole: 'day' };
}

/** What looks ahead, and what names a stretch of time of which no two readers have the same beginning. */
const inexact =
  /\b(?:ago|in|next|later|from\s+now|tomorrow|tonight|coming|before|after|this|weeks?|weekend|months?|years?|night|morning|afternoon|evening)\b/i;

/** Numbers that may be a date, with any of the signs that are put between them; not the minutes of a time. */
const numericDate = /(?<![\d:])\d+[-/.]\d+(?:[-/.]\d+)*/g;

/**
 * Everything else that names a day or a time: `nov 20`, `yesterday at 14:00`, `3pm`. Only what leaves nothing to be
 * guessed: the library finds a day in month 13, and one for `this week`.
 */
async function words(typed: string, now: DateTime, edge: Edge): Promise<Meant | undefined> {
  if (inexact.test(typed)) return undefined;
  for (const [date] of typed.matchAll(numericDate))
    if (!/^\d{4}-\d{2}-\d{2}$/.test(date) || !DateTime.fromISO(date).isValid) return undefined;
  const chrono = await import('chrono-node/en');
  const reference = { instant: now.toJSDate(), timezone: now.offset };
  const [found, ...more] = chrono.casual.parse(typed, reference, { forwardDate: false });
  if (found === undefined || more.length > 0 || found.text.length !== typed.length) return undefined;
  const { start } = found;
  if (found.end !== null && found.end !== undefined) return undefined;
  // The offset of now is not that of every day: only the calendar's fields are taken.
  const get = (part: 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'millisecond'): number =>
    start.get(part) ?? 0;
  const date = { year: get('year'), month: get('month'), day: get('day') };
  const hasDay = start.isCertain('day');
  if (start.isCertain('weekday')) {
    const noon = DateTime.fromObject({ ...date, hour: 12 });
    // Without a date it takes the nearest day of that name, which may be one to come.
    if (hasDay ? noon.weekday % 7 !== start.get('weekday') : noon > now.endOf('day')) return undefined;
  }
  if (!start.isCertain('hour')) {
    if (!hasDay) return undefined;
    const at = DateTime.fromObject({ ...date, hour: 12 });
    return { at: inThePast(at, now.endOf('day'), start.isCertain('year')), whole: 'day' };
  }
  if (start.isCertain('timezoneOffset')) return { at: DateTime.fromJSDate(start.date()) };
  const time = { hour: get('hour'), minute: get('minute'), second: get('second') };
  const named = DateTime.fromObject({ ...date, ...time, millisecond: get('millisecond') });
  const at = inThePast(named, now, start.isCertain('year') || !start.isCertain('month'));
  // `midnight` is the next one, to the library.
  return edge === 'since' && at > now ? undefined : { at };
}

/** A date without a year is the last one of that name. */
function inThePast(at: DateTime, limit: DateTime, isYearGiven: boolean): DateTime {
  return !isYearGiven && at > limit ? at.minus({ years: 1 }) : at;
}

/** A time that the clock showed twice is the first for `since` and the last for `until`. */
function instant(at: DateTime, edge: Edge, typed: string): number {
  const isZoned = /(?:z|[+-]\d{2}(?::?\d{2})?)$/i.test(typed) || /\b(?:ago|now)$/i.test(typed);
  if (isZoned) return at.toMillis();
  const times = at.getPossibleOffsets().map((possible) => possible.toMillis());
  return edge === 'since' ? Math.min(...times) : Math.max(...times);
}

function edgeOf(at: DateTime, whole: NonNullable<Meant['whole']>, edge: Edge): number {
  const first = at.startOf(whole);
  return edge === 'since'
    ? firstMoment(first)
    : firstMoment(first.set({ hour: 12 }).plus({ [`${whole}s`]: 1 })) - 1;
}

/** Midnight may be missing on a day, or come twice. */
function firstMoment(day: DateTime): number {
  const midnight = day.startOf('day');
  const times = midnight.getPossibleOffsets().filter((possible) => possible.hasSame(day, 'day'));
  return Math.min(...times.map((possible) => possible.toMillis()), midnight.toMillis());
}
