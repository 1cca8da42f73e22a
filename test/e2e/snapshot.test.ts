import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { ageWorktree, git } from '../helpers/git.ts';
import { durationMs } from '../helpers/duration.ts';
import { asNobody, giveToNobody } from '../helpers/as-nobody.ts';
import { binary, repositoryTop, runProdigy, type Ran, type RunOptions } from '../helpers/run-prodigy.ts';
import { fingerprint } from '../helpers/tree.ts';
import { clean, finishedWork, inQuarantine, journalOf, makeShop, worktreeOf, type Shop } from './shop.ts';

function insist(shop: Shop, id: string, options: RunOptions = {}): Promise<Ran> {
  return runProdigy(shop.home, ['worktree', 'clean', '-f', id], { cwd: shop.repository, ...options });
}

/** Work of every sort: staged, unstaged on top of it, deleted, untracked, executable, a link, ignored and precious. */
async function dirtyWork(shop: Shop): Promise<string> {
  const id = await finishedWork(shop, '90d', {
    commits: { 'a.txt': 'one\n', 'b.txt': 'two\n', 'c.txt': 'three\n' },
  });
  const worktree = worktreeOf(shop, id);
  const write = (path: string, text: string): void => {
    fs.mkdirSync(join(worktree, path, '..'), { recursive: true });
    fs.writeFileSync(join(worktree, path), text);
  };
  write('a.txt', 'staged\n');
  await git(worktree, 'add', 'a.txt');
  write('a.txt', 'staged, then changed\r\n');
  write('new-staged.txt', 'only staged\n');
  await git(worktree, 'add', 'new-staged.txt');
  fs.rmSync(join(worktree, 'new-staged.txt'));
  fs.rmSync(join(worktree, 'b.txt'));
  write('deep/in/notes with space.txt', 'untracked\n');
  write('run.sh', '#!/bin/sh\n');
  fs.chmodSync(join(worktree, 'run.sh'), 0o750);
  write('.env', 'KEY=1\n');
  fs.chmodSync(join(worktree, '.env'), 0o600);
  // Ignored as a whole, and told by its own name only.
  write('secrets/.gitignore', '*\n');
  write('secrets/prod/eu/a.txt', 'ours\n');
  fs.writeFileSync(join(worktree, 'bytes.bin'), Buffer.from([0, 255, 13, 10, 200, 10]));
  fs.symlinkSync('/nowhere/at all', join(worktree, 'link'));
  await ageWorktree(worktree, shop.home.nowMs - durationMs('90d'));
  return id;
}

type State = { readonly status: string; readonly staged: string; readonly files: unknown };

async function stateOf(shop: Shop, id: string): Promise<State> {
  const worktree = worktreeOf(shop, id);
  const ours = new Set(['a.txt', 'deep/in/notes with space.txt', 'run.sh', '.env', 'bytes.bin']);
  const files = [...fingerprint(worktree)]
    .filter(([path, { type }]) => type !== 'directory' && path !== '.git')
    .map(([path, print]) => [
      path,
      { ...print, object: '', mtimeNs: ours.has(path) ? String(print.mtimeNs / 1_000_000n) : '' },
    ]);
  return {
    status: await git(worktree, 'status', '--porcelain', '--ignored'),
    staged: await git(worktree, 'ls-files', '--stage'),
    files,
  };
}

test('a dirty worktree that its owner insists on is kept in a snapshot first, and comes back byte for byte, staged and unstaged', async (t) => {
  const shop = await makeShop(t);
  const id = await dirtyWork(shop);
  const worktree = worktreeOf(shop, id);
  const before = await stateOf(shop, id);
  const refused = await runProdigy(shop.home, ['worktree', 'clean', id], { cwd: shop.repository });
  t.is(refused.exitCode, 1);
  t.is((await runProdigy(shop.home, ['worktree', 'clean', '-af'], { cwd: shop.repository })).exitCode, 1);
  t.true(fs.existsSync(worktree), 'only a name insists');

  const ran = await insist(shop, id);
  t.is(ran.exitCode, 0, ran.stderr);
  t.is(ran.stdout, `Removing worktree: ${id}\nWorktree '${id}' removed successfully\n`);
  t.false(fs.existsSync(worktree));
  const refs = await git(shop.repository, 'for-each-ref', 'refs/prodigy-clean');
  t.is(refs.split('\n').length, 1);
  await git(shop.repository, 'gc', '--quiet', '--prune=now');

  const undone = await clean(shop, ['undo', worktree]);
  t.is(undone.exitCode, 0, undone.stdout + undone.stderr);
  t.deepEqual(await stateOf(shop, id), before);
  t.is(await git(shop.repository, 'for-each-ref', 'refs/prodigy-clean'), '');
  await git(shop.repository, 'fsck', '--strict');
  t.is((await clean(shop, ['log', 'verify'])).exitCode, 0);
});

