import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { dropLocksOfDead } from '../../src/cleaners/bundle-locks.ts';
import { takeLock } from '../../src/storage/prodigy-lock.ts';
import { readProcessTable } from '../../src/storage/processes.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

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
