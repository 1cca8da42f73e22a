import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm, symlink, writeFile, realpath } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { execa } from 'execa';
import test, { type ExecutionContext } from 'ava';
import { parseLsof, parsePs } from '../../src/storage/lsof.ts';
import { parseStat, ticksIn } from '../../src/storage/proc.ts';
import { processName } from '../../src/storage/process-name.ts';
import { readProcessTable, type ProcessInfo, type ProcessTable } from '../../src/storage/processes.ts';
import { isProdigy, prodigiesAtWork, prodigyProcessesIn, usersOf } from '../../src/storage/liveness.ts';
import { readLock } from '../../src/storage/prodigy-lock.ts';
import { permitted } from '../disk/fixtures.ts';
import { addWorktree, commitFile, makeRepository } from '../helpers/git.ts';
import { isRoot, temporaryDirectory } from '../helpers/temporary.ts';

const seen = process.platform === 'linux' || process.platform === 'darwin' ? test : test.skip;

/** Starts node in `cwd`, runs `code`, waits until it says that it is ready. Ends with the test. */
async function child(
  t: ExecutionContext,
  cwd: string,
  code = '',
  options: { readonly program?: string; readonly uid?: number; readonly argv0?: string } = {},
): Promise<number> {
  const { program = process.execPath, uid, argv0 } = options;
  const script = `${code};process.stdout.write('ready\\n');setInterval(() => {}, 1000)`;
  const running = spawn(program, ['-e', script], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
    ...(argv0 === undefined ? {} : { argv0 }),
  });
  t.teardown(() => {
    running.kill('SIGKILL');
  });
  await once(running.stdout, 'data');
  if (running.pid === undefined) throw new Error('it did not start');
  return running.pid;
}

function find(table: ProcessTable, pid: number): ProcessInfo {
  const found = table.processes.find((process) => process.pid === pid);
  if (found === undefined) throw new Error(`no process ${pid}`);
  return found;
}

seen('who came in by another mount of the same directory is a user', async (t) => {
  const top = await realpath(temporaryDirectory(t));
  const [root, shown] = [join(top, 'root'), join(top, 'shown')];
  await mkdir(join(root, 'worktree'), { recursive: true });
  await mkdir(shown);
  if (!(await permitted(t, ['mount', '--bind', root, shown], ['umount', shown]))) return;
  const file = join(shown, 'worktree', 'held');
  await writeFile(file, '');
  const pid = await child(t, join(shown, 'worktree'), `require('fs').openSync(${JSON.stringify(file)})`);
  const uses = usersOf(join(root, 'worktree'), await readProcessTable([root])).filter(
    (use) => use.pid === pid,
  );
  t.deepEqual(uses.map(({ how }) => how).sort(), ['cwd', 'open-file']);
});

seen('a child with its working directory deep inside is a user, also silently', async (t) => {
  const top = temporaryDirectory(t);
  const item = join(top, 'item');
  await mkdir(join(item, 'a', 'b'), { recursive: true });
  await mkdir(join(top, 'item-2'));
  const pid = await child(t, join(item, 'a', 'b'));
  const table = await readProcessTable([top]);
  t.true(table.readable);
  t.deepEqual(usersOf(item, table), [
    { pid, name: find(table, pid).name, how: 'cwd', path: join(item, 'a', 'b') },
  ]);
  t.is(usersOf(`${item}/`, table).length, 1);
  t.deepEqual(usersOf(join(top, 'item-2'), table), []);
  t.deepEqual(usersOf(join(top, 'ite'), table), []);
  t.deepEqual(usersOf(join(item, 'a', 'b', 'c'), table), []);
});

seen('an open file inside is a use, a sibling with a common prefix is not', async (t) => {
  const top = temporaryDirectory(t);
  await mkdir(join(top, 'events'));
  await mkdir(join(top, 'events-2'));
  const file = join(top, 'events', 'events 1.jsonl');
  const pid = await child(t, '/', `require('node:fs').openSync(${JSON.stringify(file)}, 'a')`);
  const table = await readProcessTable([top]);
  t.deepEqual(
    usersOf(join(top, 'events'), table).map(({ how, path }) => ({ how, path })),
    [{ how: 'open-file', path: file }],
  );
  t.is(usersOf(file, table)[0]?.pid, pid);
  t.deepEqual(usersOf(join(top, 'events-2'), table), []);
  const elsewhere = await readProcessTable([join(top, 'events-2')]);
  t.deepEqual(find(elsewhere, pid).openFiles, []);
});

