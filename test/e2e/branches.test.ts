import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ageWorktree, commitFile, git } from '../helpers/git.ts';
import { durationMs } from '../helpers/duration.ts';
import { repositoryTop } from '../helpers/run-prodigy.ts';
import {
  clean,
  documentOf,
  finishedWork,
  inQuarantine,
  journalOf,
  makeShop,
  worktreeOf,
  type LoggedEntry,
  type Shop,
} from './shop.ts';

/** Three finished worktrees: one merged, one squashed, one whose work is nowhere else. */
async function threeWorktrees(
  t: ExecutionContext,
  modules = 0,
): Promise<Shop & Record<'merged' | 'squashed' | 'open', string>> {
  const shop = await makeShop(t);
  const merged = await finishedWork(shop, '60d', { modules });
  const squashed = await finishedWork(shop, '50d', { modules });
  const open = await finishedWork(shop, '40d', { modules });
  const { home, repository } = shop;
  const atMs = home.nowMs - durationMs('30d');
  await git(repository, 'merge', '--quiet', '--no-ff', '-m', 'Merge', `prodigy-${merged}`);
  await git(repository, 'merge', '--quiet', '--squash', `prodigy-${squashed}`);
  await git(repository, 'commit', '--quiet', '-m', 'Squash');
  await commitFile(repository, `feature-${squashed}.txt`, 'moved on\n', { atMs });
  return { ...shop, merged, squashed, open };
}

const branchesOf = async ({ repository }: Shop): Promise<readonly string[]> => {
  const listed = await git(repository, 'for-each-ref', '--format=%(refname:short)', 'refs/heads/');
  return listed.split('\n').filter((name) => name !== '' && name !== 'main');
};

const of = (entries: readonly LoggedEntry[], type: string): readonly LoggedEntry[] =>
  entries.filter((entry) => entry.type === type);

async function isSound(t: ExecutionContext, { repository }: Shop, worktrees: number): Promise<void> {
  const listed = await git(repository, 'worktree', 'list', '--porcelain');
  t.is(listed.split('\n').filter((line) => line.startsWith('worktree ')).length, worktrees + 1);
  t.false(listed.includes('prunable'));
  t.is(await git(repository, 'fsck', '--no-dangling'), '');
}

const run = ['--worktrees', '--force', '--json'];

