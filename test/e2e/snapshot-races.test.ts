import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { durationMs } from '../helpers/duration.ts';
import { faulty } from '../helpers/faulty.ts';
import { ageWorktree, git } from '../helpers/git.ts';
import { runProdigy, type Ran, type RunOptions } from '../helpers/run-prodigy.ts';
import { clean, finishedWork, inQuarantine, journalOf, makeShop, worktreeOf, type Shop } from './shop.ts';

function insist(shop: Shop, id: string, options: RunOptions = {}): Promise<Ran> {
  return runProdigy(shop.home, ['worktree', 'clean', '-f', id], { cwd: shop.repository, ...options });
}

/** A git that runs `act`, where `$GIT` is the real one, after each call whose arguments match the shell pattern. */
function gitThat(shop: Shop, pattern: string, act: string): RunOptions {
  const real = execFileSync('which', ['git'], { encoding: 'utf8' }).trim();
  const directory = join(shop.top, 'bin');
  fs.mkdirSync(directory);
  const script = `#!/bin/bash
GIT=${real}
"$GIT" "$@"
code=$?
case " $* " in ${pattern}) { ${act}
} > /dev/null 2>&1 ;; esac
exit $code
`;
  fs.writeFileSync(join(directory, 'git'), script, { mode: 0o755 });
  return { env: { PATH: `${directory}:${process.env['PATH'] ?? ''}` } };
}

/** A worktree with content that is only in its index. */
async function stagedWork(shop: Shop): Promise<string> {
  const id = await finishedWork(shop, '90d', { commits: { 'a.txt': 'one\n' } });
  const worktree = worktreeOf(shop, id);
  fs.writeFileSync(join(worktree, 'only-staged.txt'), 'only staged\n');
  await git(worktree, 'add', 'only-staged.txt');
  fs.rmSync(join(worktree, 'only-staged.txt'));
  fs.writeFileSync(join(worktree, 'a.txt'), 'staged\n');
  await git(worktree, 'add', 'a.txt');
  fs.writeFileSync(join(worktree, 'a.txt'), 'staged, then changed\n');
  fs.writeFileSync(join(worktree, 'new.txt'), 'untracked\n');
  await ageWorktree(worktree, shop.home.nowMs - durationMs('90d'));
  return id;
}

async function stateOf(shop: Shop, id: string): Promise<readonly string[]> {
  const worktree = worktreeOf(shop, id);
  return [
    await git(worktree, 'status', '--porcelain', '--branch'),
    await git(worktree, 'ls-files', '--stage'),
    await git(worktree, 'rev-parse', 'HEAD'),
    fs.readFileSync(join(worktree, 'a.txt'), 'utf8'),
    fs.readFileSync(join(worktree, 'new.txt'), 'utf8'),
  ];
}

function snapshots(shop: Shop): Promise<string> {
  return git(shop.repository, 'for-each-ref', '--format=%(refname)', 'refs/prodigy-clean');
}

/** Moved, not compared yet; then somebody prunes what is not in its place. */
async function killedAndPruned(shop: Shop, id: string): Promise<string> {
  const killed = await insist(shop, id, faulty({ KILL_AT: 'arguments::--work-tree=.*quarantine' }));
  const there = fs.existsSync(worktreeOf(shop, id));
  await git(shop.repository, 'worktree', 'prune');
  return `${killed.signal} ${there}`;
}

test('what was only staged survives a kill after the move and a prune, when the worktree stays and when it goes', async (t) => {
  const shop = await makeShop(t);
  const id = await stagedWork(shop);
  const before = await stateOf(shop, id);
  t.is(await killedAndPruned(shop, id), 'SIGKILL false');
  t.is((await clean(shop, ['hold', id, '--reason', 'mine'])).exitCode, 0);
  const resumed = await clean(shop, ['resume']);
  t.is(resumed.exitCode, 0, resumed.stdout + resumed.stderr);
  t.deepEqual(await stateOf(shop, id), before);
  t.deepEqual(inQuarantine(shop), []);
  t.is((await clean(shop, ['--logs', '--force'])).exitCode, 0);
  t.is(await snapshots(shop), '', 'it stands whole in its place');
  t.deepEqual(await stateOf(shop, id), before);

  t.is((await clean(shop, ['release', id])).exitCode, 0);
  t.is(await killedAndPruned(shop, id), 'SIGKILL false');
  t.is((await clean(shop, ['resume'])).exitCode, 0);
  t.false(fs.existsSync(worktreeOf(shop, id)));
  t.is((await clean(shop, ['undo', worktreeOf(shop, id)])).exitCode, 0);
  t.deepEqual(await stateOf(shop, id), before);
  t.is(await snapshots(shop), '');
});

