import test from 'ava';
import type { Item } from '../../src/model/item.ts';
import { kinds } from '../../src/model/kind.ts';
import type { Kind } from '../../src/model/kind.ts';
import type { Look } from '../../src/model/look.ts';
import type { OwnerFacts } from '../../src/model/owner.ts';
import type { KeepReason, RemovalProof } from '../../src/model/reason.ts';
import { protect } from '../../src/policy/closure.ts';
import { defaultRetentionMs, policyOf } from '../../src/policy/retention.ts';
import type { Policy } from '../../src/policy/retention.ts';
import { judge, judgeAll, keepWhatExplains } from '../../src/policy/verdict.ts';
import {
  alive,
  cannotTell,
  dayMs,
  everything,
  hourMs,
  item,
  job,
  longAgoMs,
  look,
  nowMs,
  recorded,
  session,
  sessionRecord,
  usualPolicy,
  worktree,
} from './storage-of-facts.ts';

const inside = { pid: 4312, name: 'claude', how: 'cwd', path: '/x' } as const;

function verdictOf(one: Item, owners: readonly OwnerFacts[] = [], more: Partial<Look> = {}) {
  const seen = look([one], owners, more);
  return judge(one, protect(seen, nowMs, dayMs), usualPolicy);
}

const keeps = test.macro<[string, KeepReason, Item, (readonly OwnerFacts[])?, Partial<Look>?]>({
  exec(t, _name, reason, one, owners = [], more = {}) {
    t.like(verdictOf(one, owners, more), { type: 'keep', reason });
  },
  title: (_, name, reason) => `${name}: kept, ${reason}`,
});

const ofA = { owners: ['session:a'] } as const;
const clean = { uncommitted: 0, untracked: 0, precious: [] };
const doubtful = (reason: KeepReason): Partial<Item> => ({ doubts: [{ reason, detail: 'odd' }] });
const letters = (pendingRetry: number, pendingReview = 0): Partial<Item> => ({
  detail: { type: 'dlq', letters: 3, pendingRetry, pendingReview },
});
const paused = session('a', { record: recorded('Paused') });

test(keeps, 'an owner that lives', 'active', item('logs', 'x', ofA), [session('a', { liveness: alive })]);
test(keeps, 'an owner that can be resumed', 'resumable', item('events', 'x', ofA), [paused]);
test(keeps, 'a merge under way', 'merge-in-progress', worktree('x', {}, ofA), [
  session('a', { mergeCheckpoint: '/m' }),
]);
test(keeps, 'an owner nobody knows', 'unknown-format', item('logs', 'x', ofA));
test(keeps, 'changes', 'dirty', worktree('x', { changes: { ...clean, uncommitted: 1 } }));
test(keeps, 'new files', 'untracked', worktree('x', { changes: { ...clean, untracked: 1 } }));
test(keeps, 'an .env', 'precious', worktree('x', { changes: { ...clean, precious: ['.env'] } }));
test(
  keeps,
  'lost commits',
  'unreachable-commits',
  worktree('x', { unreachable: { count: 1, example: 'abc' } }),
);
test(keeps, 'a bisect', 'operation-in-progress', worktree('x', { operation: 'bisect' }));
test(keeps, 'a lock of git', 'locked', worktree('x', { locked: '' }));
test(keeps, 'a process inside', 'in-use', item('events', 'x', { users: [inside] }));
test(keeps, 'nothing old', 'young', item('logs', 'x', { recordedAtMs: nowMs - dayMs }));
test(
  keeps,
  'an end inside the window',
  'too-recent',
  item('logs', 'x', { rest: { type: 'ended', atMs: nowMs - hourMs } }),
);
test(keeps, 'something unreadable', 'unreadable', item('dlq', 'x', doubtful('unreadable')));
test(keeps, 'a strange shape', 'unknown-format', item('state', 'x', doubtful('unknown-format')));
test(keeps, 'a path outside', 'outside-root', item('logs', 'x', doubtful('outside-root')));
test(keeps, 'a link', 'symlink', item('logs', 'x', doubtful('symlink')));
test(keeps, 'a mount', 'mount-point', item('logs', 'x', doubtful('mount-point')));
test(keeps, 'a record of tomorrow', 'future-time', item('logs', 'x', { recordedAtMs: nowMs + dayMs }));
test(keeps, 'a file of tomorrow', 'future-time', item('logs', 'x', { youngestSignMs: nowMs + dayMs }));
test(
  keeps,
  'an end tomorrow',
  'future-time',
  item('logs', 'x', { rest: { type: 'ended', atMs: nowMs + dayMs } }),
);
test(keeps, 'a time that is no number', 'unknown-format', item('logs', 'x', { recordedAtMs: Number.NaN }));
test(
  keeps,
  'letters that a resumable session can retry',
  'dead-letters-pending',
  item('dlq', 'x', { ...ofA, ...letters(1) }),
  [paused],
);
test(
  keeps,
  'letters that wait for review',
  'dead-letters-pending',
  item('dlq', 'x', { ...ofA, ...letters(0, 1) }),
  [paused],
);
test(keeps, 'letters that nobody waits for', 'resumable', item('dlq', 'x', { ...ofA, ...letters(0) }), [
  paused,
]);
test(keeps, 'letters of a live session', 'active', item('dlq', 'x', { ...ofA, ...letters(1) }), [
  session('a', { liveness: alive }),
]);
test(
  keeps,
  'state that does not say it is complete',
  'resumable',
  item('state', 'x', { detail: { type: 'state', complete: false } }),
);

