import { Common } from '../model/common.ts';
import type { Item, ItemId, ProcessUse } from '../model/item.ts';
import type { Look } from '../model/look.ts';
import type { Pins } from '../model/pin.ts';
import type { Doubt, Evidence, KeepReason, Verdict } from '../model/reason.ts';
import { ageBasisMs, formatDuration } from './age.ts';
import { withinBudget } from './budget.ts';
import { protect } from './closure.ts';
import type { Guard, Protection } from './closure.ts';
import { keepYoungest } from './floor.ts';
import { proveItem } from './item-proof.ts';
import { explains } from './order.ts';
import { clockToleranceMs, isInsideWindow } from './retention.ts';
import type { Policy } from './retention.ts';
import { inScope } from './scope.ts';
import type { Scope } from './scope.ts';

type Kept = Extract<Verdict, { type: 'keep' }>;

/** Doubts about where a path leads: asked before anything that the path's content says. */
const pathReasons: readonly KeepReason[] = ['outside-root', 'symlink', 'mount-point'];

/**
 * Keep or remove, in the order of DESIGN 5.1: the first objection is the verdict. Evidence holds nothing that
 * depends on now, so that an unchanged situation gives an equal verdict in every run.
 */
export function judge(item: Item, guard: Guard, policy: Policy): Verdict {
  const objection =
    doubted(item.doubts.find(({ reason }) => pathReasons.includes(reason))) ??
    protectedBy(guard.ofItem(item), item) ??
    // Stronger than any doubt or age.
    protectedBy(guard.holdOf(item), item) ??
    doubted(item.doubts[0]) ??
    undated(item) ??
    // A process inside tells more than the age of what it uses.
    used(item.users) ??
    fromTheFuture(item, policy.nowMs) ??
    young(item, policy) ??
    tooRecent(item, policy) ??
    perhapsUsed(item, guard);
  if (objection !== undefined) return objection;

  const proof = proveItem(
    item,
    policy,
    item.owners.some((owner) => guard.isAbandoned(owner)),
  );
  if (!proof.ok) return keep(proof.reason, { ...ownerEvidence(item, guard), ...proof.evidence });
  const evidence = { rest: restWord(item), ...ownerEvidence(item, guard), ...proof.evidence };
  const deletes = proof.deletes === undefined ? {} : { deletes: proof.deletes };
  return { type: 'remove', reason: 'expired', proof: proof.proof, evidence, ...deletes };
}

/** Judges all that is in scope; what is outside has no verdict. */
export function judgeAll(
  look: Look,
  policy: Policy,
  options: { readonly scope: Scope; readonly guard?: Guard; readonly pins?: Pins },
): ReadonlyMap<ItemId, Verdict> {
  const guard = options.guard ?? protect(look, policy.nowMs, policy.windowMs, options.pins);
  const verdicts = new Map<ItemId, Verdict>();
  const common = new Common<Verdict>(isSame);
  for (const item of look.items) {
    const coverage = inScope(item, options.scope);
    if (coverage === 'out') continue;
    const judged = judge(item, guard, policy);
    const isLost = coverage !== 'in' && judged.type === 'remove';
    const verdict = isLost ? keep(coverage.keep, coverage.evidence) : judged;
    // Thousands of logs of a session get one and the same.
    verdicts.set(item.id, common.of(item.owners.join('\n'), verdict));
  }
  const floored = keepYoungest(look.items, verdicts, policy);
  return withinBudget(look.items, keepWhatExplains(look.items, floored), policy);
}

/**
 * A session's record stays with any of its worktrees (DESIGN 5.9), and a job's state with letters that wait to be
 * retried. To be asked again whenever a later rule has turned a removal into a keep.
 */
export function keepWhatExplains(
  items: readonly Item[],
  verdicts: ReadonlyMap<ItemId, Verdict>,
): ReadonlyMap<ItemId, Verdict> {
  const goes = (id: ItemId): boolean => verdicts.get(id)?.type === 'remove';
  const settled = new Map(verdicts);
  for (const item of items) {
    if (explains(item).length === 0 || !goes(item.id)) continue;
    const [stays] = explains(item)
      .filter((other) => !goes(other))
      .toSorted();
    if (stays === undefined) continue;
    settled.set(
      item.id,
      item.detail.type === 'session'
        ? keep('has-worktree', { worktree: stays })
        : keep('dead-letters-pending', { letters: stays }),
    );
  }
  return settled;
}

