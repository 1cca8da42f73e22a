import type { Result } from 'neverthrow';
import type { Entry } from '../journal/entry.ts';
import type { PlannedItem, Tally } from '../journal/event-run.ts';
import type { JournalFailure } from '../model/failure.ts';
import type { ItemId } from '../model/item.ts';
import { isKind, type Kind } from '../model/kind.ts';
import type { Course } from '../projections/course.ts';
import type { OpenOperation } from '../projections/open-operations.ts';
import type { Act, ActIntent, Part, RunReplay } from '../projections/run-replay.ts';
import type { RunSummary } from '../projections/run-summary.ts';
import type { Stretches } from '../projections/stretches.ts';
import { recoveryOf, type Fate, type Recovery } from './recovery.ts';

/** What is known of one run as a whole, from its own entries and from what came after. */
export type ReplayView = {
  readonly summary: RunSummary;
  readonly replay: RunReplay;
  /** Where later runs ended what this one had begun. */
  readonly since: Stretches;
  readonly resumedBy: readonly string[];
  readonly isUnfinished: boolean;
};

/** So much of a long list as is in memory at once. */
export type Pages<Value> = AsyncIterable<Result<readonly Value[], JournalFailure>>;

/** What is told one by one, read when it is told. */
export type ReplaySource = {
  /** Entries of the run, in order. */
  readonly entries: (parts: readonly Part[]) => Pages<Entry>;
  /** The plan's list; also one that an earlier run had put on record. */
  readonly plan: () => Pages<PlannedItem>;
  /** How later runs ended what this one had begun. */
  readonly since: () => Pages<Entry>;
};

/** What became of one item in this run, in the words of the run's own document. */
export type ActView = Pick<Act, 'outcome' | 'failure'> & {
  readonly item: ItemId;
  readonly kind: Kind | undefined;
  readonly name: string;
  readonly bytes: number | undefined;
  /** As things are now, not as the run left them. */
  readonly recovery: Recovery;
};

/** Made when it is told, and not kept. */
export function viewOfAct(act: Act, { begun }: Pick<RunReplay, 'begun'>): ActView {
  const { item, intent } = begun.get(act.begun);
  const kind = item.slice(0, item.indexOf(':'));
  return {
    item,
    kind: isKind(kind) ? kind : undefined,
    name: intent?.name ?? item,
    bytes: intent?.bytes ?? act.bytes,
    outcome: act.outcome,
    failure: act.failure,
    recovery: recoveryOf(intent, fateOf(act, intent, act), item),
  };
}

/** How an operation that has not ended stands; of another one, nothing. */
type Standing = {
  readonly state?: OpenOperation['state'] | undefined;
  readonly heldUntilMs?: number | undefined;
};

/** Where the item of an operation is now, by all that was journalled of it. */
export function fateOf(
  { end, endedAtMs, hasExpired, purgedFor, hasSnapshot }: Course,
  intent: Pick<ActIntent, 'holdMs' | 'undoMs'> | undefined,
  { state, heldUntilMs }: Standing,
): Fate {
  if (state !== undefined) {
    return state === 'quarantined' && heldUntilMs !== undefined
      ? { type: 'held', untilMs: heldUntilMs }
      : { type: 'unfinished' };
  }
  const until = hasExpired || intent?.undoMs === undefined ? {} : { untilMs: endedAtMs + intent.undoMs };
  switch (end) {
    case 'removed': {
      const why = purgedFor ?? (intent?.holdMs === 0 ? 'no-undo' : undefined);
      return { type: 'freed', atMs: endedAtMs, why, ...until };
    }
    case 'restored':
      return { type: 'back' };
    case 'vanished':
      return { type: 'vanished', ...(hasSnapshot ? until : {}) };
    case undefined:
      return { type: 'in-place' };
  }
}

type Held = Tally & { readonly untilMs: number };

/** What all acts come to. */
export type ActSums = {
  readonly gone: Tally;
  /** What can be put back, and the first time after which not all of it can. */
  readonly held: Held;
  /** How many have a way back of their own. */
  readonly special: number;
  /** How many are gone for good. */
  readonly lost: number;
};

export function sumsOf(replay: RunReplay): ActSums {
  let [gone, special, lost] = [nothing, 0, 0];
  let held: Held = { ...nothing, untilMs: Infinity };
  for (const act of replay.acts.values()) {
    const { outcome, bytes = 0, recovery } = viewOfAct(act, replay);
    const { untilMs, possible, command } = recovery;
    if (outcome === 'removed') gone = plus(gone, bytes);
    if (untilMs !== undefined) held = { ...plus(held, bytes), untilMs: Math.min(held.untilMs, untilMs) };
    else if (command !== undefined) special += 1;
    if (outcome === 'removed' && !possible && command === undefined) lost += 1;
  }
  return { gone, held, special, lost };
}

const nothing: Tally = { items: 0, bytes: 0 };

function plus({ items, bytes }: Tally, more: number): Tally {
  return { items: items + 1, bytes: bytes + more };
}