test('branches are kept unless somebody asks; then only those go whose content is in the target (story 22)', async (t) => {
  const shop = await threeWorktrees(t);
  const all = ['merged', 'squashed', 'open'].map((name) => `prodigy-${shop[name as 'open']}`);
  t.deepEqual([...(await branchesOf(shop))].sort(), all.toSorted());

  const plain = await clean(shop, ['--worktrees', '--dry-run']);
  t.notRegex(plain.stdout, /deletes/);
  const dry = await clean(shop, ['--worktrees', '--delete-merged-branches', '--dry-run']);
  t.regex(dry.stdout, /Plan: 3 to remove with 2 branches, 0 kept\./);
  t.regex(dry.stdout, /landed in main by cherry-pick.*, clean \(.*deletes: branch prodigy-/);
  t.deepEqual([...(await branchesOf(shop))].sort(), all.toSorted(), 'a dry run deletes nothing');

  const before = await git(shop.repository, 'rev-parse', `prodigy-${shop.squashed}`);
  const document = documentOf(await clean(shop, [...run, '--delete-merged-branches']));
  t.is(document.outcome, 'completed', JSON.stringify(document.failures));
  t.deepEqual(await branchesOf(shop), [`prodigy-${shop.open}`]);
  const items = document.items as unknown as readonly { name: string; branches?: unknown }[];
  const squashed = items.find(({ name }) => name.endsWith(shop.squashed));
  const branch = `refs/heads/prodigy-${shop.squashed}`;
  t.deepEqual(squashed?.branches, [{ branch, commit: before, outcome: 'deleted' }]);
  await isSound(t, shop, 0);

  const entries = await journalOf(shop);
  const deleted = of(entries, 'BranchDeleted').map(({ data }) => data);
  t.is(deleted.length, 2);
  t.true(deleted.some((data) => data['branch'] === branch && data['commit'] === before));
  for (const { op, data } of of(entries, 'BranchDeleted')) {
    const own = entries.filter((entry) => entry.op === op).map(({ type }) => type);
    t.deepEqual(
      own,
      ['RemovalIntended', 'ItemQuarantined', 'BranchDeleted', 'ItemRemoved'],
      `${String(data['branch'])}: intended before, told before the end`,
    );
  }
  t.is((await clean(shop, ['log', 'verify'])).exitCode, 0);
});

test('a branch that moved on after its worktree had been taken away stays, is told, and the worktree goes', async (t) => {
  const shop = await threeWorktrees(t);
  const { repository, merged } = shop;
  const ref = `refs/heads/prodigy-${merged}`;
  const preload = join(repositoryTop(), 'test', 'helpers', 'preload.cjs');
  const ran = await clean(shop, [...run, '--delete-merged-branches'], {
    env: { KILL_AT: 'spawn::worktree,remove', NODE_OPTIONS: `--require=${preload}` },
  });
  t.is(ran.signal, 'SIGKILL');
  t.false(existsSync(worktreeOf(shop, merged)));
  await git(repository, 'update-ref', ref, await git(repository, 'rev-parse', 'main'));
  const resumed = await clean(shop, ['resume']);
  t.is(resumed.exitCode, 0, resumed.stdout + resumed.stderr);
  t.regex(resumed.stdout, new RegExp(`branch kept: prodigy-${merged}: it has moved on`));
  t.true((await branchesOf(shop)).includes(`prodigy-${merged}`));
  const kept = of(await journalOf(shop), 'BranchKept').map(({ data }) => [data['branch'], data['reason']]);
  t.deepEqual(kept, [[ref, 'moved']]);
  await isSound(t, shop, 0);
});

test('killed when the first branch is gone, resume ends with each branch told and each worktree removed once (story 24)', async (t) => {
  const shop = await threeWorktrees(t, 400);
  const refs = join(shop.repository, '.git', 'refs', 'heads');
  const names = [shop.merged, shop.squashed].map((id) => `prodigy-${id}`);
  const ran = await clean(shop, [...run, '--delete-merged-branches'], {
    killWhen: () => names.some((name) => !existsSync(join(refs, name))),
  });
  t.true(ran.killed);
  const resumed = await clean(shop, ['resume']);
  t.is(resumed.exitCode, 0, resumed.stdout + resumed.stderr);
  t.deepEqual(await branchesOf(shop), [`prodigy-${shop.open}`]);
  for (const id of [shop.merged, shop.squashed, shop.open]) t.false(existsSync(worktreeOf(shop, id)));
  await isSound(t, shop, 0);
  const entries = await journalOf(shop);
  t.deepEqual(
    [...new Set(of(entries, 'BranchDeleted').map(({ data }) => String(data['branch'])))].toSorted(),
    names.map((name) => `refs/heads/${name}`).toSorted(),
  );
  t.is(of(entries, 'ItemRemoved').length, 3);
  t.regex((await clean(shop, ['resume'])).stdout, /Nothing to resume/);
});

test('killed before anything is freed, a main repository that is gone by then stops nothing (story 24)', async (t) => {
  const shop = await threeWorktrees(t, 400);
  const admin = join(shop.repository, '.git', 'worktrees');
  const ran = await clean(shop, [...run, '--delete-merged-branches'], {
    killWhen: () => !existsSync(worktreeOf(shop, shop.merged)) && existsSync(join(admin, shop.merged)),
  });
  t.true(ran.killed);
  await rename(shop.repository, `${shop.repository}-moved`);
  const resumed = await clean(shop, ['resume', '--json'], { cwd: shop.top });
  t.true([0, 3].includes(resumed.exitCode ?? 1), resumed.stdout + resumed.stderr);
  const entries = await journalOf({ ...shop, repository: shop.top });
  const ends = of(entries, 'ItemRemoved').length + of(entries, 'ItemDrifted').length;
  t.is(ends, of(entries, 'RemovalIntended').length, 'each has its end');
  t.is(of(entries, 'BranchDeleted').length, 0, 'nothing is claimed of branches that nobody can see');
  t.is(await git(`${shop.repository}-moved`, 'fsck', '--no-dangling'), '');
  t.is((await branchesOf({ ...shop, repository: `${shop.repository}-moved` })).length, 3);
});

test('what is gone from quarantine when a killed run is resumed leaves git all the same, with its branch', async (t) => {
  const shop = await threeWorktrees(t);
  const bin = join(shop.top, 'bin');
  mkdirSync(bin);
  // The run dies when git is to forget the first of them: all that was told by then is that they are in quarantine.
  const asked = 'case " $* " in *" worktree remove "*) kill -9 $PPID; exit 1;; esac';
  const path = process.env['PATH'] ?? '';
  writeFileSync(join(bin, 'git'), `#!/bin/sh\n${asked}\nPATH='${path}' exec git "$@"\n`, { mode: 0o755 });
  const killed = await clean(shop, [...run, '--delete-merged-branches'], {
    env: { PATH: `${bin}:${path}` },
  });
  t.is(killed.signal, 'SIGKILL', killed.stdout + killed.stderr);
  t.is(inQuarantine(shop).length, 6, 'each with its metadata');
  await rm(join(shop.home.root, 'clean', 'quarantine'), { recursive: true });

  const resumed = await clean(shop, ['resume', '--json']);
  t.is(resumed.exitCode, 0, resumed.stdout + resumed.stderr);
  await isSound(t, shop, 0);
  t.deepEqual(await branchesOf(shop), [`prodigy-${shop.open}`]);
  t.is(of(await journalOf(shop), 'ItemRemoved').length, 3);
});

/** A squashed branch, and a worktree that stands detached at a commit in its middle. */
async function withIdea(
  t: ExecutionContext,
): Promise<Shop & { readonly squashed: string; readonly detached: string; readonly idea: string }> {
  const shop = await makeShop(t);
  const { home, repository } = shop;
  const detached = await finishedWork(shop, '60d', { commits: {} });
  const squashed = await finishedWork(shop, '50d', { lastAgo: '60d' });
  const [worktree, other] = [worktreeOf(shop, squashed), worktreeOf(shop, detached)];
  const [atMs, laterMs] = [home.nowMs - durationMs('60d'), home.nowMs - durationMs('50d')];
  const idea = await commitFile(worktree, 'secret-idea', 'idea\n', { atMs });
  await git(worktree, 'rm', '--quiet', 'secret-idea');
  await commitFile(worktree, 'e.txt', 'five\n', { atMs: laterMs });
  await git(repository, 'merge', '--quiet', '--squash', `prodigy-${squashed}`);
  await git(repository, 'commit', '--quiet', '-m', 'Squash');
  await git(other, 'checkout', '--quiet', '--detach', idea);
  await ageWorktree(worktree, laterMs);
  await ageWorktree(other, atMs);
  return { ...shop, squashed, detached, idea };
}

test('a branch that is the proof of another worktree stays when both go, in one run or in two, and undo brings it back', async (t) => {
  for (const isOneRun of [true, false]) {
    const shop = await withIdea(t);
    const { repository, squashed, detached, idea } = shop;
    const other = worktreeOf(shop, detached);
    if (!isOneRun) {
      const first = await clean(shop, ['--worktrees', '--older-than', '55d', '--force']);
      t.is(first.exitCode, 0, first.stdout + first.stderr);
      t.deepEqual(
        [other, worktreeOf(shop, squashed)].map((path) => existsSync(path)),
        [false, true],
      );
    }
    const ran = documentOf(await clean(shop, [...run, '--older-than', '1h', '--delete-merged-branches']));
    t.is(ran.outcome, 'completed', JSON.stringify(ran.failures));
    for (const path of [other, worktreeOf(shop, squashed)]) t.false(existsSync(path));
    t.true((await branchesOf(shop)).includes(`prodigy-${squashed}`));
    t.not(await git(repository, 'for-each-ref', '--contains', idea), '');
    const kept = of(await journalOf(shop), 'BranchKept').map(({ data }) => data['reason']);
    t.deepEqual(kept, isOneRun ? [] : ['needed'], 'one run does not even plan it');
    t.is((await clean(shop, ['undo', other])).exitCode, 0);
    t.is(await git(other, 'rev-parse', 'HEAD'), idea);
  }
});
