import { addTo } from '../model/groups.ts';
import { isUnchanged } from '../disk/identity.ts';
import type { Identity, Item } from '../model/item.ts';
import type { Look } from '../model/look.ts';
import type { OwnerId, Witness } from '../model/owner.ts';
import type { Doubt, Evidence, KeepReason } from '../model/reason.ts';
import type { WorktreeFacts } from '../model/worktree.ts';
import { shortened } from '../policy/proof.ts';
import { inspectMoved, inspectWorktree } from '../storage/git-worktree.ts';
import { usersOf } from '../storage/liveness.ts';
import { livenessAgain } from '../storage/liveness-again.ts';
import type { OwnPlaces } from '../storage/own-places.ts';
import type { ProcessTable } from '../storage/processes.ts';
import { readLock } from '../storage/prodigy-lock.ts';
import { see, unreadable as doubtAbout } from '../storage/see.ts';
import { isTerminal } from '../storage/session-file.ts';
import { readStamp } from '../storage/stamp.ts';
import type { MovedOut } from './move-out.ts';

export type LastLookContext = {
  /** Paths that this run moved away: their absence is no news. */
  readonly expectedAbsent: ReadonlySet<string>;
  /** Resume locks that this run holds. */
  readonly ownLocks: Pick<ReadonlySet<string>, 'has'>;
  readonly nowMs: number;
  readonly host: string;
  readonly ownPid: number;
  readonly table: ProcessTable;
  readonly own: OwnPlaces;
};

export type Drift = {
  readonly reason: KeepReason | 'changed-since-decision';
  readonly evidence: Evidence;
};

/**
 * Looks again, just before an item goes, at everything that the verdict rested on. `undefined` when nothing speaks
 * against it.
 */
export async function lastLook(item: Item, look: Look, context: LastLookContext): Promise<Drift | undefined> {
  return (
    (await changedPart(item)) ??
    // git takes a tenth of a second: whoever comes meanwhile is seen by what is asked after it.
    (await changedWorktree(item)) ??
    (await lookAround(item, look, context))
  );
}

/**
 * The last look at everything but the item itself: enough for what is one file, for the rename looks at that itself, just
 * before (see {@link seenByRename}).
 */
export async function lookAround(
  item: Item,
  look: Look,
  context: LastLookContext,
): Promise<Drift | undefined> {
  return user(item, context) ?? holds(item, context) ?? (await changedOwner(item, look, context));
}

/** Whether the identity of its one name is all that the item itself can tell. */
export function isOneFile({ parts, detail }: Item): boolean {
  const [part] = parts;
  if (part === undefined || parts.length > 1 || detail.type === 'worktree') return false;
  return part.identity.type === 'file' && part.stamp === undefined;
}

/** What the rename's own look at one file found, in the words of the last look. */
export function seenByRename(moved: MovedOut, path: string): Drift | undefined {
  if (moved.type === 'vanished') return changed(path, 'gone');
  if (moved.type === 'changed') return changed(path, 'changed');
  if (moved.type !== 'failed' || moved.failure.syscall !== 'lstat' || moved.failure.path !== path) {
    return undefined;
  }
  return unreadable(doubtAbout(path, moved.failure));
}

async function changedPart({ parts }: Item): Promise<Drift | undefined> {
  for (const { path, identity, stamp } of parts) {
    const drift = differs(path, identity) ?? (stamp === undefined ? undefined : await inside(path, stamp));
    if (drift !== undefined) return drift;
  }
  return undefined;
}

/** A directory's own time tells only of names that came and went right in it. */
async function inside(path: string, stamp: string): Promise<Drift | undefined> {
  const now = await readStamp(path);
  if (now.isErr()) return unreadable(now.error);
  return now.value === stamp ? undefined : changed(path, 'changed inside');
}

function user(item: Item, { table }: LastLookContext): Drift | undefined {
  for (const { path } of item.parts) {
    const [use] = usersOf(path, table);
    if (use === undefined) continue;
    const { pid, name, how } = use;
    return {
      reason: 'in-use',
      evidence: {
        pid,
        process: name,
        how,
        path: use.path,
        before: item.users.some((known) => known.pid === pid),
      },
    };
  }
  return undefined;
}

