import type { RecordOddity } from '../model/oddity.ts';
import type { Doubt } from '../model/reason.ts';
import { activityWindowMs } from '../policy/retention.ts';
import { worktreeOwners } from '../storage/relations.ts';
import type { Storage } from '../storage/storage.ts';
import { strayCheckpoints } from './sessions.ts';
import { strayMetadata } from './worktrees.ts';

/** Records that cannot be understood, and records and directories of which one is there without the other. */
export function oddRecords(storage: Storage): readonly RecordOddity[] {
  return [
    ...brokenRecords(storage),
    ...strayMetadata(storage).map(({ path = '' }) => ({ type: 'metadata-without-worktree', path }) as const),
    ...strayCheckpoints(storage).map(
      ({ path = '' }) => ({ type: 'checkpoints-without-session', path }) as const,
    ),
    ...unrecordedWorktrees(storage),
    ...sessionsWithoutWorktree(storage),
  ];
}

function brokenRecords({ survey }: Storage): readonly RecordOddity[] {
  const { sessions, metadata, mappings, sessionDirectories, checkpoints, jobs, deadLetters } = survey;
  const doubts: (readonly [Doubt, string])[] = [];
  for (const { reading, link, path } of [...sessions, ...metadata, ...mappings]) {
    if (reading.state === 'broken' && link === undefined) doubts.push([reading.doubt, path]);
  }
  const groups = [
    ...sessionDirectories,
    ...checkpoints.map((entry) => ({ ...entry, doubts: entry.folder.doubts })),
    ...jobs.map((entry) => ({ ...entry, doubts: entry.state.doubts })),
    ...deadLetters.map((entry) => ({ ...entry, doubts: entry.letters.doubts })),
  ];
  for (const { doubts: own, link, path } of groups) {
    if (link === undefined) doubts.push(...own.map((doubt) => [doubt, path] as const));
  }
  return doubts.map(([doubt, path]) => ({
    type: 'record-broken',
    path: doubt.path ?? path,
    detail: `${doubt.reason}: ${doubt.detail}`,
  }));
}

/** Worktrees of which no session's record speaks, their pool's included. */
function unrecordedWorktrees({ survey, relations }: Storage): readonly RecordOddity[] {
  return survey.worktrees.flatMap(({ path, holder, name, link, signs }): RecordOddity[] => {
    if (link !== undefined || signs.git !== 'file') return [];
    const owners = worktreeOwners(holder, name, relations.ownersIn);
    const isRecorded = owners.some((owner) => {
      const [type = '', ...id] = owner.split(':');
      const known = type === 'session' ? relations.records : relations.jobStates;
      return known.has(id.join(':'));
    });
    if (isRecorded) return [];
    const session = owners.find((owner) => owner.startsWith('session:'))?.slice('session:'.length) ?? name;
    return [{ type: 'worktree-without-record', path, session }];
  });
}

/** Sessions that have not ended by their own word, and whose worktree is gone: Prodigy will not resume them. */
function sessionsWithoutWorktree(storage: Storage): readonly RecordOddity[] {
  const { survey, relations, locks, nowMs } = storage;
  if (survey.blind.some(({ segments }) => segments.length === 0 || segments[0] === 'worktrees')) return [];
  const worktrees = new Set(survey.worktrees.map(({ name }) => name));
  const checkpointed = new Set(
    survey.checkpoints.filter(({ folder }) => folder.own > 0).map(({ holder }) => holder),
  );
  return survey.sessions.flatMap(({ id, path }): RecordOddity[] => {
    const record = relations.records.get(id);
    if (record?.state !== 'read' || worktrees.has(id)) return [];
    const { status, lastRecordedMs } = record;
    if (!['Initializing', 'Running', 'Paused'].includes(status)) return [];
    // One that has just begun, or that somebody may be taking up, is not left behind.
    const isYoung = nowMs - lastRecordedMs <= activityWindowMs;
    const isLocked = (locks.get(id) ?? []).some(({ lock }) => lock.state !== 'stale');
    if (isYoung || isLocked) return [];
    const isResumable = status === 'Paused' || checkpointed.has(id);
    return [{ type: 'session-without-worktree', path, session: id, status, isResumable }];
  });
}
