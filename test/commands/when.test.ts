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

test.serial('what is no time is refused, with the forms that are', async (t) => {
  for (const text of ['', 'soon-ish', '2026-13-45', 'yesterday or so', '-7d']) {
    const when = await parseWhen(text, 'since', now);
    t.true(when.isErr(), text);
    if (when.isErr()) t.true(when.error.accepted?.includes('yesterday'));
  }
});
