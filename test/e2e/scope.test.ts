import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { git } from '../helpers/git.ts';
import { binary, prodigyEnvironment } from '../helpers/run-prodigy.ts';
import { claudeLog, eventDirectory } from '../helpers/trace-artefacts.ts';
import { fingerprint, assertSame } from '../helpers/tree.ts';
import {
  clean,
  documentOf,
  finished,
  finishedWork,
  goingOf,
  goneSince,
  look,
  makeShop,
  metadataOf,
  project,
  recordOf,
  worktreeOf,
} from './shop.ts';

test('of two checkouts with one name, cleaning one leaves the other byte-identical (story 23)', async (t) => {
  const shop = await makeShop(t);
  const twin = await project(join(shop.top, 'other', 'shop'), shop.home);
  const other = { ...shop, repository: twin };
  const ours = await finishedWork(shop, '60d');
  const theirs = await finishedWork(other, '60d');
  const sessions = await finished(shop, 'sessions', '60d');
  await finished(other, 'sessions', '60d');
  await finished(other, 'logs', '60d');
  // Both are called shop: nothing but the name says whose these are.
  await eventDirectory(shop.home, { repository: 'shop', startedAgo: '60d' });
  await finished(shop, 'dlq', '60d');
  await finished(shop, 'state', '60d');
  const twinBefore = fingerprint(twin);
  const before = look(shop);
  const ran = await clean(shop, ['--all', '--older-than', '1d', '--force']);
  t.is(ran.exitCode, 0, ran.stderr);
  t.deepEqual(
    goneSince(t, shop, before).sort(),
    [worktreeOf(shop, ours), metadataOf(shop, ours), recordOf(shop, ours), ...sessions].sort(),
  );
  assertSame(t, twinBefore, fingerprint(twin));
  t.true((await git(twin, 'worktree', 'list')).includes(theirs));

  // Now the other way round.
  const again = look(shop);
  const turned = await clean(other, ['--worktrees', '--older-than', '1d', '--force']);
  t.is(turned.exitCode, 0, turned.stderr);
  t.deepEqual(goneSince(t, shop, again).sort(), [worktreeOf(shop, theirs), metadataOf(shop, theirs)].sort());
});

test('where the current directory is gone there is no repository, and everything else works', async (t) => {
  const shop = await makeShop(t);
  await finishedWork(shop, '60d');
  const [log = ''] = await finished(shop, 'logs', '60d');
  // As after a merge that removed the worktree somebody stands in.
  const there = (args: readonly string[]): { code: number | null; out: string; err: string } => {
    const script = 'mkdir "$1" && cd "$1" && rmdir "$1" && shift && exec "$@"';
    const line = [join(shop.top, 'gone'), process.execPath, binary(), ...args];
    const ran = spawnSync('sh', ['-c', script, 'sh', ...line], {
      cwd: shop.top,
      env: prodigyEnvironment(shop.home.home),
      encoding: 'utf8',
      timeout: 60_000,
    });
    return { code: ran.status, out: ran.stdout, err: ran.stderr };
  };
  const before = fingerprint(shop.home.root);
  for (const [line, code, says] of [
    ['clean --logs --dry-run', 2, /The current directory is gone, so there is no current repository/],
    ['clean --all --force', 2, /The current directory is gone[^]*--all-repos/],
    ['clean --logs --dry-run --repo ./src/shop', 2, /There is no git repository: '.\/src\/shop'/],
    ['worktree clean --all', 1, /The current directory is gone/],
    ['worktree clean-orphaned', 1, /The current directory is gone/],
  ] as const) {
    const ran = there(line.split(' '));
    t.is(ran.code, code, `${line}\n${ran.err}`);
    t.regex(ran.err, says, line);
    t.notRegex(ran.err, /defect/, line);
  }
  assertSame(t, before, fingerprint(shop.home.root));

  const all = there(['clean', '--all', '--all-repos', '--force', '--json']);
  t.is(all.code, 0, all.err);
  t.is(goingOf(JSON.parse(all.out)).length, 3, 'worktree, record and log');
  t.false(existsSync(log));
  for (const line of [
    'clean',
    'clean log',
    'clean log verify',
    'clean doctor',
    `clean why ${log}`,
    'clean undo --list',
  ]) {
    const ran = there(line.split(' '));
    t.is(ran.code, 0, `${line}\n${ran.err}`);
  }
  t.is(there(['clean', 'undo', log]).code, 0);
  t.true(existsSync(log));
  t.regex(there(['clean', 'undo', './x']).err, /The journal knows nothing of an item/);
});

test('what a job leaves out is not told to be of other repositories', async (t) => {
  const shop = await makeShop(t);
  await finished(shop, 'logs', '60d');
  for (const by of [
    ['--all-repos', '--job-id', 'nope'],
    ['--all-repos', '--mapreduce'],
  ]) {
    const ran = await clean(shop, ['--logs', ...by, '--dry-run']);
    t.is(ran.exitCode, 0, ran.stderr);
    t.regex(ran.stdout, /^Beside what was asked for: 1 more item\.$/m);
    t.notRegex(ran.stdout, /Other repositories/);
  }
});

