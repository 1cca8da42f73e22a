import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { hasEnded } from '../../src/storage/proc.ts';
import { mayUseRoots } from '../../src/storage/process-home.ts';
import { permitted } from '../disk/fixtures.ts';
import { asNobody } from '../helpers/as-nobody.ts';
import { isRoot, temporaryDirectory } from '../helpers/temporary.ts';

const onLinux = process.platform === 'linux' ? test : test.skip;

/** One that lives until the test ends, started with this environment. */
async function living(t: ExecutionContext, env: NodeJS.ProcessEnv): Promise<number> {
  const running = spawn(process.execPath, ['-e', 'console.log(1);setInterval(() => {}, 1000)'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => void running.kill('SIGKILL'));
  await once(running.stdout, 'data');
  return running.pid ?? 0;
}

onLinux('who has another home works on another storage, who has this one on this', async (t) => {
  const home = temporaryDirectory(t);
  const roots = [`${home}/.prodigy`];
  t.true(await mayUseRoots(await living(t, { HOME: home }), roots));
  t.true(await mayUseRoots(await living(t, { HOME: '/nowhere', PRODIGY_HOME: roots[0] }), roots));
  t.false(await mayUseRoots(await living(t, { HOME: '/nowhere' }), roots));
});

onLinux('who calls the home by another mount works on this storage (P11)', async (t) => {
  const top = temporaryDirectory(t);
  const [home, shown] = [join(top, 'home'), join(top, 'shown')];
  mkdirSync(join(home, '.prodigy'), { recursive: true });
  mkdirSync(shown);
  if (!(await permitted(t, ['mount', '--bind', home, shown], ['umount', shown]))) return;
  t.true(await mayUseRoots(await living(t, { HOME: shown }), [join(home, '.prodigy')]));
});

onLinux('who lives and tells no home may work on any storage (P11)', async (t) => {
  t.true(await mayUseRoots(await living(t, {}), ['/somewhere/.prodigy']));
});

onLinux('who lives and may not be asked may work on any storage (P11)', async (t) => {
  // As somebody else when we are root; the first process of all is root's when we are not.
  const pid = isRoot() ? await living(t, { HOME: '/nowhere' }) : 1;
  const module = new URL('../../src/storage/process-home.js', import.meta.url);
  const code = `import(${JSON.stringify(module.href)}).then(async ({ mayUseRoots }) =>
    console.log(await mayUseRoots(${pid}, ['/somewhere/.prodigy'])))`;
  const { stdout, stderr } = await asNobody(['-e', code]);
  t.is(stdout, 'true\n', stderr);
});

onLinux('who has ended works on none', async (t) => {
  const ended = spawnSync('true').pid;
  t.true(hasEnded(ended));
  t.false(await mayUseRoots(ended, ['/somewhere/.prodigy']));
});

const python = spawnSync('python3', ['-c', 'import ctypes, threading']).status === 0;
/** Skipped, and shown as such, where nothing can end its first thread alone. */
const threadsTest = process.platform === 'linux' && python ? test : test.skip;

threadsTest('who has lost its first thread only has not ended (P11)', async (t) => {
  // The system call, not the library's `exit`: it ends the thread that makes it.
  const number = process.arch === 'arm64' ? 93 : 60;
  const code = [
    'import ctypes, threading, time',
    'threading.Thread(target=time.sleep, args=(60,)).start()',
    `ctypes.CDLL(None).syscall(${number}, 0)`,
  ].join('\n');
  const running = spawn('python3', ['-c', code], { stdio: 'ignore' });
  t.teardown(() => void running.kill('SIGKILL'));
  const pid = running.pid ?? 0;
  const isWithoutFirst = (): boolean => /\) Z /u.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  for (let left = 500; left > 0 && !isWithoutFirst(); left -= 1) await setTimeout(10);
  t.true(isWithoutFirst());
  t.false(hasEnded(pid));
});
