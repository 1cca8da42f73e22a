import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import test, { type ExecutionContext } from 'ava';
import {
  readLock,
  releaseLock,
  replaceStaleLock,
  settleLockDirectory,
  takeLock,
  type LockContext,
  type LockReading,
} from '../../src/storage/prodigy-lock.ts';
import { unreadableTable, type ProcessInfo, type ProcessTable } from '../../src/storage/processes.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

const host = 'box.local';
const acquiredAt = '2025-11-27T09:14:02.190331871Z';
const acquiredAtMs = Date.parse('2025-11-27T09:14:02.190Z');
/** Alive for as long as the tests run: whoever started them. */
const livePid = process.ppid;

async function deadPid(): Promise<number> {
  const ended = execa(process.execPath, ['-e', '']);
  await ended;
  return ended.pid ?? 0;
}

const lockText = (pid: unknown, on: unknown = host, at: unknown = acquiredAt): string =>
  JSON.stringify({ job_id: 'x', process_id: pid, hostname: on, acquired_at: at }, undefined, 2);

function lockPath(t: ExecutionContext): string {
  return join(temporaryDirectory(t), 'x.lock');
}

async function lockFile(t: ExecutionContext, text: string): Promise<string> {
  const path = lockPath(t);
  await writeFile(path, text);
  return path;
}

const prodigy: ProcessInfo = {
  pid: livePid,
  startedAtMs: acquiredAtMs - 1_000,
  name: 'prodigy',
  executable: '/usr/bin/prodigy',
  openFiles: [],
  self: false,
  ancestor: false,
};

const tableWith = (process?: Partial<ProcessInfo>): ProcessTable => ({
  readable: true,
  processes: process === undefined ? [] : [{ ...prodigy, ...process }],
  suspects: [],
});

const read = (path: string, table: ProcessTable, more: Partial<LockContext> = {}): Promise<LockReading> =>
  readLock(path, { host, nowMs: Date.now(), table, ownPid: process.pid, ...more });

const state = test.macro({
  title: (name = '') => name,
  async exec(t, pid: number | 'dead', table: ProcessTable, expected: LockReading['state']) {
    const path = await lockFile(t, lockText(pid === 'dead' ? await deadPid() : pid));
    t.is((await read(path, table)).state, expected);
  },
});

test('a lock of a running Prodigy is live', state, livePid, tableWith({}), 'live');
test('a lock of a dead process is stale (story 20)', state, 'dead', tableWith(), 'stale');
test('a lock of a dead process is stale, whatever can be read', state, 'dead', unreadableTable, 'stale');
test('a lock younger than the table is live', state, livePid, tableWith(), 'live');
test('a living pid of which nothing can be read is live', state, livePid, unreadableTable, 'live');

test(
  'a pid that another program has now is stale',
  state,
  livePid,
  tableWith({ name: 'bash', executable: '/bin/bash' }),
  'stale',
);
test(
  'a pid given out again after the lock was made is stale',
  state,
  livePid,
  tableWith({ name: 'bash', executable: undefined, startedAtMs: acquiredAtMs + 60_000 }),
  'stale',
);
test(
  'a pid whose program cannot be read is live while it is as old as the lock',
  state,
  livePid,
  tableWith({ name: 'bash', executable: undefined }),
  'live',
);
test(
  'a Prodigy that seems younger than its lock is live: clocks are set',
  state,
  livePid,
  tableWith({ startedAtMs: acquiredAtMs + 3_600_000 }),
  'live',
);
test(
  'a cleaner in another process holds its lock',
  state,
  livePid,
  tableWith({ name: 'node', executable: '/usr/bin/node', script: 'prodigy.cjs' }),
  'live',
);
test('our own lock is ours', state, process.pid, tableWith(), 'ours');
test(
  'a lock with our pid from before we started is stale',
  state,
  process.pid,
  tableWith({ pid: process.pid, startedAtMs: acquiredAtMs + 60_000 }),
  'stale',
);

test('a lock tells who holds it', async (t) => {
  const path = await lockFile(t, lockText(livePid));
  t.deepEqual(await read(path, tableWith({})), { state: 'live', pid: livePid, host, acquiredAt });
});

test('a lock of another host is foreign, its pid means nothing here (story 20)', async (t) => {
  const path = await lockFile(t, lockText(await deadPid(), 'elsewhere'));
  t.is((await read(path, tableWith())).state, 'foreign');
});

test('no lock is absent', async (t) => {
  t.deepEqual(await read(lockPath(t), tableWith()), { state: 'absent' });
});

for (const [name, text] of [
  ['empty', ''],
  ['half written', lockText(1).slice(0, 40)],
  ['not JSON', 'rubbish'],
  ['without a pid', lockText(undefined)],
  ['with a pid of 0', lockText(0)],
  ['with a negative pid', lockText(-1)],
  ['with text for a pid', lockText('12')],
  ['without a host', lockText(1, '')],
  ['with an odd time', lockText(1, host, 'yesterday')],
  ['an array', '[]'],
  ['huge', `${lockText(1)}${' '.repeat(100_000)}`],
] as const) {
  test(`a lock that is ${name} is somebody's while it is young, and odd later`, async (t) => {
    const path = await lockFile(t, text);
    t.is((await read(path, tableWith())).state, 'broken-young');
    t.is((await read(path, tableWith(), { nowMs: Date.now() + 3_700_000 })).state, 'broken');
    await utimes(path, new Date(Date.now() + 1e9), new Date(Date.now() + 1e9));
    t.is((await read(path, tableWith())).state, 'broken-young', 'a time in the future is no age');
  });
}

