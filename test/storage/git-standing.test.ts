import { execFileSync } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { appendFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { inspectWorktree } from '../../src/storage/git-worktree.ts';
import {
  addWorktree,
  adminDirectory,
  commitFile,
  git,
  giveGitAHome,
  makeRepository,
} from '../helpers/git.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

giveGitAHome(test);

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
  // Until then another write to the index might not show.
  await setTimeout(3_100);
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

test.serial('a ref that is there only while git is asked reaches nothing', async (t) => {
  const { main, worktree } = await fixture(t);
  await git(worktree, 'checkout', '--quiet', '--detach');
  const head = await git(worktree, 'rev-parse', 'HEAD');
  await git(main, 'branch', '--quiet', '-D', 'prodigy-session');
  const directory = temporaryDirectory(t);
  const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
  // As `git stash` and `git stash pop` do it.
  const stash = `'${real}' -C '${main}' update-ref`;
  const around = `${stash} refs/stash ${head}; '${real}' "$@"; code=$?; ${stash} -d refs/stash; exit $code;;`;
  const script = `#!/bin/sh\ncase " $* " in *' rev-list '*--parents*) ${around} esac\nexec '${real}' "$@"\n`;
  await writeFile(join(directory, 'git'), script, { mode: 0o755 });
  const path = process.env['PATH'] ?? '';
  process.env['PATH'] = `${directory}:${path}`;
  t.teardown(() => {
    process.env['PATH'] = path;
  });
  t.is((await inspectWorktree(worktree)).unreachable?.example, head);
  process.env['PATH'] = path;
  t.is((await inspectWorktree(worktree)).unreachable?.example, head);
});

test('an object that was missing and is there again counts again', async (t) => {
  const { main, worktree } = await fixture(t);
  const lost = await commitFile(worktree, 'c.txt', 'only the reflog has it\n');
  await git(worktree, 'reset', '--quiet', '--hard', 'HEAD~1');
  const object = join(main, '.git', 'objects', lost.slice(0, 2), lost.slice(2));
  await rename(object, `${object}.aside`);
  t.is((await inspectWorktree(worktree)).unreachable?.count, 0);
  await rename(`${object}.aside`, object);
  t.is((await inspectWorktree(worktree)).unreachable?.example, lost);
});

test('with a ref to an object that is not there, nothing can be told', async (t) => {
  const { main, worktree } = await fixture(t);
  t.is((await inspectWorktree(worktree)).unreachable?.count, 0);
  await writeFile(join(main, '.git', 'refs', 'heads', 'broken'), `${'1'.repeat(40)}\n`);
  const facts = await inspectWorktree(worktree);
  t.is(facts.unreachable, undefined);
  t.true(facts.doubts.some(({ reason }) => reason === 'unreadable'));
});

test('a file that is in a sparse checkout against its pattern is looked at, whatever the settings become', async (t) => {
  const { worktree } = await fixture(t);
  await git(worktree, 'config', 'core.sparseCheckout', 'true');
  await git(worktree, 'update-index', '--skip-worktree', 'a.txt');
  // Until then the index is read again in any case.
  await setTimeout(3_100);
  t.is((await inspectWorktree(worktree)).changes?.uncommitted, 0);
  await git(worktree, 'config', 'core.sparseCheckout', 'false');
  await appendFile(join(worktree, 'a.txt'), 'more\n');
  t.is((await inspectWorktree(worktree)).changes?.uncommitted, 1);
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
