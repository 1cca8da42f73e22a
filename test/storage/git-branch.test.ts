import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { BranchKeptReason, SpentBranch } from '../../src/model/branch.ts';
import { deleteBranch } from '../../src/storage/git-branch.ts';
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

const ref = 'refs/heads/prodigy-session';

type Fixture = {
  readonly top: string;
  readonly main: string;
  readonly gitDir: string;
  readonly worktree: string;
  readonly spent: SpentBranch;
};

/** A merged branch whose worktree has left git. */
async function fixture(t: ExecutionContext): Promise<Fixture> {
  const made = await withWorktree(t);
  const { main, worktree } = made;
  const [spent] = (await inspectWorktree(worktree, { originalBranch: 'main', branches: true })).spentBranches;
  if (spent === undefined) throw new Error('the branch should not be needed');
  await git(main, 'worktree', 'remove', worktree);
  return { ...made, spent };
}

async function withWorktree(t: ExecutionContext): Promise<Omit<Fixture, 'spent'>> {
  const top = temporaryDirectory(t);
  const main = await makeRepository(join(top, 'app'));
  await commitFile(main, 'a.txt', 'one\n');
  const worktree = join(top, 'worktrees', 'app', 'session');
  await addWorktree(main, worktree, 'prodigy-session');
  await commitFile(worktree, 'b.txt', 'two\n');
  await git(main, 'merge', '--quiet', '--no-ff', '-m', 'Merge', 'prodigy-session');
  return { top, main, gitDir: join(main, '.git'), worktree };
}

const exists = (main: string, name: string): Promise<boolean> =>
  git(main, 'rev-parse', '--verify', '--quiet', name).then(
    () => true,
    () => false,
  );

const spentOf = async (worktree: string, originalBranch = 'main'): Promise<readonly string[]> =>
  (await inspectWorktree(worktree, { originalBranch, branches: true })).spentBranches.map((one) => one.ref);

test('a merged branch of a worktree that is gone is deleted, and the repository is sound', async (t) => {
  const { main, gitDir, spent } = await fixture(t);
  t.deepEqual(spent, { ref, commit: await git(main, 'rev-parse', ref), into: 'refs/heads/main' });
  t.is((await deleteBranch(gitDir, spent))._unsafeUnwrap(), 'deleted');
  t.false(await exists(main, ref));
  t.is(await git(main, 'fsck', '--no-dangling'), '');
  t.is((await deleteBranch(gitDir, spent))._unsafeUnwrap(), 'absent');
  await git(main, 'branch', 'prodigy-session', spent.commit);
  t.is(await git(main, 'rev-parse', ref), spent.commit, 'and the commit is all it takes to make it again');
});

test('one that is packed goes as well', async (t) => {
  const { main, gitDir, spent } = await fixture(t);
  await git(main, 'pack-refs', '--all');
  t.is((await deleteBranch(gitDir, spent))._unsafeUnwrap(), 'deleted');
  t.false(await exists(main, ref));
});

type Reason = { readonly make: (made: Fixture) => Promise<unknown>; readonly reason: BranchKeptReason };

const stays = test.macro({
  title: (name, { reason }: Reason) => `a branch stays (${reason}): ${name}`,
  async exec(t, { make, reason }: Reason) {
    const made = await fixture(t);
    await make(made);
    const before = await git(made.main, 'rev-parse', ref);
    t.is((await deleteBranch(made.gitDir, made.spent))._unsafeUnwrapErr(), reason);
    t.is(await git(made.main, 'rev-parse', ref), before);
  },
});

test('it has moved on', stays, {
  make: ({ main }) => git(main, 'branch', '--force', 'prodigy-session', 'main'),
  reason: 'moved',
});

test('it is checked out in the main working directory', stays, {
  make: ({ main }) => git(main, 'checkout', '--quiet', 'prodigy-session'),
  reason: 'checked-out',
});

test('it is checked out in another worktree', stays, {
  make: ({ main, worktree }) => git(main, 'worktree', 'add', '--quiet', `${worktree}2`, 'prodigy-session'),
  reason: 'checked-out',
});

