import test from 'ava';
import type { JobFacts, SessionFacts, SessionStatus } from '../../src/model/owner.ts';
import type { KeepReason } from '../../src/model/reason.ts';
import { classify, protectJob } from '../../src/policy/protection.ts';
import type { OwnerClass } from '../../src/policy/protection.ts';
import { alive, cannotTell, dayMs, dead, hourMs, job, nowMs, recorded, session } from './storage-of-facts.ts';

const recentMs = nowMs - 23 * hourMs;
const doubt = { reason: 'unreadable', detail: 'not JSON' } as const;

const row = test.macro<[string, Partial<SessionFacts>, OwnerClass, KeepReason?]>({
  exec(t, _row, changes, expected, reason) {
    const result = classify(session('a', changes), nowMs, dayMs);
    t.is(result.class, expected);
    t.is(result.keep?.reason, reason);
    if (result.keep !== undefined) t.is(result.keep.evidence['owner'], 'session:a');
    t.true(result.why.length > 0);
  },
  title: (_, name, __, expected) => `${name}: ${expected}`,
});

const cp = { hasCheckpoint: true };
const wt = { hasWorktree: true };
const dirty = { hasWorktree: true, worktreeUnmergedOrDirty: true };
const status = (word: SessionStatus): Partial<SessionFacts> => ({ record: recorded(word) });

for (const word of ['Initializing', 'Running'] as const) {
  const it = status(word);
  test(row, `${word}, live`, { ...it, liveness: alive }, 'active', 'active');
  test(row, `${word}, recent`, { ...it, lastSignMs: recentMs }, 'active', 'active');
  test(row, `${word}, last sign in the future`, { ...it, lastSignMs: nowMs + dayMs }, 'active', 'active');
  test(row, `${word}, last sign no number`, { ...it, lastSignMs: Number.NaN }, 'active', 'active');
  test(row, `${word}, cannot tell`, { ...it, liveness: cannotTell }, 'active', 'active');
  test(row, `${word}, dead, checkpoint, worktree`, { ...it, ...cp, ...wt }, 'resumable', 'resumable');
  test(row, `${word}, dead, checkpoint, no worktree`, { ...it, ...cp }, 'resumable', 'resumable');
  test(row, `${word}, dead, dirty worktree`, { ...it, ...dirty }, 'resumable', 'resumable');
  test(row, `${word}, dead, clean worktree`, { ...it, ...wt }, 'failed');
  test(row, `${word}, dead, nothing`, it, 'failed');
  test(row, `${word}, exactly the window ago`, { ...it, lastSignMs: nowMs - dayMs }, 'failed');
}

const paused = status('Paused');
test(row, 'Paused, nothing else', paused, 'resumable', 'resumable');
test(row, 'Paused, checkpoint and worktree', { ...paused, ...cp, ...wt }, 'resumable', 'resumable');
test(row, 'Paused, live', { ...paused, liveness: alive }, 'active', 'active');

const failed = status('Failed');
test(row, 'Failed, live', { ...failed, liveness: alive }, 'active', 'active');
test(row, 'Failed, checkpoint, worktree', { ...failed, ...cp, ...wt }, 'resumable', 'resumable');
test(row, 'Failed, checkpoint, no worktree', { ...failed, ...cp }, 'failed');
test(row, 'Failed, no checkpoint, dirty worktree', { ...failed, ...dirty }, 'failed');
test(row, 'Failed, nothing', failed, 'failed');

const completed = status('Completed');
test(row, 'Completed, live', { ...completed, liveness: alive }, 'active', 'active');
test(row, 'Completed, recent', { record: recorded('Completed', recentMs) }, 'active', 'active');
test(
  row,
  'Completed in the future',
  { record: recorded('Completed', nowMs + dayMs) },
  'unknown',
  'future-time',
);
test(
  row,
  'Completed, by a clock that differs a little',
  { record: recorded('Completed', nowMs + 1_000) },
  'active',
  'active',
);
test(row, 'Completed, at rest', { ...completed, ...cp, ...dirty }, 'completed');
test(row, 'Completed, files touched now', { ...completed, lastSignMs: nowMs }, 'completed');

const hidden = { hidden: { reason: 'symlink', detail: 'x' } } as const;
test(row, 'Completed, something hidden', { ...completed, ...hidden }, 'unknown', 'symlink');
test(row, 'Failed, something hidden', { ...failed, ...hidden }, 'unknown', 'symlink');
test(row, 'Paused, something hidden', { ...paused, ...hidden }, 'resumable', 'resumable');

const cancelled = status('Cancelled');
test(row, 'Cancelled', { ...cancelled, ...cp, ...dirty }, 'completed');
test(row, 'Cancelled, live all the same', { ...cancelled, liveness: alive }, 'active', 'active');

const broken = { record: { state: 'broken', doubt } } as const;
test(row, 'broken record', broken, 'unknown', 'unreadable');
test(row, 'broken record, live', { ...broken, liveness: alive }, 'active', 'active');

