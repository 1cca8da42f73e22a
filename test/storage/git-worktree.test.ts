import {
  appendFile,
  chmod,
  lchown,
  mkdir,
  readFile,
  rename,
  rm,
  symlink,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { existsSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { measureTrees } from '../../src/disk/measure.ts';
import type { WorktreeFacts } from '../../src/model/worktree.ts';
import { registrationOf, unregisterWorktree } from '../../src/storage/git-registration.ts';
import { inspectWorktree } from '../../src/storage/git-worktree.ts';
import { giveToNobody } from '../helpers/as-nobody.ts';
import {
  addWorktree,
  adminDirectory,
  commitFile,
  git,
  giveGitAHome,
  makeRepository,
} from '../helpers/git.ts';
import { isRoot, temporaryDirectory } from '../helpers/temporary.ts';

giveGitAHome(test);

const branch = 'prodigy-session';

type Fixture = { readonly top: string; readonly main: string; readonly worktree: string };

/** A repository with one commit and a worktree of it on `prodigy-session`, nothing done in it yet. */
async function fixture(t: ExecutionContext): Promise<Fixture> {
  const top = temporaryDirectory(t);
  const main = await makeRepository(join(top, 'app'));
  await commitFile(
    main,
    '.gitignore',
    ['node_modules/', '.env*', 'local/', '*.log', '/nested/', ''].join('\n'),
  );
  await commitFile(main, 'a.txt', 'one\n');
  const worktree = join(top, 'worktrees', 'app', 'session');
  await addWorktree(main, worktree, branch);
  return { top, main, worktree };
}

/** What the proof of DESIGN 5.5 needs; the policy decides in the same way, and elsewhere. */
function isProvenSafe({ changes, unreachable, operation, locked, doubts }: WorktreeFacts): boolean {
  return (
    doubts.length === 0 &&
    locked === undefined &&
    operation === undefined &&
    unreachable?.count === 0 &&
    changes?.uncommitted === 0 &&
    changes.untracked === 0 &&
    changes.precious.length === 0
  );
}

test('a worktree without changes is clean, merged and proven safe', async (t) => {
  const { main, worktree } = await fixture(t);
  await mkdir(join(worktree, 'node_modules'));
  await writeFile(join(worktree, 'node_modules', 'x.pem'), '');
  await writeFile(join(worktree, 'debug.log'), '');
  const facts = await inspectWorktree(worktree, { originalBranch: 'main' });
  t.true(isProvenSafe(facts), JSON.stringify(facts));
  t.is(facts.mainGitDir, join(main, '.git'));
  t.is(facts.adminDir, join(main, '.git', 'worktrees', 'session'));
  t.is(facts.branch, `refs/heads/${branch}`);
  t.is(facts.head, await git(main, 'rev-parse', 'main'));
  t.is(facts.mergedInto, 'main');
  t.is(facts.originalBranch, 'main');
  t.true(Math.abs((facts.lastGitSignMs ?? 0) - Date.now()) < 600_000);
});

test('commits on its own branch are kept by the branch, and not merged', async (t) => {
  const { worktree } = await fixture(t);
  const head = await commitFile(worktree, 'b.txt', 'two\n');
  const facts = await inspectWorktree(worktree, { originalBranch: 'main' });
  t.true(isProvenSafe(facts), JSON.stringify(facts));
  t.is(facts.mergedInto, undefined);
  t.is(facts.head, head);
});

test('a merged branch names its target, whichever name that has', async (t) => {
  const { main, worktree } = await fixture(t);
  await git(main, 'branch', 'develop', 'main');
  await commitFile(worktree, 'b.txt', 'two\n');
  await git(main, 'merge', '--quiet', '--no-ff', '-m', 'Merge', branch);
  t.is((await inspectWorktree(worktree, { originalBranch: 'main' })).mergedInto, 'main');
  t.is((await inspectWorktree(worktree)).mergedInto, 'main');
  t.is((await inspectWorktree(worktree, { originalBranch: 'gone' })).mergedInto, 'main');
  t.is((await inspectWorktree(worktree, { originalBranch: 'develop' })).mergedInto, 'main');
  t.is((await inspectWorktree(worktree, { originalBranch: branch })).mergedInto, 'main');
});

test('a configured default branch is a target too', async (t) => {
  const { main, worktree } = await fixture(t);
  const head = await commitFile(worktree, 'b.txt', 'two\n');
  await git(main, 'branch', 'trunk', head);
  t.is((await inspectWorktree(worktree)).mergedInto, undefined);
  await git(main, 'config', 'init.defaultBranch', 'trunk');
  t.is((await inspectWorktree(worktree)).mergedInto, 'trunk');
});

test('looking at a worktree writes nothing into its repository', async (t) => {
  const { worktree } = await fixture(t);
  await utimes(join(worktree, 'a.txt'), new Date(0), new Date(0));
  const index = join(await adminDirectory(worktree), 'index');
  const before = statSync(index, { bigint: true });
  const bytes = await readFile(index);
  await inspectWorktree(worktree);
  t.is(statSync(index, { bigint: true }).mtimeNs, before.mtimeNs);
  t.deepEqual(await readFile(index), bytes);
});

// Story 21: clean-looking trees that hold the only copy.

type Trap = {
  readonly make: (fixture: Fixture) => Promise<unknown>;
  readonly expect: (t: ExecutionContext, facts: WorktreeFacts) => void;
};

const proves = test.macro({
  title: (name) => `not proven safe (story 21): ${name}`,
  async exec(t, { make, expect }: Trap) {
    const made = await fixture(t);
    t.true(isProvenSafe(await inspectWorktree(made.worktree)), 'safe before');
    await make(made);
    const facts = await inspectWorktree(made.worktree);
    t.false(isProvenSafe(facts), JSON.stringify(facts));
    expect(t, facts);
  },
});

/** Two branches that disagree on `a.txt`: any attempt to join them stops half-way. */
async function conflict({ worktree, main }: Fixture): Promise<void> {
  await commitFile(main, 'a.txt', 'theirs\n');
  await commitFile(worktree, 'a.txt', 'ours\n');
}

const stops = async (worktree: string, ...args: readonly string[]): Promise<void> => {
  await git(worktree, ...args).then(
    () => Promise.reject(new Error(`git ${args.join(' ')} should have stopped`)),
    () => undefined,
  );
};

test('a changed file', proves, {
  make: ({ worktree }) => appendFile(join(worktree, 'a.txt'), 'more\n'),
  expect: (t, { changes }) => t.is(changes?.uncommitted, 1),
});

test('a staged file', proves, {
  make: async ({ worktree }) => {
    await writeFile(join(worktree, 'new.txt'), '');
    await git(worktree, 'add', 'new.txt');
  },
  expect: (t, { changes }) => t.is(changes?.uncommitted, 1),
});

test('an untracked file', proves, {
  make: ({ worktree }) => writeFile(join(worktree, 'new\n\t"file".txt'), ''),
  expect: (t, { changes }) => t.deepEqual(changes, { uncommitted: 0, untracked: 1, precious: [] }),
});

test('an untracked file that status.showUntrackedFiles=no hides', proves, {
  make: async ({ worktree, main }) => {
    await git(main, 'config', 'status.showUntrackedFiles', 'no');
    await writeFile(join(worktree, 'new.txt'), '');
  },
  expect: (t, { changes }) => t.is(changes?.untracked, 1),
});

test('an untracked file that core.ignoreCase takes for a tracked one', proves, {
  make: async ({ worktree, main }) => {
    await git(main, 'config', 'core.ignoreCase', 'true');
    await writeFile(join(worktree, 'A.TXT'), 'a week of work\n');
  },
  // Where the disk takes it for the same file, too, that one is changed.
  expect: (t, { changes }) => t.true((changes?.untracked ?? 0) + (changes?.uncommitted ?? 0) > 0),
});

test('an ignored .env', proves, {
  make: ({ worktree }) => writeFile(join(worktree, '.env.production'), 'KEY=1\n'),
  expect: (t, { changes }) => t.deepEqual(changes?.precious, ['.env.production']),
});

test('a key deep in an ignored directory', proves, {
  make: async ({ worktree }) => {
    await mkdir(join(worktree, 'local', 'deep'), { recursive: true });
    await writeFile(join(worktree, 'local', 'deep', 'Server.PEM'), '');
  },
  expect: (t, { changes }) => t.deepEqual(changes?.precious, ['local/deep/Server.PEM']),
});

test('an edit of a file marked skip-worktree', proves, {
  make: async ({ worktree }) => {
    await git(worktree, 'update-index', '--skip-worktree', 'a.txt');
    await appendFile(join(worktree, 'a.txt'), 'mine\n');
    if ((await git(worktree, 'status', '--porcelain')) !== '') throw new Error('git should see nothing');
  },
  expect: (t, { changes }) => t.is(changes?.uncommitted, 1),
});

test('an edit of a file marked assume-unchanged', proves, {
  make: async ({ worktree }) => {
    await git(worktree, 'update-index', '--assume-unchanged', 'a.txt');
    await appendFile(join(worktree, 'a.txt'), 'mine\n');
    if ((await git(worktree, 'status', '--porcelain')) !== '') throw new Error('git should see nothing');
  },
  expect: (t, { changes }) => t.is(changes?.uncommitted, 1),
});

test('an edit of the same length with its old time', proves, {
  make: async ({ worktree, main }) => {
    await git(main, 'config', 'core.checkStat', 'minimal');
    await git(main, 'config', 'core.trustctime', 'false');
    const file = join(worktree, 'a.txt');
    await utimes(file, new Date(1_000_000_000_000), new Date(1_000_000_000_000));
    await git(worktree, 'update-index', '--refresh');
    // The time that cannot be set back is kept in whole seconds.
    await delay(1_100);
    await writeFile(file, 'two\n');
    await utimes(file, new Date(1_000_000_000_000), new Date(1_000_000_000_000));
    if ((await git(worktree, 'status', '--porcelain')) !== '') throw new Error('git should see nothing');
  },
  expect: (t, { changes }) => t.is(changes?.uncommitted, 1),
});

test('a commit on a detached HEAD', proves, {
  make: async ({ worktree }) => {
    await git(worktree, 'checkout', '--quiet', '--detach');
    await commitFile(worktree, 'b.txt', 'two\n');
  },
  expect: (t, facts) => {
    t.is(facts.branch, undefined);
    t.is(facts.unreachable?.count, 1);
    t.is(facts.unreachable?.example, facts.head);
  },
});

test('a commit that only the reflog knows', proves, {
  make: async ({ worktree }) => {
    await commitFile(worktree, 'b.txt', 'two\n');
    await git(worktree, 'reset', '--quiet', '--hard', 'HEAD~1');
    await unlink(join(await adminDirectory(worktree), 'ORIG_HEAD'));
  },
  expect: (t, { unreachable, mergedInto }) => {
    t.is(unreachable?.count, 1);
    t.is(mergedInto, 'main');
  },
});

test('a commit that only ORIG_HEAD knows', proves, {
  make: async ({ worktree }) => {
    await commitFile(worktree, 'b.txt', 'two\n');
    await git(worktree, 'reset', '--quiet', '--hard', 'HEAD~1');
    await unlink(join(await adminDirectory(worktree), 'logs', 'HEAD'));
  },
  expect: (t, { unreachable }) => t.is(unreachable?.count, 1),
});

test('a commit that only refs/worktree knows', proves, {
  make: async ({ worktree }) => {
    const tree = await git(worktree, 'write-tree');
    const commit = await git(worktree, 'commit-tree', '-m', 'Kept', tree);
    await git(worktree, 'update-ref', 'refs/worktree/kept', commit);
  },
  expect: (t, { unreachable }) => t.is(unreachable?.count, 1),
});

test('a file that only refs/worktree knows', proves, {
  make: async ({ worktree, top }) => {
    await writeFile(join(top, 'blob'), 'the only copy');
    const blob = await git(worktree, 'hash-object', '-w', join(top, 'blob'));
    await git(worktree, 'update-ref', 'refs/worktree/kept', blob);
  },
  expect: (t, { unreachable }) => t.is(unreachable?.count, 1),
});

test('a rebase under way', proves, {
  make: async (made) => {
    await conflict(made);
    await stops(made.worktree, 'rebase', 'main');
  },
  expect: (t, { operation }) => t.is(operation, 'rebase'),
});

test('a rebase that waits at an edit, with a clean tree', proves, {
  make: async ({ worktree }) => {
    await commitFile(worktree, 'b.txt', 'two\n');
    await git(worktree, '-c', 'sequence.editor=sed -i s/pick/edit/', 'rebase', '--quiet', '-i', 'HEAD~1');
    if ((await git(worktree, 'status', '--porcelain')) !== '') throw new Error('git should see nothing');
  },
  expect: (t, { operation }) => t.is(operation, 'rebase'),
});

test('a merge under way', proves, {
  make: async (made) => {
    await conflict(made);
    await stops(made.worktree, 'merge', 'main');
  },
  expect: (t, { operation, changes }) => {
    t.is(operation, 'merge');
    t.is(changes?.uncommitted, 1);
  },
});

test('a cherry-pick under way', proves, {
  make: async (made) => {
    await conflict(made);
    await stops(made.worktree, 'cherry-pick', 'main');
  },
  expect: (t, { operation }) => t.is(operation, 'cherry-pick'),
});

test('a revert under way', proves, {
  make: async ({ worktree }) => {
    await commitFile(worktree, 'a.txt', 'two\n');
    await commitFile(worktree, 'a.txt', 'three\n');
    await stops(worktree, 'revert', '--no-edit', 'HEAD~1');
  },
  expect: (t, { operation }) => t.is(operation, 'revert'),
});

test('a bisect under way', proves, {
  make: ({ worktree }) => git(worktree, 'bisect', 'start'),
  expect: (t, { operation }) => t.is(operation, 'bisect'),
});

test('a series of patches under way', proves, {
  make: async (made) => {
    await conflict(made);
    await git(made.main, 'format-patch', '--quiet', '-1', '-o', made.top, 'main');
    await stops(made.worktree, 'am', '--quiet', join(made.top, '0001-Add-a.txt.patch'));
  },
  expect: (t, { operation }) => t.is(operation, 'am'),
});

test('a locked worktree', proves, {
  make: ({ worktree, main }) => git(main, 'worktree', 'lock', '--reason', 'on a stick', worktree),
  expect: (t, { locked }) => t.is(locked, 'on a stick'),
});

test('a worktree locked without a reason', proves, {
  make: ({ worktree, main }) => git(main, 'worktree', 'lock', worktree),
  expect: (t, { locked }) => t.is(locked, ''),
});

test('a git at work in it', proves, {
  make: async ({ worktree }) => writeFile(join(await adminDirectory(worktree), 'index.lock'), ''),
  expect: (t, { doubts }) => t.is(doubts[0]?.reason, 'in-use'),
});

test('a setting that git chokes on is not repeated', proves, {
  make: ({ main }) => git(main, 'config', 'core.autocrlf', 'sk-secret'),
  expect: (t, facts) => {
    t.regex(facts.doubts[0]?.detail ?? '', /^git [a-z-]+ failed \(exit \d+\)$/);
    t.false(JSON.stringify(facts).includes('sk-secret'));
  },
});

test('a corrupted index', proves, {
  make: async ({ worktree }) => writeFile(join(await adminDirectory(worktree), 'index'), 'DIRC rubbish'),
  expect: (t, { doubts, changes }) => {
    t.is(doubts[0]?.reason, 'unreadable');
    t.is(changes, undefined);
  },
});

test('a reflog that cannot be understood', proves, {
  make: async ({ worktree }) => appendFile(join(await adminDirectory(worktree), 'logs', 'HEAD'), 'rubbish\n'),
  expect: (t, { doubts, unreachable }) => {
    t.is(doubts[0]?.reason, 'unreadable');
    t.is(unreachable, undefined);
  },
});

test('a main repository that is missing', proves, {
  make: ({ main }) => rename(main, `${main}-moved`),
  expect: (t, { doubts }) => {
    t.is(doubts[0]?.reason, 'unreachable-commits');
    t.regex(doubts[0]?.detail ?? '', /main repository is missing/);
  },
});

test('a registration that is missing', proves, {
  make: async ({ worktree }) => rm(await adminDirectory(worktree), { recursive: true }),
  expect: (t, { doubts, mainGitDir }) => {
    t.is(doubts[0]?.reason, 'unreadable');
    t.truthy(mainGitDir);
  },
});

test('a registration that is for another path', proves, {
  make: async ({ worktree, top }) =>
    writeFile(join(await adminDirectory(worktree), 'gitdir'), `${join(top, 'elsewhere', '.git')}\n`),
  expect: (t, { doubts }) => t.is(doubts[0]?.reason, 'unknown-format'),
});

test('no .git at all', proves, {
  make: ({ worktree }) => unlink(join(worktree, '.git')),
  expect: (t, { doubts }) => t.is(doubts[0]?.reason, 'unknown-format'),
});

test('a .git that is a directory', proves, {
  make: async ({ worktree }) => {
    await unlink(join(worktree, '.git'));
    await git(worktree, 'init', '--quiet');
  },
  expect: (t, { doubts }) => t.is(doubts[0]?.reason, 'unknown-format'),
});

test('a .git that is a link', proves, {
  make: async ({ worktree, top }) => {
    await rename(join(worktree, '.git'), join(top, 'git-file'));
    await symlink(join(top, 'git-file'), join(worktree, '.git'));
  },
  expect: (t, { doubts }) => t.is(doubts[0]?.reason, 'symlink'),
});

test('a .git file full of rubbish', proves, {
  make: ({ worktree }) => writeFile(join(worktree, '.git'), 'rubbish'),
  expect: (t, { doubts }) => t.is(doubts[0]?.reason, 'unknown-format'),
});

test('a core.worktree that leads git elsewhere', proves, {
  make: async ({ worktree, main, top }) => {
    await mkdir(join(top, 'decoy'));
    await writeFile(join(top, 'decoy', 'a.txt'), 'one\n');
    await git(main, 'config', 'extensions.worktreeConfig', 'true');
    await git(worktree, 'config', '--worktree', 'core.worktree', join(top, 'decoy'));
  },
  expect: (t, { doubts }) => t.is(doubts[0]?.reason, 'unknown-format'),
});

test('an empty nested repository with a commit of its own', proves, {
  make: async ({ worktree }) => {
    await makeRepository(join(worktree, 'nested'));
    await commitFile(join(worktree, 'nested'), 'x', 'x');
  },
  expect: (t, { doubts, nested }) => {
    t.deepEqual(nested, ['nested']);
    t.is(doubts[0]?.reason, 'unreachable-commits');
  },
});

test('a worktree that is itself a link is not inspected', async (t) => {
  const { top, worktree } = await fixture(t);
  await symlink(worktree, join(top, 'link'));
  const facts = await inspectWorktree(join(top, 'link'));
  t.is(facts.doubts[0]?.reason, 'symlink');
  t.is(facts.changes, undefined);
});

test('a worktree reached through a link above it is inspected', async (t) => {
  const { top, worktree } = await fixture(t);
  await symlink(join(top, 'worktrees'), join(top, 'link'));
  t.true(isProvenSafe(await inspectWorktree(join(top, 'link', 'app', 'session'))));
  t.true(isProvenSafe(await inspectWorktree(worktree)));
});

test('git refuses a repository of another owner, and that is a doubt', async (t) => {
  const { main, worktree } = await fixture(t);
  if (!isRoot()) {
    t.pass('only root can give a repository away');
    return;
  }
  for (const path of [worktree, join(worktree, '.git'), main, join(main, '.git')]) {
    await lchown(path, 65_534, 65_534);
  }
  const { doubts, changes } = await inspectWorktree(worktree);
  t.is(doubts[0]?.reason, 'unreadable');
  t.is(doubts[0]?.detail, 'git refuses: owned by somebody else (safe.directory)');
  t.is(changes, undefined);
});

test('a directory that git cannot read is a doubt, although git itself says all is well', async (t) => {
  if (!isRoot()) {
    t.pass('only root can become another user');
    return;
  }
  const { top, worktree } = await fixture(t);
  await mkdir(join(worktree, 'closed'));
  await writeFile(join(worktree, 'closed', 'work.txt'), 'the only copy');
  await giveToNobody(top);
  await chmod(join(worktree, 'closed'), 0o000);
  const module = new URL('../../src/storage/git-worktree.js', import.meta.url).href;
  const script = `
    const { inspectWorktree } = await import(${JSON.stringify(module)});
    process.setgid(65534); process.setuid(65534);
    console.log(JSON.stringify(await inspectWorktree(${JSON.stringify(worktree)})));`;
  const { stdout } = await execa(process.execPath, ['--input-type=module', '-e', script], {
    cwd: '/',
    env: { HOME: top, XDG_CONFIG_HOME: top },
  });
  const { changes, doubts } = JSON.parse(stdout) as WorktreeFacts;
  t.is(changes, undefined);
  t.is(doubts[0]?.reason, 'unreadable');
  t.is(doubts[0]?.detail, 'git status could not read everything');
});

test('a per-worktree ref of another worktree keeps nothing', async (t) => {
  const { main, worktree, top } = await fixture(t);
  const other = join(top, 'worktrees', 'app', 'other');
  await addWorktree(main, other, 'prodigy-other');
  await git(worktree, 'checkout', '--quiet', '--detach');
  const commit = await commitFile(worktree, 'b.txt', 'two\n');
  await git(other, 'checkout', '--quiet', '--detach', commit);
  await git(main, 'update-ref', 'refs/worktree/kept', commit);
  await git(main, 'update-ref', 'refs/bisect/bad', commit);
  const { unreachable } = await inspectWorktree(worktree);
  t.is(unreachable?.count, 1);
});

test('a tag, a stash and a remote keep what they reach', async (t) => {
  for (const ref of ['refs/tags/v1', 'refs/remotes/origin/x', 'refs/stash']) {
    const { main, worktree } = await fixture(t);
    await git(worktree, 'checkout', '--quiet', '--detach');
    const commit = await commitFile(worktree, 'b.txt', 'two\n');
    await git(main, 'update-ref', ref, commit);
    t.is((await inspectWorktree(worktree)).unreachable?.count, 0, ref);
  }
});

test('what is kept for undo keeps nothing: that ends', async (t) => {
  const { main, worktree } = await fixture(t);
  await git(worktree, 'checkout', '--quiet', '--detach');
  const commit = await commitFile(worktree, 'b.txt', 'two\n');
  await git(main, 'update-ref', 'refs/prodigy-clean/run/op', commit);
  const { unreachable } = await inspectWorktree(worktree);
  t.deepEqual(unreachable, { count: 1, example: commit });
});

test('grafted history keeps nothing', async (t) => {
  const { main, worktree } = await fixture(t);
  await git(worktree, 'checkout', '--quiet', '--detach');
  const lost = await commitFile(worktree, 'b.txt', 'two\n');
  const tip = await git(main, 'rev-parse', 'main');
  await writeFile(join(main, '.git', 'info', 'grafts'), `${tip} ${lost}\n`);
  t.is(await git(main, 'branch', '--contains', lost, '--list', 'main'), '* main');
  t.is((await inspectWorktree(worktree)).unreachable?.count, 1);
});

test('commits that were pruned long ago are no doubt', async (t) => {
  const { worktree } = await fixture(t);
  const log = join(await adminDirectory(worktree), 'logs', 'HEAD');
  const line = `${'1'.repeat(40)} ${'2'.repeat(40)} Ada <ada@example.org> 1700000000 +0000\tcommit: gone\n`;
  await appendFile(log, line);
  t.true(isProvenSafe(await inspectWorktree(worktree)));
});

test('an object that cannot be read is not taken for pruned', async (t) => {
  const { main, worktree } = await fixture(t);
  await git(worktree, 'checkout', '--quiet', '--detach');
  const lost = await commitFile(worktree, 'b.txt', 'two\n');
  await git(worktree, 'checkout', '--quiet', branch);
  const object = join(main, '.git', 'objects', lost.slice(0, 2), lost.slice(2));
  await rm(object);
  await writeFile(object, 'rubbish');
  t.false(isProvenSafe(await inspectWorktree(worktree)));
});

test('files left out by a sparse checkout are no changes', async (t) => {
  const { main, worktree } = await fixture(t);
  await commitFile(worktree, 'docs/b.txt', 'two\n');
  await git(worktree, 'sparse-checkout', 'set', '--no-cone', '/a.txt', '/.gitignore');
  t.false(existsSync(join(worktree, 'docs')));
  t.true(isProvenSafe(await inspectWorktree(worktree)), main);
});

test('an unchanged file marked skip-worktree is no change, nor is an unchanged link', async (t) => {
  const { worktree } = await fixture(t);
  await symlink('a.txt', join(worktree, 'link'));
  await git(worktree, 'add', 'link');
  await git(worktree, 'commit', '--quiet', '-m', 'Add a link');
  await git(worktree, 'update-index', '--skip-worktree', 'a.txt', 'link');
  t.true(isProvenSafe(await inspectWorktree(worktree)));
  await unlink(join(worktree, 'link'));
  await symlink('b.txt', join(worktree, 'link'));
  t.is((await inspectWorktree(worktree)).changes?.uncommitted, 1);
});

test('a worktree of a bare repository is like any other', async (t) => {
  const { top, main } = await fixture(t);
  const bare = join(top, 'bare.git');
  await git(top, 'clone', '--quiet', '--bare', main, bare);
  const worktree = join(top, 'worktrees', 'bare', 'session');
  await addWorktree(bare, worktree, 'prodigy-bare');
  const facts = await inspectWorktree(worktree);
  t.true(isProvenSafe(facts), JSON.stringify(facts));
  t.is(facts.mainGitDir, bare);
});

test('a relative .git file is followed', async (t) => {
  const { worktree } = await fixture(t);
  const admin = await adminDirectory(worktree);
  await writeFile(join(worktree, '.git'), `gitdir: ${relative(worktree, admin)}\n`);
  await writeFile(join(admin, 'gitdir'), `${relative(admin, join(worktree, '.git'))}\n`);
  const facts = await inspectWorktree(worktree);
  t.is(facts.adminDir, admin);
  t.true(isProvenSafe(facts), JSON.stringify(facts));
});

test('old git locks are no sign of life', async (t) => {
  const { worktree } = await fixture(t);
  const lock = join(await adminDirectory(worktree), 'HEAD.lock');
  await writeFile(lock, '');
  await utimes(lock, new Date(0), new Date(0));
  t.true(isProvenSafe(await inspectWorktree(worktree)));
});

test('variables that point git elsewhere do not reach it', async (t) => {
  const { top, worktree } = await fixture(t);
  const decoy = await makeRepository(join(top, 'decoy'));
  process.env['GIT_DIR'] = join(decoy, '.git');
  process.env['GIT_INDEX_FILE'] = join(top, 'no-index');
  t.teardown(() => {
    delete process.env['GIT_DIR'];
    delete process.env['GIT_INDEX_FILE'];
  });
  t.true(isProvenSafe(await inspectWorktree(worktree)));
});

async function withSubmodule(t: ExecutionContext): Promise<Fixture & { readonly submodule: string }> {
  const made = await fixture(t);
  const library = await makeRepository(join(made.top, 'library'));
  await commitFile(library, 'lib.txt', 'lib\n');
  const allow = ['-c', 'protocol.file.allow=always'];
  await git(made.main, ...allow, 'submodule', '--quiet', 'add', library, 'lib');
  await git(made.main, 'commit', '--quiet', '-m', 'Add lib');
  await git(made.worktree, 'merge', '--quiet', '--ff-only', 'main');
  return { ...made, submodule: join(made.worktree, 'lib') };
}

const initialise = (worktree: string): Promise<string> =>
  git(worktree, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'update', '--init');

test('a submodule that is not there, or as its remote has it, loses nothing', async (t) => {
  const { worktree } = await withSubmodule(t);
  const absent = await inspectWorktree(worktree);
  t.true(isProvenSafe(absent), JSON.stringify(absent));
  t.deepEqual(absent.nested, []);
  await initialise(worktree);
  const present = await inspectWorktree(worktree);
  t.true(isProvenSafe(present), JSON.stringify(present));
  t.deepEqual(present.nested, ['lib']);
});

test('what lies in the directory of a submodule that is not initialised is untracked, here and in a submodule', async (t) => {
  const { top, worktree, submodule } = await withSubmodule(t);
  await mkdir(join(submodule, 'src', 'empty'), { recursive: true });
  t.true(isProvenSafe(await inspectWorktree(worktree)), 'an empty directory loses nothing');
  await writeFile(join(submodule, 'src', 'parser.c'), 'a week of work\n');
  await writeFile(join(submodule, '.env'), 'KEY=1\n');
  t.is(await git(worktree, 'status', '--short', '--untracked-files=all', '--ignored'), '', 'git is silent');
  t.is((await inspectWorktree(worktree)).changes?.untracked, 2);

  await rm(submodule, { recursive: true });
  await mkdir(submodule);
  const library = join(top, 'library');
  await git(library, 'update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},inner`);
  await git(library, 'commit', '--quiet', '-m', 'Add inner');
  await initialise(worktree);
  await git(submodule, 'fetch', '--quiet');
  await git(submodule, 'checkout', '--quiet', 'origin/main');
  await git(worktree, 'commit', '--quiet', '-am', 'Update lib');
  t.true(isProvenSafe(await inspectWorktree(worktree)));
  await writeFile(join(submodule, 'inner', 'work.c'), 'work\n');
  const { doubts } = await inspectWorktree(worktree);
  t.deepEqual(
    doubts.map(({ reason }) => reason),
    ['untracked'],
  );
});

test('a change in a submodule counts, even where configuration ignores it', async (t) => {
  const { main, worktree, submodule } = await withSubmodule(t);
  await initialise(worktree);
  await git(main, 'config', 'submodule.lib.ignore', 'all');
  await git(main, 'config', 'diff.ignoreSubmodules', 'all');
  await appendFile(join(submodule, 'lib.txt'), 'more\n');
  const { doubts } = await inspectWorktree(worktree);
  t.deepEqual(
    doubts.map(({ reason }) => reason),
    ['dirty'],
  );
});

test('a commit in a submodule that no remote has counts, even when it was undone or deinitialised', async (t) => {
  const { worktree, submodule } = await withSubmodule(t);
  await initialise(worktree);
  await git(submodule, 'config', 'user.name', 'Ada');
  const first = await git(submodule, 'rev-parse', 'HEAD');
  await commitFile(submodule, 'mine.txt', 'mine\n');
  await git(submodule, 'checkout', '--quiet', first);
  const reasons = async (): Promise<readonly string[]> =>
    (await inspectWorktree(worktree)).doubts.map(({ reason }) => reason);
  t.deepEqual(await reasons(), ['unreachable-commits']);
  await git(worktree, 'submodule', '--quiet', 'deinit', '--force', 'lib');
  t.deepEqual(await reasons(), ['unreachable-commits']);
});

test('a nested repository that the walk met is looked into', async (t) => {
  const { worktree } = await fixture(t);
  const nested = join(worktree, 'node_modules', 'dep');
  await makeRepository(nested);
  await commitFile(nested, 'x', 'x');
  t.true(isProvenSafe(await inspectWorktree(worktree)), 'nothing regenerable is searched');
  for (const measureNested of [
    [join(nested, '.git')],
    ['node_modules/dep/.git'],
    [join(worktree, '.git'), nested],
  ]) {
    const facts = await inspectWorktree(worktree, { measureNested });
    t.deepEqual(facts.nested, ['node_modules/dep']);
    t.is(facts.doubts[0]?.reason, 'unreachable-commits');
  }
});

test('a bare repository that the walk met is looked into', async (t) => {
  const { main, worktree } = await fixture(t);
  const store = join(worktree, 'node_modules', 'store.git');
  await git(main, 'clone', '--quiet', '--bare', main, store);
  const measured = await measureTrees([{ key: 'it', path: worktree }]);
  const measureNested = measured.get('it')?.nestedRepositories ?? [];
  t.deepEqual(measureNested, ['node_modules/store.git']);
  const facts = await inspectWorktree(worktree, { measureNested });
  t.deepEqual(facts.nested, ['node_modules/store.git']);
  t.deepEqual(
    facts.doubts.map(({ reason }) => reason),
    ['unreachable-commits'],
  );
});

test('another worktree inside is a doubt', async (t) => {
  const { main, worktree } = await fixture(t);
  await addWorktree(main, join(worktree, 'nested', 'inner'), 'inner');
  const { doubts } = await inspectWorktree(worktree);
  t.is(doubts[0]?.reason, 'unknown-format');
});

// Leaving git's books.

async function gone(
  t: ExecutionContext,
): Promise<Fixture & { readonly facts: WorktreeFacts; readonly aside: string }> {
  const made = await fixture(t);
  const facts = await inspectWorktree(made.worktree);
  const aside = join(made.top, 'aside');
  await rename(made.worktree, aside);
  return { ...made, facts, aside };
}

test('a worktree that is gone leaves git, others stay, its branch stays', async (t) => {
  const { main, worktree, top, facts } = await gone(t);
  const other = join(top, 'unmounted', 'other');
  await addWorktree(main, other, 'other');
  await rename(dirname(other), join(top, 'elsewhere'));
  const registration = registrationOf(facts);
  t.deepEqual(registration, {
    mainGitDir: facts.mainGitDir ?? '',
    adminDir: facts.adminDir ?? '',
    branch: `refs/heads/${branch}`,
    head: facts.head ?? '',
    pointers: {
      gitFile: `gitdir: ${facts.adminDir ?? ''}`,
      gitdir: join(worktree, '.git'),
      commondir: '../..',
    },
  });
  if (registration === undefined) throw new Error('there should be a registration');
  t.is((await unregisterWorktree(registration, worktree))._unsafeUnwrap(), 'unregistered');
  t.false(existsSync(registration.adminDir));
  t.true(existsSync(join(main, '.git', 'worktrees', 'other')));
  t.is(await git(main, 'rev-parse', branch), registration.head);
  t.is((await unregisterWorktree(registration, worktree))._unsafeUnwrap(), 'already');
});

test('a worktree that is there again is left alone', async (t) => {
  const { worktree, facts, aside } = await gone(t);
  await rename(aside, worktree);
  const registration = registrationOf(facts);
  if (registration === undefined) throw new Error('there should be a registration');
  t.is((await unregisterWorktree(registration, worktree))._unsafeUnwrap(), 'already');
  t.true(existsSync(join(worktree, 'a.txt')));
  t.true(existsSync(registration.adminDir));
});

test('a registration that was given to another path is left alone', async (t) => {
  const { worktree, facts, aside } = await gone(t);
  await git(aside, 'worktree', 'repair');
  const registration = registrationOf(facts);
  if (registration === undefined) throw new Error('there should be a registration');
  t.is((await unregisterWorktree(registration, worktree))._unsafeUnwrap(), 'already');
  t.true(existsSync(registration.adminDir));
});

test('a locked registration is a failure that says so', async (t) => {
  const { main, worktree, facts } = await gone(t);
  await git(main, 'worktree', 'lock', worktree);
  const registration = registrationOf(facts);
  if (registration === undefined) throw new Error('there should be a registration');
  const failure = (await unregisterWorktree(registration, worktree))._unsafeUnwrapErr();
  t.is(failure.type, 'git');
  t.true(existsSync(registration.adminDir));
});

test('facts without a head are no registration', async (t) => {
  const { worktree, main } = await fixture(t);
  await rename(main, `${main}-moved`);
  t.is(registrationOf(await inspectWorktree(worktree)), undefined);
});