test('another worktree rebases it', stays, {
  make: async ({ main, worktree }) => {
    const other = `${worktree}2`;
    await git(main, 'worktree', 'add', '--quiet', other, 'prodigy-session');
    await git(other, '-c', 'sequence.editor=sed -i s/pick/edit/', 'rebase', '--quiet', '-i', 'HEAD~1');
    if ((await git(other, 'branch', '--show-current')) !== '') throw new Error('HEAD should be detached');
  },
  reason: 'checked-out',
});

test('another worktree bisects from it', stays, {
  make: async ({ main, worktree }) => {
    await git(main, 'worktree', 'add', '--quiet', `${worktree}2`, 'prodigy-session');
    await git(`${worktree}2`, 'bisect', 'start', 'HEAD', 'HEAD~1');
    await git(`${worktree}2`, 'checkout', '--quiet', '--detach');
  },
  reason: 'checked-out',
});

test('the target was set back and has not its content any more', stays, {
  make: ({ main }) => git(main, 'reset', '--quiet', '--hard', 'HEAD~1'),
  reason: 'not-in-target',
});

test('somebody holds its lock', stays, {
  make: ({ gitDir }) => writeFile(join(gitDir, `${ref}.lock`), ''),
  reason: 'git',
});

test('no other name than those that Prodigy gives is ever deleted', async (t) => {
  const { main, gitDir, spent } = await fixture(t);
  await git(main, 'branch', 'feature', spent.commit);
  const answer = await deleteBranch(gitDir, { ...spent, ref: 'refs/heads/feature' });
  t.is(answer._unsafeUnwrapErr(), 'not-ours');
  t.true(await exists(main, 'feature'));
});

test('a name that only stands for another branch is not deleted, and neither is the other', async (t) => {
  const { main, gitDir, spent } = await fixture(t);
  await git(main, 'branch', 'feature', spent.commit);
  await git(main, 'update-ref', '-d', ref);
  await git(main, 'symbolic-ref', ref, 'refs/heads/feature');
  t.is((await deleteBranch(gitDir, spent))._unsafeUnwrapErr(), 'git');
  t.true(await exists(main, 'feature'));
});

test('of two branches that hold only each other, one stays', async (t) => {
  const { main, gitDir, worktree } = await withWorktree(t);
  await git(worktree, 'checkout', '--quiet', '-b', 'prodigy-a');
  const commit = await commitFile(worktree, 'c.txt', 'three\n');
  await git(worktree, 'branch', 'prodigy-b');
  await git(main, 'worktree', 'remove', worktree);
  const answers = await Promise.all(
    ['a', 'b'].map((name) =>
      deleteBranch(gitDir, {
        ref: `refs/heads/prodigy-${name}`,
        commit,
        into: `refs/heads/prodigy-${name === 'a' ? 'b' : 'a'}`,
      }),
    ),
  );
  t.deepEqual(
    answers.map((answer) => answer.isOk()),
    [true, false],
  );
  t.true(await exists(main, 'prodigy-b'));
});

test('when the whole repository is gone, nothing is claimed', async (t) => {
  const { main, gitDir, spent } = await fixture(t);
  await rm(main, { recursive: true });
  t.is((await deleteBranch(gitDir, spent))._unsafeUnwrapErr(), 'git');
});

test('what cannot be read about who uses a branch keeps it', async (t) => {
  const { main, gitDir, worktree, spent } = await fixture(t);
  await addWorktree(main, `${worktree}2`, 'other');
  const head = join(await adminDirectory(`${worktree}2`), 'HEAD');
  await rm(head);
  await writeFile(head, 'x'.repeat(20_000));
  t.is((await deleteBranch(gitDir, spent))._unsafeUnwrapErr(), 'git');
  t.true(await exists(main, ref));
});

// What other worktrees know.

