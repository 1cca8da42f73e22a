import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { adminDirectory, git } from '../helpers/git.ts';
import { makeTemporaryDirectory, removeTemporaryDirectory } from '../helpers/temporary.ts';
import { makeDemoStorage, type DemoStorage } from './storage.ts';

const dayMs = 86_400_000;
let storage: DemoStorage;

const top = makeTemporaryDirectory();

test.before(async () => {
  storage = await makeDemoStorage(top);
});

test.after.always(() => removeTemporaryDirectory(top));

test('every path named as protected or finished exists', (t) => {
  const missing = [...storage.mustStay, ...storage.mayGo].filter(
    (path) => lstatSync(path, { throwIfNoEntry: false }) === undefined,
  );
  t.deepEqual(missing, []);
});

test('nothing is both protected and finished', (t) => {
  const stay = new Set(storage.mustStay);
  t.deepEqual(
    storage.mayGo.filter((path) => stay.has(path)),
    [],
  );
});

test('git lists the worktrees of its own repository, and only those', async (t) => {
  const { ids, projects, worktreeOf } = storage;
  const listed = await listWorktrees(projects.shop);
  t.true(listed.includes(worktreeOf(ids.completedMerged)));
  t.true(listed.includes(ids.leakedAgents[0] ?? ''));
  t.true(listed.includes(worktreeOf(ids.prunable)), 'the one deleted by hand is still registered');
  t.false(listed.includes(worktreeOf(ids.completedOtherShop)));
  t.true((await listWorktrees(projects.otherShop)).includes(worktreeOf(ids.completedOtherShop)));
});

test('every JSON file parses except those made to be broken', (t) => {
  const broken = filesBelow(storage.root)
    .filter((path) => path.endsWith('.json') && !path.includes('node_modules'))
    .filter((path) => !parses(path));
  t.deepEqual(
    broken.map((path) => path.slice(storage.root.length + 1)).sort(),
    [
      `dlq/shop/${storage.ids.corruptLettersJob}/items/item_5.json`,
      `sessions/${storage.ids.truncated}.json`,
    ].sort(),
  );
});

test('a session is as old in its record as on the disk', (t) => {
  const path = storage.recordOf(storage.ids.completedMerged);
  const record = JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>;
  const endedAtMs = Date.parse(record['completed_at'] ?? '');
  t.is(Math.round((storage.prodigy.nowMs - endedAtMs) / dayMs), 45);
  t.true(Math.abs(lstatSync(path).mtimeMs - endedAtMs) < 2);
  t.regex(record['completed_at'] ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
});

test('nothing of an old worktree looks recent, git’s own files included', async (t) => {
  const { ids, prodigy, worktreeOf } = storage;
  for (const id of [ids.completedMerged, ids.crashedRunning, ids.detached, ids.detachedCommit]) {
    const worktree = worktreeOf(id);
    const paths = [worktree, ...filesBelow(worktree), ...filesBelow(await adminDirectory(worktree))];
    const young = paths.filter((path) => lstatSync(path).mtimeMs > prodigy.nowMs - 30 * dayMs);
    t.deepEqual(young, [], id);
  }
});

test('the pool of a crashed job has no young directory', (t) => {
  const pool = join(storage.root, 'worktrees', storage.ids.mapReduceRunning);
  for (const path of [pool, join(pool, '.metadata')]) {
    t.true(lstatSync(path).mtimeMs < storage.prodigy.nowMs - 30 * dayMs, path);
  }
});

test('worktrees are in the states they are named for', async (t) => {
  const { ids, worktreeOf } = storage;
  const status = (id: string): Promise<string> =>
    git(worktreeOf(id), 'status', '--porcelain', '--ignored=no');
  t.is(await status(ids.completedMerged), '');
  t.is(await status(ids.dirty), ' M src/cart.ts');
  t.is(await status(ids.untracked), '?? design-notes.md');
  t.is(await status(ids.precious), '', 'an ignored .env is not in the status');
  t.is(await git(ids.leakedAgents[1] ?? '', 'status', '--porcelain'), ' M README.md');
  await t.throwsAsync(git(worktreeOf(ids.detached), 'symbolic-ref', 'HEAD'));
  t.regex(await git(storage.repository, 'worktree', 'list', '--porcelain'), /\nlocked on a portable disk\n/);
});

test('merged, declined and squashed branches are what they say', async (t) => {
  const { ids, repository } = storage;
  const merged = await git(repository, 'branch', '--merged', 'main', '--format=%(refname:short)');
  t.true(merged.split('\n').includes(`prodigy-${ids.completedMerged}`));
  t.false(merged.split('\n').includes(`prodigy-${ids.completedUnmerged}`));
  t.false(merged.split('\n').includes(`prodigy-${ids.completedSquashed}`));
  const feature = `src/feature-${ids.completedSquashed.slice(-6)}.ts`;
  t.is(
    await git(repository, 'diff', '--stat', 'main', `prodigy-${ids.completedSquashed}`, '--', feature),
    '',
  );
});

test('there are about forty logs and thirty event directories, empty ones among them', (t) => {
  const { root } = storage;
  const logs = readdirSync(join(root, 'logs', 'claude-streaming')).filter((name) => name.endsWith('.jsonl'));
  t.is(logs.length, 40);
  t.true(readdirSync(join(root, 'events', 'shop')).length >= 30);
  const sizes = filesBelow(join(root, 'events')).map((path) => lstatSync(path).size);
  t.true(sizes.includes(0));
  t.true(sizes.some((size) => size > 0));
});

async function listWorktrees(repository: string): Promise<readonly string[]> {
  const text = await git(repository, 'worktree', 'list', '--porcelain');
  return text
    .split('\n')
    .filter((line) => line.startsWith('worktree '))
    .map((line) => line.slice('worktree '.length));
}

function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

function parses(path: string): boolean {
  try {
    JSON.parse(readFileSync(path, 'utf8'));
    return true;
  } catch {
    return false;
  }
}
