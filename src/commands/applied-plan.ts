import type { RunPolicy } from '../journal/event-run.ts';
import type { RefusedFailure } from '../model/failure.ts';
import { isBehind } from '../policy/clock.ts';
import { commandText } from '../ui/run-line.ts';
import type { ShownPlan } from './find-plan.ts';

/** What was shown longer ago is to be looked at again before anybody agrees to it. */
const planLifeMs = 24 * 3_600_000;

/** The rules of the run that showed the plan, with another brake when one is given. */
export function policyOfPlan({ shownBy }: ShownPlan, maxDelete: string | undefined): RunPolicy {
  return maxDelete === undefined ? shownBy.policy : { ...shownBy.policy, maxDelete };
}

/** Why a plan cannot be applied any more. One from the future tells that the clock is wrong, or that its age is not known. */
export function planProblem(
  applied: ShownPlan | undefined,
  nowMs: number,
  isClockAccepted: boolean,
): RefusedFailure | undefined {
  if (applied === undefined) return undefined;
  const { plan, shownAtMs, shownBy } = applied;
  const ageMs = nowMs - shownAtMs;
  const isOfFuture = isBehind(shownAtMs, nowMs);
  if (isOfFuture && !isClockAccepted) return { type: 'clock-behind', lastEntryAtMs: shownAtMs, nowMs };
  return isOfFuture || ageMs > planLifeMs
    ? { type: 'plan-expired', plan, shownAtMs, nowMs, again: commandText(shownBy) }
    : undefined;
}