function isSame(a: Verdict, b: Verdict): boolean {
  if (a.type !== b.type || a.reason !== b.reason) return false;
  if (a.type === 'remove' && b.type === 'remove') {
    if (a.proof !== b.proof || a.deletes !== undefined || b.deletes !== undefined) return false;
  }
  const said = Object.entries(b.evidence);
  return (
    said.length === Object.keys(a.evidence).length &&
    said.every(([name, value]) => a.evidence[name] === value)
  );
}

function keep(reason: KeepReason, evidence: Evidence): Kept {
  return { type: 'keep', reason, evidence };
}

function doubted(doubt: Doubt | undefined): Kept | undefined {
  if (doubt === undefined) return undefined;
  const path: Evidence = doubt.path === undefined ? {} : { path: doubt.path };
  return keep(doubt.reason, { doubt: doubt.detail, ...path });
}

function protectedBy(protection: Protection | undefined, { detail }: Item): Kept | undefined {
  if (protection === undefined) return undefined;
  const { via, reason } = protection;
  const way: Evidence = via.length > 1 ? { via: via.join(' > ') } : {};
  const evidence = { ...protection.evidence, ...way };
  if (reason !== 'resumable' || detail.type !== 'dlq') return keep(reason, evidence);
  const { pendingRetry, pendingReview } = detail;
  if (pendingRetry + pendingReview === 0) return keep(reason, evidence);
  return keep('dead-letters-pending', { ...evidence, pendingRetry, pendingReview });
}

/** A time that is no number would pass every comparison of the wrong kind. */
function undated({ recordedAtMs, youngestSignMs, rest }: Item): Kept | undefined {
  const times = [recordedAtMs ?? 0, youngestSignMs, rest.type === 'ended' ? rest.atMs : 0];
  return times.every(Number.isFinite) ? undefined : keep('unknown-format', { doubt: 'a time is no number' });
}

function used(users: readonly ProcessUse[]): Kept | undefined {
  if (users.length === 0) return undefined;
  const words = {
    cwd: 'works inside',
    'open-file': 'has a file open inside',
    executable: 'runs from inside',
  };
  const texts = users
    .toSorted((a, b) => a.pid - b.pid)
    .map(({ pid, name, how }) => `${pid} (${name}) ${words[how]}`);
  return keep('in-use', { process: [...new Set(texts)].slice(0, 5).join('; ') });
}

function fromTheFuture({ recordedAtMs, youngestSignMs, rest }: Item, nowMs: number): Kept | undefined {
  const latestMs = Math.max(
    recordedAtMs ?? youngestSignMs,
    youngestSignMs,
    rest.type === 'ended' ? rest.atMs : youngestSignMs,
  );
  return latestMs > nowMs + clockToleranceMs ? keep('future-time', { latestMs }) : undefined;
}

/** Exactly the limit is not older. */
function young(item: Item, { cutoffMs, retentionMs }: Policy): Kept | undefined {
  if (ageBasisMs(item) < cutoffMs[item.kind]) return undefined;
  return keep('young', { keptFor: formatDuration(retentionMs[item.kind]) });
}

/** Age alone is no proof of rest (DESIGN 5.3). */
function tooRecent({ rest, youngestSignMs }: Item, { nowMs, windowMs }: Policy): Kept | undefined {
  const sinceMs = rest.type === 'ended' ? rest.atMs : youngestSignMs;
  if (!isInsideWindow(sinceMs, nowMs, windowMs)) return undefined;
  const because = {
    ended: 'it finished inside the activity window',
    unfinished: 'its record is not terminal, and it shows activity inside the window',
    'no-record': 'no record says that it ended, and it shows activity inside the window',
  };
  return keep('too-recent', { because: because[rest.type] });
}

function perhapsUsed({ rest }: Item, guard: Guard): Kept | undefined {
  if (guard.processesReadable || rest.type === 'ended') return undefined;
  return keep('in-use', { process: 'the process table cannot be read' });
}

function restWord({ rest }: Item): string {
  return { ended: 'ended', unfinished: 'not terminal, at rest', 'no-record': 'no record' }[rest.type];
}

function ownerEvidence({ owners }: Item, guard: Guard): Evidence {
  const owner = owners.find((id) => id.startsWith('session:')) ?? owners[0];
  if (owner === undefined) return {};
  const status = guard.classOf(owner)?.why;
  return { owner, ...(status === undefined ? {} : { status }) };
}