seen('an open file that was moved or removed meanwhile is still seen', async (t) => {
  const top = temporaryDirectory(t);
  const file = join(top, 'log');
  const pid = await child(t, '/', `require('node:fs').openSync(${JSON.stringify(file)}, 'a')`);
  await rename(file, join(top, 'moved'));
  t.deepEqual(find(await readProcessTable([top]), pid).openFiles, [join(top, 'moved')]);
  await rm(join(top, 'moved'));
  if (process.platform !== 'linux') return;
  t.deepEqual(find(await readProcessTable([top]), pid).openFiles, [join(top, 'moved')]);
});

seen('what a link leads to is found by the name of the link', async (t) => {
  const top = temporaryDirectory(t);
  await mkdir(join(top, 'real', 'item'), { recursive: true });
  await symlink(join(top, 'real'), join(top, 'link'));
  const pid = await child(t, join(top, 'real', 'item'));
  const table = await readProcessTable([join(top, 'link')]);
  t.is(usersOf(join(top, 'link', 'item'), table)[0]?.pid, pid);
  t.is(usersOf(join(top, 'real', 'item'), table)[0]?.pid, pid);
});

seen('our own process and those above it are marked; our open files are no use, our place is', async (t) => {
  const table = await readProcessTable([process.cwd()]);
  t.true(find(table, process.pid).self);
  t.true(find(table, process.ppid).ancestor);
  t.false(find(table, process.pid).ancestor);
  const own = usersOf(process.cwd(), table).filter(({ pid }) => pid === process.pid);
  t.deepEqual(
    own.map(({ how }) => how),
    ['cwd'],
  );
});

seen('a start time is the one of the process', async (t) => {
  const beforeMs = Date.now();
  const pid = await child(t, '/');
  const { startedAtMs } = find(await readProcessTable([]), pid);
  t.true(startedAtMs > beforeMs - 2_000 && startedAtMs < Date.now() + 2_000);
});

seen('an executable called prodigy is Prodigy, tied to the repository it stands in', async (t) => {
  if (process.platform === 'darwin') {
    t.pass('a copied executable may not run there');
    return;
  }
  const top = temporaryDirectory(t);
  const main = await makeRepository(join(top, 'app'));
  await commitFile(main, 'src/a', 'a');
  await addWorktree(main, join(top, 'w', 's'), 'x');
  const program = join(top, 'bin (new)', 'prodigy');
  await mkdir(join(top, 'bin (new)'));
  // By a process of its own: what any thread of ours starts meanwhile would inherit the open file (ETXTBSY).
  execFileSync('cp', [process.execPath, program]);
  const [inRepository, inWorktree, other] = await Promise.all([
    child(t, join(main, 'src'), '', { program }),
    child(t, join(top, 'w', 's'), '', { program }),
    child(t, main),
  ]);
  // An update replaces the program under a running one.
  await rm(program);
  const table = await readProcessTable([top]);
  const own = new Set([inRepository, inWorktree, other]);
  const prodigies = table.processes.filter((process) => isProdigy(process) && own.has(process.pid));
  t.deepEqual(
    prodigies.map(({ pid }) => pid),
    [inRepository, inWorktree].sort((a, b) => a - b),
  );
  t.deepEqual(
    prodigyProcessesIn([main], table).map(({ pid }) => pid),
    [inRepository],
  );
  const repository = { name: 'app', gitDir: join(main, '.git') };
  // They were started with the home of this test, so its storage is theirs, and no other is.
  const home = await realpath(process.env['HOME'] ?? '/').catch(() => process.env['HOME'] ?? '/');
  const atWork = await prodigiesAtWork(table, [join(home, '.prodigy')]);
  const elsewhere = await prodigiesAtWork(table, [join(top, '.prodigy')]);
  const strangers = elsewhere.filter(({ process: { pid } }) => own.has(pid));
  t.is(strangers.length, process.platform === 'linux' ? 0 : 2);
  for (const pid of [inRepository, inWorktree]) {
    t.deepEqual(atWork.find(({ process: { pid: at } }) => at === pid)?.repository, repository);
  }
  t.true(usersOf(join(top, 'bin (new)'), table).every(({ how }) => how === 'executable'));
});

