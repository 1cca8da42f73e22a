import { spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { addOldItems } from '../demo/traces.ts';
import { resumeLock } from '../helpers/lock-artefact.ts';
import { binary, prodigyEnvironment, runProdigy } from '../helpers/run-prodigy.ts';
import { acquireLock } from '../helpers/stand-in-prodigy.ts';
import { fingerprint, assertSame } from '../helpers/tree.ts';
import {
  clean,
  finished,
  finishedWork,
  journalOf,
  makeShop,
  recordOf,
  worktreeOf,
  type Shop,
} from './shop.ts';

type Held = { readonly child: ChildProcess; readonly goOn: () => Promise<number | null> };

/** Starts a cleanup and stops it, as a debugger would, the moment `when` answers true. */
async function stopped(
  t: ExecutionContext,
  shop: Shop,
  args: readonly string[],
  when: () => boolean,
): Promise<Held> {
  const child = spawn(process.execPath, [binary(), 'clean', ...args], {
    cwd: shop.repository,
    env: prodigyEnvironment(shop.home.home),
    stdio: 'ignore',
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  t.teardown(() => void child.kill('SIGKILL'));
  while (!when()) {
    if (child.exitCode !== null) throw new Error('it ended before the moment came');
    await sleep(1);
  }
  child.kill('SIGSTOP');
  // A call that is in the kernel ends before its thread stops.
  await sleep(200);
  return {
    child,
    goOn: () => {
      child.kill('SIGCONT');
      return ended;
    },
  };
}

test('of two cleanups at once one works, the other exits 11 and says who since when; the log can be read meanwhile (P11, story 29)', async (t) => {
  const shop = await makeShop(t);
  await addOldItems(shop.home, shop.repository, 30);
  const lock = join(shop.home.root, 'clean', 'run.lock');
  const sessions = join(shop.home.root, 'sessions');
  const all = readdirSync(sessions).length;
  const first = await stopped(t, shop, ['--all', '--force'], () => readdirSync(sessions).length < all);

  const held = JSON.parse(readFileSync(lock, 'utf8')) as Record<string, unknown>;
  t.is(held['pid'], first.child.pid);
  t.is(held['host'], hostname());
  const before = fingerprint(shop.top, { except: ['home/.prodigy/clean/journal'] });
  for (const args of [['--all', '--force'], ['resume'], ['--logs', '--force', '--json']]) {
    const second = await clean(shop, args);
    t.is(second.exitCode, 11, second.stdout + second.stderr);
    t.true(second.stderr.includes(`${first.child.pid}`), second.stderr);
    t.true(second.stderr.includes('prodigy clean --'), 'what it runs');
    t.regex(second.stderr, /since \d{4}-\d\d-\d\d \d\d:\d\d/);
  }
  assertSame(t, before, fingerprint(shop.top, { except: ['home/.prodigy/clean/journal'] }));

  const entries = await journalOf(shop);
  t.true(entries.some(({ type }) => type === 'RunConfirmed'));
  t.false(entries.some(({ type }) => type === 'RunCompleted'));
  t.is((await clean(shop, ['log', 'verify'])).exitCode, 0);
  const dry = await clean(shop, ['--all', '--dry-run']);
  t.is(dry.exitCode, 0, dry.stderr);
  t.regex(dry.stderr, /Not journalled/);
  t.is((await clean(shop, [])).exitCode, 0);

  t.is(await first.goOn(), 0);
  t.false(existsSync(lock));
  t.is((await clean(shop, ['--all', '--force'])).exitCode, 0);
});

test('while a session goes, Prodigy finds its own resume lock taken with our pid, and finds none afterwards (P11)', async (t) => {
  const shop = await makeShop(t);
  const id = await finishedWork(shop, '60d', { modules: 300 });
  const locks = join(shop.home.root, 'resume_locks');
  const path = join(locks, `${id}.lock`);
  const first = await stopped(
    t,
    shop,
    ['--all', '--force'],
    () => existsSync(path) && !existsSync(worktreeOf(shop, id)),
  );
  const lock = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  t.deepEqual(Object.keys(lock), ['job_id', 'process_id', 'hostname', 'acquired_at'], "Prodigy's own format");
  t.is(lock['job_id'], id);
  t.is(lock['process_id'], first.child.pid);
  t.is(lock['hostname'], hostname());
  const asked = acquireLock(shop.home, id);
  t.is(asked, `locked by process ${first.child.pid} on ${hostname()}`, "Prodigy's own check refuses");
  t.is(await first.goOn(), 0);
  t.false(existsSync(recordOf(shop, id)));
  t.false(existsSync(locks), 'not even the directory that was not there before');
});

test('a lock that somebody takes after the question keeps its session (P11)', async (t) => {
  const shop = await makeShop(t);
  const id = await finishedWork(shop, '60d');
  await addOldItems(shop.home, shop.repository, 20);
  // Logs go before worktrees: there is time to resume the session.
  const logs = join(shop.home.root, 'logs', 'claude-streaming');
  const all = readdirSync(logs).length;
  const first = await stopped(t, shop, ['--all', '--force'], () => readdirSync(logs).length < all);
  t.true(existsSync(worktreeOf(shop, id)), 'the moment came early enough');
  await resumeLock(shop.home, { id, holder: 'foreign', ago: '0s' });
  t.is(await first.goOn(), 0);
  t.true(existsSync(worktreeOf(shop, id)));
  t.true(existsSync(recordOf(shop, id)));
  const drifts = (await journalOf(shop)).filter(({ type }) => type === 'ItemDrifted');
  t.true(drifts.some(({ data }) => data['item'] === `worktrees:${worktreeOf(shop, id)}`));
  t.true(existsSync(join(shop.home.root, 'resume_locks', `${id}.lock`)), 'it is not ours to take away');
});

test('a lock of a killed cleanup is stale: the next run takes its place', async (t) => {
  const shop = await makeShop(t);
  await finished(shop, 'logs', '60d');
  const lock = join(shop.home.root, 'clean', 'run.lock');
  const first = await stopped(t, shop, ['--all', '--force'], () => sizeOf(lock) > 0);
  first.child.kill('SIGKILL');
  await first.goOn();
  t.true(existsSync(lock));
  const ran = await clean(shop, ['--all', '--force']);
  t.is(ran.exitCode, 0, ran.stderr);
  t.false(existsSync(lock));
});

test('a run lock of another host is respected', async (t) => {
  const shop = await makeShop(t);
  await finished(shop, 'logs', '60d');
  const content = JSON.stringify({
    pid: 1,
    startTime: '1',
    bootId: 'x',
    host: 'another-host.example.org',
    command: 'prodigy clean --all',
    since: '2026-01-01T00:00:00.000Z',
  });
  const lock = lockWith(shop, content);
  const ran = await clean(shop, ['--logs', '--force']);
  t.is(ran.exitCode, 11, ran.stdout + ran.stderr);
  t.regex(ran.stderr, /another-host\.example\.org.*since 2026-01-01/);
  t.regex(ran.stderr, /look on another-host\.example\.org whether its process 1 still runs/);
  t.true(ran.stderr.includes(`If nothing does, delete ${lock} and try again`), ran.stderr);
  t.is(readFileSync(lock, 'utf8'), content);
});

test('a run lock that cannot be read is respected, and named (P3)', async (t) => {
  const shop = await makeShop(t);
  await finished(shop, 'logs', '60d');
  // Empty is what a kill between making and writing it leaves.
  for (const content of ['{"pid":', '']) {
    const lock = lockWith(shop, content);
    const ran = await clean(shop, ['--logs', '--force']);
    t.is(ran.exitCode, 11, ran.stdout + ran.stderr);
    t.true(ran.stderr.includes(lock), ran.stderr);
    t.is(readFileSync(lock, 'utf8'), content);
  }
});

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function lockWith({ home }: Shop, content: string): string {
  const path = join(home.root, 'clean', 'run.lock');
  mkdirSync(join(home.root, 'clean'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

/** A directory with an executable `prodigy` of that text. */
function fakeProdigy(shop: Shop, text: string): string {
  const directory = join(shop.top, `bin-${readdirSync(shop.top).length}`);
  mkdirSync(directory);
  writeFileSync(join(directory, 'prodigy'), text);
  chmodSync(join(directory, 'prodigy'), 0o755);
  return directory;
}

test('every other command is handed over: same arguments, input, output and exit code', async (t) => {
  const shop = await makeShop(t);
  const theirs = fakeProdigy(
    shop,
    '#!/bin/sh\nfor arg in "$@"; do printf "<%s>" "$arg"; done\ncat\npwd\necho oops >&2\nexit 42\n',
  );
  const path = `${theirs}:${process.env['PATH']}`;
  const args = ['run', 'my workflow.yml', '--args', '', '-vv', 'a\nb', '*', '--', '--json'];
  const ran = await runProdigy(shop.home, args, {
    input: 'from stdin\n',
    env: { PATH: path },
    cwd: shop.repository,
  });
  t.is(ran.stdout, `${args.map((arg) => `<${arg}>`).join('')}from stdin\n${shop.repository}\n`);
  t.is(ran.stderr, 'oops\n');
  t.is(ran.exitCode, 42);
  for (const others of [
    ['worktree', 'ls'],
    ['sessions', 'clean'],
    ['--help'],
    [],
    ['resume', 'x'],
    ['cleanup'],
  ]) {
    t.is((await runProdigy(shop.home, others, { env: { PATH: path } })).exitCode, 42, others.join(' '));
  }
  const odd = await runProdigy(shop.home, ['run'], {
    env: { PATH: path, HOME: undefined, PRODIGY_HOME: '' },
  });
  t.is(odd.exitCode, 42, 'our rules about roots are not theirs');
});

test('handed over, a signal is handed over, too', async (t) => {
  const shop = await makeShop(t);
  const theirs = fakeProdigy(shop, '#!/bin/sh\nkill -TERM $$\n');
  const died = await runProdigy(shop.home, ['run'], { env: { PATH: `${theirs}:${process.env['PATH']}` } });
  t.true(died.signal === 'SIGTERM' || died.exitCode === 143, `${died.signal} ${died.exitCode}`);

  const trapping = fakeProdigy(
    shop,
    "#!/bin/sh\ntrap 'echo got TERM; exit 7' TERM\necho ready\nfor i in $(seq 600); do sleep 0.05; done\n",
  );
  const caught = await runProdigy(shop.home, ['run'], {
    env: { PATH: `${trapping}:${process.env['PATH']}` },
    killOn: /ready/,
    killSignal: 'SIGTERM',
  });
  t.regex(caught.stdout, /got TERM/);
  t.is(caught.exitCode, 7);
});

test('it never hands over to itself, by whatever name, and without another prodigy the answer is 127', async (t) => {
  const shop = await makeShop(t);
  const own = join(shop.top, 'own-bin');
  const twice = join(shop.top, 'own-bin-2');
  mkdirSync(own);
  mkdirSync(twice);
  symlinkSync(binary(), join(own, 'prodigy'));
  symlinkSync(join(own, 'prodigy'), join(twice, 'prodigy'));
  const node = join(shop.top, 'node-bin');
  mkdirSync(node);
  symlinkSync(process.execPath, join(node, 'node'));
  const alone = { PATH: `${own}:${twice}:${node}:/usr/bin:/bin` };
  const none = await runProdigy(shop.home, ['run', 'x.yml'], { env: alone });
  t.is(none.exitCode, 127, none.stderr);
  t.regex(none.stderr, /no other prodigy on PATH to hand 'prodigy run x\.yml' over to/);
  t.is(none.stdout, '');
  t.is((await runProdigy(shop.home, ['clean', '--version'], { env: alone })).exitCode, 0);
  t.is((await runProdigy(shop.home, ['--version'], { env: alone })).exitCode, 0);

  const theirs = fakeProdigy(shop, '#!/bin/sh\necho theirs\n');
  const found = await runProdigy(shop.home, ['run'], {
    env: { PATH: `${own}:${twice}:${theirs}:${alone.PATH}` },
  });
  t.is(found.stdout, 'theirs\n');

  // Another copy of this tool, which would hand it back.
  const again = `exec "${process.execPath}" "${binary()}" "$@"`;
  const copy = fakeProdigy(shop, `#!/bin/sh\n[ "$N" = xxx ] && exit 99\nexport N="x$N"\n${again}\n`);
  const loop = await runProdigy(shop.home, ['run'], { env: { PATH: `${copy}:${node}:/usr/bin:/bin` } });
  t.is(loop.exitCode, 127, loop.stderr);
});