const absent = { record: { state: 'absent' } } as const;
test(row, 'no record, checkpoint and worktree', { ...absent, ...cp, ...wt }, 'resumable', 'resumable');
test(row, 'no record, something hidden', { ...absent, ...hidden }, 'unknown', 'symlink');
test(row, 'no record, only checkpoint', { ...absent, ...cp }, 'orphan');
test(row, 'no record, only worktree', { ...absent, ...dirty }, 'orphan');
test(row, 'no record, live', { ...absent, liveness: alive }, 'active', 'active');
test(row, 'no record, cannot tell', { ...absent, liveness: cannotTell }, 'active', 'active');

const merge = { mergeCheckpoint: '/r/state/api/checkpoints/merge-workflow-a.checkpoint.json' };
test(row, 'Completed, merging', merge, 'completed', 'merge-in-progress');
test(row, 'Paused, merging', { ...paused, ...merge }, 'resumable', 'merge-in-progress');
test(row, 'broken record, merging', { ...broken, ...merge }, 'unknown', 'merge-in-progress');
test(row, 'live, merging', { ...merge, liveness: alive }, 'active', 'active');

for (const word of ['Initializing', 'Running', 'Failed', 'Completed', 'Cancelled'] as const)
  test(
    row,
    `${word}, with a checkpoint that cannot be understood`,
    { ...status(word), checkpointDoubt: doubt },
    'resumable',
    'resumable',
  );
test(
  row,
  'Running, recent, with a checkpoint that cannot be understood',
  { ...status('Running'), checkpointDoubt: doubt, lastSignMs: recentMs },
  'active',
  'active',
);
test(
  row,
  'no record, a checkpoint that cannot be understood',
  { ...absent, checkpointDoubt: doubt },
  'unknown',
  'unreadable',
);
test(
  row,
  'no record, a worktree and a checkpoint that cannot be understood',
  { ...absent, ...wt, checkpointDoubt: doubt },
  'resumable',
  'resumable',
);

for (const word of ['Completed', 'Failed', 'Cancelled'] as const) {
  const unsure = { ...status(word), liveness: cannotTell };
  const rest: OwnerClass = word === 'Failed' ? 'failed' : 'completed';
  test(row, `${word} before the window, cannot tell`, unsure, rest);
  test(
    row,
    `${word} inside the window, cannot tell`,
    { record: recorded(word, recentMs), liveness: cannotTell },
    'active',
    'active',
  );
  test(
    row,
    `${word} before the window, a lock of another host`,
    { ...unsure, liveness: { ...cannotTell, lockInDoubt: true } },
    'active',
    'active',
  );
}

test('the processes that keep a session alive are its evidence, in one order', (t) => {
  const one = session('a', { liveness: { answer: 'yes', evidence: ['process 2', 'process 1'] } });
  t.like(classify(one, nowMs, dayMs).keep?.evidence, { signs: 'process 1; process 2' });
});

test('a class and its evidence do not change while time passes and nothing else does', (t) => {
  for (const one of [session('a', { ...paused }), session('a', failed), session('a', { ...broken })])
    t.deepEqual(classify(one, nowMs, dayMs), classify(one, nowMs + dayMs, dayMs));
});

const jobRow = test.macro<[string, Partial<JobFacts>, OwnerClass, KeepReason?]>({
  exec(t, _row, changes, expected, reason) {
    const result = protectJob(job('j', changes), nowMs, dayMs);
    t.is(result.class, expected);
    t.is(result.keep?.reason, reason);
  },
  title: (_, name, __, expected) => `job ${name}: ${expected}`,
});

test(jobRow, 'without state', {}, 'orphan');
test(jobRow, 'complete', { state: 'complete' }, 'completed');
test(jobRow, 'incomplete', { state: 'incomplete' }, 'resumable', 'resumable');
test(jobRow, 'broken', { state: 'broken', doubt }, 'unknown', 'unreadable');
test(jobRow, 'broken for no told reason', { state: 'broken' }, 'unknown', 'unknown-format');
test(jobRow, 'complete but in doubt', { state: 'complete', doubt }, 'unknown', 'unreadable');
test(jobRow, 'complete, live', { state: 'complete', liveness: alive }, 'active', 'active');
test(jobRow, 'incomplete, live', { state: 'incomplete', liveness: alive }, 'active', 'active');
test(jobRow, 'without state, cannot tell', { liveness: cannotTell }, 'active', 'active');
test(jobRow, 'complete long ago, cannot tell', { state: 'complete', liveness: cannotTell }, 'completed');
test(
  jobRow,
  'complete just now, cannot tell',
  { state: 'complete', liveness: cannotTell, lastSignMs: recentMs },
  'active',
  'active',
);

test('a job of which nothing can be told has ended with its session, but for a lock in doubt', (t) => {
  const unsure = job('j', { liveness: cannotTell });
  t.is(protectJob(unsure, nowMs, dayMs, true).class, 'orphan');
  const locked = job('j', { liveness: { ...cannotTell, lockInDoubt: true } });
  t.is(protectJob(locked, nowMs, dayMs, true).class, 'active');
  t.is(protectJob(job('j', { liveness: dead }), nowMs, dayMs, false).class, 'orphan');
});