/** A root or the journal can be led into it by a link or mount that was changed meanwhile. */
function holds(item: Item, { own }: LastLookContext): Drift | undefined {
  for (const part of item.parts) {
    const doubt = own.doubtOf(part, item.root);
    if (doubt !== undefined) return unreadable(doubt);
  }
  return undefined;
}

async function changedOwner(item: Item, look: Look, context: LastLookContext): Promise<Drift | undefined> {
  if (item.owners.length === 0) return undefined;
  for (const owner of bundle(item.owners, look)) {
    const alive = await lifeSign(owner, look, context.table);
    if (alive !== undefined) return alive;
    for (const witness of look.owners.get(owner)?.witnesses() ?? []) {
      const drift = await testimony(witness, context);
      if (drift !== undefined) return { ...drift, evidence: { owner, ...drift.evidence } };
    }
  }
  return undefined;
}

/** The same question by a later table: who came to life while the item was moved. */
export async function livingOwner(item: Item, look: Look, table: ProcessTable): Promise<Drift | undefined> {
  if (item.owners.length === 0) return undefined;
  for (const owner of bundle(item.owners, look)) {
    const alive = await lifeSign(owner, look, table);
    if (alive !== undefined) return alive;
  }
  return undefined;
}

/** Somebody may have begun to work on what nobody worked on when it was judged. */
async function lifeSign(owner: OwnerId, look: Look, table: ProcessTable): Promise<Drift | undefined> {
  const { answer, evidence } = await livenessAgain(look.owners, owner, table);
  if (answer === 'no' || (answer === 'cannot-tell' && hasEnded(owner, look))) return undefined;
  const signs = evidence.toSorted().slice(0, 5).join('; ');
  return { reason: 'active', evidence: { owner, signs } };
}

/** By its own record, or for a job that of its session. How long ago, the verdict has dealt with. */
function hasEnded(owner: OwnerId, look: Look): boolean {
  const facts = look.owners.get(owner);
  if (facts?.type === 'session') return facts.record.state === 'read' && isTerminal(facts.record.status);
  if (facts?.state === 'complete') return true;
  return (neighboursOf(look).get(owner) ?? []).some(
    (other) => other.startsWith('session:') && hasEnded(other, look),
  );
}

/** Owners that stand and fall with those of the item. */
function bundle(owners: readonly OwnerId[], look: Look): ReadonlySet<OwnerId> {
  const together = new Set(owners);
  const neighbours = neighboursOf(look);
  // The set grows while it is walked.
  for (const owner of together) for (const other of neighbours.get(owner) ?? []) together.add(other);
  return together;
}

const neighbours = new WeakMap<Look, ReadonlyMap<OwnerId, readonly OwnerId[]>>();

function neighboursOf(look: Look): ReadonlyMap<OwnerId, readonly OwnerId[]> {
  const known = neighbours.get(look);
  if (known !== undefined) return known;
  const found = new Map<OwnerId, OwnerId[]>();
  for (const [a, b] of look.links) {
    addTo(found, a, b);
    addTo(found, b, a);
  }
  neighbours.set(look, found);
  return found;
}

async function testimony({ path, identity }: Witness, context: LastLookContext): Promise<Drift | undefined> {
  if (context.ownLocks.has(path)) return undefined;
  if (path.endsWith('.lock')) return lockDrift(path, context);
  const looked = see(path);
  if (looked.isErr()) return unreadable(looked.error);
  const now = looked.value?.identity;
  if (now === undefined) {
    // What has gone cannot have come to life; but somebody else is at work here, unless it was us.
    return identity === undefined || context.expectedAbsent.has(path) ? undefined : changed(path, 'gone');
  }
  if (identity === undefined) return changed(path, 'appeared');
  return isUnchanged(now, identity) ? undefined : changed(path, 'changed');
}