(process.platform === 'linux' ? test : test.skip)(
  'a prodigy that has ended since it was seen is at work nowhere',
  async (t) => {
    const pid = await child(t, '/', `process.title = 'prodigy'`);
    const home = await realpath(process.env['HOME'] ?? '/').catch(() => process.env['HOME'] ?? '/');
    const table = await readProcessTable([]);
    const isAtWork = async (): Promise<boolean> =>
      (await prodigiesAtWork(table, [join(home, '.prodigy')])).some(({ process: at }) => at.pid === pid);
    t.true(await isAtWork());
    process.kill(pid, 'SIGKILL');
    while (existsSync(`/proc/${pid}/environ`)) await setTimeout(5);
    t.false(await isAtWork());
  },
);

seen(
  'a process of another user is there by name; it is suspect when it is called git, claude or prodigy',
  async (t) => {
    if (!isRoot() || process.platform !== 'linux') {
      t.pass('only root can start one');
      return;
    }
    // Root sees everything, so the looking is done by a third user.
    const top = temporaryDirectory(t);
    const pid = await child(t, '/', `process.title = 'claude'`, { uid: 65_533 });
    const plain = await child(t, '/', `process.title = 'editor'`, { uid: 65_533 });
    const called = await child(t, '/', '', { uid: 65_533, argv0: '/usr/bin/claude' });
    const module = new URL('../../src/storage/processes.js', import.meta.url).href;
    const script = `
    const { readProcessTable } = await import(${JSON.stringify(module)});
    process.setgid(65534); process.setuid(65534);
    const { suspects, processes, readable } = await readProcessTable([${JSON.stringify(top)}]);
    console.log(JSON.stringify({ suspects, readable, plain: processes.find(({ pid }) => pid === ${plain}) }));`;
    const { stdout } = await execa(process.execPath, ['--input-type=module', '-e', script], { cwd: '/' });
    const told = JSON.parse(stdout) as ProcessTable & { readonly plain: ProcessInfo };
    t.true(told.readable);
    t.true(told.suspects.some((suspect) => suspect.pid === pid && suspect.name === 'claude'));
    // An interpreter runs it: only its command line tells.
    t.true(told.suspects.some((suspect) => suspect.pid === called && suspect.name === 'claude'));
    t.false(told.suspects.some((suspect) => suspect.pid === plain));
    t.is(told.plain.cwd, undefined);
  },
);

seen('a lock whose pid is alive but belongs to another program is stale', async (t) => {
  const pid = await child(t, '/');
  const path = join(temporaryDirectory(t), 'x.lock');
  const host = hostname();
  const table = await readProcessTable([]);
  const lock = { job_id: 'x', process_id: pid, hostname: host, acquired_at: new Date().toISOString() };
  await writeFile(path, JSON.stringify(lock));
  t.is((await readLock(path, { host, nowMs: Date.now(), table, ownPid: process.pid })).state, 'stale');
});

const linuxOnly = process.platform === 'linux' ? test : test.skip;

linuxOnly('a process that is called like its thread goes by the name of its program', async (t) => {
  const top = temporaryDirectory(t);
  // As Node 24 does of itself.
  const pid = await child(t, top, `process.title = 'MainThread'`);
  const table = await readProcessTable([top]);
  const program = basename(process.execPath);
  t.deepEqual([readFileSync(`/proc/${pid}/comm`, 'utf8').trim(), processName(pid)], ['MainThread', program]);
  t.is(find(table, pid).name, program);
});

