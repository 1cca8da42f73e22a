import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { dropLocksOfDead, openBundleLocks } from '../../src/cleaners/bundle-locks.ts';
import { takeLock } from '../../src/storage/prodigy-lock.ts';
import { readProcessTable, type ProcessTable } from '../../src/storage/processes.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { runBetween, type Between } from '../torture/interpose.ts';

const host = 'here';
const nowMs = Date.parse('2026-03-01T12:00:00.000Z');
const hourMs = 3_600_000;

test('a lock that an earlier run took and did not give back goes, whether that run ended or not; no other does', async (t) => {
  const root = temporaryDirectory(t);
  const dead = spawnSync('true').pid;
  const paths: string[] = [];
  for (const [id, pid, atMs] of [
    ['ours', dead, nowMs - hourMs],
    // Its pid had another program at that time.
    ['earlier', dead, nowMs - 9 * hourMs],
    ['another', dead + 1_000_000, nowMs - hourMs],
  ] as const) {
    const path = join(root, 'resume_locks', `${id}.lock`);
    const own = { host, pid, nowIso: new Date(atMs).toISOString() };
    t.is((await takeLock(path, id, own))._unsafeUnwrap(), 'taken');
    paths.push(path);
  }
  const taker = { pid: dead, fromMs: nowMs - 2 * hourMs, untilMs: nowMs };
  await dropLocksOfDead([taker], [root], { host, nowMs, readProcesses: readProcessTable });
  t.deepEqual(
    paths.map((path) => existsSync(path)),
    [false, true, true],
  );
});

test('a lock that two chunks hold is given back by the last of them only', async (t) => {
  const root = temporaryDirectory(t);
  const lock = (id: string): boolean => existsSync(join(root, 'resume_locks', `${id}.lock`));
  const table = await readProcessTable([]);
  const readProcesses = (): Promise<ProcessTable> => Promise.resolve(table);
  const locks = await openBundleLocks([root], { host, clock: () => nowMs, readProcesses });
  const first = await locks.hold(['shared', 'alone', 'shared']);
  const second = await locks.hold(['shared']);
  t.deepEqual([...first.refused, ...second.refused], []);
  // At once, as when the one is freed while the next one is moved.
  const [third] = await Promise.all([locks.hold(['alone']), first.release()]);
  t.deepEqual(third.refused, new Map());
  t.true(lock('shared'));
  t.true(lock('alone'));
  await first.release();
  await third.release();
  t.true(lock('shared'));
  t.false(lock('alone'));
  await second.release();
  t.false(lock('shared'));
  await locks.close();
  t.false(existsSync(join(root, 'resume_locks')));
});

test('what is held still is given back in the end', async (t) => {
  const root = temporaryDirectory(t);
  const locks = await openBundleLocks([root], { host, clock: () => nowMs, readProcesses: readProcessTable });
  await locks.hold(['one']);
  await locks.hold(['one', 'two']);
  t.deepEqual(readdirSync(join(root, 'resume_locks')).sort(), ['one.lock', 'two.lock']);
  await locks.close();
  t.false(existsSync(join(root, 'resume_locks')));
});

test('a lock is not given back between the look that finds it ours and sharing it', async (t) => {
  const root = temporaryDirectory(t);
  const lock = join(root, 'resume_locks', 'one.lock');
  const table = await readProcessTable([]);
  const readProcesses = (): Promise<ProcessTable> => Promise.resolve(table);
  let giveBack: (() => Promise<void>) | undefined;
  let released: Promise<void> | undefined;
  const between: Between = {
    roots: [root],
    isDead: () => false,
    on: ({ name, path }, perform) => {
      const result = perform();
      if (name === 'readFile' && path === lock) released ??= giveBack?.();
      return result;
    },
    turns: () => 0,
  };
  await runBetween(between, async () => {
    const locks = await openBundleLocks([root], { host, clock: Date.now, readProcesses });
    const first = await locks.hold(['one']);
    giveBack = first.release;
    const second = await locks.hold(['one']);
    t.deepEqual(second.refused, new Map());
    t.truthy(released);
    await released;
    t.true(existsSync(lock));
    await locks.close();
    t.false(existsSync(lock));
  });
});