const unreadableTable = { processesReadable: false };
for (const type of ['unfinished', 'no-record'] as const)
  test(
    keeps,
    `${type} and no process table`,
    'in-use',
    item('logs', 'x', { rest: { type } }),
    [],
    unreadableTable,
  );

// The order of the objections: of several, the earlier is told.
const first = test.macro<[KeepReason, KeepReason, Item, (readonly OwnerFacts[])?]>({
  exec(t, reason, _over, one, owners = []) {
    t.like(verdictOf(one, owners), { type: 'keep', reason });
  },
  title: (_, reason, over) => `${reason} is told before ${over}`,
});
const twoDoubts: Partial<Item> = {
  doubts: [
    { reason: 'unreadable', detail: 'odd' },
    { reason: 'symlink', detail: 'odd' },
  ],
};
const live = [session('a', { liveness: alive })];
test(first, 'symlink', 'active', item('logs', 'x', { ...ofA, ...twoDoubts }), live);
test(first, 'active', 'unreadable', item('logs', 'x', { ...ofA, ...doubtful('unreadable') }), live);
test(first, 'unreadable', 'in-use', item('logs', 'x', { users: [inside], ...doubtful('unreadable') }));
test(first, 'in-use', 'young', item('logs', 'x', { users: [inside], recordedAtMs: nowMs }));
test(first, 'young', 'too-recent', item('logs', 'x', { recordedAtMs: nowMs, rest: { type: 'no-record' } }));
test(
  first,
  'young',
  'dirty',
  worktree('x', { changes: { ...clean, uncommitted: 1 } }, { recordedAtMs: nowMs }),
);

const removes = test.macro<[string, RemovalProof, Item]>({
  exec(t, _name, proof, one) {
    t.like(verdictOf(one, [session('a')]), { type: 'remove', reason: 'expired', proof });
  },
  title: (_, name, proof) => `${name} goes, ${proof}`,
});

test(removes, 'an unmerged worktree', 'branch-kept', worktree('x', {}, ofA));
test(removes, 'a merged worktree', 'merged', worktree('x', { mergedInto: 'main' }, ofA));
test(removes, 'the record of a session that ended', 'finished', sessionRecord('a', []));
test(
  removes,
  'a checkpoint without a record',
  'orphan',
  item('sessions', 'a', {
    detail: { type: 'session', worktrees: [], record: false },
    rest: { type: 'no-record' },
  }),
);
test(removes, 'a log', 'expired-log', item('logs', 'x', { rest: { type: 'no-record' } }));
test(removes, 'complete state', 'complete', item('state', 'x'));
test(removes, 'events of a session that ended', 'finished', item('events', 'x', ofA));
test(
  removes,
  'events that nobody vouches for',
  'orphan',
  item('events', 'x', { rest: { type: 'no-record' } }),
);
test(
  removes,
  'letters that nothing could retry any more',
  'finished',
  item('dlq', 'x', { ...ofA, ...letters(2) }),
);

