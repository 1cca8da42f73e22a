import { basename, relative, sep } from 'node:path';
import { isInside } from '../disk/path.ts';
import type { Item, ProcessUse } from '../model/item.ts';
import type { Liveness, OwnerId, SessionFacts } from '../model/owner.ts';
import { addTo } from '../model/groups.ts';
import type { Survey } from './entries.ts';
import { mayBeAtWorkOn, type ProdigyAtWork } from './liveness.ts';
import { worktreeOwners } from './relations.ts';
import { isTerminal } from './session-file.ts';
import type { LockFound, Storage } from './storage.ts';

/** Git's own locks count as somebody at work for this long (PRODIGY-STORAGE 9.2). */
const gitLockMs = 3_600_000;

type Used = Pick<Item, 'users'>;

/** What of the storage tells who is alive. */
export type Watched = Pick<
  Storage,
  'relations' | 'repositories' | 'table' | 'prodigies' | 'locks' | 'blindness' | 'nowMs'
> & { readonly survey: Pick<Survey, 'roots' | 'worktrees'> };

/** Answers for each owner whether it is alive: a fusion of everything that can tell (DESIGN 5.6). */
export type VitalSigns = {
  ofSession(id: string, facts: Pick<SessionFacts, 'record' | 'lastSignMs'>, owned: readonly Used[]): Liveness;
  ofJob(job: string, owned: readonly Used[]): Liveness;
};

export function vitalSigns(storage: Watched): VitalSigns {
  const pools = usesOfHolders(storage);
  const gitLocks = gitLocksByOwner(storage);
  const general = generalDoubts(storage);

  const common = (owner: OwnerId, id: string, owned: readonly Used[]): Signs => {
    const signs: Signs = { alive: [], doubt: [...general], lockInDoubt: false };
    for (const found of storage.locks.get(id) ?? []) judgeLock(found, signs);
    for (const { users } of owned) signs.alive.push(...users.map(describeUse));
    signs.alive.push(...(pools.get(id) ?? []).map(describeUse));
    signs.alive.push(...(gitLocks.get(owner) ?? []));
    return signs;
  };
  return {
    ofSession(id, facts, owned) {
      const signs = common(`session:${id}`, id, owned);
      for (const prodigy of storage.prodigies) judgeProdigy(storage, prodigy, id, facts, signs);
      return liveness(signs);
    },
    ofJob: (job, owned) => liveness(common(`job:${job}`, job, owned)),
  };
}

type Signs = { readonly alive: string[]; readonly doubt: string[]; lockInDoubt: boolean };

function liveness({ alive, doubt, lockInDoubt }: Signs): Liveness {
  if (alive.length > 0) return { answer: 'yes', evidence: [...new Set(alive)] };
  if (doubt.length === 0) return { answer: 'no', evidence: [] };
  return { answer: 'cannot-tell', evidence: doubt, ...(lockInDoubt ? { lockInDoubt } : {}) };
}

function judgeLock({ lock, path }: LockFound, signs: Signs): void {
  switch (lock.state) {
    case 'live':
      signs.alive.push(`lock of process ${lock.pid}: ${path}`);
      return;
    case 'broken-young':
      signs.alive.push(`young lock, ${lock.detail}: ${path}`);
      return;
    case 'foreign':
      signs.doubt.push(`lock of host ${lock.host}: ${path}`);
      signs.lockInDoubt = true;
      return;
    case 'broken':
      signs.doubt.push(`lock cannot be understood, ${lock.detail}: ${path}`);
      signs.lockInDoubt = true;
      return;
    case 'absent':
    case 'stale':
    case 'ours':
  }
}

/** A Prodigy whose working directory says no more than the repository may work on any open session of it. */
function judgeProdigy(
  { repositories, survey }: Watched,
  { process, repository }: ProdigyAtWork,
  id: string,
  { record, lastSignMs }: Pick<SessionFacts, 'record' | 'lastSignMs'>,
  signs: Signs,
): void {
  // Without a record nothing can be resumed; what a first run makes is younger than its process.
  const isOver = record.state === 'absent' || (record.state === 'read' && isTerminal(record.status));
  if (!mayBeAtWorkOn({ isTerminal: isOver, modifiedAtMs: lastSignMs }, process)) return;
  const { cwd, pid, name } = process;
  if (cwd === undefined) {
    signs.doubt.push(`process ${pid} (${name}) works where cannot be seen`);
    return;
  }
  // In a worktree it is tied to that session, which its items tell.
  if (survey.roots.some((root) => isInside(cwd, root))) return;
  const session = repositories.ofSession(id).repository;
  const isUnplaced = session === undefined;
  const isSamePath = session?.gitDir !== undefined && session.gitDir === repository?.gitDir;
  const isSameName = session?.gitDir === undefined && session?.name === basename(cwd);
  const isSameRepository = session?.gitDir === undefined && session?.name === repository?.name;
  if (isUnplaced || isSamePath || isSameName || isSameRepository) {
    signs.alive.push(`process ${pid} (${name}) works in ${cwd}`);
  }
}

function generalDoubts({ table, blindness }: Watched): string[] {
  const doubts = table.suspects.map(({ pid, name }) => `process ${pid} (${name}) cannot be looked into`);
  if (!table.readable) doubts.push('the process table cannot be read');
  if (blindness !== undefined) doubts.push(`${blindness.path ?? 'storage'}: ${blindness.detail}`);
  return doubts;
}

/** Uses of what is a session's but no item: the pool directory itself, say. */
function usesOfHolders({ survey, table, relations }: Watched): ReadonlyMap<string, ProcessUse[]> {
  const uses = new Map<string, ProcessUse[]>();
  for (const { pid, name, cwd, openFiles, self } of table.processes) {
    const paths = [
      ...(cwd === undefined ? [] : [{ how: 'cwd' as const, path: cwd }]),
      ...(self ? [] : openFiles.map((path) => ({ how: 'open-file' as const, path }))),
    ];
    for (const { how, path } of paths) {
      const root = survey.roots.find((candidate) => isInside(path, candidate));
      const holder = root === undefined ? undefined : relative(root, path).split(sep)[1];
      if (holder !== undefined && relations.isSession(holder)) addTo(uses, holder, { pid, name, how, path });
    }
  }
  return uses;
}

function gitLocksByOwner({ survey, relations, nowMs }: Watched): ReadonlyMap<OwnerId, string[]> {
  const locks = new Map<OwnerId, string[]>();
  for (const { holder, name, signs, path } of survey.worktrees) {
    if (signs.gitLockMs === undefined || nowMs - signs.gitLockMs >= gitLockMs) continue;
    for (const owner of worktreeOwners(holder, name, relations.ownersIn))
      addTo(locks, owner, `git is at work in ${path}`);
  }
  return locks;
}

function describeUse({ pid, name, how, path }: ProcessUse): string {
  return `process ${pid} (${name}) ${how} ${path}`;
}
