import * as fc from 'fast-check';
import type { Item, Rest } from '../../src/model/item.ts';
import type { Kind } from '../../src/model/kind.ts';
import { kinds } from '../../src/model/kind.ts';
import type { Look } from '../../src/model/look.ts';
import type {
  JobFacts,
  Liveness,
  OwnerFacts,
  OwnerId,
  SessionFacts,
  SessionStatus,
} from '../../src/model/owner.ts';
import type { Doubt } from '../../src/model/reason.ts';
import type { WorktreeFacts } from '../../src/model/worktree.ts';
import type { Policy } from '../../src/policy/retention.ts';
import { policyOf } from '../../src/policy/retention.ts';
import {
  alive,
  cannotTell,
  dayMs,
  dead,
  hourMs,
  item,
  job,
  longAgoMs,
  look,
  nowMs,
  recorded,
  session,
  worktreeFacts,
} from './storage-of-facts.ts';

/** Mostly `usual`, so that most of what is generated could go and the laws are not kept by emptiness. */
function mostly<T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof({ arbitrary: fc.constant(usual), weight: 5 }, fc.constantFrom(usual, ...others));
}

const anyTime = fc.oneof(
  { arbitrary: fc.constant(longAgoMs), weight: 3 },
  fc
    .constantFrom(-dayMs, 0, hourMs, 23 * hourMs, dayMs, 2 * dayMs, 7 * dayMs, 14 * dayMs, 30 * dayMs)
    .chain((agoMs) => fc.constantFrom(-1, 0, 1).map((shift) => nowMs - agoMs + shift)),
);
const anyLiveness = mostly<Liveness>(dead, alive, cannotTell, { ...cannotTell, lockInDoubt: true });
const odd: Doubt = { reason: 'unreadable', detail: 'odd' };

function anySession(name: string): fc.Arbitrary<SessionFacts> {
  const status = mostly<SessionStatus>(
    'Completed',
    'Failed',
    'Cancelled',
    'Running',
    'Paused',
    'Initializing',
  );
  const record = fc.oneof(
    { arbitrary: fc.tuple(status, anyTime).map(([word, at]) => recorded(word, at)), weight: 5 },
    fc.constantFrom<SessionFacts['record']>({ state: 'absent' }, { state: 'broken', doubt: odd }),
  );
  return fc
    .record({
      record,
      hasCheckpoint: fc.boolean(),
      checkpointDoubt: mostly<Doubt | undefined>(undefined, odd),
      hasWorktree: fc.boolean(),
      worktreeUnmergedOrDirty: fc.boolean(),
      mergeCheckpoint: mostly<string | undefined>(undefined, '/m'),
      liveness: anyLiveness,
      lastSignMs: anyTime,
    })
    .map((changes) => session(name, changes));
}

function anyJob(name: string): fc.Arbitrary<JobFacts> {
  return fc
    .record({
      state: mostly<JobFacts['state']>('none', 'complete', 'incomplete', 'broken'),
      liveness: anyLiveness,
      lastSignMs: anyTime,
    })
    .map((changes) => job(name, changes));
}

const anyRest: fc.Arbitrary<Rest> = fc.oneof(
  anyTime.map((atMs): Rest => ({ type: 'ended', atMs })),
  fc.constantFrom<Rest>({ type: 'unfinished' }, { type: 'no-record' }),
);

const anyFacts: fc.Arbitrary<WorktreeFacts> = fc
  .record({
    operation: mostly<string | undefined>(undefined, 'rebase'),
    changes: mostly<WorktreeFacts['changes']>(
      { uncommitted: 0, untracked: 0, precious: [] },
      { uncommitted: 1, untracked: 0, precious: [] },
      undefined,
    ),
    mergedInto: fc.constantFrom('main', undefined),
  })
  .map((changes) => worktreeFacts(changes));

function anyDetail(kind: Kind, worktrees: readonly Item[]): fc.Arbitrary<Item['detail']> {
  switch (kind) {
    case 'worktrees':
      return fc
        .record({ facts: anyFacts, agent: fc.boolean() })
        .map((some) => ({ type: 'worktree', ...some, jobs: [] }));
    case 'sessions':
      return fc
        .subarray(worktrees.map(({ id }) => id))
        .map((some) => ({ type: 'session', worktrees: some, record: true }));
    case 'state':
      return mostly(true, false).map((complete) => ({ type: 'state', complete }));
    case 'dlq':
      return mostly(0, 1).map((pendingRetry) => ({
        type: 'dlq',
        letters: 1,
        pendingRetry,
        pendingReview: 0,
      }));
    case 'logs':
      return fc.constant({ type: 'log' });
    case 'events':
      return fc.constant({ type: 'events' });
  }
}

const names = ['a', 'b', 'c', 'd'];
const owners: readonly OwnerId[] = names.flatMap((name): OwnerId[] => [`session:${name}`, `job:${name}`]);

function anyItem(kind: Kind, name: string, worktrees: readonly Item[]): fc.Arbitrary<Item> {
  return fc
    .record({
      owners: fc.subarray([...owners], { maxLength: 2 }),
      recordedAtMs: fc.option(anyTime, { nil: undefined, freq: 4 }),
      youngestSignMs: anyTime,
      rest: anyRest,
      doubts: mostly<readonly Doubt[]>([], [odd]),
      users: mostly<Item['users']>([], [{ pid: 7, name: 'vim', how: 'cwd', path: '/x' }]),
      repository: fc.constantFrom({ name: 'api', gitDir: '/src/api/.git' }, { name: 'web' }),
      attribution: mostly<Item['attribution']>('path', 'name', 'ambiguous', 'none'),
      detail: anyDetail(kind, worktrees),
    })
    .map((changes) => item(kind, name, changes));
}

function someOf(kind: Kind, worktrees: readonly Item[]): fc.Arbitrary<readonly Item[]> {
  return fc.tuple(...names.map((name) => anyItem(kind, name, worktrees)));
}

const anyItems: fc.Arbitrary<readonly Item[]> = someOf('worktrees', []).chain((worktrees) =>
  fc
    .tuple(...kinds.filter((kind) => kind !== 'worktrees').map((kind) => someOf(kind, worktrees)))
    .map((others) => [...worktrees, ...others.flat()]),
);

/** Storage of four items a kind, tied to owners of every sort. */
export const anyLook: fc.Arbitrary<Look> = fc
  .record({
    items: anyItems,
    sessions: fc.tuple(...names.map(anySession)),
    jobs: fc.tuple(...names.map(anyJob)),
    links: fc.array(fc.tuple(fc.constantFrom(...owners), fc.constantFrom(...owners)), { maxLength: 3 }),
    processesReadable: mostly(true, false),
  })
  .map(({ items, sessions, jobs, links, processesReadable }) => {
    const facts: readonly OwnerFacts[] = [...sessions, ...jobs];
    return look(items, facts, { links, processesReadable });
  });

export const anyDuration: fc.Arbitrary<number> = fc.constantFrom(
  1,
  1000,
  hourMs,
  dayMs,
  7 * dayMs,
  30 * dayMs,
  399 * dayMs,
  500 * dayMs,
);

export const anyPolicy: fc.Arbitrary<Policy> = fc
  .record({
    olderThanMs: fc.option(anyDuration, { nil: undefined }),
    windowMs: fc.constantFrom(undefined, 0, hourMs, 2 * dayMs),
    mergedOnly: fc.boolean(),
  })
  .map((asked) => policyOf({ nowMs, kinds, ...asked }));
