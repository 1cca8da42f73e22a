import test from 'ava';
import { isProdigy, mayBeAtWorkOn, prodigyProcessesIn, usersOf } from '../../src/storage/liveness.ts';
import { unreadableTable, type ProcessInfo, type ProcessTable } from '../../src/storage/processes.ts';

const someProcess: ProcessInfo = {
  pid: 10,
  startedAtMs: 1_000_000,
  name: 'zsh',
  executable: '/bin/zsh',
  cwd: '/home/u',
  openFiles: [],
  self: false,
  ancestor: false,
};

const tableOf = (...processes: readonly Partial<ProcessInfo>[]): ProcessTable => ({
  readable: true,
  processes: processes.map((process, index) => ({ ...someProcess, pid: 10 + index, ...process })),
  suspects: [],
});

test('the shell above us counts where it stands', (t) => {
  const table = tableOf({ ancestor: true, cwd: '/r/worktrees/app/s/src' });
  t.is(usersOf('/r/worktrees/app/s', table)[0]?.how, 'cwd');
});

test('our own open files do not count, those of others do', (t) => {
  const openFiles = ['/r/events/app/x/events-1.jsonl'];
  t.deepEqual(usersOf('/r/events/app/x', tableOf({ self: true, openFiles })), []);
  t.is(usersOf('/r/events/app/x', tableOf({ openFiles })).length, 1);
});

test('an executable inside counts', (t) => {
  const table = tableOf({ executable: '/r/worktrees/app/s/target/debug/app' });
  t.is(usersOf('/r/worktrees/app/s', table)[0]?.how, 'executable');
});

test('whole names are compared', (t) => {
  const table = tableOf({ cwd: '/r/s1' }, { cwd: '/r/s/../s2' }, { cwd: '/r/s' });
  t.deepEqual(
    usersOf('/r/s', table).map(({ pid }) => pid),
    [12],
  );
  t.deepEqual(
    usersOf('/r/s2', table).map(({ pid }) => pid),
    [11],
  );
  t.is(usersOf('/', table).length, 6);
  t.deepEqual(usersOf('relative', table), []);
});

test('Prodigy is known by its executable or by its name', (t) => {
  t.true(isProdigy({ ...someProcess, executable: '/opt/prodigy' }));
  t.true(isProdigy({ ...someProcess, name: 'prodigy', executable: undefined }));
  t.false(isProdigy({ ...someProcess, executable: '/opt/prodigy/bin/node' }));
  t.false(isProdigy({ ...someProcess, executable: '/opt/prodigy-helper' }));
});

test('this program and what started it are not Prodigy at work', (t) => {
  t.false(isProdigy({ ...someProcess, name: 'prodigy', self: true }));
  t.false(isProdigy({ ...someProcess, name: 'prodigy', ancestor: true }));
});

test('a Prodigy is tied to the directory that it stands in', (t) => {
  const table = tableOf(
    { name: 'prodigy', cwd: '/src/app/web' },
    { name: 'prodigy', cwd: '/src/app' },
    { name: 'prodigy', cwd: '/src/app-2' },
    { name: 'prodigy', cwd: undefined },
    { cwd: '/src/app' },
  );
  t.deepEqual(
    prodigyProcessesIn(['/src/app', '/src/other'], table).map(({ pid }) => pid),
    [10, 11],
  );
});

test('a Prodigy protects what is not terminal, and what was touched since it started', (t) => {
  t.true(mayBeAtWorkOn({ isTerminal: false, modifiedAtMs: 0 }, someProcess));
  t.true(mayBeAtWorkOn({ isTerminal: true, modifiedAtMs: 1_000_000 }, someProcess));
  t.false(mayBeAtWorkOn({ isTerminal: true, modifiedAtMs: 900_000 }, someProcess));
});

test('of a table that cannot be read nobody is a user, and it says so (story 18)', (t) => {
  t.deepEqual(usersOf('/r', unreadableTable), []);
  t.false(unreadableTable.readable);
});
