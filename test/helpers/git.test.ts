import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { addWorktree, adminDirectory, ageWorktree, commitFile, git, makeRepository } from './git.ts';
import { prodigyHome } from './prodigy-home.ts';
import { temporaryDirectory } from './temporary.ts';
import { agentPool, sessionWorktree } from './worktree-artefacts.ts';

test('commits carry the time they are given', async (t) => {
  const repository = await makeRepository(join(temporaryDirectory(t), 'shop'));
  const atMs = Date.UTC(2025, 0, 2, 3, 4, 5);
  const hash = await commitFile(repository, 'a/b.txt', 'x', { atMs });
  t.is(await git(repository, 'log', '-1', '--format=%H %at %ct'), `${hash} ${atMs / 1_000} ${atMs / 1_000}`);
  t.is(await git(repository, 'symbolic-ref', '--short', 'HEAD'), 'main');
});

test('neither our own repository nor the user’s settings are seen', async (t) => {
  const repository = await makeRepository(join(temporaryDirectory(t), 'shop'));
  const origins = await git(repository, 'config', '--list', '--show-origin');
  for (const line of origins.split('\n')) t.regex(line, /^(file:\.git\/config|command line:)/);
});

test('an aged worktree and its admin files look untouched, and git agrees that it is clean', async (t) => {
  const top = temporaryDirectory(t);
  const repository = await makeRepository(join(top, 'shop'));
  await commitFile(repository, 'a.txt', 'x');
  const worktree = join(top, 'w');
  const atMs = Date.now() - 40 * 86_400_000;
  await addWorktree(repository, worktree, 'prodigy-w', { atMs });
  await ageWorktree(worktree, atMs);
  const admin = await adminDirectory(worktree);
  for (const path of [worktree, join(worktree, 'a.txt')]) {
    t.is(Math.round(lstatSync(path).mtimeMs), atMs - 2_000, path);
  }
  for (const path of [join(worktree, '.git'), admin]) t.is(Math.round(lstatSync(path).mtimeMs), atMs, path);
  for (const name of ['index', 'HEAD', 'ORIG_HEAD', 'logs/HEAD']) {
    t.is(Math.round(lstatSync(join(admin, name)).mtimeMs), atMs, name);
  }
  t.is(await git(worktree, 'status', '--porcelain'), '');
  t.is(Math.round(lstatSync(join(admin, 'index')).mtimeMs), atMs, 'status had no reason to write the index');
  t.regex(await git(worktree, 'reflog', '--date=unix'), new RegExp(String(Math.floor(atMs / 1_000))));
});

test('a bare repository can own worktrees', async (t) => {
  const top = temporaryDirectory(t);
  const source = await makeRepository(join(top, 'source'));
  await commitFile(source, 'a.txt', 'x');
  const bare = await makeRepository(join(top, 'shop.git'), { bare: true });
  await git(source, 'push', '--quiet', bare, 'main');
  await addWorktree(bare, join(top, 'w'), 'prodigy-w');
  t.true((await git(bare, 'worktree', 'list')).includes(join(top, 'w')));
});

test('session worktrees and agent pools are real worktrees under Prodigy’s names', async (t) => {
  const home = await prodigyHome(t);
  const repository = await makeRepository(join(home.home, 'src', 'shop'));
  await commitFile(repository, 'a.txt', 'x');
  const id = home.ids.session();
  const path = await sessionWorktree(home, {
    repository,
    id,
    createdAgo: '9d',
    commits: { 'b.txt': 'y' },
    modules: 20,
  });
  t.is(path, join(home.root, 'worktrees', 'shop', id));
  t.is(await git(path, 'symbolic-ref', '--short', 'HEAD'), `prodigy-${id}`);
  const agents = await agentPool(home, {
    repository,
    session: id,
    job: 'mapreduce-20251228_031129',
    ago: '9d',
    agents: [{ agent: 16 }],
  });
  const name = 'mapreduce-agent-mapreduce-20251228_031129_agent_16';
  t.deepEqual(agents, [join(home.root, 'worktrees', id, name)]);
  t.true((await git(repository, 'worktree', 'list')).includes(name));
});
