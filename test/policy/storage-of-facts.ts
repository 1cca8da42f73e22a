import { itemId } from '../../src/model/item.ts';
import type { Item } from '../../src/model/item.ts';
import { kinds } from '../../src/model/kind.ts';
import type { Kind } from '../../src/model/kind.ts';
import type { Look } from '../../src/model/look.ts';
import type { JobFacts, Liveness, OwnerFacts, SessionFacts, SessionStatus } from '../../src/model/owner.ts';
import type { WorktreeFacts } from '../../src/model/worktree.ts';
import { policyOf } from '../../src/policy/retention.ts';
import type { Policy } from '../../src/policy/retention.ts';
import type { Scope } from '../../src/policy/scope.ts';

export const hourMs = 3_600_000;
export const dayMs: number = 24 * hourMs;
export const nowMs = 1_800_000_000_000;
export const longAgoMs: number = nowMs - 400 * dayMs;

export const alive: Liveness = { answer: 'yes', evidence: ['process 4312 (claude)'] };
export const dead: Liveness = { answer: 'no', evidence: [] };
export const cannotTell: Liveness = { answer: 'cannot-tell', evidence: ['/proc cannot be read'] };

/** A session that completed long ago and left nothing but its record. */
export function session(id: string, changes: Partial<SessionFacts> = {}): SessionFacts {
  return {
    type: 'session',
    id: `session:${id}`,
    record: recorded('Completed'),
    hasCheckpoint: false,
    checkpointDoubt: undefined,
    hasWorktree: false,
    worktreeUnmergedOrDirty: false,
    mergeCheckpoint: undefined,
    liveness: dead,
    lastSignMs: longAgoMs,
    witnesses: () => [],
    ...changes,
  };
}

export function recorded(status: SessionStatus, lastRecordedMs: number = longAgoMs): SessionFacts['record'] {
  return { state: 'read', status, startedAtMs: lastRecordedMs - hourMs, lastRecordedMs };
}

/** A job that left no state. */
export function job(id: string, changes: Partial<JobFacts> = {}): JobFacts {
  return {
    type: 'job',
    id: `job:${id}`,
    state: 'none',
    doubt: undefined,
    liveness: dead,
    lastSignMs: longAgoMs,
    witnesses: () => [],
    ...changes,
  };
}

/** Clean, on its branch, nothing lost with it, not merged. */
export function worktreeFacts(changes: Partial<WorktreeFacts> = {}): WorktreeFacts {
  return {
    mainGitDir: '/src/api/.git',
    adminDir: '/src/api/.git/worktrees/a',
    branch: 'refs/heads/prodigy-a',
    head: '3f2c1e9a00000000000000000000000000000000',
    originalBranch: 'main',
    locked: undefined,
    operation: undefined,
    changes: { uncommitted: 0, untracked: 0, precious: [] },
    unreachable: { count: 0, example: undefined },
    mergedInto: undefined,
    landed: undefined,
    spentBranches: [],
    pointers: undefined,
    settings: [],
    nested: [],
    submodules: [],
    doubts: [],
    lastGitSignMs: longAgoMs,
    ...changes,
  };
}

const details: Record<Kind, Item['detail']> = {
  worktrees: { type: 'worktree', facts: worktreeFacts(), agent: false, jobs: [] },
  sessions: { type: 'session', worktrees: [], record: true },
  logs: { type: 'log' },
  state: { type: 'state', complete: true },
  events: { type: 'events' },
  dlq: { type: 'dlq', letters: 2, pendingRetry: 0, pendingReview: 0 },
};

/** An item that nothing protects and that ended long ago: it goes. */
export function item(kind: Kind, name: string, changes: Partial<Item> = {}): Item {
  const path = `/home/u/.prodigy/${kind}/${name}`;
  return {
    id: itemId(kind, path),
    kind,
    name,
    root: '/home/u/.prodigy',
    path,
    parts: [],
    repository: { name: 'api', gitDir: '/src/api/.git' },
    attribution: 'path',
    owners: [],
    recordedAtMs: longAgoMs,
    youngestSignMs: longAgoMs,
    rest: { type: 'ended', atMs: longAgoMs },
    doubts: [],
    users: [],
    size: { bytes: 4096, files: 1 },
    detail: details[kind],
    ...changes,
  };
}

export function worktree(
  name: string,
  facts: Partial<WorktreeFacts> = {},
  changes: Partial<Item> = {},
): Item {
  const detail = { type: 'worktree', facts: worktreeFacts(facts), agent: false, jobs: [] } as const;
  return item('worktrees', name, { detail, ...changes });
}

export function sessionRecord(name: string, worktrees: readonly Item[], changes: Partial<Item> = {}): Item {
  const detail = { type: 'session', worktrees: worktrees.map(({ id }) => id), record: true } as const;
  return item('sessions', name, { owners: [`session:${name}`], detail, ...changes });
}

export function look(
  items: readonly Item[],
  owners: readonly OwnerFacts[] = [],
  changes: Partial<Look> = {},
): Look {
  return {
    items,
    owners: new Map(owners.map((facts) => [facts.id, facts])),
    links: [],
    oddities: [],
    processesReadable: true,
    ...changes,
  };
}

export const everything: Scope = { allRepositories: true, repositories: [], kinds };

export const usualPolicy: Policy = policyOf({ nowMs, kinds });