const limit = test.macro<[Kind]>({
  exec(t, kind) {
    const at = nowMs - defaultRetentionMs[kind];
    const aged = (recordedAtMs: number): string =>
      verdictOf(item(kind, 'x', { recordedAtMs, rest: { type: 'ended', atMs: longAgoMs } })).type;
    t.is(aged(at + 1), 'keep');
    t.is(aged(at), 'keep');
    t.is(aged(at - 1), 'remove');
  },
  title: (_, kind) => `${kind} of exactly the retention are not older than it`,
});
for (const kind of kinds) test(limit, kind);

test('what differs from now by less than a clock may is not of the future', (t) => {
  t.is(verdictOf(item('logs', 'x', { youngestSignMs: nowMs + 2000 })).type, 'remove');
  t.is(verdictOf(item('logs', 'x', { youngestSignMs: nowMs + 2001 })).type, 'keep');
});

test('what ended before the window goes by --older-than, down to the hour', (t) => {
  const policy = policyOf({ nowMs, olderThanMs: hourMs, windowMs: hourMs, kinds });
  const ended = (agoMs: number): Item =>
    item('logs', 'x', { recordedAtMs: nowMs - agoMs, rest: { type: 'ended', atMs: nowMs - agoMs } });
  const guard = protect(look([]), nowMs, policy.windowMs);
  t.is(judge(ended(hourMs + 1), guard, policy).type, 'remove');
  t.is(judge(ended(hourMs), guard, policy).type, 'keep');
});

test('a short --older-than does not reach what shows activity inside the window without a terminal record', (t) => {
  const policy = policyOf({ nowMs, olderThanMs: 1000, kinds });
  const guard = protect(look([]), nowMs, policy.windowMs);
  for (const type of ['unfinished', 'no-record'] as const) {
    const at = (agoMs: number): Item =>
      item('logs', 'x', { rest: { type }, youngestSignMs: nowMs - agoMs, recordedAtMs: undefined });
    t.like(judge(at(dayMs - 1), guard, policy), { reason: 'too-recent' });
    t.is(judge(at(dayMs), guard, policy).type, 'remove');
  }
});

test('without a process table only what ended before the window goes, although nobody can tell whether it lives (story 18)', (t) => {
  const unsure = session('a', { liveness: cannotTell });
  t.is(verdictOf(sessionRecord('a', []), [unsure], unreadableTable).type, 'remove');
});

test('the processes inside are named once, in the order of their ids', (t) => {
  const users = [
    inside,
    { pid: 7, name: 'vim', how: 'open-file', path: '/x/a' },
    { pid: 7, name: 'vim', how: 'open-file', path: '/x/b' },
  ] as const;
  t.deepEqual(verdictOf(item('logs', 'x', { users })), {
    type: 'keep',
    reason: 'in-use',
    evidence: { process: '7 (vim) has a file open inside; 4312 (claude) works inside' },
  });
});

test('evidence names the owner that protects and the way from it', (t) => {
  const one = item('state', 'x', { owners: ['job:j'] });
  const more = { links: [['session:a', 'job:j']] as const };
  t.deepEqual(verdictOf(one, [paused, job('j')], more), {
    type: 'keep',
    reason: 'resumable',
    evidence: { owner: 'session:a', status: 'Paused, waits to be resumed', via: 'session:a > job:j' },
  });
});

test('a removal tells rest, owner and every check', (t) => {
  t.like(verdictOf(worktree('x', {}, ofA), [session('a')]), {
    evidence: {
      rest: 'ended',
      owner: 'session:a',
      status: 'Completed',
      commits: 'reachable',
      changes: 'none',
    },
  });
});