test('what git itself does not keep comes back, too: empty directories, permissions, refs of this worktree', async (t) => {
  const shop = await makeShop(t);
  const id = await dirtyWork(shop);
  const worktree = worktreeOf(shop, id);
  fs.mkdirSync(join(worktree, 'empty', 'inner'), { recursive: true });
  fs.chmodSync(join(worktree, 'empty', 'inner'), 0o700);
  fs.mkdirSync(join(worktree, 'node_modules', 'nothing'), { recursive: true });
  fs.writeFileSync(join(worktree, 'node_modules', 'x'), 'x');
  fs.chmodSync(join(worktree, 'c.txt'), 0o600);
  await git(worktree, 'update-ref', 'refs/worktree/mark', 'HEAD');
  await ageWorktree(worktree, shop.home.nowMs - durationMs('90d'));
  const seen = async (): Promise<unknown> => [
    fs.statSync(join(worktree, 'empty', 'inner')).mode & 0o777,
    fs.statSync(join(worktree, 'c.txt')).mode & 0o777,
    await git(worktree, 'for-each-ref', 'refs/worktree'),
    await git(worktree, 'status', '--porcelain'),
  ];
  const before = await seen();
  const ran = await insist(shop, id);
  t.is(ran.exitCode, 0, ran.stdout + ran.stderr);
  const undone = await clean(shop, ['undo', worktree]);
  t.is(undone.exitCode, 0, undone.stdout + undone.stderr);
  t.deepEqual(await seen(), before);
  t.false(fs.existsSync(join(worktree, 'node_modules')));
});

test('directories come back with their permissions: private ones, shared ones, those that nobody may write', async (t) => {
  const shop = await makeShop(t);
  const id = await dirtyWork(shop);
  const worktree = worktreeOf(shop, id);
  const modes = {
    private: 0o700,
    'private/inner/empty': 0o700,
    'read-only': 0o555,
    shared: 0o2775,
    sticky: 0o1777,
    'tracked/inner': 0o700,
    secrets: 0o700,
    'secrets/prod': 0o750,
    '': 0o700,
  };
  for (const path of Object.keys(modes)) fs.mkdirSync(join(worktree, path), { recursive: true });
  for (const path of ['private', 'read-only', 'shared', 'sticky'])
    fs.writeFileSync(join(worktree, path, 'f'), 'x');
  fs.writeFileSync(join(worktree, 'tracked/inner/t.txt'), 'tracked\n');
  await git(worktree, 'add', 'tracked');
  await git(worktree, 'commit', '--quiet', '-m', 'tracked');
  await ageWorktree(worktree, shop.home.nowMs - durationMs('90d'));
  for (const [path, mode] of Object.entries(modes)) fs.chmodSync(join(worktree, path), mode);
  await giveToNobody(shop.top);
  const asThem = (...args: string[]): ReturnType<typeof asNobody> =>
    asNobody([binary(), ...args], { env: { HOME: shop.home.home }, cwd: shop.repository });
  const seen = (): unknown =>
    [...fingerprint(worktree)]
      .filter(([path, { type }]) => type === 'directory' && !path.startsWith('node_modules'))
      .map(([path, { mode }]) => [path, mode & 0o7777]);
  const before = seen();

  const ran = await asThem('worktree', 'clean', '-f', id);
  t.is(ran.exitCode, 0, ran.stdout + ran.stderr);
  t.false(fs.existsSync(worktree));
  const undone = await asThem('clean', 'undo', worktree);
  t.is(undone.exitCode, 0, undone.stdout + undone.stderr);
  t.deepEqual(seen(), before);
  t.is(fs.statSync(worktree).mode & 0o7777, 0o700);
});

