import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, uptime } from 'node:os';
import { dirname } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { RunLocked } from '../../src/model/failure.ts';
import { ourselves, type Holder } from '../../src/storage/lock-holder.ts';
import { isRunUnderWay, runLockPath, takeRunLock } from '../../src/storage/run-lock.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

const who = {
  host: hostname(),
  command: 'prodigy clean --all',
  nowIso: new Date().toISOString(),
  refugesOf: (): Promise<readonly string[]> => Promise.resolve([]),
};

const beforeBoot = new Date(Date.now() - (uptime() + 3_600) * 1_000).toISOString();
const otherBoot = '01234567-89ab-cdef-0123-456789abcdef';
const otherNamespace = 'pid:[1234567]';
const otherMachine = '0123456789abcdef';
/** Beyond what the kernel gives out. */
const deadPid = 2 ** 22 + 1;

type Change = (own: Holder) => Holder;

/** The lock of a process that is no more, left here; changed. */
async function lockOf(root: string, change: Change): Promise<string> {
  const { machine, pidNamespace, ...rest } = await ourselves();
  const own = {
    ...rest,
    machine,
    pidNamespace,
    pid: deadPid,
    host: who.host,
    command: 'x',
    since: who.nowIso,
  };
  const path = runLockPath(root);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(change(own)));
  return path;
}

/** The format before machines and namespaces were in it. */
const older =
  (change: Change): Change =>
  (own) => {
    const { machine: _, pidNamespace: __, ...rest } = own;
    return change(rest);
  };

const isLinux = process.platform === 'linux';
const isFirst = isLinux && readlinkSync('/proc/self/ns/pid') === 'pid:[4026531836]';
const hasMachine = isLinux && existsSync('/etc/machine-id') && readFileSync('/etc/machine-id').length >= 32;

const becomes = test.macro({
  title: (name) => `a lock ${name}`,
  async exec(t: ExecutionContext, change: Change, expected: 'taken' | RunLocked['where']) {
    const root = temporaryDirectory(t);
    const path = await lockOf(root, change);
    const text = readFileSync(path, 'utf8');
    t.is(await isRunUnderWay([root], who), expected !== 'taken');
    const taken = await takeRunLock([root], who);
    if (expected === 'taken') {
      t.true(taken.isOk());
      await taken._unsafeUnwrap().release();
      t.false(existsSync(path));
      return;
    }
    const failure = taken._unsafeUnwrapErr();
    t.like(failure, { type: 'run-locked', path, where: expected });
    t.is(readFileSync(path, 'utf8'), text, 'it is left as it was');
  },
});

const onLinux = isLinux ? test : test.skip;
const onPlainLinux = isFirst && hasMachine ? test : test.skip;

test('of a dead process is replaced', becomes, (own) => own, 'taken');
test('of a process that lives stays', becomes, (own) => ({ ...own, pid: process.pid }), 'here');
test('of another host stays, whoever lives here', becomes, (own) => ({ ...own, host: 'other' }), 'host');
onLinux(
  'of a pid that another process has now is replaced',
  becomes,
  (own) => ({ ...own, pid: process.pid, startTime: '1' }),
  'taken',
);
onLinux(
  'of a container of the same name stays, although no process here has its pid',
  becomes,
  (own) => ({ ...own, pidNamespace: otherNamespace }),
  'namespace',
);
onPlainLinux(
  'of an earlier boot of this machine is replaced, although a process has its pid',
  becomes,
  (own) => ({ ...own, pid: process.pid, bootId: otherBoot, since: beforeBoot }),
  'taken',
);
onLinux(
  'of another machine of the same name stays',
  becomes,
  (own) => ({ ...own, bootId: otherBoot, machine: otherMachine, since: beforeBoot }),
  'kernel',
);
onLinux(
  'of another boot stays when it was taken during this one, whatever the machine says it is',
  becomes,
  (own) => ({ ...own, bootId: otherBoot }),
  'kernel',
);
onLinux(
  'of a container under another kernel stays: its image may have brought our id along',
  becomes,
  (own) => ({ ...own, bootId: otherBoot, pidNamespace: otherNamespace, since: beforeBoot }),
  'kernel',
);
onLinux(
  'of a machine without an id stays when its boot is another',
  becomes,
  (own) => ({ ...own, bootId: otherBoot, machine: '', since: beforeBoot }),
  'kernel',
);
onLinux(
  'whose time cannot be understood stays when its boot is another',
  becomes,
  (own) => ({ ...own, bootId: otherBoot, since: 'yesterday' }),
  'kernel',
);
test('a pipe in the place of a lock is not one that was left empty, however old it is', async (t) => {
  const root = temporaryDirectory(t);
  const path = runLockPath(root);
  mkdirSync(dirname(path), { recursive: true });
  t.is(spawnSync('mkfifo', [path]).status, 0);
  utimesSync(path, new Date(beforeBoot), new Date(beforeBoot));
  t.true(await isRunUnderWay([root], who));
  t.like((await takeRunLock([root], who))._unsafeUnwrapErr(), { type: 'run-locked', path, where: 'unknown' });
  t.true(existsSync(path));
});

