import test from 'ava';
import { DateTime, Settings } from 'luxon';
import { parseWhen } from '../../src/commands/when.ts';

const now = DateTime.fromISO('2026-11-25T15:30:00Z').toMillis();

async function at(text: string, edge: 'since' | 'until' = 'since', nowMs: number = now): Promise<string> {
  const when = await parseWhen(text, edge, nowMs);
  return when.isOk() ? DateTime.fromMillis(when.value).toUTC().toISO()! : when.error.problem;
}

test.serial.beforeEach(() => {
  Settings.defaultZone = 'utc';
});

test.serial('a day is meant whole: from its first moment, until its last', async (t) => {
  t.is(await at('2026-11-20'), '2026-11-20T00:00:00.000Z');
  t.is(await at('2026-11-20', 'until'), '2026-11-20T23:59:59.999Z');
  t.is(await at('yesterday'), '2026-11-24T00:00:00.000Z');
  t.is(await at('yesterday', 'until'), '2026-11-24T23:59:59.999Z');
});

test.serial('a point in time is meant to the millisecond', async (t) => {
  t.is(await at('2026-11-20T10:00:00Z'), '2026-11-20T10:00:00.000Z');
  t.is(await at('2026-11-20T10:00:00+02:00'), '2026-11-20T08:00:00.000Z');
  t.is(await at('2 hours ago'), '2026-11-25T13:30:00.000Z');
  t.is(await at('7d'), '2026-11-18T15:30:00.000Z');
});

test.serial('a weekday is the last one, for a journal has no future', async (t) => {
  t.is(await at('monday'), '2026-11-23T00:00:00.000Z');
  t.is(await at('friday'), '2026-11-20T00:00:00.000Z');
});

test.serial("yesterday is the reader's calendar day, also when the clocks change (story 15)", async (t) => {
  // Berlin went from summer to winter time on 2026-10-25: that day had 25 hours.
  Settings.defaultZone = 'Europe/Berlin';
  const monday = DateTime.fromISO('2026-10-26T08:00:00', { zone: 'Europe/Berlin' }).toMillis();
  t.is(await at('yesterday', 'since', monday), '2026-10-24T22:00:00.000Z');
  t.is(await at('yesterday', 'until', monday), '2026-10-25T22:59:59.999Z');
});

/** When a calendar day begins in a zone: what the platform's own calendar says, asked every quarter of an hour. */
function beginOf(date: string, zone: string): number {
  const calendar = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short' });
  const from = Date.parse(`${date}T00:00:00Z`) - 15 * 3_600_000;
  for (let ms = from; ms < from + 48 * 3_600_000; ms += 900_000) if (calendar.format(ms) === date) return ms;
  throw new Error(`no ${date} in ${zone}`);
}

function dateAfter(date: string, days: number): string {
  return new Date(Date.parse(date) + days * 86_400_000).toISOString().slice(0, 10);
}

// Havana has no midnight in spring and two in autumn; in Santiago the hour before midnight comes twice.
const changes: Record<string, readonly [spring: string, autumn: string]> = {
  'Europe/Berlin': ['2026-03-29', '2026-10-25'],
  'America/New_York': ['2026-03-08', '2026-11-01'],
  'America/Havana': ['2026-03-08', '2026-11-01'],
  'America/Santiago': ['2026-09-06', '2026-04-04'],
  'Australia/Lord_Howe': ['2026-10-04', '2026-04-05'],
  'Asia/Kolkata': ['2026-03-29', '2026-10-25'],
};

