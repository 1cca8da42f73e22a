import { DateTime } from 'luxon';
import bytesLibrary from 'bytes';
import { toIso } from '../journal/timestamp.ts';
import type { Kind } from '../model/kind.ts';

/** 1024-based, as Prodigy itself writes sizes: `1.9 GB`. */
export function formatBytes(bytes: number): string {
  return (
    bytesLibrary.format(bytes, { unitSeparator: ' ', decimalPlaces: bytes >= 10 * 1024 ** 3 ? 0 : 1 }) ??
    '0 B'
  );
}

/** A whole number, `12,345`. By hand, because the first number that a locale formats takes 12 ms. */
export function formatWhole(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

export function formatCount(count: number, one: string, many = `${one}s`): string {
  return `${formatWhole(count)} ${count === 1 ? one : many}`;
}

/** `41d`, `5h`, `12m`: one unit is enough to judge an age by. */
export function formatAge(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${Math.max(0, minutes)}m`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`;
}

/** In the reader's zone, with its name: `2026-11-16 09:14:02 CET`. Remembered by the second, for luxon takes 10 us. */
export function formatTime(ms: number): string {
  return timeOfSecond(Math.floor(ms / 1000));
}

const timeOfSecond = remembered((second) => {
  const at = DateTime.fromSeconds(second);
  return `${at.toFormat('yyyy-MM-dd HH:mm:ss')} ${zoneOfQuarter(Math.floor(second / zoneStep))}`;
});

/** In seconds: no zone changes its name within a quarter of an hour. */
const zoneStep = 15 * 60;

/** luxon takes 50 us to find it. */
const zoneOfQuarter = remembered((step) =>
  DateTime.fromSeconds(step * zoneStep).toFormat('ZZZZ', { locale: 'en' }),
);

/** So many answers are kept: a list tells of few times at once, of when something was done and until when it is held. */
const mostRemembered = 256;

function remembered(textOf: (key: number) => string): (key: number) => string {
  const known = new Map<number, string>();
  return (key) => {
    const before = known.get(key);
    if (before !== undefined) return before;
    if (known.size === mostRemembered) known.clear();
    const text = textOf(key);
    known.set(key, text);
    return text;
  };
}

/** As machines read it: RFC 3339 in UTC. */
export function formatIso(ms: number): string {
  return toIso(ms);
}

/**
 * Makes a name safe to print: control characters, line and paragraph separators and those that turn text around are
 * shown as escapes, so that a file name cannot forge a line (LESSONS 3.5).
 */
export function printable(text: string): string {
  // Nearly all are plain, and to see that takes a third of the time.
  if (!/[^\x20-\x7e]/.test(text)) return text;
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

const labels: Readonly<Record<Kind, readonly [string, string]>> = {
  events: ['event directory', 'event directories'],
  logs: ['log', 'logs'],
  dlq: ['dead-letter queue', 'dead-letter queues'],
  state: ['job state', 'job states'],
  sessions: ['session', 'sessions'],
  worktrees: ['worktree', 'worktrees'],
};

/** `1 worktree`, `45 sessions`. */
export function countOf(kind: Kind, count: number): string {
  const [one, many] = labelOf(kind);
  return formatCount(count, one, many);
}

export function singular(kind: Kind): string {
  return labelOf(kind)[0];
}

/** What a journal says is shown, also when it is no kind of today. */
function labelOf(kind: Kind): readonly [string, string] {
  return Object.hasOwn(labels, kind) ? labels[kind] : [printable(kind), printable(kind)];
}
