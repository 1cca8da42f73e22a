import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { asNobody, giveToNobody } from '../helpers/as-nobody.ts';
import { binary } from '../helpers/run-prodigy.ts';
import { isRoot, mountTmpfs } from '../helpers/temporary.ts';
import { claudeLog, eventDirectory } from '../helpers/trace-artefacts.ts';
import {
  blockQuarantine,
  clean,
  finishedWork,
  inQuarantine,
  makeShop,
  worktreeOf,
  type Shop,
} from './shop.ts';

/** Skipped, and shown as such, where a machine cannot do it. */
const rootTest = isRoot() ? test : test.skip;

type Prepare = (clean: string, shop: Shop) => void;

/** An old log, and a quarantine that cannot hold it: it is said before it goes, and after it went. */
const isTold = test.macro({
  title: (name) => `what cannot be held for undo is told before anything goes: ${name}`,
  async exec(t: ExecutionContext, prepare: Prepare, cause: RegExp) {
    const shop = await makeShop(t);
    mkdirSync(join(shop.home.root, 'logs', 'claude-streaming'), { recursive: true });
    prepare(join(shop.home.root, 'clean'), shop);
    const log = await claudeLog(shop.home, { cwd: shop.repository, startedAgo: '60d' });

    const shown = await clean(shop, ['--logs', '--dry-run']);
    t.is(shown.exitCode, 0, shown.stdout + shown.stderr);
    t.regex(shown.stdout, /Frees about .* \(at once\)\./);
    t.regex(shown.stdout, /Undo: it cannot be undone: /);
    t.regex(shown.stdout.replaceAll(/\s+/g, ' '), cause);
    t.notRegex(shown.stdout, /can be put back/);
    t.true(existsSync(log));

    const ran = await clean(shop, ['--logs', '--force', '--json']);
    t.is(ran.exitCode, 0, ran.stdout + ran.stderr);
    t.false(existsSync(log));
    const told = JSON.parse(ran.stdout) as {
      notUndoable?: readonly { why: string; items: number }[];
      heldForUndoBytes: number;
    };
    t.is(told.heldForUndoBytes, 0);
    t.is(told.notUndoable?.[0]?.items, 1);
    t.regex(told.notUndoable?.[0]?.why ?? '', cause);
    t.regex((await clean(shop, ['undo', '--list'])).stdout, /Nothing can be put back/);
  },
});

test(
  'a file in the place of the quarantine',
  isTold,
  (own) => {
    mkdirSync(own);
    writeFileSync(join(own, 'quarantine'), 'x');
  },
  /quarantine is not a directory/,
);

test(
  'a link in the place of the quarantine',
  isTold,
  (own, { top }) => {
    mkdirSync(own);
    mkdirSync(join(top, 'elsewhere'));
    symlinkSync(join(top, 'elsewhere'), join(own, 'quarantine'));
  },
  /quarantine is a link/,
);

rootTest(
  'a quarantine of somebody else',
  isTold,
  (own) => {
    mkdirSync(join(own, 'quarantine'), { recursive: true });
    chownSync(join(own, 'quarantine'), 12_345, 12_345);
  },
  /quarantine belongs to another user/,
);

const mountTest = process.platform === 'linux' && isRoot() ? test : test.skip;

mountTest(
  'logs on a file system of their own',
  isTold,
  (_, { home }) => {
    if (!mountTmpfs(join(home.root, 'logs'), '3m')) throw new Error('cannot mount');
    mkdirSync(join(home.root, 'logs', 'claude-streaming'));
  },
  /claude-streaming is on another file system than the quarantine/,
);

mountTest(
  'layers of several file systems that lie over each other are one: what lies there can be put back',
  async (t) => {
    const shop = await makeShop(t);
    const { root } = shop.home;
    const [lower, upper] = ['lower', 'upper'].map((name) => join(shop.top, name)) as [string, string];
    for (const layer of [lower, upper]) {
      mkdirSync(layer);
      // Where there is little room nothing is held. It takes no more of it than what is written.
      t.true(mountTmpfs(layer, '2g'));
    }
    const below = await claudeLog({ ...shop.home, root: lower }, { cwd: shop.repository, startedAgo: '61d' });
    for (const name of ['files', 'work']) mkdirSync(join(upper, name));
    const layers = `lowerdir=${lower},upperdir=${join(upper, 'files')},workdir=${join(upper, 'work')}`;
    if (spawnSync('mount', ['-t', 'overlay', '-o', layers, 'overlay', root]).status !== 0) {
      t.log('skipped: no overlay can be mounted here');
      t.pass();
      return;
    }
    const log = await claudeLog(shop.home, { cwd: shop.repository, startedAgo: '60d' });
    const devices = [log, join(root, relative(lower, below)), dirname(log)].map(
      (path) => lstatSync(path).dev,
    );
    t.is(new Set(devices).size, 3, 'each layer has its own number, and the directory has another');

    const ran = await clean(shop, ['--logs', '--force', '--json']);
    const told = JSON.parse(ran.stdout) as { notUndoable?: unknown };
    t.is(told.notUndoable, undefined, ran.stdout);
    t.false(existsSync(log));
    t.true(inQuarantine(shop).length > 0);
    const [, run = ''] = /clean undo (\S+)/.exec((await clean(shop, ['undo', '--list'])).stdout) ?? [];
    const undone = await clean(shop, ['undo', run]);
    t.is(undone.exitCode, 0, undone.stdout + undone.stderr);
    t.true(existsSync(log));
  },
);

