import { existsSync, lchownSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { durationMs } from '../helpers/duration.ts';
import { adminDirectory, ageWorktree, commitFile, git, gitAt, makeRepository } from '../helpers/git.ts';
import { sessionWorktree } from '../helpers/worktree-artefacts.ts';
import { session } from '../helpers/session-artefacts.ts';
import { isRoot } from '../helpers/temporary.ts';
import { fingerprint } from '../helpers/tree.ts';
import { clean, documentOf, finishedWork, makeShop, reasonsOf, worktreeOf, type Shop } from './shop.ts';

/** Files by content and mode; their times are git's. */
function filesOf(worktree: string): unknown {
  return [...fingerprint(worktree)]
    .filter(([, { type }]) => type !== 'directory')
    .map(([path, print]) => [path, { ...print, mtimeNs: '', object: '' }]);
}

async function atRest(shop: Shop, worktree: string): Promise<void> {
  await ageWorktree(worktree, shop.home.nowMs - durationMs('90d'));
}

const lfs = {
  attributes: '*.bin filter=lfs diff=lfs merge=lfs -text\n',
  pointer: 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n',
};

test('pointers of Git LFS go and come back as they are; where its filter has to run and cannot, undo says so', async (t) => {
  const shop = await makeShop(t);
  const id = await finishedWork(shop, '90d', {
    commits: { '.gitattributes': lfs.attributes, 'big.bin': lfs.pointer },
  });
  const worktree = worktreeOf(shop, id);
  const before = filesOf(worktree);
  t.is((await clean(shop, ['--worktrees', '--force'])).exitCode, 0);
  t.false(existsSync(worktree));

  await git(shop.repository, 'config', 'filter.lfs.smudge', 'no-such-program smudge -- %f');
  await git(shop.repository, 'config', 'filter.lfs.required', 'true');
  const refused = await clean(shop, ['undo', worktree]);
  t.is(refused.exitCode, 3, refused.stdout + refused.stderr);
  t.regex(refused.stdout, /git would not write its files: a filter of its files failed, or is not installed/);
  t.false(existsSync(worktree));
  t.is((await git(shop.repository, 'worktree', 'list')).split('\n').length, 1);

  await git(shop.repository, 'config', '--remove-section', 'filter.lfs');
  const undone = await clean(shop, ['undo', worktree]);
  t.is(undone.exitCode, 0, undone.stdout + undone.stderr);
  t.deepEqual(filesOf(worktree), before);
  t.is(await git(worktree, 'status', '--porcelain'), '');
});

test('a worktree of a bare repository goes and comes back', async (t) => {
  const shop = await makeShop(t);
  const bare = join(shop.top, 'src', 'bare');
  await makeRepository(bare, { bare: true });
  await git(shop.repository, 'push', '--quiet', bare, 'main');
  const { id } = await session(shop.home, { status: 'Completed', startedAgo: '91d', endedAgo: '90d' });
  const worktree = await sessionWorktree(shop.home, {
    repository: bare,
    id,
    createdAgo: '91d',
    lastAgo: '90d',
    commits: { 'a.txt': 'a\n' },
  });
  const list = await git(bare, 'worktree', 'list', '--porcelain');
  const before = filesOf(worktree);
  const ran = await clean(shop, ['--worktrees', '--force'], { cwd: bare });
  t.is(ran.exitCode, 0, ran.stdout + ran.stderr);
  t.false(existsSync(worktree), ran.stdout);
  t.is((await git(bare, 'worktree', 'list')).split('\n').length, 1);
  const undone = await clean(shop, ['undo', worktree], { cwd: bare });
  t.is(undone.exitCode, 0, undone.stdout + undone.stderr);
  t.is(await git(bare, 'worktree', 'list', '--porcelain'), list);
  t.deepEqual(filesOf(worktree), before);
  t.is(await git(worktree, 'status', '--porcelain'), '');
  await git(bare, 'fsck', '--strict');
});

test('a worktree with a submodule that was never fetched goes and comes back, and the submodule can be fetched', async (t) => {
  const shop = await makeShop(t);
  const library = await makeRepository(join(shop.top, 'src', 'library'));
  await commitFile(library, 'lib.c', 'int x;\n', { atMs: shop.home.nowMs - durationMs('300d') });
  const allow = ['-c', 'protocol.file.allow=always'];
  await git(shop.repository, ...allow, 'submodule', 'add', '--quiet', library, 'lib');
  await gitAt(
    shop.home.nowMs - durationMs('200d'),
    shop.repository,
    'commit',
    '--quiet',
    '-m',
    'Add the library',
  );
  const id = await finishedWork(shop, '90d');
  const worktree = worktreeOf(shop, id);
  const ran = await clean(shop, ['--worktrees', '--force']);
  t.is(ran.exitCode, 0, ran.stdout + ran.stderr);
  t.false(existsSync(worktree), ran.stdout);
  const undone = await clean(shop, ['undo', worktree]);
  t.is(undone.exitCode, 0, undone.stdout + undone.stderr);
  t.is(await git(worktree, 'status', '--porcelain'), '');
  t.deepEqual(readdirSync(join(worktree, 'lib')), []);
  await git(worktree, ...allow, 'submodule', 'update', '--init', '--quiet');
  t.true(existsSync(join(worktree, 'lib', 'lib.c')));
});

test('beside a corrupted index what is sound goes, and it stays', async (t) => {
  const shop = await makeShop(t);
  const [sound, corrupted] = [await finishedWork(shop, '90d'), await finishedWork(shop, '90d')];
  const index = join(await adminDirectory(worktreeOf(shop, corrupted)), 'index');
  writeFileSync(index, 'DIRC rubbish');
  await atRest(shop, worktreeOf(shop, sound));
  const ran = documentOf(await clean(shop, ['--worktrees', '--force', '--json']));
  t.is(ran.exitCode, 0);
  t.false(existsSync(worktreeOf(shop, sound)));
  t.true(existsSync(worktreeOf(shop, corrupted)));
  t.is(reasonsOf(ran)[`worktrees:${worktreeOf(shop, corrupted)}`], 'unreadable');
});

const asRoot = isRoot() ? test : test.skip;

asRoot(
  'nothing of a repository that git refuses (safe.directory) goes, and nothing of it comes back',
  async (t) => {
    const shop = await makeShop(t);
    const [gone, stays] = [await finishedWork(shop, '90d'), await finishedWork(shop, '3d')];
    t.is((await clean(shop, ['--worktrees', '--force'])).exitCode, 0);
    t.false(existsSync(worktreeOf(shop, gone)));
    const worktree = worktreeOf(shop, stays);
    const given = [worktree, join(worktree, '.git'), shop.repository, join(shop.repository, '.git')];
    for (const path of given) lchownSync(path, 65_534, 65_534);

    const before = filesOf(worktree);
    const ran = await clean(shop, ['--worktrees', '--force', '--older-than', '2d', '--all-repos', '--json']);
    const document = documentOf(ran);
    t.is(reasonsOf(document)[`worktrees:${worktree}`], 'unreadable', ran.stdout);
    t.deepEqual(filesOf(worktree), before);
    const refused = await clean(shop, ['undo', worktreeOf(shop, gone)]);
    t.is(refused.exitCode, 3, refused.stdout + refused.stderr);
    t.false(existsSync(worktreeOf(shop, gone)));

    for (const path of given) lchownSync(path, 0, 0);
    const undone = await clean(shop, ['undo', worktreeOf(shop, gone)]);
    t.is(undone.exitCode, 0, undone.stdout + undone.stderr);
    t.is(await git(worktreeOf(shop, gone), 'status', '--porcelain'), '');
  },
);