/** A branch that landed by squash without the commit in its middle, which is answered. */
async function withIdea(t: ExecutionContext): Promise<Omit<Fixture, 'spent'> & { readonly idea: string }> {
  const made = await withWorktree(t);
  const { main, worktree } = made;
  const idea = await commitFile(worktree, 'secret-idea', 'idea\n');
  await git(worktree, 'rm', '--quiet', 'secret-idea');
  await commitFile(worktree, 'e.txt', 'five\n');
  await git(main, 'merge', '--quiet', '--squash', 'prodigy-session');
  await git(main, 'commit', '--quiet', '-m', 'Squash');
  return { ...made, idea };
}

for (const how of ['HEAD', 'a reflog', 'a ref of its own']) {
  test(`a branch through which alone ${how} of another worktree reaches a commit is not spent, and stays`, async (t) => {
    const { main, gitDir, worktree, idea } = await withIdea(t);
    const [spent] = (await inspectWorktree(worktree, { originalBranch: 'main', branches: true }))
      .spentBranches;
    if (spent === undefined) throw new Error('the branch should not be needed');
    const other = `${worktree}2`;
    await git(main, 'worktree', 'add', '--quiet', '--detach', other, 'main');
    t.deepEqual(await spentOf(worktree), [ref]);
    if (how === 'a ref of its own') await git(other, 'update-ref', 'refs/worktree/kept', idea);
    else await git(other, 'checkout', '--quiet', idea);
    if (how === 'a reflog') await git(other, 'checkout', '--quiet', 'main', '--detach');
    t.deepEqual(await spentOf(worktree), []);
    await git(main, 'worktree', 'remove', '--force', worktree);
    t.is((await deleteBranch(gitDir, spent))._unsafeUnwrapErr(), 'needed');
    t.true(await exists(main, ref));
    await git(main, 'branch', 'feature', idea);
    t.is((await deleteBranch(gitDir, spent))._unsafeUnwrap(), 'deleted', 'another branch holds it');
  });
}

test('of two branches that hold the same commit for a worktree, neither is spent', async (t) => {
  const { main, worktree, idea } = await withIdea(t);
  await git(main, 'branch', 'agent-1', 'prodigy-session');
  const [third, second] = [`${worktree}3`, `${worktree}2`];
  await git(main, 'worktree', 'add', '--quiet', second, 'agent-1');
  t.deepEqual(await spentOf(second), ['refs/heads/agent-1']);
  await git(main, 'worktree', 'add', '--quiet', '--detach', third, idea);
  t.deepEqual([await spentOf(worktree), await spentOf(second)], [[], []]);
});

test('a worktree that stands in the middle of its own branch needs it', async (t) => {
  const { worktree, idea } = await withIdea(t);
  t.deepEqual(await spentOf(worktree), [ref]);
  await git(worktree, 'checkout', '--quiet', idea);
  t.deepEqual(await spentOf(worktree), []);
});

test('what cannot be read of another worktree keeps a branch that holds more than its target', async (t) => {
  const { main, worktree } = await withIdea(t);
  await git(main, 'worktree', 'add', '--quiet', '--detach', `${worktree}2`, 'main');
  await writeFile(join(await adminDirectory(`${worktree}2`), 'logs', 'HEAD'), 'odd\n');
  t.deepEqual(await spentOf(worktree), []);
});

test('a branch whose own reflog alone names a commit is not spent; what was pruned or can be reached is no matter', async (t) => {
  const { main, gitDir, worktree } = await withWorktree(t);
  const tip = await git(main, 'rev-parse', ref);
  const idea = await git(main, 'commit-tree', `${ref}^{tree}`, '-p', ref, '-m', 'idea');
  t.deepEqual(await spentOf(worktree), [ref]);
  const [spent] = (await inspectWorktree(worktree, { originalBranch: 'main', branches: true })).spentBranches;
  await git(main, 'update-ref', ref, idea);
  await git(main, 'update-ref', ref, tip);
  t.deepEqual(await spentOf(worktree), []);
  await git(main, 'worktree', 'remove', worktree);
  t.is((await deleteBranch(gitDir, spent as SpentBranch))._unsafeUnwrapErr(), 'needed');
  await git(main, 'branch', 'feature', idea);
  await writeFile(join(gitDir, 'logs', ref), `${'1'.repeat(40)} ${idea} A <a@b> 1 +0000\t\n`);
  t.is((await deleteBranch(gitDir, spent as SpentBranch))._unsafeUnwrap(), 'deleted');
});