/** Starts under a umask, which a process has from the one that starts it. */
function under(mask: number, start: () => Promise<Ran>): Promise<Ran> {
  const usual = process.umask(mask);
  try {
    return start();
  } finally {
    process.umask(usual);
  }
}

const masks = [
  [0o077, 0o022],
  [0o027, 0o002],
  [0o022, 0o077],
] as const;

for (const [mask, later] of masks) {
  test(`permissions come back whatever the umask is: removed under ${mask.toString(8)}, put back under ${later.toString(8)}`, async (t) => {
    const shop = await makeShop(t);
    const id = await dirtyWork(shop);
    const worktree = worktreeOf(shop, id);
    const directory = 0o777 & ~mask;
    fs.mkdirSync(join(worktree, 'secret', 'empty'), { recursive: true });
    fs.writeFileSync(join(worktree, 'secret', 'key'), 'x');
    fs.writeFileSync(join(worktree, 'tracked.txt'), 'tracked\n');
    await git(worktree, 'add', 'tracked.txt');
    await git(worktree, 'commit', '--quiet', '-m', 'tracked');
    await ageWorktree(worktree, shop.home.nowMs - durationMs('90d'));
    for (const path of ['secret/empty', 'secret', 'deep/in', 'deep', ''])
      fs.chmodSync(join(worktree, path), directory);
    for (const path of ['secret/key', 'tracked.txt']) fs.chmodSync(join(worktree, path), 0o666 & ~mask);
    // Of a tracked file that is usual everywhere git decides, as in every checkout.
    const tracked = mask === 0o022 ? [] : ['tracked.txt'];
    const paths = ['', 'secret', 'secret/empty', 'secret/key', 'deep', 'deep/in', ...tracked];
    const seen = (): readonly string[] =>
      paths.map((path) => `${path} ${(fs.statSync(join(worktree, path)).mode & 0o7777).toString(8)}`);
    const before = seen();
    const ran = await under(mask, () => insist(shop, id));
    t.is(ran.exitCode, 0, ran.stdout + ran.stderr);
    const undone = await under(later, () => clean(shop, ['undo', worktree]));
    t.is(undone.exitCode, 0, undone.stdout + undone.stderr);
    t.deepEqual(seen(), before);
  });
}

test('what is neither file, directory nor link cannot be kept: nothing is removed, and it is named', async (t) => {
  const shop = await makeShop(t);
  const id = await dirtyWork(shop);
  const worktree = worktreeOf(shop, id);
  fs.mkdirSync(join(worktree, 'deep', 'down'), { recursive: true });
  execFileSync('mkfifo', [join(worktree, 'deep', 'down', 'pipe')]);
  await ageWorktree(worktree, shop.home.nowMs - durationMs('90d'));
  const ran = await insist(shop, id);
  t.is(ran.exitCode, 1, ran.stdout + ran.stderr);
  t.regex(ran.stderr, /no snapshot, no removal: it holds something that cannot be kept: deep\/down\/pipe/);
  t.true(fs.existsSync(join(worktree, 'deep', 'down', 'pipe')));
  t.is(await git(shop.repository, 'for-each-ref', 'refs/prodigy-clean'), '');
});

test('a link in the place of a directory is kept as a link, and nothing behind it is read or written', async (t) => {
  const shop = await makeShop(t);
  const id = await finishedWork(shop, '90d', { commits: { 'd/f': 'committed\n', 'd/e/g': 'committed\n' } });
  const worktree = worktreeOf(shop, id);
  const elsewhere = join(shop.top, 'elsewhere');
  fs.mkdirSync(elsewhere);
  fs.writeFileSync(join(elsewhere, 'f'), 'not of the worktree\n');
  fs.rmSync(join(worktree, 'd'), { recursive: true });
  fs.symlinkSync(elsewhere, join(worktree, 'd'));
  await ageWorktree(worktree, shop.home.nowMs - durationMs('90d'));
  const before = await stateOf(shop, id);
  t.is((await insist(shop, id)).exitCode, 0);
  const [commit = ''] = (await git(shop.repository, 'for-each-ref', 'refs/prodigy-clean')).split(' ');
  t.is(await git(shop.repository, 'ls-tree', '-r', '--name-only', commit, 'files'), 'files/d');
  fs.writeFileSync(join(elsewhere, 'f'), 'changed since\n');

  const undone = await clean(shop, ['undo', worktree]);
  t.is(undone.exitCode, 0, undone.stdout + undone.stderr);
  t.is(fs.readFileSync(join(elsewhere, 'f'), 'utf8'), 'changed since\n');
  t.deepEqual(fs.readdirSync(elsewhere), ['f']);
  t.is(fs.readlinkSync(join(worktree, 'd')), elsewhere);
  t.deepEqual(await stateOf(shop, id), before);
});