test('the doctor tells of a quarantine that can hold nothing', async (t) => {
  const shop = await makeShop(t);
  const quarantine = blockQuarantine(shop);
  const ran = await clean(shop, ['doctor']);
  t.regex(ran.stdout, /quarantine is not a directory/);
  rmSync(quarantine);
  t.notRegex((await clean(shop, ['doctor'])).stdout, /is not a directory/);
});

test('the doctor tells nobody to move away what holds more than a quarantine', async (t) => {
  const shop = await makeShop(t);
  const own = join(shop.home.root, 'clean');
  writeFileSync(own, 'x');
  const ran = await clean(shop, ['doctor']);
  t.regex(ran.stdout, /clean is not a directory/);
  t.notRegex(ran.stdout, /move it away/);
  rmSync(own);
  mkdirSync(own);
  writeFileSync(join(own, 'undo'), 'x');
  t.regex((await clean(shop, ['doctor'])).stdout, /look at it, and move it away: ls -ld \S+clean\/undo\n/);
});

mountTest('the doctor says of a storage that is read-only to make it writable, once', async (t) => {
  const shop = await makeShop(t);
  const { root } = shop.home;
  await claudeLog(shop.home, { cwd: shop.repository, startedAgo: '60d' });
  t.is((await clean(shop, ['--logs', '--force'])).exitCode, 0);
  t.true(inQuarantine(shop).length > 0);
  t.is(spawnSync('mount', ['--bind', root, root]).status, 0);
  t.is(spawnSync('mount', ['-o', 'remount,bind,ro', root]).status, 0);
  const ran = await clean(shop, ['doctor']);
  t.regex(ran.stdout, /\.prodigy is on a file system that is read-only\n/);
  t.is(ran.stdout.split('that is read-only').length, 2, 'told once, and not of each place below');
  t.regex(ran.stdout, /matters +no run frees anything there/);
  t.regex(ran.stdout, /next +remount it writable; which file system it is: df \S+\.prodigy\n/);
  t.notRegex(ran.stdout, /move it away|frees at once/);
});

rootTest('a worktree whose own directory is read-only goes, and undo makes it again', async (t) => {
  const shop = await makeShop(t);
  const id = await finishedWork(shop, '60d');
  const path = worktreeOf(shop, id);
  await giveToNobody(shop.top);
  chmodSync(path, 0o555);
  const asThem = (...args: string[]): ReturnType<typeof asNobody> =>
    asNobody([binary(), 'clean', ...args], { env: { HOME: shop.home.home }, cwd: shop.repository });
  const shown = await asThem('--worktrees', '--dry-run');
  t.regex(shown.stdout, /can be put back for 7 days/);

  const ran = await asThem('--worktrees', '--force');
  t.is(ran.exitCode, 0, ran.stdout + ran.stderr);
  t.regex(ran.stdout, /Removed 1 of 1 item/);
  t.regex(ran.stdout, /1 worktree can be made again from git until/);
  t.false(existsSync(path));
  const log = await asThem('log');
  t.regex(log.stdout, /completed.* 1 item/);
  t.notRegex(log.stdout, /failed/);

  const [, run = ''] = /clean undo (\S+)/.exec(ran.stdout) ?? [];
  const undone = await asThem('undo', run);
  t.is(undone.exitCode, 0, undone.stdout + undone.stderr);
  t.true(existsSync(join(path, `feature-${id}.txt`)));
});

rootTest('a small item whose own directory is read-only is told to be freed at once', async (t) => {
  const shop = await makeShop(t);
  const { path } = await eventDirectory(shop.home, { repository: 'shop', startedAgo: '60d' });
  await giveToNobody(shop.top);
  chmodSync(path, 0o555);
  const ran = await asNobody(
    [binary(), 'clean', '--events', '--all-repos', '--older-than', '30d', '--force', '--json'],
    { env: { HOME: shop.home.home }, cwd: shop.top },
  );
  t.is(ran.exitCode, 0, ran.stdout + ran.stderr);
  t.false(existsSync(path));
  const told = JSON.parse(ran.stdout) as { notUndoable: readonly { why: string; items: number }[] };
  t.regex(told.notUndoable[0]?.why ?? '', /its own directory cannot be written/);
  t.false(ran.stdout.includes('"heldUntil"'));
});

test('how long and how much is held can be said; a bad value ends with 2, and nothing is touched', async (t) => {
  const shop = await makeShop(t);
  const log = await claudeLog(shop.home, { cwd: shop.repository, startedAgo: '60d' });
  const refused = await clean(shop, ['--logs', '--force'], { env: { PRODIGY_CLEAN_UNDO_DAYS: '0.5' } });
  t.is(refused.exitCode, 2);
  t.regex(refused.stderr, /PRODIGY_CLEAN_UNDO_DAYS is not a whole number of days/);
  t.true(existsSync(log));
  t.false(existsSync(join(shop.home.root, 'clean')));

  const env = { PRODIGY_CLEAN_UNDO_DAYS: '30', PRODIGY_CLEAN_UNDO_SIZE: '1MB' };
  t.regex((await clean(shop, ['--logs', '--dry-run'], { env })).stdout, /can be put back for 30 days/);
  const ran = await clean(shop, ['--logs', '--force', '--json'], { env });
  const [item] = (JSON.parse(ran.stdout) as { items: { heldUntil: string }[] }).items;
  const days = (Date.parse(item?.heldUntil ?? '') - Date.now()) / 86_400_000;
  t.true(days > 29 && days < 31, String(days));
});
