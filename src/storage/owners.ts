import type { Item } from '../model/item.ts';
import type { JobFacts, OwnerFacts, OwnerId, SessionFacts } from '../model/owner.ts';
import type { Doubt } from '../model/reason.ts';
import type { WorktreeFacts } from '../model/worktree.ts';
import { addTo } from '../model/groups.ts';
import { nameMs } from './names.ts';
import { obstacles, type Obstacles } from './obstacles.ts';
import { jobOwner, sessionOwner } from './relations.ts';
import { see } from './see.ts';
import type { Storage } from './storage.ts';
import { newest } from './time.ts';
import { vitalSigns } from './vital-signs.ts';
import { witnesses, type Witnesses } from './witnesses.ts';

/**
 * What is known of every session and job that owns anything.
 *
 * @param items - all there are, whatever was asked for: each is a sign of its owners' life
 * @param inspected - what git said, by worktree path; of the others the worst is assumed
 */
export function ownerFacts(
  storage: Storage,
  items: readonly Item[],
  inspected: ReadonlyMap<string, WorktreeFacts>,
): Map<OwnerId, OwnerFacts> {
  const owned = new Map<OwnerId, Item[]>();
  for (const item of items) for (const owner of item.owners) addTo(owned, owner, item);
  const { relations } = storage;
  const ids = new Set<OwnerId>(owned.keys());
  for (const id of relations.sessions) ids.add(sessionOwner(id));
  for (const job of relations.jobs) ids.add(jobOwner(job));

  const witness = witnesses(storage);
  const obstacle = obstacles(storage);
  const makers = {
    sessions: sessionMaker(storage, inspected, witness, obstacle),
    jobs: jobMaker(storage, witness, obstacle),
  };
  const facts = new Map<OwnerId, OwnerFacts>();
  for (const owner of ids) {
    const mine = owned.get(owner) ?? [];
    facts.set(
      owner,
      owner.startsWith('session:')
        ? makers.sessions(owner.slice('session:'.length), mine)
        : makers.jobs(owner.slice('job:'.length), mine),
    );
  }
  return facts;
}

function sessionMaker(
  storage: Storage,
  inspected: ReadonlyMap<string, WorktreeFacts>,
  witness: Witnesses,
  obstacle: Obstacles,
): (id: string, owned: readonly Item[]) => SessionFacts {
  const { survey, relations } = storage;
  const signs = vitalSigns(storage);
  const checkpoints = new Map<string, { own: number; doubt: Doubt | undefined }>();
  const merges = new Map<string, string>();
  const strayMs = strayTimes(storage);
  for (const { holder, folder } of survey.checkpoints) {
    const known = checkpoints.get(holder);
    const doubt = known?.doubt ?? folder.doubts[0];
    checkpoints.set(holder, { own: (known?.own ?? 0) + folder.own, doubt });
    for (const { session, path } of folder.merges) merges.set(session, path);
  }
  for (const { id, hasCheckpoint, doubts } of survey.sessionDirectories) {
    const known = checkpoints.get(id);
    checkpoints.set(id, {
      own: (known?.own ?? 0) + (hasCheckpoint ? 1 : 0),
      doubt: known?.doubt ?? doubts[0],
    });
  }
  const unseen = blindSpots(storage);

  return (id, owned) => {
    const record = relations.records.get(id) ?? { state: 'absent' };
    const own = owned.filter(({ kind }) => kind === 'worktrees');
    const lastSignMs = newest(strayMs.get(id), lastSignOf(owned)) ?? nameMs(id) ?? 0;
    const found = checkpoints.get(id);
    const testimony = ofSession(witness, id, storage.repositories.ofSession(id).repository?.name);
    return {
      type: 'session',
      id: sessionOwner(id),
      record,
      hasCheckpoint: (found?.own ?? 0) > 0,
      checkpointDoubt: found?.doubt ?? unseen.state(id),
      hidden: obstacle.doubtOf(testimony, id),
      hasWorktree: own.length > 0 || unseen.worktrees !== undefined,
      worktreeUnmergedOrDirty:
        unseen.worktrees !== undefined ||
        own.some((item) => !isMergedAndClean(inspected.get(item.path), item)),
      mergeCheckpoint: merges.get(id),
      liveness: signs.ofSession(id, { record, lastSignMs }, owned),
      lastSignMs,
      witnesses: testimony,
    };
  };
}