test(
  'of the older format and a dead process is replaced',
  becomes,
  older((own) => own),
  'taken',
);
onLinux(
  'of the older format and an earlier boot is replaced',
  becomes,
  older((own) => ({ ...own, pid: process.pid, bootId: otherBoot, since: beforeBoot })),
  'taken',
);
onLinux(
  'of the older format and another boot stays when it was taken during this one',
  becomes,
  older((own) => ({ ...own, bootId: otherBoot })),
  'kernel',
);

const inNamespace = ['--pid', '--fork', '--mount-proc', process.execPath, '--input-type=module', '-e'];
const canUnshare = isLinux && spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status === 0;
const inTwoNamespaces = canUnshare ? test : test.skip;
const module = new URL('../../src/storage/run-lock.js', import.meta.url).href;

function takes(root: string, then: string): string {
  const given = `{ host: ${JSON.stringify(who.host)}, command: 'x', nowIso: '${who.nowIso}', refugesOf: async () => [] }`;
  return `import { takeRunLock } from ${JSON.stringify(module)};
    const taken = await takeRunLock([${JSON.stringify(root)}], ${given});
    ${then}`;
}

inTwoNamespaces(
  'a run in another pid namespace is not taken for dead, and neither are we there',
  async (t) => {
    const root = temporaryDirectory(t);
    const there = spawn('unshare', [
      ...inNamespace,
      takes(root, "process.stdout.write(taken.isOk() ? 'taken' : 'refused'); process.stdin.resume();"),
    ]);
    t.teardown(() => there.stdin.end());
    const said = await new Promise((resolve) => there.stdout.once('data', (chunk) => resolve(String(chunk))));
    t.is(said, 'taken');
    const refused = await takeRunLock([root], who);
    t.like(refused._unsafeUnwrapErr(), { type: 'run-locked', where: 'namespace' });
    t.true(await isRunUnderWay([root], who));

    const other = temporaryDirectory(t);
    const own = (await takeRunLock([other], who))._unsafeUnwrap();
    const asked = spawnSync('unshare', [
      ...inNamespace,
      takes(other, 'process.stdout.write(taken.isErr() ? taken.error.where : "taken");'),
    ]);
    t.is(String(asked.stdout), 'namespace', String(asked.stderr));
    await own.release();
  },
);

const hide = 'mount --bind /dev/null /etc/machine-id';
const canHide = isFirst && hasMachine && spawnSync('unshare', ['--mount', 'sh', '-c', hide]).status === 0;

(canHide ? test : test.skip)('two machines without an id are not one', async (t) => {
  const root = temporaryDirectory(t);
  await lockOf(root, (own) => ({ ...own, bootId: otherBoot, machine: '', since: beforeBoot }));
  const asks = takes(root, 'process.stdout.write(taken.isErr() ? taken.error.where : "taken");');
  const command = `${hide} && exec "$0" --input-type=module -e "$1"`;
  const asked = spawnSync('unshare', ['--mount', 'sh', '-c', command, process.execPath, asks]);
  t.is(String(asked.stdout), 'kernel', String(asked.stderr));
});
