import type { JobFacts, Liveness, OwnerId, SessionFacts } from '../model/owner.ts';
import type { Doubt, Evidence, KeepReason } from '../model/reason.ts';
import { clockToleranceMs, isInsideWindow } from './retention.ts';

/** The classes of PRODIGY-STORAGE 4.5. */
export type OwnerClass = 'active' | 'resumable' | 'failed' | 'completed' | 'orphan' | 'unknown';

/** Why the whole bundle stays. */
export type Keep = { readonly reason: KeepReason; readonly evidence: Evidence };

export type Classification = {
  readonly class: OwnerClass;
  /** What its record says and why it is of this class; never a number that depends on now. */
  readonly why: string;
  /** Absent when nothing of the bundle is protected by this owner. */
  readonly keep?: Keep;
};

type ReadRecord = Extract<SessionFacts['record'], { state: 'read' }>;
type Answer = Pick<Classification, 'class' | 'why'> & { readonly doubt?: Doubt };

/** The table of PRODIGY-STORAGE 4.5 as DESIGN 5.0 amends it. `keep` is what protects the session's whole bundle. */
export function classify(facts: SessionFacts, nowMs: number, windowMs: number): Classification {
  const answer = lifeOf(facts, nowMs, windowMs) ?? restOf(facts, nowMs, windowMs);
  const { class: ownerClass, why, doubt } = answer;

  // A merge under way is told before what resuming could do, because nothing lifts it.
  if (ownerClass !== 'active' && facts.mergeCheckpoint !== undefined)
    return keeping(answer, 'merge-in-progress', facts.id, { checkpoint: facts.mergeCheckpoint });

  switch (ownerClass) {
    case 'active':
      return keeping(answer, 'active', facts.id, livenessEvidence(facts.liveness));
    case 'resumable':
      return keeping(answer, 'resumable', facts.id, doubtEvidence(doubt));
    case 'unknown':
      return keeping(answer, doubt?.reason ?? 'unknown-format', facts.id, doubtEvidence(doubt));
    case 'failed':
    case 'completed':
    case 'orphan':
      return { class: ownerClass, why };
  }
}

/**
 * @param sessionEnded - a session that the job belongs to ended before the activity window: that end is the job's too,
 *   because a job seldom records its own
 */
export function protectJob(
  facts: JobFacts,
  nowMs: number,
  windowMs: number,
  sessionEnded = false,
): Classification {
  const { answer, lockInDoubt } = facts.liveness;
  const ended =
    sessionEnded || (facts.state === 'complete' && !isInsideWindow(facts.lastSignMs, nowMs, windowMs));
  if (answer === 'yes' || (answer !== 'no' && (lockInDoubt === true || !ended)))
    return keeping(alive(facts.liveness, 'job'), 'active', facts.id, livenessEvidence(facts.liveness));

  switch (facts.state) {
    case 'incomplete':
      return keeping({ class: 'resumable', why: 'job is not complete' }, 'resumable', facts.id, {});
    case 'complete':
    case 'none':
      // A doubt about a job whose state seems fine is still a doubt.
      if (facts.doubt !== undefined) return inDoubt(facts.doubt, facts.id);
      return facts.state === 'complete'
        ? { class: 'completed', why: 'job is complete' }
        : { class: 'orphan', why: 'job has no state on disk' };
    case 'broken':
      return inDoubt(facts.doubt, facts.id);
  }
}

/** It ended by its own record, before the activity window. */
export function hasEndedBeforeWindow(facts: SessionFacts, nowMs: number, windowMs: number): boolean {
  const { record } = facts;
  return (
    record.state === 'read' &&
    (record.status === 'Completed' || record.status === 'Failed' || record.status === 'Cancelled') &&
    !isInsideWindow(record.lastRecordedMs, nowMs, windowMs)
  );
}

function lifeOf(facts: SessionFacts, nowMs: number, windowMs: number): Answer | undefined {
  const { answer, lockInDoubt } = facts.liveness;
  if (answer === 'no') return undefined;
  const mayRest = answer === 'cannot-tell' && lockInDoubt !== true;
  if (mayRest && hasEndedBeforeWindow(facts, nowMs, windowMs)) return undefined;
  return alive(facts.liveness, recordWord(facts));
}

function restOf(facts: SessionFacts, nowMs: number, windowMs: number): Answer {
  const { record, checkpointDoubt } = facts;
  if (record.state === 'broken')
    return { class: 'unknown', why: 'record cannot be understood', doubt: record.doubt };
  if (record.state === 'absent') return orphan(facts);

  const answer = byStatus(facts, record, nowMs, windowMs);
  if (answer.class !== 'active' && answer.class !== 'resumable' && facts.hidden !== undefined)
    return inHiding(recordWord(facts), facts.hidden);
  if (checkpointDoubt === undefined || answer.class === 'active') return answer;
  // Nobody knows what such a checkpoint would resume, so no record makes it worthless.
  return resumable(facts, 'with a checkpoint that cannot be understood', checkpointDoubt);
}

