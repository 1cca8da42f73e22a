import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { UsageFailure } from '../model/failure.ts';
import type { Item } from '../model/item.ts';

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Milliseconds by unit. `m` is minutes and never months; months and years have 30 and 365 days. */
const unitMs: ReadonlyMap<string, number> = new Map([
  ['s', secondMs],
  ['m', minuteMs],
  ['h', hourMs],
  ['d', dayMs],
  ['w', 7 * dayMs],
  ['mo', 30 * dayMs],
  ['y', 365 * dayMs],
]);

const longestMs = 100 * 365 * dayMs;

const acceptedDurations: readonly string[] = ['90s', '15m', '24h', '7d', '2w', '6mo', '1y', '1d12h'];

/**
 * A duration as people type it: whole numbers with units, added up, each unit at most once (`1d12h`).
 * Zero is refused: "older than nothing" would select everything.
 */
export function parseDuration(text: string): Result<number, UsageFailure> {
  const refuse = (problem: string): Result<number, UsageFailure> =>
    err({ type: 'usage', problem, text, accepted: acceptedDurations, ...meantBy(typed) });

  const typed = text.trim();
  if (typed === '') return refuse('a duration is missing');
  if (typed.startsWith('-')) return refuse('a duration cannot be negative');
  if (/^[0-9.,]+$/.test(typed)) return refuse('a duration needs a unit');
  if (!/^(?:[0-9]+[A-Za-z]+)+$/.test(typed)) return refuse('this is not a duration');

  const used = new Set<string>();
  let totalMs = 0;
  for (const [, digits, unit] of typed.matchAll(/([0-9]+)([A-Za-z]+)/g)) {
    const factorMs = unitMs.get(unit ?? '');
    if (factorMs === undefined) return refuse(`there is no unit of time called "${unit ?? ''}"`);
    if (used.has(unit ?? '')) return refuse(`the unit "${unit ?? ''}" is given twice`);
    used.add(unit ?? '');
    totalMs += Number(digits) * factorMs;
  }
  if (totalMs === 0) return refuse('a duration of zero would select everything, whatever its age');
  // Also how numbers too large to be exact, or to be numbers, end.
  if (!(totalMs <= longestMs)) return refuse('a duration of more than 100 years is surely a mistake');
  return ok(totalMs);
}

const spelledOut: readonly (readonly [RegExp, string])[] = [
  [/^sec(?:ond)?s?$/, 's'],
  [/^min(?:ute)?s?$/, 'm'],
  [/^h(?:ou)?rs?$/, 'h'],
  [/^days?$/, 'd'],
  [/^w(?:ee)?ks?$/, 'w'],
  [/^mon(?:th)?s?$/, 'mo'],
  [/^y(?:ea)?rs?$/, 'y'],
];

/** What was most likely meant; only ever told. A capital M may be either of two units: it is not guessed. */
function meantBy(typed: string): { readonly meant?: string } {
  if (/M(?![A-Za-z])/.test(typed)) return {};
  const compact = typed
    .toLowerCase()
    .replace(/\band\b|[\s,]/g, '')
    .replace(/[a-z]+/g, (word) => spelledOut.find(([pattern]) => pattern.test(word))?.[1] ?? word);
  const meant = /^\d+$/.test(compact) ? `${compact}d` : compact;
  return meant !== typed && parseDuration(meant).isOk() ? { meant } : {};
}

/** `7d`, `1d12h`, `90s` as `1m30s`: days and smaller units, whole seconds, in a form that {@link parseDuration} reads. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 0) return `-${formatDuration(-durationMs)}`;
  let rest = Math.floor(durationMs / secondMs) * secondMs;
  let text = '';
  for (const unit of ['d', 'h', 'm', 's']) {
    const factorMs = unitMs.get(unit) ?? secondMs;
    const count = Math.floor(rest / factorMs);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * factorMs;
  }
  return text === '' ? '0s' : text;
}

/**
 * What an item's age is counted from (DESIGN 5.2). A terminal record speaks for itself: touching files does not
 * make it younger. For anything else the youngest sign of activity wins.
 */
export function ageBasisMs(item: Item): number {
  const { recordedAtMs, youngestSignMs, rest } = item;
  if (recordedAtMs === undefined) return youngestSignMs;
  if (rest.type !== 'ended') return Math.max(recordedAtMs, youngestSignMs);
  // A worktree is as young as the end of its session, even when only its creation was recorded with it.
  return item.kind === 'worktrees' ? Math.max(recordedAtMs, rest.atMs) : recordedAtMs;
}
