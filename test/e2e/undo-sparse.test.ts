import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { durationMs } from '../helpers/duration.ts';
import { adminDirectory, ageWorktree, commitFile, git } from '../helpers/git.ts';
import { repositoryTop, runProdigy } from '../helpers/run-prodigy.ts';
import { fingerprint } from '../helpers/tree.ts';
import { clean, finishedWork, makeShop, worktreeOf, type Shop } from './shop.ts';

/** All of a worktree that git shows and that a person sees, but for the times of its files. */
async function stateOf(shop: Shop, worktree: string): Promise<unknown> {
  const admin = await adminDirectory(worktree);
  const textOf = (path: string): string | undefined => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
  };
  return {
    status: await git(worktree, 'status', '--porcelain'),
    staged: await git(worktree, 'ls-files', '--stage', '-t'),
    list: await git(shop.repository, 'worktree', 'list', '--porcelain'),
    files: [...fingerprint(worktree)]
      .filter(([, { type }]) => type !== 'directory')
      .map(([path, print]) => [path, { ...print, mtimeNs: '', object: '' }]),
    patterns: await git(worktree, 'sparse-checkout', 'list').catch(() => 'not sparse'),
    settings: textOf(join(admin, 'config.worktree')),
    sparse: textOf(join(admin, 'info', 'sparse-checkout')),
    pointers: [textOf(join(worktree, '.git')), textOf(join(admin, 'gitdir'))],
  };
}

/** Finished work of 90 days, in a repository of a few directories; `change` is made before it came to rest. */
async function workWith(
  shop: Shop,
  change: (worktree: string) => Promise<unknown>,
): Promise<{ id: string; worktree: string }> {
  for (const path of ['top.txt', 'api/main.ts', 'api/deep/x.ts', 'web/page.html', 'docs/a.md']) {
    await commitFile(shop.repository, path, `${path}\n`, { atMs: shop.home.nowMs - durationMs('300d') });
  }
  const id = await finishedWork(shop, '90d');
  const worktree = worktreeOf(shop, id);
  await change(worktree);
  await ageWorktree(worktree, shop.home.nowMs - durationMs('90d'));
  return { id, worktree };
}

/** As git 2.48 does it where `worktree.useRelativePaths` is set. */
async function tieRelatively(worktree: string): Promise<void> {
  const admin = await adminDirectory(worktree);
  writeFileSync(join(worktree, '.git'), `gitdir: ${relative(worktree, admin)}\n`);
  writeFileSync(join(admin, 'gitdir'), `${relative(admin, join(worktree, '.git'))}\n`);
}

/** What is kept of freed worktrees, and what an undo left aside. */
function keptIn({ home }: Shop): readonly string[] {
  const top = join(home.root, 'clean', 'undo');
  return readdirSync(top).flatMap((id) => readdirSync(join(top, id)).map((name) => join(top, id, name)));
}

const comesBack = test.macro({
  title: (name) => `a worktree comes back as it was: ${name}`,
  async exec(
    t: ExecutionContext,
    change: (worktree: string, shop: Shop) => Promise<unknown>,
    insist: boolean = false,
  ) {
    const shop = await makeShop(t);
    const { id, worktree } = await workWith(shop, (path) => change(path, shop));
    const before = await stateOf(shop, worktree);
    const ran = insist
      ? await runProdigy(shop.home, ['worktree', 'clean', '-f', id], { cwd: shop.repository })
      : await clean(shop, ['--worktrees', '--force']);
    t.is(ran.exitCode, 0, ran.stdout + ran.stderr);
    t.throws(() => readFileSync(join(worktree, '.git')), { code: 'ENOENT' }, ran.stdout);
    const undone = await clean(shop, ['undo', worktree]);
    t.is(undone.exitCode, 0, undone.stdout + undone.stderr);
    t.deepEqual(await stateOf(shop, worktree), before);
    t.deepEqual(keptIn(shop), []);
    await git(shop.repository, 'fsck', '--strict');
    await git(worktree, 'fsck', '--strict');
  },
});