test.serial(
  'days are those of the calendar to the millisecond, in six zones across both changes (story 15)',
  async (t) => {
    for (const [zone, dates] of Object.entries(changes)) {
      Settings.defaultZone = zone;
      for (const today of dates.flatMap((date) => [-1, 0, 1, 2].map((days) => dateAfter(date, days)))) {
        const [yesterday, tomorrow] = [dateAfter(today, -1), dateAfter(today, 1)];
        const [dayBefore, begin, end] = [yesterday, today, tomorrow].map((date) => beginOf(date, zone));
        for (const nowMs of [begin!, begin! + 1_800_000, begin! + 43_200_000, end! - 1]) {
          const is = async (text: string, edge: 'since' | 'until', expected: number): Promise<void> => {
            const when = await parseWhen(text, edge, nowMs);
            t.is(when.isOk() ? when.value : NaN, expected, `${text} (${edge}) on ${today} in ${zone}`);
          };
          await is('yesterday', 'since', dayBefore!);
          await is('yesterday', 'until', begin! - 1);
          await is('today', 'since', begin!);
          await is(today, 'since', begin!);
          await is(today, 'until', end! - 1);
          const weekday = new Intl.DateTimeFormat('en', { timeZone: zone, weekday: 'long' });
          await is(weekday.format(dayBefore! + 36_000_000).toLowerCase(), 'since', dayBefore!);
          await is(weekday.format(begin! + 36_000_000).slice(0, 3), 'until', end! - 1);
          await is('2 hours ago', 'since', nowMs - 7_200_000);
          await is('7d', 'since', nowMs - 7 * 86_400_000);
          await is(new Date(nowMs).toISOString(), 'until', nowMs);
        }
      }
    }
  },
);

test.serial('an hour that the clock shows twice is meant whole', async (t) => {
  Settings.defaultZone = 'Europe/Berlin';
  t.is(await at('2026-10-25T02:30'), '2026-10-25T00:30:00.000Z');
  t.is(await at('2026-10-25T02:30', 'until'), '2026-10-25T01:30:00.000Z');
  t.is(await at('oct 25 2026 2:30am', 'until'), '2026-10-25T01:30:00.000Z');
});

test.serial('months, dates without a year and times of a day look back', async (t) => {
  t.is(await at('2026-10'), '2026-10-01T00:00:00.000Z');
  t.is(await at('2026-10', 'until'), '2026-10-31T23:59:59.999Z');
  t.is(await at('nov 20'), '2026-11-20T00:00:00.000Z');
  t.is(await at('december 24'), '2025-12-24T00:00:00.000Z');
  t.is(await at('yesterday at 14:00'), '2026-11-24T14:00:00.000Z');
  t.is(await at('last wednesday'), '2026-11-18T00:00:00.000Z');
  t.is(await at('wed'), '2026-11-25T00:00:00.000Z');
  t.is(await at('an hour ago'), '2026-11-25T14:30:00.000Z');
});

test.serial('an ISO week is its days, and a time after a date needs no T', async (t) => {
  t.is(await at('2026-W47'), '2026-11-16T00:00:00.000Z');
  t.is(await at('2026-W47', 'until'), '2026-11-22T23:59:59.999Z');
  t.is(await at('2026-11-20 14:30'), '2026-11-20T14:30:00.000Z');
  t.is(await at('2026-11-20 2pm'), '2026-11-20T14:00:00.000Z');
  t.is(await at('fri nov 20'), '2026-11-20T00:00:00.000Z');
  t.is(await at('last friday 5pm'), '2026-11-20T17:00:00.000Z');
});

/** Each of which a library has an answer to. */
const guesses = [
  '2026-13-01',
  '2026-20-11',
  '2026-02-30 10:00',
  '2026-1-2',
  '1/2/2026',
  '20.11.2026',
  'this week',
  'last week',
  'last month',
  'november',
  'nov 2026',
  'this friday',
  'friday 5pm',
  'weekend',
  'mon nov 20 2026',
  'yesterday morning',
  'last night',
  'midnight',
  'tomorrow',
  '11pm',
];

test.serial('nothing is guessed: what has no one meaning is refused', async (t) => {
  for (const text of guesses) {
    const when = await parseWhen(text, 'since', now);
    t.true(when.isErr(), `${text}: ${when.isOk() ? new Date(when.value).toISOString() : ''}`);
  }
});

test.serial('what is no time is refused, with the forms that are', async (t) => {
  for (const text of ['', 'soon-ish', '2026-13-45', 'yesterday or so', '-7d', 'in 2 hours', 'next monday']) {
    const when = await parseWhen(text, 'since', now);
    t.true(when.isErr(), text);
    if (when.isErr()) t.true(when.error.accepted?.includes('yesterday'));
  }
});