function byStatus(facts: SessionFacts, record: ReadRecord, nowMs: number, windowMs: number): Answer {
  const { hasCheckpoint, hasWorktree } = facts;
  switch (record.status) {
    case 'Initializing':
    case 'Running':
      if (isInsideWindow(facts.lastSignMs, nowMs, windowMs))
        return { class: 'active', why: `${record.status}, with signs of activity inside the window` };
      if (hasCheckpoint && hasWorktree) return resumable(facts, 'dead, with checkpoint and worktree');
      if (hasCheckpoint) return resumable(facts, 'dead, with a checkpoint');
      if (hasWorktree && facts.worktreeUnmergedOrDirty)
        return resumable(facts, 'dead, with an unmerged or dirty worktree');
      return { class: 'failed', why: `${record.status}, dead, nothing to resume` };
    case 'Paused':
      return resumable(facts, 'waits to be resumed');
    case 'Failed':
      if (hasCheckpoint && hasWorktree) return resumable(facts, 'with checkpoint and worktree');
      return { class: 'failed', why: 'Failed, nothing to resume' };
    case 'Completed':
      if (record.lastRecordedMs > nowMs + clockToleranceMs) return fromTheFuture(record);
      // By its record alone (DESIGN 5.2): the merge prompt may still be open.
      if (isInsideWindow(record.lastRecordedMs, nowMs, windowMs))
        return { class: 'active', why: 'Completed inside the activity window' };
      return { class: 'completed', why: 'Completed' };
    case 'Cancelled':
      return { class: 'completed', why: 'Cancelled' };
  }
}

/** It is not known when it ended, nor whether it did. */
function fromTheFuture({ status }: ReadRecord): Answer {
  const doubt: Doubt = { reason: 'future-time', detail: 'its record is dated in the future' };
  return { class: 'unknown', why: status, doubt };
}

/** Work without a session record: only a checkpoint and a worktree together could be taken up. */
function orphan(facts: SessionFacts): Answer {
  const hasCheckpoint = facts.hasCheckpoint || facts.checkpointDoubt !== undefined;
  if (hasCheckpoint && facts.hasWorktree)
    return resumable(facts, 'checkpoint and worktree without a record', facts.checkpointDoubt);
  if (facts.checkpointDoubt !== undefined)
    return { class: 'unknown', why: 'checkpoint cannot be understood', doubt: facts.checkpointDoubt };
  if (facts.hidden !== undefined) return inHiding('no session record', facts.hidden);
  return { class: 'orphan', why: 'no session record' };
}

function inHiding(who: string, doubt: Doubt): Answer {
  return { class: 'unknown', why: `${who}, something of it is hidden`, doubt };
}

function resumable(facts: SessionFacts, because: string, doubt?: Doubt): Answer {
  const why = `${recordWord(facts)}, ${because}`;
  return { class: 'resumable', why, ...(doubt === undefined ? {} : { doubt }) };
}

function alive(liveness: Liveness, who: string): Answer {
  const why = liveness.answer === 'yes' ? 'alive' : 'it cannot be told whether it still runs';
  return { class: 'active', why: `${who}, ${why}` };
}

function inDoubt(doubt: Doubt | undefined, owner: OwnerId): Classification {
  const answer: Answer = { class: 'unknown', why: 'job state cannot be understood' };
  return keeping(answer, doubt?.reason ?? 'unknown-format', owner, doubtEvidence(doubt));
}

function keeping(answer: Answer, reason: KeepReason, owner: OwnerId, more: Evidence): Classification {
  const { class: ownerClass, why } = answer;
  return { class: ownerClass, why, keep: { reason, evidence: { owner, status: why, ...more } } };
}

function recordWord({ record }: SessionFacts): string {
  if (record.state === 'read') return record.status;
  return record.state === 'absent' ? 'no record' : 'unreadable record';
}

function livenessEvidence({ evidence }: Liveness): Evidence {
  if (evidence.length === 0) return {};
  // Sorted: the order of the process table is no news.
  return { signs: evidence.toSorted().slice(0, 5).join('; ') };
}

function doubtEvidence(doubt: Doubt | undefined): Evidence {
  if (doubt === undefined) return {};
  return { doubt: doubt.detail, ...(doubt.path === undefined ? {} : { path: doubt.path }) };
}