// Which branches are not needed any more.

test('nobody asks, nothing is found out', async (t) => {
  const { worktree } = await withWorktree(t);
  t.deepEqual((await inspectWorktree(worktree, { originalBranch: 'main' })).spentBranches, []);
});

test('an agent leaves two branches: the one it was made with and the one it switched to', async (t) => {
  const { main, worktree } = await withWorktree(t);
  await git(worktree, 'checkout', '--quiet', '-b', 'agent-1-item_1');
  await commitFile(worktree, 'c.txt', 'three\n');
  t.deepEqual(await spentOf(worktree), [ref], 'what it did is nowhere else');
  await git(main, 'merge', '--quiet', '--squash', 'agent-1-item_1');
  await git(main, 'commit', '--quiet', '-m', 'Squash');
  t.deepEqual((await spentOf(worktree)).toSorted(), ['refs/heads/agent-1-item_1', ref]);
});

test('a branch with another name, one that another worktree uses, and one that others start from are needed', async (t) => {
  const { main, worktree } = await withWorktree(t);
  t.deepEqual(await spentOf(worktree, 'prodigy-session'), [], 'it is the branch it was made from');
  await git(worktree, 'checkout', '--quiet', '--detach');
  t.deepEqual(await spentOf(worktree), [ref]);
  await git(main, 'worktree', 'add', '--quiet', `${worktree}2`, 'prodigy-session');
  t.deepEqual(await spentOf(worktree), [], 'another worktree has it checked out');
  await git(worktree, 'checkout', '--quiet', '-b', 'feature');
  t.deepEqual(await spentOf(worktree), []);
});

test('a branch whose work landed and was reverted, whole or in part, is not spent; one that the target built on is', async (t) => {
  const { main, worktree } = await withWorktree(t);
  const text = (third: string, last = ''): string => `1\n2\n${third}\n4\n5\n6\n7\n${last}`;
  await commitFile(main, 'c.txt', text('3'));
  await git(worktree, 'merge', '--quiet', 'main');
  await commitFile(worktree, 'c.txt', text('three'));
  await commitFile(worktree, 'd.txt', 'four\n');
  await git(main, 'merge', '--quiet', '--squash', 'prodigy-session');
  await git(main, 'commit', '--quiet', '-m', 'Squash');
  const squash = await git(main, 'rev-parse', 'HEAD');
  await commitFile(main, 'c.txt', text('drei', '8\n'));
  t.deepEqual(await spentOf(worktree), [ref]);
  await commitFile(main, 'c.txt', text('3', '8\n'));
  const facts = await inspectWorktree(worktree, { originalBranch: 'main', branches: true });
  t.is(facts.landed?.how, 'squash', 'it did land');
  t.deepEqual(facts.spentBranches, [], 'half of it is gone, and the file is not as it was');
  for (const takenBack of [
    ['rm', 'd.txt'],
    ['revert', '--no-commit', 'HEAD'],
  ] as const) {
    await git(main, 'reset', '--quiet', '--hard', squash);
    await git(main, ...takenBack);
    await git(main, 'commit', '--quiet', '-m', 'Take back');
    t.deepEqual(await spentOf(worktree), [], takenBack[0]);
  }
});

test('commits that cancel each other out are not taken from the only branch that has them', async (t) => {
  const { worktree } = await withWorktree(t);
  await commitFile(worktree, 'c.txt', 'three\n');
  await git(worktree, 'revert', '--no-edit', 'HEAD');
  const facts = await inspectWorktree(worktree, { originalBranch: 'main', branches: true });
  t.is(facts.landed?.how, 'no-change');
  t.deepEqual(facts.spentBranches, []);
});