test('what lies in the directory of a submodule that is not initialised is kept as well; another repository there is not', async (t) => {
  const shop = await makeShop(t);
  const gitlink = ['--add', '--cacheinfo', `160000,${'1'.repeat(40)},sub`];
  await git(shop.repository, 'update-index', ...gitlink);
  await git(shop.repository, 'commit', '--quiet', '-m', 'Add sub');
  const id = await dirtyWork(shop);
  const worktree = worktreeOf(shop, id);
  const file = join(worktree, 'sub', 'src', 'parser.c');
  fs.mkdirSync(join(worktree, 'sub', 'src', '.git'), { recursive: true });
  fs.writeFileSync(file, 'a week of work\n');
  await ageWorktree(worktree, shop.home.nowMs - durationMs('90d'));
  const refused = await insist(shop, id);
  t.is(refused.exitCode, 1, refused.stdout);
  t.is(fs.readFileSync(file, 'utf8'), 'a week of work\n');

  fs.rmdirSync(join(worktree, 'sub', 'src', '.git'));
  await ageWorktree(worktree, shop.home.nowMs - durationMs('90d'));
  const ran = await insist(shop, id);
  t.is(ran.exitCode, 0, ran.stdout + ran.stderr);
  t.false(fs.existsSync(worktree));
  t.is((await clean(shop, ['undo', worktree])).exitCode, 0);
  t.is(fs.readFileSync(file, 'utf8'), 'a week of work\n');
});

test('when undo is refused, it says where the work is, and the command it names lays it out', async (t) => {
  const shop = await makeShop(t);
  const id = await dirtyWork(shop);
  const worktree = worktreeOf(shop, id);
  t.is((await insist(shop, id)).exitCode, 0);
  await git(shop.repository, 'update-ref', `refs/heads/prodigy-${id}`, 'main');
  const undone = await clean(shop, ['undo', worktree]);
  t.is(undone.exitCode, 3);
  const [commit = '', , ref = ''] = (await git(shop.repository, 'for-each-ref', 'refs/prodigy-clean')).split(
    /\s/,
  );
  t.true(undone.stdout.includes(`its work is kept as ${commit.slice(0, 12)} under ${ref}`), undone.stdout);
  t.true((await clean(shop, ['why', worktree])).stdout.includes(`the work in it is kept under ${ref}`));

  const [command = ''] = /git -C .* worktree add --detach DIRECTORY \S+/.exec(undone.stdout) ?? [];
  const directory = join(shop.top, 'laid-out');
  execFileSync('sh', ['-c', command.replace('DIRECTORY', directory)], { stdio: 'ignore' });
  t.is(fs.readFileSync(join(directory, 'files', 'a.txt'), 'utf8'), 'staged, then changed\r\n');
  t.is(fs.readFileSync(join(directory, 'staged', 'a.txt'), 'utf8'), 'staged\n');
  t.is(fs.readFileSync(join(directory, 'staged', 'new-staged.txt'), 'utf8'), 'only staged\n');
});

test('without a snapshot nothing is removed', async (t) => {
  const shop = await makeShop(t);
  const id = await dirtyWork(shop);
  const worktree = worktreeOf(shop, id);
  // Larger than what is kept, and all of it a hole.
  const large = join(worktree, 'large.bin');
  fs.writeFileSync(large, '');
  fs.truncateSync(large, 600 * 1024 * 1024);
  await ageWorktree(worktree, shop.home.nowMs - durationMs('90d'));
  const before = fs.readdirSync(worktree);
  const ran = await insist(shop, id);
  t.is(ran.exitCode, 1, ran.stdout);
  t.regex(ran.stderr, /no snapshot, no removal: more than 512 MiB/);
  t.deepEqual(fs.readdirSync(worktree), before);
  t.is(await git(shop.repository, 'for-each-ref', 'refs/prodigy-clean'), '');
  t.deepEqual(inQuarantine(shop), []);
});