/** Outside of what makes the facts: that has the whole survey, which would be kept with each of these. */
function ofSession(
  witness: Witnesses,
  id: string,
  repository: string | undefined,
): SessionFacts['witnesses'] {
  return () => witness.ofSession(id, repository);
}

function ofJob(witness: Witnesses, job: string): JobFacts['witnesses'] {
  return () => witness.ofJob(job);
}

function jobMaker(
  storage: Storage,
  witness: Witnesses,
  obstacle: Obstacles,
): (job: string, owned: readonly Item[]) => JobFacts {
  const signs = vitalSigns(storage);
  const order = ['none', 'complete', 'incomplete', 'broken'] as const;
  const hidden = storage.survey.blind.find(({ segments }) => segments[0] === 'state')?.doubt;
  // Nobody knows for which session a job worked whose mapping cannot be read.
  const unmapped = new Map(
    storage.survey.mappings.flatMap(({ name, reading }) =>
      reading.state === 'broken' ? [[name, reading.doubt] as const] : [],
    ),
  );
  return (job, owned) => {
    const states = storage.relations.jobStates.get(job) ?? [];
    // Where copies disagree, the worst is believed.
    const worst = Math.max(0, ...states.map(({ state }) => order.indexOf(state.state)));
    const testimony = ofJob(witness, job);
    const doubt =
      states.flatMap(({ state }) => state.doubts)[0] ??
      hidden ??
      unmapped.get(job) ??
      obstacle.doubtOf(testimony);
    return {
      type: 'job',
      id: jobOwner(job),
      state: hidden === undefined ? (order[worst] ?? 'broken') : 'broken',
      doubt,
      liveness: signs.ofJob(job, owned),
      lastSignMs: lastSignOf(owned) ?? nameMs(job) ?? 0,
      witnesses: testimony,
    };
  };
}

function lastSignOf(owned: readonly Item[]): number | undefined {
  let last: number | undefined;
  for (const { recordedAtMs, youngestSignMs } of owned) last = newest(last, recordedAtMs, youngestSignMs);
  return last;
}

/** Unmerged, dirty, or not proven otherwise. */
function isMergedAndClean(facts: WorktreeFacts | undefined, item: Item): boolean {
  if (facts === undefined || item.doubts.length > 0 || facts.doubts.length > 0) return false;
  const { changes, unreachable, mergedInto, operation, nested } = facts;
  return (
    changes !== undefined &&
    changes.uncommitted === 0 &&
    changes.untracked === 0 &&
    changes.precious.length === 0 &&
    unreachable?.count === 0 &&
    mergedInto !== undefined &&
    operation === undefined &&
    nested.length === 0
  );
}

/** Times of what belongs to a session without being an item: metadata left alone, locks, the pool directory. */
function strayTimes({ survey, relations, locks }: Storage): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  const note = (id: string, ...ms: readonly (number | undefined)[]): void => {
    const latest = newest(times.get(id), ...ms);
    if (latest !== undefined) times.set(id, latest);
  };
  for (const { name, seen, reading } of survey.metadata) {
    note(name, seen.mtimeMs, reading.state === 'read' ? reading.value.updatedAtMs : undefined);
  }
  for (const [id, found] of locks) {
    for (const { lock, seen } of found) if (lock.state !== 'ours') note(id, seen.mtimeMs);
  }
  const pools = new Set<string>();
  for (const { root, holder } of [...survey.worktrees, ...survey.metadata]) {
    if (!relations.isSession(holder)) continue;
    const pool = `${root}/worktrees/${holder}`;
    if (pools.has(pool)) continue;
    pools.add(pool);
    for (const path of [pool, `${pool}/.metadata`]) note(holder, see(path).unwrapOr(undefined)?.mtimeMs);
  }
  for (const { holder, seen, folder } of survey.checkpoints) {
    note(holder, seen.mtimeMs, folder.youngestSignMs);
    for (const { session } of folder.merges) note(session, seen.mtimeMs);
  }
  return times;
}

/** What could not be listed may hold a worktree or checkpoint of anybody. */
function blindSpots({ survey }: Storage): {
  readonly worktrees: Doubt | undefined;
  state(id: string): Doubt | undefined;
} {
  const worktrees = survey.blind.find(({ segments }) => segments[0] === 'worktrees')?.doubt;
  const state = new Map(
    survey.blind
      .filter(({ segments }) => segments[0] === 'state' && segments.length >= 2)
      .map(({ segments, doubt }) => [segments[1], doubt] as const),
  );
  return { worktrees, state: (id) => state.get(id) };
}