test('a lock that is a link or a directory is not read', async (t) => {
  const target = await lockFile(t, lockText(livePid));
  await symlink(target, `${target}.link`);
  await mkdir(`${target}.directory`);
  for (const path of [`${target}.link`, `${target}.directory`]) {
    t.regex((await read(path, tableWith({}))).state, /^broken/);
  }
});

const own = { host, pid: process.pid, nowIso: acquiredAt };

test('a lock is written as Prodigy writes it, and read back as ours', async (t) => {
  const path = join(temporaryDirectory(t), 'resume_locks', 'workflow-1.lock');
  t.is((await takeLock(path, 'workflow-1', own))._unsafeUnwrap(), 'taken');
  t.is(
    await readFile(path, 'utf8'),
    `{\n  "job_id": "workflow-1",\n  "process_id": ${process.pid},\n  "hostname": "box.local",\n` +
      `  "acquired_at": "${acquiredAt}"\n}`,
  );
  t.is((await read(path, tableWith())).state, 'ours');
});

test('a lock that is there is not taken', async (t) => {
  const path = await lockFile(t, '');
  t.is((await takeLock(path, 'x', own))._unsafeUnwrap(), 'held');
  t.is(await readFile(path, 'utf8'), '');
});

test('of many takers one gets it', async (t) => {
  const path = lockPath(t);
  const taken = await Promise.all(Array.from({ length: 20 }, () => takeLock(path, 'x', own)));
  t.is(taken.filter((result) => result.isOk() && result.value === 'taken').length, 1);
});

test('a directory that cannot be made is a failure', async (t) => {
  const file = await lockFile(t, '');
  t.is((await takeLock(join(file, 'x.lock'), 'x', own))._unsafeUnwrapErr().type, 'disk');
});

test('a stale lock is replaced and nothing is left beside it', async (t) => {
  const pid = await deadPid();
  const path = await lockFile(t, lockText(pid));
  t.is((await replaceStaleLock(path, { pid, host, acquiredAt }, 'x', own))._unsafeUnwrap(), 'taken');
  t.is((await read(path, tableWith())).state, 'ours');
  t.deepEqual(await readdir(join(path, '..')), ['x.lock']);
});

test('a stale lock that somebody else took meanwhile is not replaced', async (t) => {
  const path = await lockFile(t, lockText(livePid));
  const expected = { pid: livePid + 1, host, acquiredAt };
  t.is((await replaceStaleLock(path, expected, 'x', own))._unsafeUnwrap(), 'held');
  t.is(await readFile(path, 'utf8'), lockText(livePid));
  t.deepEqual(await readdir(join(path, '..')), ['x.lock']);
});

test('of many who replace a stale lock one gets it', async (t) => {
  const path = await lockFile(t, lockText(4_000_000));
  const expected = { pid: 4_000_000, host, acquiredAt };
  const results = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      replaceStaleLock(path, expected, 'x', { ...own, nowIso: new Date(index).toISOString() }),
    ),
  );
  t.is(results.filter((result) => result._unsafeUnwrap() === 'taken').length, 1);
  t.deepEqual(await readdir(join(path, '..')), ['x.lock']);
});

test('a stale lock that vanished is simply taken', async (t) => {
  const path = lockPath(t);
  const expected = { pid: 4_000_000, host, acquiredAt };
  t.is((await replaceStaleLock(path, expected, 'x', own))._unsafeUnwrap(), 'taken');
});

test('only our own lock is released', async (t) => {
  const path = lockPath(t);
  t.is((await releaseLock(path, own))._unsafeUnwrap(), 'absent');
  await takeLock(path, 'x', own);
  t.is((await releaseLock(path, { host, pid: 1 }))._unsafeUnwrap(), 'not-ours');
  t.is((await releaseLock(path, { host: 'elsewhere', pid: process.pid }))._unsafeUnwrap(), 'not-ours');
  t.true(existsSync(path));
  t.is((await releaseLock(path, own))._unsafeUnwrap(), 'released');
  t.false(existsSync(path));
});

test('a lock that cannot be understood is not released', async (t) => {
  const path = await lockFile(t, 'rubbish');
  t.is((await releaseLock(path, own))._unsafeUnwrap(), 'not-ours');
  t.true(existsSync(path));
});

test('a lock that speaks of another session is not understood, dead holder or not (P3)', async (t) => {
  const text = lockText(await deadPid()).replace('"x"', '"y"');
  const path = await lockFile(t, text);
  await utimes(path, 1_764_000_000, 1_764_000_000);
  t.like(await read(path, tableWith()), { state: 'broken' });
});

test('what killed runs left in the lock directory is settled: a lock put aside goes back, scratch goes', async (t) => {
  const path = lockPath(t);
  const directory = join(path, '..');
  await mkdir(directory, { recursive: true });
  const aside = (name: string, end: string): string =>
    join(directory, `.${name}.5000000-3f2b8c1e-0000-4000-8000-000000000000.${end}`);
  await writeFile(aside('x.lock', 'old'), lockText(livePid));
  await writeFile(aside('y.lock', 'old'), 'another');
  await writeFile(join(directory, 'y.lock'), lockText(livePid));
  await writeFile(aside('z.lock', 'new'), '');
  await settleLockDirectory(directory);
  t.deepEqual((await readdir(directory)).sort(), ['x.lock', 'y.lock']);
  for (const name of ['x.lock', 'y.lock'])
    t.is(await readFile(join(directory, name), 'utf8'), lockText(livePid));
});