for (const point of [
  'arguments::cat-file blob .*:manifest.json',
  'rename::/prodigy-clean-.* -> .*/worktrees/',
]) {
  test(`a registration that is made again is whole or not there when that is killed at ${point} (P5)`, async (t) => {
    const shop = await makeShop(t);
    const id = await stagedWork(shop);
    const before = await stateOf(shop, id);
    t.is(await killedAndPruned(shop, id), 'SIGKILL false');
    t.is((await clean(shop, ['hold', id, '--reason', 'mine'])).exitCode, 0);
    const killed = await clean(shop, ['resume'], faulty({ KILL_AT: point }));
    t.is(killed.signal, 'SIGKILL', killed.stdout + killed.stderr);
    await git(shop.repository, 'worktree', 'prune');
    t.is((await clean(shop, ['resume'])).exitCode, 0);
    t.is((await clean(shop, ['--logs', '--force'])).exitCode, 0);
    t.deepEqual(await stateOf(shop, id), before);
    t.is(await snapshots(shop), '');
    const names = fs.readdirSync(join(shop.repository, '.git'));
    t.deepEqual(
      names.filter((name) => name.startsWith('prodigy-clean')),
      [],
    );
  });
}

test('what was only staged survives a prune between the move and the look at it', async (t) => {
  const shop = await makeShop(t);
  const id = await stagedWork(shop);
  const before = await stateOf(shop, id);
  const pruned = gitThat(shop, '*--work-tree=*quarantine*', `$GIT -C ${shop.repository} worktree prune`);
  const ran = await insist(shop, id, pruned);
  t.is(ran.exitCode, 1, ran.stdout + ran.stderr);
  t.deepEqual(await stateOf(shop, id), before);
  t.is(await snapshots(shop), '');
});

test('the snapshot of a worktree that cannot be made whole stays, is told, and makes it whole when it can', async (t) => {
  const shop = await makeShop(t);
  const id = await stagedWork(shop);
  const branch = `refs/heads/prodigy-${id}`;
  const commit = await git(shop.repository, 'rev-parse', branch);
  const before = await stateOf(shop, id);
  t.is(await killedAndPruned(shop, id), 'SIGKILL false');
  await git(shop.repository, 'update-ref', branch, 'main');
  await clean(shop, ['resume']);
  t.true(fs.existsSync(worktreeOf(shop, id)));
  for (const _ of [1, 2]) {
    const ran = await clean(shop, ['--logs', '--force']);
    t.regex(
      ran.stderr,
      /stays under refs\/prodigy-clean\/.*git has lost its registration: branch .* has moved on/,
    );
    t.not(await snapshots(shop), '');
  }
  const undone = await clean(shop, ['undo', worktreeOf(shop, id)]);
  t.regex(undone.stdout, /was not removed/);

  await git(shop.repository, 'update-ref', branch, commit);
  t.is((await clean(shop, ['resume'])).exitCode, 0);
  t.deepEqual(await stateOf(shop, id), before);
  t.is(await snapshots(shop), '');
  t.regex((await clean(shop, ['resume'])).stdout, /Nothing to resume/);
  t.is((await clean(shop, ['log', 'verify'])).exitCode, 0);
});

