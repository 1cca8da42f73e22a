import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { writeFileSync } from 'node:fs';
import { appendFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { inspectWorktree } from '../../src/storage/git-worktree.ts';
import { addWorktree, adminDirectory, commitFile, git, makeRepository } from '../helpers/git.ts';
import {
  makeTemporaryDirectory,
  removeTemporaryDirectory,
  temporaryDirectory,
} from '../helpers/temporary.ts';

const home = makeTemporaryDirectory();
process.env['HOME'] = home;
process.env['XDG_CONFIG_HOME'] = join(home, '.config');
process.env['GIT_CONFIG_NOSYSTEM'] = '1';
test.after.always(() => removeTemporaryDirectory(home));

/** A worktree on a branch of its own with one commit, which the branch alone keeps. */
async function fixture(t: ExecutionContext): Promise<{ readonly main: string; readonly worktree: string }> {
  const top = temporaryDirectory(t);
  const main = await makeRepository(join(top, 'app'));
  await commitFile(main, 'a.txt', 'one\n');
  const worktree = join(top, 'worktrees', 'session');
  await addWorktree(main, worktree, 'prodigy-session');
  await commitFile(worktree, 'b.txt', 'two\n');
  return { main, worktree };
}

test.serial('a second look at a worktree starts git for what may have changed only', async (t) => {
  const { worktree } = await fixture(t);
  let started = 0;
  subscribe('child_process', () => {
    started += 1;
  });
  const first = await inspectWorktree(worktree, { originalBranch: 'main' });
  const atFirst = started;
  started = 0;
  const again = await inspectWorktree(worktree, { originalBranch: 'main', landed: false });
  t.deepEqual(again, first);
  // Settings, status, refs.
  t.is(started, 3);
  t.true(atFirst > 6, `${atFirst}`);
});

test('a commit whose only branch is deleted between two looks is unreachable in the second', async (t) => {
  const { main, worktree } = await fixture(t);
  const head = await git(worktree, 'rev-parse', 'HEAD');
  await git(worktree, 'checkout', '--quiet', '--detach');
  t.is((await inspectWorktree(worktree)).unreachable?.count, 0);
  await git(main, 'branch', '--quiet', '-D', 'prodigy-session');
  t.is((await inspectWorktree(worktree)).unreachable?.example, head);
  await git(main, 'branch', 'kept', head);
  t.is((await inspectWorktree(worktree)).unreachable?.count, 0);
});

test.serial('a ref that only for a moment reached a commit is not remembered', async (t) => {
  const { main, worktree } = await fixture(t);
  await git(worktree, 'checkout', '--quiet', '--detach');
  const head = await git(worktree, 'rev-parse', 'HEAD');
  const ref = join(main, '.git', 'refs', 'heads', 'prodigy-session');
  await rm(ref);
  const children: ChildProcess[] = [];
  const onStart = (message: unknown): void => {
    children.push((message as { readonly process: ChildProcess }).process);
  };
  subscribe('child_process', onStart);
  const lookedAt = inspectWorktree(worktree);
  // The refs were listed; what they reach will be asked next.
  while (!children.some(({ spawnargs }) => spawnargs?.includes('cat-file'))) await setImmediate();
  unsubscribe('child_process', onStart);
  writeFileSync(ref, `${head}\n`);
  await lookedAt;
  await rm(ref);
  t.is((await inspectWorktree(worktree)).unreachable?.count, 1);
});

test('where a repository was cut off between two looks, what lay behind is not reached any more', async (t) => {
  const { main, worktree } = await fixture(t);
  const base = await git(main, 'rev-parse', 'main');
  await commitFile(main, 'c.txt', 'three\n');
  await git(worktree, 'checkout', '--quiet', '--detach', base);
  await git(main, 'branch', '--quiet', '-D', 'prodigy-session');
  await rm(join(await adminDirectory(worktree), 'logs'), { recursive: true });
  t.is((await inspectWorktree(worktree)).unreachable?.count, 0);
  await writeFile(join(main, '.git', 'shallow'), `${await git(main, 'rev-parse', 'main')}\n`);
  t.is((await inspectWorktree(worktree)).unreachable?.count, 1);
});

test('a branch that is moved between two looks is merged where it is merged now', async (t) => {
  const { main, worktree } = await fixture(t);
  t.is((await inspectWorktree(worktree, { originalBranch: 'main' })).mergedInto, undefined);
  await git(main, 'merge', '--quiet', '--no-ff', '-m', 'Merge', 'prodigy-session');
  t.is((await inspectWorktree(worktree, { originalBranch: 'main' })).mergedInto, 'main');
  await git(main, 'reset', '--quiet', '--hard', 'HEAD~1');
  t.is((await inspectWorktree(worktree, { originalBranch: 'main' })).mergedInto, undefined);
});

for (const flag of ['--skip-worktree', '--assume-unchanged']) {
  test(`a file that git is told not to look at between two looks is looked at: ${flag}`, async (t) => {
    const { worktree } = await fixture(t);
    t.is((await inspectWorktree(worktree)).changes?.uncommitted, 0);
    await git(worktree, 'update-index', flag, 'a.txt');
    t.is((await inspectWorktree(worktree)).changes?.uncommitted, 0);
    await appendFile(join(worktree, 'a.txt'), 'more\n');
    t.is((await inspectWorktree(worktree)).changes?.uncommitted, 1);
  });
}