test('outside a repository a run is wrong usage, and the overview shows every repository (story 10)', async (t) => {
  const shop = await makeShop(t);
  const api = await project(join(shop.top, 'src', 'api'), shop.home);
  await finishedWork(shop, '60d');
  await finishedWork({ ...shop, repository: api }, '60d');
  const outside = { cwd: shop.home.home };
  const before = fingerprint(shop.top);
  for (const args of [
    ['--all', '--force'],
    ['--all', '--dry-run'],
    ['--logs', '--force'],
  ]) {
    const ran = await clean(shop, args, outside);
    t.is(ran.exitCode, 2, ran.stdout);
    t.regex(ran.stderr, /not in a git repository/);
    t.regex(ran.stderr, /--all-repos/);
  }
  assertSame(t, before, fingerprint(shop.top));

  const seen = documentOf(await clean(shop, ['--json'], outside));
  t.is(seen.kinds['worktrees']?.['scanned'], 2);
  const inside = documentOf(await clean(shop, ['--json']));
  t.is(inside.kinds['worktrees']?.['scanned'], 1);
  const text = await clean(shop, [], outside);
  t.is(text.exitCode, 0);
  t.regex(text.stdout, /all repositories/);
});

test('--repo takes a name or a path, and refuses a name that two repositories have', async (t) => {
  const shop = await makeShop(t);
  const api = await project(join(shop.top, 'src', 'api'), shop.home);
  const twin = await project(join(shop.top, 'other', 'shop'), shop.home);
  const outside = { cwd: shop.home.home };
  const ours = await finishedWork(shop, '60d');
  const theirs = await finishedWork({ ...shop, repository: twin }, '60d');
  const apis = await finishedWork({ ...shop, repository: api }, '60d');
  const going = async (...repo: readonly string[]): Promise<string[]> =>
    goingOf(documentOf(await clean(shop, ['--worktrees', '--dry-run', '--json', ...repo], outside)));

  t.deepEqual(await going('--repo', 'api'), [`worktrees:${worktreeOf(shop, apis, 'api')}`]);
  t.deepEqual(await going('--repo', api), [`worktrees:${worktreeOf(shop, apis, 'api')}`]);
  t.deepEqual(await going('--repo', shop.repository), [`worktrees:${worktreeOf(shop, ours)}`]);
  t.deepEqual(await going('--repo', '../other/shop'), [`worktrees:${worktreeOf(shop, theirs)}`]);
  const both = await clean(shop, ['--worktrees', '--force', '--repo', 'shop'], outside);
  t.is(both.exitCode, 2, both.stdout);
  t.true(both.stderr.includes(`--repo ${shop.repository}`), both.stderr);
  t.true(both.stderr.includes(`--repo ${twin}`), both.stderr);
});

test('what nothing attributes to a repository goes only with --all-repos', async (t) => {
  const shop = await makeShop(t);
  const log = await claudeLog(shop.home, { startedAgo: '60d' });
  const before = look(shop);
  const one = documentOf(await clean(shop, ['--logs', '--force', '--json']));
  t.deepEqual(
    one.items.map(({ verdict, reason }) => [verdict, reason]),
    [['keep', 'unattributed']],
  );
  t.deepEqual(goneSince(t, shop, before), []);
  const ran = await clean(shop, ['--logs', '--all-repos', '--force']);
  t.is(ran.exitCode, 0, ran.stderr);
  t.deepEqual(goneSince(t, shop, before), [log]);
});

test('the repository is found from a subdirectory, and from inside one of its worktrees', async (t) => {
  const shop = await makeShop(t);
  const old = await finishedWork(shop, '60d');
  const mine = await finishedWork(shop, '1h');
  const below = join(shop.repository, 'src', 'deep');
  mkdirSync(below, { recursive: true });
  for (const cwd of [below, worktreeOf(shop, mine)]) {
    const plan = documentOf(await clean(shop, ['--worktrees', '--dry-run', '--json'], { cwd }));
    t.deepEqual(plan['scope'], {
      allRepositories: false,
      repositories: [{ name: 'shop', path: shop.repository }],
      roots: [shop.home.root],
      kinds: ['worktrees'],
    });
    t.deepEqual(goingOf(plan), [`worktrees:${worktreeOf(shop, old)}`], cwd);
  }
});

test('who runs it from inside an old worktree keeps that worktree (P3)', async (t) => {
  const shop = await makeShop(t);
  const old = await finishedWork(shop, '60d');
  const gone = await finishedWork(shop, '61d');
  const before = look(shop);
  const ran = await clean(shop, ['--worktrees', '--force'], { cwd: worktreeOf(shop, old) });
  t.is(ran.exitCode, 0, ran.stderr);
  t.deepEqual(goneSince(t, shop, before).sort(), [worktreeOf(shop, gone), metadataOf(shop, gone)].sort());
});

test('worktrees whose repository has moved away are kept: nothing proves that they are safe (P2)', async (t) => {
  const shop = await makeShop(t);
  await finishedWork(shop, '60d');
  renameSync(shop.repository, join(shop.top, 'elsewhere'));
  const before = look(shop);
  const ran = await clean(shop, ['--worktrees', '--all-repos', '--force'], { cwd: shop.home.home });
  t.is(ran.exitCode, 0, ran.stderr);
  t.deepEqual(goneSince(t, shop, before), []);
});
