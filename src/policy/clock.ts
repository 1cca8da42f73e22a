import type { Machine } from '../model/machine.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** How far behind the journal a clock may be: clocks are set right by small steps all the time. */
const behindMs = hourMs / 60;
/** A clock that is ahead by less does no harm, whatever the retention: the activity window is never shorter. */
const leastToleranceMs = hourMs;
/** Machines are off over a long weekend. */
const leastQuietMs = 3 * dayMs;
/** A machine in use leaves traces at least so often. */
const longestQuietMs = 30 * dayMs;

/** The last run that told the time, and could be trusted with it. */
export type LastRun = {
  readonly startedAtMs: number;
  readonly lastAtMs: number;
  readonly machine: Machine | undefined;
};

export type Clock = {
  readonly nowMs: number;
  readonly machine: Machine;
  /** The shortest retention in force: a clock that is ahead by less makes nothing old that is not nearly old. */
  readonly shortestMs: number;
};

export function isBehind(lastEntryAtMs: number, nowMs: number): boolean {
  return nowMs < lastEntryAtMs - behindMs;
}

/**
 * What the machine's uptime does not explain of the time since the last run. `set-ahead`: it has been up all the
 * time, and the clock has gone further than it has. `unknown`: it was started in between, and from `fromMs` to
 * `untilMs` only the clock tells that time has passed.
 */
export type Unexplained =
  | { readonly type: 'set-ahead'; readonly byMs: number }
  | { readonly type: 'unknown'; readonly fromMs: number; readonly untilMs: number };

export function unexplained(last: LastRun, clock: Clock): Unexplained | undefined {
  const { nowMs, machine } = clock;
  const toleranceMs = toleranceOf(clock);
  if (!(nowMs - last.lastAtMs > toleranceMs)) return undefined;
  const then = last.machine;
  if (then !== undefined && then.bootId !== '' && then.bootId === machine.bootId) {
    const byMs = nowMs - last.startedAtMs - (machine.uptimeMs - then.uptimeMs);
    return byMs > toleranceMs ? { type: 'set-ahead', byMs } : undefined;
  }
  const untilMs = nowMs - machine.uptimeMs;
  return untilMs - last.lastAtMs > toleranceMs
    ? { type: 'unknown', fromMs: last.lastAtMs, untilMs }
    : undefined;
}

export type Silence = { readonly fromMs: number; readonly untilMs: number };

/**
 * The time of which nothing tells that it has passed: the first stretch without a trace that is longer than machines
 * are off, or, between two traces, than a machine in use leaves none. A trace is of before the machine was started: a
 * wrong clock writes none into its own past.
 */
export function silenceIn(
  { fromMs, untilMs }: Silence,
  tracesMs: readonly number[],
  clock: Pick<Clock, 'shortestMs'>,
): Silence | undefined {
  const quietMs = Math.max(toleranceOf(clock), leastQuietMs);
  const within = tracesMs.filter((atMs) => atMs > fromMs && atMs < untilMs).toSorted((a, b) => a - b);
  let sinceMs = fromMs;
  for (const atMs of within) {
    if (atMs - sinceMs > Math.max(quietMs, longestQuietMs)) return { fromMs: sinceMs, untilMs: atMs };
    sinceMs = atMs;
  }
  return untilMs - sinceMs > quietMs ? { fromMs: sinceMs, untilMs } : undefined;
}

function toleranceOf({ shortestMs }: Pick<Clock, 'shortestMs'>): number {
  return Math.max(shortestMs, leastToleranceMs);
}
