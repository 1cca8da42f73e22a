import { addTo } from '../model/groups.ts';
import { kinds, type Kind } from '../model/kind.ts';
import { countOf, formatAge, formatTime } from './format.ts';
import type { RunView } from './view.ts';

/** Items whose age alone keeps them, and which are the next to pass their limit. */
export type NextOld = {
  readonly kind: Kind;
  /** As many of the kind come of age within a day of the first. */
  readonly items: number;
  readonly atMs: number;
  readonly inMs: number;
};

const dayMs = 24 * 3_600_000;

/** What comes of age next; `undefined` when nothing waits for its age alone. Whether it may go then is asked then. */
export function nextOld({ items, cutoffMs, retentionMs }: RunView): NextOld | undefined {
  const waits = new Map<Kind, number[]>();
  for (const { kind, reason, ageMs } of items) {
    const limitMs = retentionMs[kind];
    if (reason !== 'young' || ageMs === undefined || limitMs === undefined) continue;
    addTo(waits, kind, Math.max(0, limitMs - ageMs));
  }
  let next: NextOld | undefined;
  for (const kind of kinds) {
    const of = waits.get(kind);
    if (of === undefined) continue;
    const inMs = of.reduce((least, wait) => Math.min(least, wait));
    if (next !== undefined && next.inMs <= inMs) continue;
    const nowMs = (cutoffMs[kind] ?? 0) + (retentionMs[kind] ?? 0);
    next = { kind, items: of.filter((wait) => wait <= inMs + dayMs).length, atMs: nowMs + inMs, inMs };
  }
  return next;
}

/** `3 logs, the first in 18h (2026-11-25 19:59:19 UTC)`. */
export function nextOldText({ kind, items, atMs, inMs }: NextOld): string {
  const first = items === 1 ? '' : 'the first ';
  return `${countOf(kind, items)}, ${first}in ${formatAge(inMs)} (${formatTime(atMs)})`;
}
