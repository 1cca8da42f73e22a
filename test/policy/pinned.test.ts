import test from 'ava';
import { pinsAt, type Pin } from '../../src/model/pin.ts';
import { protect } from '../../src/policy/closure.ts';
import { judge, judgeAll } from '../../src/policy/verdict.ts';
import {
  alive,
  dayMs,
  everything,
  item,
  job,
  longAgoMs,
  look,
  nowMs,
  recorded,
  session,
  usualPolicy,
} from './storage-of-facts.ts';

const ofA = { owners: ['session:a'] } as const;
const paused = session('a', { record: recorded('Paused') });

function pinsOf(...pins: readonly Pin[]) {
  return pinsAt(pins, nowMs);
}

function held(target: string, untilMs?: number): Pin {
  const until = untilMs === undefined ? {} : { untilMs };
  return { target, name: target, hold: { reason: 'a talk', atMs: longAgoMs, ...until } };
}

function abandoned(target: string, atMs: number = nowMs - dayMs): Pin {
  return { target, name: target, abandoned: { reason: 'superseded', atMs } };
}

test('a held item stays, and says why and until when', (t) => {
  const one = item('logs', 'x');
  const seen = look([one]);
  const untilMs = nowMs + dayMs;
  const verdict = judge(one, protect(seen, nowMs, dayMs, pinsOf(held(one.id, untilMs))), usualPolicy);
  t.deepEqual(verdict, { type: 'keep', reason: 'held', evidence: { held: 'a talk', untilMs } });
});

test('a hold on a session keeps all that belongs to it and to its job, and one on an item only that', (t) => {
  const [ofSession, ofJob, other] = [
    item('events', 'x', ofA),
    item('state', 'y', { owners: ['job:j'] }),
    item('logs', 'z'),
  ];
  const seen = look([ofSession, ofJob, other], [session('a'), job('j')], { links: [['session:a', 'job:j']] });
  const reasons = (pins: ReturnType<typeof pinsOf>) =>
    [...judgeAll(seen, usualPolicy, { scope: everything, pins }).values()].map(({ reason }) => reason);
  t.deepEqual(reasons(pinsOf(held('session:a'))), ['held', 'held', 'expired']);
  t.deepEqual(reasons(pinsOf(held(other.id))), ['expired', 'expired', 'held']);
});

test('a hold is weaker than life and stronger than doubt', (t) => {
  const odd = { ...ofA, doubts: [{ reason: 'unreadable', detail: 'odd' }] } as const;
  const one = item('logs', 'x', odd);
  const by = (facts: ReturnType<typeof session>) =>
    judge(one, protect(look([one], [facts]), nowMs, dayMs, pinsOf(held('session:a'))), usualPolicy).reason;
  t.is(by(session('a', { liveness: alive })), 'active');
  t.is(by(session('a')), 'held');
});

test('a hold that has come to its date counts no more, to the millisecond', (t) => {
  t.is(pinsOf(held('logs:/x', nowMs)).size, 0);
  t.is(pinsOf(held('logs:/x', nowMs + 1)).size, 1);
});

test('abandoning lifts resumable, and nothing else', (t) => {
  const one = item('events', 'x', ofA);
  const pins = pinsOf(abandoned('session:a'));
  const by = (facts: ReturnType<typeof session>) =>
    judge(one, protect(look([one], [facts]), nowMs, dayMs, pins), usualPolicy);
  t.like(by(paused), { type: 'remove' });
  t.regex(String(by(paused).evidence['status']), /abandoned: superseded/);
  t.is(by({ ...paused, liveness: alive }).reason, 'active');
  t.is(by({ ...paused, mergeCheckpoint: '/m' }).reason, 'merge-in-progress');
  const broken = session('a', {
    record: { state: 'broken', doubt: { reason: 'unreadable', detail: 'odd' } },
  });
  t.is(by(broken).reason, 'unreadable');
});

test('what was taken up again since is abandoned no longer', (t) => {
  const one = item('events', 'x', ofA);
  const since = session('a', { record: recorded('Paused', nowMs - 2 * dayMs) });
  const by = (atMs: number) =>
    judge(one, protect(look([one], [since]), nowMs, dayMs, pinsOf(abandoned('session:a', atMs))), usualPolicy)
      .reason;
  t.is(by(nowMs - 3 * dayMs), 'resumable');
  t.is(by(nowMs - dayMs), 'expired');
});

test('an abandoned job lets its incomplete state go, and does not speak for another', (t) => {
  const state = item('state', 'x', { owners: ['job:j'], detail: { type: 'state', complete: false } });
  const seen = look([state], [job('j', { state: 'incomplete' }), job('k', { state: 'incomplete' })]);
  const by = (pins: ReturnType<typeof pinsOf>) =>
    judge(state, protect(seen, nowMs, dayMs, pins), usualPolicy);
  t.like(by(pinsOf(abandoned('job:j'))), { type: 'remove', proof: 'abandoned' });
  t.is(by(pinsOf(abandoned('job:k'))).reason, 'resumable');
});