test('--merged-only keeps what is not merged', (t) => {
  const policy: Policy = policyOf({ nowMs, mergedOnly: true, kinds });
  const guard = protect(look([]), nowMs, dayMs);
  t.like(judge(worktree('x'), guard, policy), { reason: 'unmerged' });
  t.like(judge(worktree('x', { mergedInto: 'main' }), guard, policy), { proof: 'merged' });
});

test('the record of a session stays with a worktree that stays', (t) => {
  const dirty = worktree('w', { changes: { ...clean, uncommitted: 1 } });
  const record = sessionRecord('a', [dirty]);
  const verdicts = judgeAll(look([record, dirty], [session('a')]), usualPolicy, { scope: everything });
  t.deepEqual(verdicts.get(record.id), {
    type: 'keep',
    reason: 'has-worktree',
    evidence: { worktree: dirty.id },
  });
});

test('the record of a session goes with its worktrees, and stays when they are not selected', (t) => {
  const tree = worktree('w', {}, ofA);
  const record = sessionRecord('a', [tree]);
  const seen = look([record, tree], [session('a')]);
  t.is(judgeAll(seen, usualPolicy, { scope: everything }).get(record.id)?.type, 'remove');
  const scope = { ...everything, kinds: ['sessions'] as const };
  t.like(judgeAll(seen, usualPolicy, { scope }).get(record.id), { reason: 'has-worktree' });
});

test('the record of a session stays when a worktree it names was not seen', (t) => {
  const record = sessionRecord('a', [worktree('w')]);
  const verdicts = judgeAll(look([record], [session('a')]), usualPolicy, { scope: everything });
  t.like(verdicts.get(record.id), { reason: 'has-worktree' });
});

test('the state of a job stays with letters that wait to be retried', (t) => {
  const dlq = item('dlq', 'j', { owners: ['job:j'], ...letters(1), recordedAtMs: nowMs - dayMs });
  const detail = { type: 'state', complete: true, letters: [dlq.id] } as const;
  const state = item('state', 'j', { owners: ['job:j'], detail });
  const seen = look([state, dlq], [job('j', { state: 'complete' })]);
  const verdicts = judgeAll(seen, usualPolicy, { scope: everything });
  t.like(verdicts.get(dlq.id), { reason: 'young' });
  t.like(verdicts.get(state.id), { reason: 'dead-letters-pending', evidence: { letters: dlq.id } });

  const old = { ...dlq, recordedAtMs: longAgoMs };
  const later = judgeAll({ ...seen, items: [state, old] }, usualPolicy, { scope: everything });
  t.is(later.get(state.id)?.type, 'remove');

  const scope = { ...everything, kinds: ['state'] as const };
  const alone = judgeAll({ ...seen, items: [state] }, usualPolicy, { scope });
  t.like(alone.get(state.id), { reason: 'dead-letters-pending' }, 'letters that are not selected stay');
});

test('a brake that keeps a worktree keeps the record of its session', (t) => {
  const tree = worktree('w');
  const record = sessionRecord('a', [tree]);
  const seen = look([record, tree], [session('a')]);
  const verdicts = new Map(judgeAll(seen, usualPolicy, { scope: everything }));
  verdicts.set(tree.id, { type: 'keep', reason: 'retention-floor', evidence: {} });
  t.like(keepWhatExplains(seen.items, verdicts).get(record.id), { reason: 'has-worktree' });
});

test('what may belong to another repository stays unattributed, unless something else keeps it anyway', (t) => {
  const scope = { ...everything, allRepositories: false, repositories: [{ name: 'api' }] };
  const nobodys = { repository: undefined, attribution: 'none' } as const;
  const old = item('logs', 'old', nobodys);
  const young = item('logs', 'young', { ...nobodys, recordedAtMs: nowMs });
  const elsewhere = item('logs', 'web', { repository: { name: 'web', gitDir: '/src/web/.git' } });
  const verdicts = judgeAll(look([old, young, elsewhere]), usualPolicy, { scope });
  t.like(verdicts.get(old.id), { reason: 'unattributed' });
  t.like(verdicts.get(young.id), { reason: 'young' });
  t.false(verdicts.has(elsewhere.id));
});