test('names with spaces and parentheses are read right', (t) => {
  const rest = `S 41 ${Array.from({ length: 17 }, (_, index) => index).join(' ')} 99171 4096 0`;
  t.deepEqual(parseStat(`42 (a) b (c)) ${rest}`), {
    pid: 42,
    name: 'a) b (c)',
    state: 'S',
    parent: 41,
    isExiting: true,
    isOfKernel: false,
    threads: 15,
    startTicks: 99_171,
  });
  // As `kthreadd` has it, and a shell.
  t.true(parseStat(`2 (kthreadd) S 0 0 0 0 -1 2129984 ${rest}`)?.isOfKernel);
  t.false(parseStat(`42 (bash) S 1 42 42 34816 42 4194560 ${rest}`)?.isOfKernel);
  t.false(parseStat(`42 (a) S 1 0 0 0 0 4194304 ${rest}`)?.isExiting);
  t.is(parseStat('rubbish'), undefined);
  t.is(parseStat('42 (x) S 1'), undefined);
});

(process.platform === 'linux' ? test : test.skip)(
  'the ticks of the clock are those that getconf tells',
  (t) => {
    const { stdout } = spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' });
    t.is(ticksIn(readFileSync('/proc/self/auxv')), Number(stdout));
  },
);

test('the ticks of the clock are found in words of either length, and are the usual ones where they are not told', (t) => {
  const pairs = [33, 7, 17, 1024, 6, 4096, 0, 0];
  const [wide, narrow] = [BigUint64Array.from(pairs.map(BigInt)), Uint32Array.from(pairs)];
  const bytes = ({ buffer }: { readonly buffer: ArrayBufferLike }): Buffer => Buffer.from(buffer);
  t.is(ticksIn(bytes(wide), 'x64'), 1024);
  t.is(ticksIn(bytes(narrow), 'arm'), 1024);
  t.is(ticksIn(bytes(Uint32Array.from([6, 4096, 0, 0])), 'arm'), 100);
  t.is(ticksIn(bytes(Uint32Array.from([17, 0, 0, 0])), 'arm'), 100);
  t.is(ticksIn(Buffer.alloc(0)), 100);
});

test('lsof is read field by field', (t) => {
  const text = [
    'p12',
    'fcwd',
    'n/Users/u/app',
    'ftxt',
    'n/opt/bin/prodigy',
    'ftxt',
    'n/usr/lib/dyld',
    'f3',
    'n/Users/u/a b',
  ];
  const more = ['f4', 'n->0x1234', 'p13', 'fcwd', 'n/', ''];
  t.deepEqual(
    [...parseLsof([...text, ...more].join('\n'))],
    [
      [12, { cwd: '/Users/u/app', executable: '/opt/bin/prodigy', openFiles: ['/Users/u/a b'] }],
      [13, { cwd: '/', executable: undefined, openFiles: [] }],
    ],
  );
});

test('ps is read with any length of elapsed time', (t) => {
  const text =
    '    1     0 02-03:04:05 /sbin/launchd\n  812     1    00:07 /opt/My App/prodigy\n 9 1 1:00:00 -zsh\nrubbish\n';
  const day = 86_400_000;
  t.deepEqual(
    parsePs(text, 10 * day).map(({ pid, parent, startedAtMs, name }) => [
      pid,
      parent,
      10 * day - startedAtMs,
      name,
    ]),
    [
      [1, 0, 2 * day + 3 * 3_600_000 + 4 * 60_000 + 5_000, 'launchd'],
      [812, 1, 7_000, 'prodigy'],
      [9, 1, 3_600_000, '-zsh'],
    ],
  );
  t.is(basename('/opt/My App/prodigy'), 'prodigy');
});

seen('a git that is just ending is nobody who cannot be looked into', async (t) => {
  const loop = 'while :; do git --version > /dev/null; done';
  const shells = ['', '', ''].map(() => execa('sh', ['-c', loop], { reject: false }));
  t.teardown(() => {
    for (const shell of shells) shell.kill('SIGKILL');
  });
  for (let round = 0; round < 40; round += 1) {
    const { suspects } = await readProcessTable([]);
    t.deepEqual(
      suspects.filter(({ name }) => name === 'git'),
      [],
    );
  }
});