async function lockDrift(path: string, context: LastLookContext): Promise<Drift | undefined> {
  const lock = await readLock(path, context);
  if (lock.state === 'absent' || lock.state === 'stale' || lock.state === 'ours') return undefined;
  return { reason: 'active', evidence: { lock: path, state: lock.state } };
}

async function changedWorktree({ path, detail }: Item): Promise<Drift | undefined> {
  if (detail.type !== 'worktree') return undefined;
  const before = detail.facts;
  const now = await inspectWorktree(path, {
    originalBranch: before.originalBranch,
    measureNested: before.nested,
    landed: false,
  });
  return objection(now, before, path);
}

/**
 * The last question once more to a worktree that was moved to `to`: until then it could be written to under its name.
 */
export async function changedUntilMoved({ path, detail }: Item, to: string): Promise<Drift | undefined> {
  if (detail.type !== 'worktree') return undefined;
  const before = detail.facts;
  const { adminDir, mainGitDir, originalBranch, nested } = before;
  if (adminDir === undefined || mainGitDir === undefined) return undefined;
  const options = { originalBranch, measureNested: nested, landed: false };
  return objection(await inspectMoved(to, { adminDir, mainGitDir }, options), before, path);
}

/** Only what is new: what was known when the item was judged, the verdict has dealt with. */
function objection(now: WorktreeFacts, before: WorktreeFacts, path: string): Drift | undefined {
  const drift = (reason: Drift['reason'], evidence: Evidence): Drift => ({
    reason,
    evidence: { path, ...evidence },
  });
  const doubt = now.doubts.find(({ detail }) => !before.doubts.some((known) => known.detail === detail));
  if (doubt !== undefined) return drift(doubt.reason, { doubt: doubt.detail });
  if (now.head !== before.head || now.branch !== before.branch) {
    return drift('changed-since-decision', {
      head: now.head ?? 'not known',
      before: before.head ?? 'not known',
    });
  }
  if (now.adminDir !== before.adminDir || now.mainGitDir !== before.mainGitDir) {
    return drift('changed-since-decision', { repository: now.mainGitDir ?? 'not known' });
  }
  if (now.locked !== before.locked) return drift('locked', { locked: now.locked !== undefined });
  if (now.operation !== before.operation) {
    return drift('operation-in-progress', { operation: now.operation ?? 'none' });
  }
  return lostWork(now, before, drift);
}

function lostWork(
  { changes, unreachable }: WorktreeFacts,
  before: WorktreeFacts,
  drift: (reason: Drift['reason'], evidence: Evidence) => Drift,
): Drift | undefined {
  if (changes === undefined) return before.changes === undefined ? undefined : drift('unreadable', {});
  if (unreachable === undefined)
    return before.unreachable === undefined ? undefined : drift('unreadable', {});
  const { uncommitted, untracked, precious } = changes;
  if (uncommitted !== (before.changes?.uncommitted ?? 0)) return drift('dirty', { uncommitted });
  if (untracked !== (before.changes?.untracked ?? 0)) return drift('untracked', { untracked });
  if (precious.length !== (before.changes?.precious.length ?? 0)) {
    return drift('precious', { precious: precious.slice(0, 3).map(shortened).join(', ') });
  }
  if (unreachable.count !== (before.unreachable?.count ?? 0)) {
    return drift('unreachable-commits', { commits: unreachable.count });
  }
  return undefined;
}

function differs(path: string, identity: Identity): Drift | undefined {
  const looked = see(path);
  if (looked.isErr()) return unreadable(looked.error);
  const now = looked.value?.identity;
  if (now === undefined) return changed(path, 'gone');
  return isUnchanged(now, identity) ? undefined : changed(path, 'changed');
}

function unreadable({ reason, detail, path = '' }: Doubt): Drift {
  return { reason, evidence: { path, detail } };
}

function changed(path: string, what: 'gone' | 'appeared' | 'changed' | 'changed inside'): Drift {
  return { reason: 'changed-since-decision', evidence: { path, what } };
}