test('insisting lifts nothing else: a session that can be resumed, a process inside, a lock, a merge, another repository', async (t) => {
  const shop = await makeShop(t);
  const paused = await finishedWork(shop, '90d', { status: 'Paused', files: { 'x.txt': 'x\n' } });
  const used = await finishedWork(shop, '90d', { files: { 'x.txt': 'x\n' } });
  const locked = await finishedWork(shop, '90d', { files: { 'x.txt': 'x\n' } });
  const nested = await finishedWork(shop, '90d', { files: { 'x.txt': 'x\n' } });
  await git(shop.repository, 'worktree', 'lock', worktreeOf(shop, locked));
  fs.mkdirSync(join(worktreeOf(shop, nested), 'inner'));
  await git(join(worktreeOf(shop, nested), 'inner'), 'init', '--quiet');
  const stander = spawn('sleep', ['120'], { cwd: worktreeOf(shop, used), stdio: 'ignore' });
  t.teardown(() => stander.kill());
  for (const [id, why] of [
    [paused, /kept: resumable/],
    [used, /kept: (?:active|in-use)/],
    [locked, /kept: locked/],
    [nested, /kept: /],
  ] as const) {
    const ran = await insist(shop, id);
    t.is(ran.exitCode, 1, ran.stdout);
    t.regex(ran.stderr, why);
    t.true(fs.existsSync(join(worktreeOf(shop, id), 'x.txt')));
  }
});

for (const point of ['spawn::update-ref', 'rename::quarantine', 'spawn::worktree,remove']) {
  test(`killed at ${point} while insisting, the work is in its place or comes back (P2, P5)`, async (t) => {
    const shop = await makeShop(t);
    const id = await dirtyWork(shop);
    const before = await stateOf(shop, id);
    const preload = join(repositoryTop(), 'test', 'helpers', 'preload.cjs');
    const killed = await insist(shop, id, {
      env: { KILL_AT: point, NODE_OPTIONS: `--require=${preload}` },
    });
    t.is(killed.signal, 'SIGKILL', killed.stdout + killed.stderr);
    const resumed = await clean(shop, ['resume']);
    t.is(resumed.exitCode, 0, resumed.stderr);
    t.false(fs.existsSync(worktreeOf(shop, id)), resumed.stdout);
    const removed = (await journalOf(shop)).filter(({ type }) => type === 'ItemRemoved');
    t.is(removed.length, 1);
    t.is((await clean(shop, ['undo', worktreeOf(shop, id)])).exitCode, 0);
    t.deepEqual(await stateOf(shop, id), before);
  });
}

test('a snapshot that a killed undo was to let go of is let go of by the next run; one that undo needs, or that is not ours, stays', async (t) => {
  const shop = await makeShop(t);
  const refs = (): Promise<string> =>
    git(shop.repository, 'for-each-ref', '--format=%(refname)', 'refs/prodigy-clean');
  const gone = await finishedWork(shop, '90d', { files: { 'x.txt': 'x\n' } });
  t.is((await insist(shop, gone)).exitCode, 0);
  const needed = await refs();
  const back = await finishedWork(shop, '90d', { files: { 'y.txt': 'y\n' } });
  t.is((await insist(shop, back)).exitCode, 0);
  await git(shop.repository, 'update-ref', 'refs/prodigy-clean/other/other', 'HEAD');

  const preload = join(repositoryTop(), 'test', 'helpers', 'preload.cjs');
  const killed = await clean(shop, ['undo', worktreeOf(shop, back)], {
    env: { KILL_AT: 'spawn::update-ref,-d', NODE_OPTIONS: `--require=${preload}` },
  });
  t.is(killed.signal, 'SIGKILL', killed.stdout + killed.stderr);
  t.is((await refs()).split('\n').length, 3);
  t.is((await clean(shop, ['--logs', '--force'])).exitCode, 0);
  t.deepEqual((await refs()).split('\n').sort(), [needed, 'refs/prodigy-clean/other/other'].sort());
  t.is(fs.readFileSync(join(worktreeOf(shop, back), 'y.txt'), 'utf8'), 'y\n');
  t.is((await clean(shop, ['undo', worktreeOf(shop, gone)])).exitCode, 0);
  t.is((await clean(shop, ['log', 'verify'])).exitCode, 0);
});