test('sparse, in cone mode', comesBack, (worktree) => git(worktree, 'sparse-checkout', 'set', 'api'));
test('sparse, by patterns', comesBack, (worktree) =>
  git(worktree, 'sparse-checkout', 'set', '--no-cone', '/*', '!/web/', '!*.md'),
);
test('sparse, with a sparse index', comesBack, (worktree) =>
  git(worktree, 'sparse-checkout', 'set', '--sparse-index', 'web'),
);
test('sparse, by more patterns than the journal takes', comesBack, (worktree) =>
  git(
    worktree,
    'sparse-checkout',
    'set',
    '--no-cone',
    '/api/',
    ...Array.from({ length: 2_000 }, (_, index) => `/generated/directory-${index}/`),
  ),
);
test('whole, beside a main working directory that is sparse', comesBack, async (worktree, shop) => {
  await git(shop.repository, 'sparse-checkout', 'set', 'docs');
  return worktree;
});
test(
  'sparse, dirty, and removed because its owner insisted',
  comesBack,
  async (worktree) => {
    await git(worktree, 'sparse-checkout', 'set', 'api');
    writeFileSync(join(worktree, 'api', 'main.ts'), 'changed\n');
    writeFileSync(join(worktree, 'api', 'new.ts'), 'new\n');
    writeFileSync(join(worktree, 'top.txt'), 'staged\n');
    return git(worktree, 'add', 'top.txt');
  },
  true,
);
test('with settings of its own', comesBack, async (worktree, shop) => {
  await git(shop.repository, 'config', 'extensions.worktreeConfig', 'true');
  await git(worktree, 'config', '--worktree', 'user.email', 'other@example.org');
  return git(worktree, 'config', '--worktree', 'branch.main.description', 'two\nlines');
});
test('with a relative path in its .git file', comesBack, async (worktree) => {
  const admin = await adminDirectory(worktree);
  writeFileSync(join(worktree, '.git'), `gitdir: ${relative(worktree, admin)}\n`);
});
test('with relative paths both ways', comesBack, tieRelatively);
test('sparse once, and whole by now', comesBack, async (worktree) => {
  await git(worktree, 'sparse-checkout', 'set', 'api');
  return git(worktree, 'sparse-checkout', 'disable');
});

test('a sparse worktree whose kept settings somebody tidied away comes back with its files, and sparse', async (t) => {
  const shop = await makeShop(t);
  const { worktree } = await workWith(shop, (path) =>
    git(path, 'sparse-checkout', 'set', '--no-cone', '/api/'),
  );
  const before = (await stateOf(shop, worktree)) as { files: unknown; patterns: unknown };
  t.is((await clean(shop, ['--worktrees', '--force'])).exitCode, 0);
  const kept = keptIn(shop).filter((path) => !path.endsWith('.1'));
  t.is(kept.length, 2);
  for (const path of kept) rmSync(path);
  const undone = await clean(shop, ['undo', worktree]);
  t.is(undone.exitCode, 0, undone.stdout + undone.stderr);
  const { files, patterns } = (await stateOf(shop, worktree)) as typeof before;
  t.deepEqual({ files, patterns }, { files: before.files, patterns: before.patterns });
});

for (const point of ['rename::git-file', 'rename::gitdir.prodigy-clean']) {
  test(`an undo that was killed at ${point} is finished by the next run`, async (t) => {
    const shop = await makeShop(t);
    const { worktree } = await workWith(shop, async (path) => {
      await git(path, 'sparse-checkout', 'set', 'api');
      return tieRelatively(path);
    });
    const before = await stateOf(shop, worktree);
    t.is((await clean(shop, ['--worktrees', '--force'])).exitCode, 0);
    const preload = join(repositoryTop(), 'test', 'helpers', 'preload.cjs');
    const killed = await clean(shop, ['undo', worktree], {
      env: { KILL_AT: point, NODE_OPTIONS: `--require=${preload}` },
    });
    t.is(killed.signal, 'SIGKILL', killed.stdout + killed.stderr);
    const resumed = await clean(shop, ['resume']);
    t.is(resumed.exitCode, 0, resumed.stderr);
    t.deepEqual(await stateOf(shop, worktree), before);
    t.deepEqual(keptIn(shop), []);
  });
}