test('a worktree that somebody removes after its snapshot comes back from it', async (t) => {
  const shop = await makeShop(t);
  const id = await stagedWork(shop);
  const before = await stateOf(shop, id);
  const worktree = worktreeOf(shop, id);
  const removes = gitThat(shop, '*" update-ref refs/prodigy-clean"*', `rm -rf ${worktree}`);
  const ran = await insist(shop, id, removes);
  t.is(ran.exitCode, 1, ran.stdout + ran.stderr);
  t.is((await journalOf(shop)).filter(({ type }) => type === 'ItemVanished').length, 1);
  t.is((await clean(shop, ['--logs', '--force'])).exitCode, 0);
  t.not(await snapshots(shop), '');
  t.regex((await clean(shop, ['why', worktree])).stdout, /the work in it is kept under refs/);
  const undone = await clean(shop, ['undo', worktree]);
  t.is(undone.exitCode, 0, undone.stdout + undone.stderr);
  t.deepEqual(await stateOf(shop, id), before);
  t.is(await snapshots(shop), '');
});

test('a prune that was under way while the snapshot was taken costs nothing', async (t) => {
  const shop = await makeShop(t);
  const id = await finishedWork(shop, '90d', { files: { 'new.txt': 'untracked\n' } });
  const objects = `$($GIT rev-list --objects --no-object-names --glob=refs/prodigy-clean --not --branches)`;
  const prunes = gitThat(
    shop,
    '*" update-ref refs/prodigy-clean"*',
    `cd ${shop.repository}; for o in ${objects}; do rm -f .git/objects/\${o:0:2}/\${o:2}; done`,
  );
  const ran = await insist(shop, id, prunes);
  t.is(ran.exitCode, 1, ran.stdout + ran.stderr);
  t.regex(ran.stderr, /no snapshot, no removal: what was kept cannot be read again/);
  t.is(fs.readFileSync(join(worktreeOf(shop, id), 'new.txt'), 'utf8'), 'untracked\n');
  t.deepEqual(inQuarantine(shop), []);
});

test('what lies in quarantine is not freed when its snapshot is gone: it is put back, or left and told', async (t) => {
  const shop = await makeShop(t);
  const id = await stagedWork(shop);
  const before = await stateOf(shop, id);
  const killed = async (): Promise<string> => {
    const ran = await insist(shop, id, faulty({ KILL_AT: 'spawn::worktree,remove' }));
    for (const ref of (await snapshots(shop)).split('\n')) {
      await git(shop.repository, 'update-ref', '-d', ref);
    }
    await git(shop.repository, 'gc', '--quiet', '--prune=now');
    return String(ran.signal);
  };
  t.is(await killed(), 'SIGKILL');
  t.is((await clean(shop, ['resume'])).exitCode, 0);
  const taken = (await journalOf(shop)).filter(({ type }) => type === 'SnapshotTaken');
  t.is(taken.length, 2, 'it was put back, and kept anew before it went');
  t.is((await clean(shop, ['undo', worktreeOf(shop, id)])).exitCode, 0);
  t.deepEqual(await stateOf(shop, id), before);

  t.is(await killed(), 'SIGKILL');
  await git(shop.repository, 'worktree', 'prune');
  for (const _ of [1, 2]) {
    const resumed = await clean(shop, ['resume']);
    t.is(resumed.exitCode, 3, resumed.stdout + resumed.stderr);
    t.regex(resumed.stdout, /not freed: /);
    t.true(inQuarantine(shop).length > 0);
  }
});

for (const how of ['dirty', 'clean'] as const) {
  test(`an undo of a ${how} worktree that was killed after its rename is finished after a prune`, async (t) => {
    const shop = await makeShop(t);
    const id = await stagedWork(shop);
    const worktree = worktreeOf(shop, id);
    if (how === 'clean') {
      await git(worktree, 'add', '--all');
      await git(worktree, 'commit', '--quiet', '-m', 'all of it');
      await ageWorktree(worktree, shop.home.nowMs - durationMs('90d'));
    }
    const before = await stateOf(shop, id);
    t.is((await insist(shop, id)).exitCode, 0);
    const killed = await clean(shop, ['undo', worktree], faulty({ KILL_AT: 'spawn::worktree,repair' }));
    t.is(killed.signal, 'SIGKILL', killed.stdout + killed.stderr);
    await git(shop.repository, 'worktree', 'prune');
    const resumed = await clean(shop, ['resume']);
    t.is(resumed.exitCode, 0, resumed.stdout + resumed.stderr);
    t.deepEqual(await stateOf(shop, id), before);
    t.is(await snapshots(shop), '');
    t.is((await git(shop.repository, 'worktree', 'list')).split('\n').length, 2);
  });
}
