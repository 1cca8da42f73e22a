import { invariant } from '../model/invariant.ts';
import { kinds as allKinds } from '../model/kind.ts';
import type { Kind } from '../model/kind.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** How long each kind is kept when nobody says otherwise (DESIGN 5.3). */
export const defaultRetentionMs: Readonly<Record<Kind, number>> = {
  worktrees: 7 * dayMs,
  sessions: 30 * dayMs,
  logs: 7 * dayMs,
  state: 30 * dayMs,
  events: 14 * dayMs,
  dlq: 30 * dayMs,
};

/** What shows activity within this time is not at rest, whatever its age, unless its record says that it ended. */
export const activityWindowMs: number = 24 * hourMs;

/** No setting makes the activity window shorter. */
export const minimumWindowMs: number = hourMs;

/** Clocks of file systems and of the machine differ by this much without meaning anything. */
export const clockToleranceMs: number = 2000;

/** What a run judges by: `RunPolicy` of the journal without its hash. Times are UTC milliseconds. */
export type Policy = {
  readonly nowMs: number;
  readonly retentionMs: Readonly<Record<Kind, number>>;
  /** What is not older than this stays; fixed for the run and for whoever resumes it. */
  readonly cutoffMs: Readonly<Record<Kind, number>>;
  readonly windowMs: number;
  readonly mergedOnly: boolean;
  /** Work in a worktree does not keep it: it goes into a snapshot. Only for one that was named. */
  readonly insisted?: boolean;
  /** Whether branches go with their worktree when their content is in the target. */
  readonly deleteMergedBranches?: boolean;
  /** So many of each repository and kind stay, the youngest, whatever their age. */
  readonly keepLast?: number;
  /** No more goes, oldest first, than it takes to make so many bytes. */
  readonly freeBytes?: number;
};

/** The retention of each kind: `olderThanMs` replaces the default of the selected `kinds`, of no other. */
export function retentionFor(olderThanMs: number | undefined, kinds: readonly Kind[]): Record<Kind, number> {
  if (olderThanMs === undefined) return { ...defaultRetentionMs };
  invariant(Number.isFinite(olderThanMs) && olderThanMs > 0, `retention of ${olderThanMs} ms`);
  return byKind((kind) => (kinds.includes(kind) ? olderThanMs : defaultRetentionMs[kind]));
}

export function policyOf(asked: {
  readonly nowMs: number;
  readonly olderThanMs?: number | undefined;
  readonly windowMs?: number | undefined;
  readonly mergedOnly?: boolean | undefined;
  readonly insisted?: boolean | undefined;
  readonly deleteMergedBranches?: boolean | undefined;
  readonly keepLast?: number | undefined;
  readonly freeBytes?: number | undefined;
  readonly kinds: readonly Kind[];
}): Policy {
  invariant(Number.isSafeInteger(asked.nowMs), `now is ${asked.nowMs}`);
  const retentionMs = retentionFor(asked.olderThanMs, asked.kinds);
  const windowMs = asked.windowMs ?? activityWindowMs;
  invariant(Number.isFinite(windowMs), `activity window of ${windowMs} ms`);
  return {
    nowMs: asked.nowMs,
    retentionMs,
    cutoffMs: byKind((kind) => asked.nowMs - retentionMs[kind]),
    windowMs: Math.max(windowMs, minimumWindowMs),
    mergedOnly: asked.mergedOnly ?? false,
    ...branchRule(asked.deleteMergedBranches),
    ...(asked.insisted === true ? { insisted: true } : {}),
    ...limits(asked),
  };
}

/** The rules of a policy as one text, for hashing: equal texts, equal rules. The time of the run is no rule. */
export function canonicalPolicy(policy: Policy): string {
  const retention = allKinds.map((kind) => [kind, policy.retentionMs[kind]]);
  const { windowMs, mergedOnly, deleteMergedBranches, insisted } = policy;
  return JSON.stringify({
    retention,
    windowMs,
    mergedOnly,
    ...branchRule(deleteMergedBranches),
    ...(insisted === true ? { insisted } : {}),
    ...limits(policy),
  });
}

/** Said only when it is so: what was written before there was the rule stays true. */
function branchRule(isAsked: boolean | undefined): Pick<Policy, 'deleteMergedBranches'> {
  return isAsked === true ? { deleteMergedBranches: true } : {};
}

function limits({
  keepLast,
  freeBytes,
}: {
  readonly keepLast?: number | undefined;
  readonly freeBytes?: number | undefined;
}): Pick<Policy, 'keepLast' | 'freeBytes'> {
  // Zero must never read as "no limit", nor anything that is no number.
  for (const limit of [keepLast, freeBytes])
    invariant(limit === undefined || (Number.isSafeInteger(limit) && limit > 0), `a limit of ${limit}`);
  return {
    ...(keepLast === undefined ? {} : { keepLast }),
    ...(freeBytes === undefined ? {} : { freeBytes }),
  };
}

/**
 * Younger than the activity window; exactly the window is not younger. The future is, and so is a time that is no
 * number: a doubt about time keeps.
 */
export function isInsideWindow(atMs: number, nowMs: number, windowMs: number): boolean {
  return !(nowMs - atMs >= Math.max(windowMs, minimumWindowMs));
}

function byKind(valueOf: (kind: Kind) => number): Record<Kind, number> {
  return {
    events: valueOf('events'),
    logs: valueOf('logs'),
    dlq: valueOf('dlq'),
    state: valueOf('state'),
    sessions: valueOf('sessions'),
    worktrees: valueOf('worktrees'),
  };
}
