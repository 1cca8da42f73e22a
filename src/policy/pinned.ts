import type { OwnerFacts } from '../model/owner.ts';
import type { Pin } from '../model/pin.ts';
import type { Classification, Keep } from './protection.ts';

/** Why something stays because somebody said so. */
export function heldBy(pin: Pin | undefined): Keep | undefined {
  const hold = pin?.hold;
  if (hold === undefined) return undefined;
  const { reason, untilMs, saidIn } = hold;
  return {
    reason: 'held',
    evidence: {
      held: reason,
      ...(untilMs === undefined ? {} : { untilMs }),
      ...(saidIn === undefined ? {} : { heldIn: saidIn }),
    },
  };
}

/**
 * Whether its owner gave it up, and nobody has taken it up since: then it is another thing than the one that was
 * given up.
 */
export function isAbandoned(facts: OwnerFacts, pin: Pin | undefined): boolean {
  return pin?.abandoned !== undefined && lastTakenUpMs(facts) <= pin.abandoned.atMs;
}

/** By its own record where it has one: it is written when somebody resumes it. */
function lastTakenUpMs(facts: OwnerFacts): number {
  return facts.type === 'session' && facts.record.state === 'read'
    ? facts.record.lastRecordedMs
    : facts.lastSignMs;
}

/** Lifts *resumable* from what was abandoned, and nothing else (DESIGN 5.4). */
export function withoutResuming(
  found: Classification,
  facts: OwnerFacts,
  pin: Pin | undefined,
): Classification {
  if (found.keep?.reason !== 'resumable' || !isAbandoned(facts, pin)) return found;
  return { class: 'failed', why: `${found.why}; abandoned: ${pin?.abandoned?.reason ?? ''}` };
}