test('every file that is put back, its directories, the index and the registration are durable before the snapshot goes', async (t) => {
  const shop = await makeShop(t);
  const id = await dirtyWork(shop);
  const worktree = worktreeOf(shop, id);
  t.is((await insist(shop, id)).exitCode, 0);
  const log = join(shop.top, 'synced');
  const preload = join(repositoryTop(), 'test', 'helpers', 'preload.cjs');
  const undone = await clean(shop, ['undo', worktree], {
    env: { SYNC_LOG: log, NODE_OPTIONS: `--require=${preload}` },
  });
  t.is(undone.exitCode, 0, undone.stdout + undone.stderr);
  const lines = fs.readFileSync(log, 'utf8').split('\n');
  const before = lines.slice(0, lines.indexOf('ref deleted')).map((path) => path.replace(/^.*\.tree\//, ''));
  const admin = await git(worktree, 'rev-parse', '--absolute-git-dir');
  const files = [
    'a.txt',
    'deep/in/notes with space.txt',
    'deep/in',
    'deep',
    'run.sh',
    '.env',
    'bytes.bin',
    '',
  ];
  const registration = ['index', 'HEAD', 'gitdir', 'commondir', ''].map((name) => join(admin, name));
  const places = [worktree, join(worktree, '..'), join(worktree, '.git'), join(admin, '..')];
  const wanted = [...files.map((path) => join(id, path)), ...registration, ...places];
  t.deepEqual(
    wanted.map((path) => path.replace(/\/$/, '')).filter((path) => !before.includes(path)),
    [],
  );
});

test('what was written after the snapshot, and before the move, is put back and not freed', async (t) => {
  const shop = await makeShop(t);
  const id = await dirtyWork(shop);
  const worktree = worktreeOf(shop, id);
  const file = join(worktree, 'bytes.bin');
  const preload = join(repositoryTop(), 'test', 'helpers', 'preload.cjs');
  const ran = await insist(shop, id, {
    env: { APPEND_AT: `rename::${worktree}`, APPEND_TO: file, NODE_OPTIONS: `--require=${preload}` },
  });
  t.is(ran.exitCode, 1, ran.stdout);
  t.deepEqual([...fs.readFileSync(file)], [0, 255, 13, 10, 200, 10, 10]);
  t.deepEqual(inQuarantine(shop), []);
  t.is(await git(shop.repository, 'for-each-ref', 'refs/prodigy-clean'), '');
  const drifted = (await journalOf(shop)).filter(({ type }) => type === 'ItemDrifted');
  t.deepEqual(
    drifted.map(({ data }) => (data['evidence'] as Record<string, unknown>)['what']),
    ['changed while its work was kept'],
  );
});

test('an intent of a run that was killed while the worktree was clean does not do for one that is dirty by now', async (t) => {
  const shop = await makeShop(t);
  const id = await finishedWork(shop, '90d', { commits: { 'a.txt': 'one\n' } });
  const worktree = worktreeOf(shop, id);
  const preload = join(repositoryTop(), 'test', 'helpers', 'preload.cjs');
  const killed = await runProdigy(shop.home, ['worktree', 'clean', id], {
    cwd: shop.repository,
    env: { KILL_AT: 'rename::quarantine', NODE_OPTIONS: `--require=${preload}` },
  });
  t.is(killed.signal, 'SIGKILL', killed.stdout + killed.stderr);
  fs.writeFileSync(join(worktree, 'a.txt'), 'my only copy');
  const ran = await insist(shop, id);
  t.is(ran.exitCode, 0, ran.stdout + ran.stderr);
  t.is((await journalOf(shop)).filter(({ type }) => type === 'SnapshotTaken').length, 1);
  t.is((await clean(shop, ['undo', worktree])).exitCode, 0);
  t.is(fs.readFileSync(join(worktree, 'a.txt'), 'utf8'), 'my only copy');
});
