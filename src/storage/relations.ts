import type { OwnerId, SessionFacts } from '../model/owner.ts';
import type { Doubt } from '../model/reason.ts';
import { addTo, groupBy } from '../model/groups.ts';
import { looksLikeJob, looksLikeSession, jobOfAgent, jobOfOldSession } from './names.ts';
import { isTerminal, type SessionRecord } from './session-file.ts';
import type { JobEntry, SessionEntry, Survey } from './entries.ts';

/** Who belongs to whom (PRODIGY-STORAGE 6.1), from one pass over the survey. */
export type Relations = {
  readonly sessions: ReadonlySet<string>;
  readonly jobs: ReadonlySet<string>;
  readonly links: readonly (readonly [OwnerId, OwnerId])[];
  /** One record for each session: where two roots disagree, the one that is less finished. */
  readonly records: ReadonlyMap<string, SessionFacts['record']>;
  /** Every readable record, for hints. */
  readonly read: ReadonlyMap<string, readonly SessionRecord[]>;
  readonly jobStates: ReadonlyMap<string, readonly JobEntry[]>;
  /** Whether a name at the second level is a session's: then what is below belongs to it. */
  readonly isSession: (name: string) => boolean;
  /** Owners of what lies below `holder`. */
  readonly ownersIn: (holder: string | undefined, ...jobs: readonly (string | undefined)[]) => OwnerId[];
};

export const sessionOwner = (id: string): OwnerId => `session:${id}`;
export const jobOwner = (id: string): OwnerId => `job:${id}`;

export function relate(survey: Survey): Relations {
  const recorded = groupBy(survey.sessions, ({ id }) => id);
  const jobStates = groupBy(survey.jobs, ({ job }) => job);

  const isSession = (name: string): boolean => recorded.has(name) || looksLikeSession(name);
  const ownersIn = (holder: string | undefined, ...jobs: readonly (string | undefined)[]): OwnerId[] => {
    const owners = jobs.flatMap((job) => (job === undefined ? [] : [jobOwner(job)]));
    return holder !== undefined && isSession(holder) ? [sessionOwner(holder), ...owners] : owners;
  };
  const groups = ownerGroups(survey, ownersIn, isSession);
  const sessions = new Set<string>(recorded.keys());
  const jobs = new Set<string>(jobStates.keys());
  const links = new Map<string, readonly [OwnerId, OwnerId]>();
  for (const group of groups) {
    for (const owner of group) {
      if (owner.startsWith('session:')) sessions.add(owner.slice('session:'.length));
      else jobs.add(owner.slice('job:'.length));
    }
    const [first, ...rest] = new Set(group);
    if (first === undefined) continue;
    for (const other of rest) links.set(`${first}\n${other}`, [first, other]);
  }
  for (const session of sessions) {
    const job = jobOfOldSession(session);
    if (job === undefined || !jobs.has(job)) continue;
    links.set(`${session}\n${job}`, [sessionOwner(session), jobOwner(job)]);
  }
  const records = new Map<string, SessionFacts['record']>();
  const read = new Map<string, SessionRecord[]>();
  for (const [id, entries] of recorded) {
    records.set(id, leastFinished(entries));
    for (const { reading } of entries) if (reading.state === 'read') addTo(read, id, reading.value);
  }
  return { sessions, jobs, links: [...links.values()], records, read, jobStates, isSession, ownersIn };
}

/** Owners that something on disk shows to belong together; every owner is in some group. */
function ownerGroups(
  survey: Survey,
  ownersIn: Relations['ownersIn'],
  isSession: (name: string) => boolean,
): OwnerId[][] {
  const groups: OwnerId[][] = [];
  for (const { id, reading } of survey.sessions) {
    const job = reading.state === 'read' ? reading.value.job : undefined;
    groups.push(job === undefined ? [sessionOwner(id)] : [sessionOwner(id), jobOwner(job)]);
  }
  for (const { id } of survey.sessionDirectories) groups.push([sessionOwner(id)]);
  for (const { holder, folder } of survey.checkpoints) {
    groups.push([...ownersIn(holder), ...folder.merges.map(({ session }) => sessionOwner(session))]);
  }
  for (const { holder } of survey.mapreduces) groups.push(ownersIn(holder));
  for (const { holder, job, state } of survey.jobs) {
    const parent = state.parentSession;
    const parents = parent !== undefined && isSession(parent) ? [sessionOwner(parent)] : [];
    groups.push([...ownersIn(holder, job), ...parents]);
  }
  for (const entry of survey.mappings) {
    groups.push(mappingOwners(entry));
    if (entry.reading.state === 'broken') groups.push(perhapsMapped(entry, survey.jobs));
  }
  for (const { holder, name } of survey.events) groups.push(ownersIn(holder, jobOfEvents(name, holder)));
  for (const { holder, job, letters } of survey.deadLetters)
    groups.push(ownersIn(holder, job, ...letters.jobs));
  for (const { holder, name } of survey.worktrees) groups.push(worktreeOwners(holder, name, ownersIn));
  for (const { holder, name } of survey.metadata) groups.push(worktreeOwners(holder, name, ownersIn));
  return groups;
}

/** An agent belongs to its pool's session and to its job, any other worktree to the session of its name. */
export function worktreeOwners(holder: string, name: string, ownersIn: Relations['ownersIn']): OwnerId[] {
  const job = jobOfAgent(name);
  // A session's worktree below another session's name was made from that one's worktree.
  return job === undefined ? [sessionOwner(name), ...ownersIn(holder)] : ownersIn(holder, job);
}

/** The job of `events/<holder>/<name>`; the name of an ordinary run's directory is random and belongs to nobody. */
export function jobOfEvents(name: string, holder: string | undefined): string | undefined {
  return looksLikeJob(name) || holder === undefined ? name : undefined;
}

export function mappingOwners({ name, reading }: Survey['mappings'][number]): OwnerId[] {
  const named = looksLikeJob(name) ? jobOwner(name) : sessionOwner(name);
  if (reading.state !== 'read') return [named];
  const { session, job } = reading.value;
  return [...new Set([named, sessionOwner(session), jobOwner(job)])];
}

/** One that cannot be read may have named any job of its repository. */
function perhapsMapped({ holder, name }: Survey['mappings'][number], jobs: Survey['jobs']): OwnerId[] {
  if (looksLikeJob(name)) return [];
  const beside = jobs.filter((entry) => entry.holder === holder).map(({ job }) => jobOwner(job));
  return [sessionOwner(name), ...beside];
}

function leastFinished(entries: readonly SessionEntry[]): SessionFacts['record'] {
  let least: SessionFacts['record'] = { state: 'absent' };
  for (const { reading, path } of entries) {
    if (reading.state === 'broken') return { state: 'broken', doubt: reading.doubt };
    if (reading.state === 'absent') return { state: 'broken', doubt: vanished(path) };
    const { status, startedAtMs, lastRecordedMs } = reading.value;
    const record = { state: 'read', status, startedAtMs, lastRecordedMs } as const;
    if (least.state !== 'read') least = record;
    else if (isTerminal(least.status) !== isTerminal(status)) least = isTerminal(status) ? least : record;
    else if (lastRecordedMs > least.lastRecordedMs) least = record;
  }
  return least;
}

function vanished(path: string): Doubt {
  return { reason: 'unreadable', detail: 'vanished while it was read', path };
}
