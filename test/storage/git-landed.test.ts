import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { WorktreeFacts } from '../../src/model/worktree.ts';
import { inspectWorktree } from '../../src/storage/git-worktree.ts';
import { addWorktree, commitFile, git, giveGitAHome, makeRepository } from '../helpers/git.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { fingerprint, differences } from '../helpers/tree.ts';

giveGitAHome(test);

const branch = 'prodigy-session';

type Fixture = { readonly main: string; readonly worktree: string };

/** Twenty lines, those that are given laid over them. */
const lines = (over: Readonly<Record<number, string>> = {}): string =>
  Array.from({ length: 20 }, (_, index) => `${over[index + 1] ?? `line ${index + 1}`}\n`).join('');

async function fixture(t: ExecutionContext): Promise<Fixture> {
  const top = temporaryDirectory(t);
  const main = await makeRepository(join(top, 'app'));
  await commitFile(main, 'a.txt', lines());
  const worktree = join(top, 'worktrees', 'app', 'session');
  await addWorktree(main, worktree, branch);
  return { main, worktree };
}

const squash = async (main: string): Promise<string> => {
  await git(main, 'merge', '--quiet', '--squash', branch);
  await git(main, 'commit', '--quiet', '-m', 'Squash');
  return git(main, 'rev-parse', 'HEAD');
};

/** Two commits of work in different places. */
async function work({ worktree }: Fixture): Promise<void> {
  await commitFile(worktree, 'a.txt', lines({ 3: 'three' }));
  await commitFile(worktree, 'b.txt', 'new\n');
}

const landed = async ({ main, worktree }: Fixture): Promise<WorktreeFacts['landed']> => {
  const before = fingerprint(main);
  const facts = await inspectWorktree(worktree, { originalBranch: 'main' });
  // What is asked of git writes nothing, not even times of objects.
  const changed = differences(before, fingerprint(main));
  if (changed.length > 0) throw new Error(changed.join('\n'));
  return facts.landed;
};

type Case = {
  readonly make: (made: Fixture) => Promise<unknown>;
  readonly how: NonNullable<WorktreeFacts['landed']>['how'] | undefined;
};

const lands = test.macro({
  title: (name, { how }: Case) =>
    `${how === undefined ? 'not landed' : `landed, ${how}`} (story 22): ${name}`,
  async exec(t, { make, how }: Case) {
    const made = await fixture(t);
    await make(made);
    const found = await landed(made);
    t.is(found?.how, how, JSON.stringify(found));
    if (how !== undefined) t.is(found?.ref, 'refs/heads/main');
  },
});

test('nothing has happened to the work', lands, { make: work, how: undefined });

test('squashed where it had left', lands, {
  make: async (made) => {
    await work(made);
    await squash(made.main);
  },
  how: 'squash',
});

test('squashed after the target had moved on, which then moved on in the same files', lands, {
  make: async (made) => {
    await work(made);
    await commitFile(made.main, 'a.txt', lines({ 12: 'twelve' }));
    await squash(made.main);
    await commitFile(made.main, 'a.txt', lines({ 3: 'changed again', 12: 'twelve' }));
    await commitFile(made.main, 'b.txt', 'changed\n');
  },
  how: 'squash',
});

test('brought up to date with the target by a merge, then squashed', lands, {
  make: async (made) => {
    await work(made);
    await commitFile(made.main, 'a.txt', lines({ 12: 'twelve' }));
    await git(made.worktree, 'merge', '--quiet', '--no-edit', 'main');
    await commitFile(made.worktree, 'c.txt', 'more\n');
    await squash(made.main);
    await commitFile(made.main, 'c.txt', 'changed\n');
  },
  how: 'squash',
});

test('rebased, and the target moved on in the same files', lands, {
  make: async (made) => {
    await work(made);
    await commitFile(made.main, 'a.txt', lines({ 12: 'twelve' }));
    await git(made.main, 'cherry-pick', 'main..prodigy-session');
    await commitFile(made.main, 'a.txt', lines({ 3: 'changed again' }));
  },
  how: 'rebase',
});

test('its one commit picked onto a target that had moved on', lands, {
  make: async ({ main, worktree }) => {
    await commitFile(worktree, 'a.txt', lines({ 3: 'three' }));
    await commitFile(main, 'a.txt', lines({ 12: 'twelve' }));
    await git(main, 'cherry-pick', branch);
    await commitFile(main, 'a.txt', lines({ 12: 'twelve again' }));
  },
  how: 'cherry-pick',
});

test('its commits picked apart, with other work between them', lands, {
  make: async (made) => {
    await work(made);
    // Picked onto its own parent within the same second it would be the same commit.
    await commitFile(made.main, 'earlier.txt', 'earlier\n');
    await git(made.main, 'cherry-pick', `${branch}~1`);
    await commitFile(made.main, 'other.txt', 'other\n');
    await git(made.main, 'cherry-pick', branch);
  },
  how: 'rebase',
});

test('applied by hand, next to other changes: no commit is the same, but merging would add nothing', lands, {
  make: async (made) => {
    await work(made);
    await commitFile(made.main, 'a.txt', lines({ 3: 'three', 6: 'six' }));
    await commitFile(made.main, 'b.txt', 'new\n');
  },
  how: 'contained',
});

test('commits that cancel each other out', lands, {
  make: async ({ worktree }) => {
    await commitFile(worktree, 'a.txt', lines({ 3: 'three' }));
    await git(worktree, 'revert', '--no-edit', 'HEAD');
  },
  how: 'no-change',
});

test('only one of two commits was picked', lands, {
  make: async (made) => {
    await work(made);
    // Picked onto its own parent within the same second it would be the same commit.
    await commitFile(made.main, 'earlier.txt', 'earlier\n');
    await git(made.main, 'cherry-pick', `${branch}~1`);
  },
  how: undefined,
});

test('squashed, then worked on', lands, {
  make: async (made) => {
    await work(made);
    await squash(made.main);
    await commitFile(made.worktree, 'a.txt', lines({ 3: 'three', 5: 'five' }));
  },
  how: undefined,
});

test('the same change in another place, and with other white space', lands, {
  make: async ({ main, worktree }) => {
    await commitFile(worktree, 'a.txt', lines({ 3: 'three  words' }));
    await commitFile(main, 'b.txt', lines({ 3: 'three  words' }));
    await commitFile(main, 'a.txt', lines({ 3: 'three words' }));
  },
  how: undefined,
});

/** Asked so often at once that they are answered together with one that left the target early. */
async function withEarlier({ worktree }: Fixture): Promise<ReadonlySet<string | undefined>> {
  const paths = Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? worktree : `${worktree}-old`));
  const facts = await Promise.all(paths.map((path) => inspectWorktree(path)));
  return new Set(facts.map(({ landed: found }) => found?.how));
}

const leaveEarly = async ({ main, worktree }: Fixture): Promise<void> => {
  await addWorktree(main, `${worktree}-old`, 'prodigy-old');
  await commitFile(`${worktree}-old`, 'old.txt', 'left early\n');
};

test('not landed (story 22): a change that the target made and took back before, made again here', async (t) => {
  const made = await fixture(t);
  await leaveEarly(made);
  await commitFile(made.main, 'c.txt', 'c\n');
  await commitFile(made.main, 'a.txt', lines({ 3: 'three' }));
  await git(made.main, 'revert', '--no-edit', 'HEAD');
  await git(made.worktree, 'merge', '--quiet', '--ff-only', 'main');
  await commitFile(made.worktree, 'd.txt', 'd\n');
  await git(made.worktree, 'rm', '--quiet', 'd.txt');
  await commitFile(made.worktree, 'a.txt', lines({ 3: 'three' }));
  t.deepEqual(await withEarlier(made), new Set([undefined]));
});

test('not landed (story 22): a change back to how the target was before', async (t) => {
  const made = await fixture(t);
  await leaveEarly(made);
  await commitFile(made.main, 'c.txt', 'c\n');
  await commitFile(made.main, 'a.txt', lines({ 3: 'three' }));
  await git(made.worktree, 'merge', '--quiet', '--ff-only', 'main');
  await commitFile(made.worktree, 'a.txt', lines());
  t.deepEqual(await withEarlier(made), new Set([undefined]));
});

test('the target deleted the file that was worked on', lands, {
  make: async ({ main, worktree }) => {
    await commitFile(worktree, 'a.txt', lines({ 3: 'three' }));
    await git(main, 'rm', '--quiet', 'a.txt');
    await git(main, 'commit', '--quiet', '-m', 'Remove');
  },
  how: undefined,
});

test('another picture under the same name', lands, {
  make: async ({ main, worktree }) => {
    for (const [directory, byte] of [
      [worktree, 1],
      [main, 2],
    ] as const) {
      await writeFile(join(directory, 'p.png'), Buffer.from([0, byte, 0, 255]));
      await git(directory, 'add', 'p.png');
      await git(directory, 'commit', '--quiet', '-m', 'Add picture');
    }
  },
  how: undefined,
});

test('the same picture, and the target moved on in other files', lands, {
  make: async ({ main, worktree }) => {
    await commitFile(main, 'c.txt', 'c\n');
    for (const directory of [worktree, main]) {
      await writeFile(join(directory, 'p.png'), Buffer.from([0, 1, 0, 255]));
      await git(directory, 'add', 'p.png');
      await git(directory, 'commit', '--quiet', '-m', 'Add picture');
    }
  },
  how: 'cherry-pick',
});

test('text in two encodings that look alike when misread', lands, {
  make: async ({ main, worktree }) => {
    for (const [directory, byte] of [
      [worktree, 0xe9],
      [main, 0xe8],
    ] as const) {
      await writeFile(join(directory, 'latin.txt'), Buffer.from([0x61, byte, 0x0a]));
      await git(directory, 'add', 'latin.txt');
      await git(directory, 'commit', '--quiet', '-m', 'Add text');
    }
  },
  how: undefined,
});

test('a decision made in a merge is not lost from sight', lands, {
  make: async ({ main, worktree }) => {
    await commitFile(worktree, 'b.txt', 'new\n');
    await commitFile(main, 'c.txt', 'c\n');
    await git(worktree, 'merge', '--quiet', '--no-commit', '--no-ff', 'main');
    await commitFile(worktree, 'decided.txt', 'only here\n');
    await git(main, 'cherry-pick', `${branch}^1`);
  },
  how: undefined,
});

test('a mode, a removed file and a link that landed', lands, {
  make: async ({ main, worktree }) => {
    await commitFile(worktree, 'gone.txt', 'gone\n');
    await git(main, 'merge', '--quiet', '--ff-only', branch);
    await git(worktree, 'update-index', '--chmod=+x', 'a.txt');
    await git(worktree, 'rm', '--quiet', 'gone.txt');
    await git(worktree, 'commit', '--quiet', '-m', 'Change kinds');
    await git(worktree, 'checkout', '--quiet', '--', '.');
    await commitFile(main, 'c.txt', 'c\n');
    await squash(main);
    await commitFile(main, 'c.txt', 'c2\n');
  },
  how: 'cherry-pick',
});

/** Another commit of a submodule that nobody initialised. */
async function bump(directory: string, digit: string, path = 'sub'): Promise<void> {
  await git(directory, 'update-index', '--add', '--cacheinfo', `160000,${digit.repeat(40)},${path}`);
  // git's own `commit` heeds the same settings.
  const tree = await git(directory, 'write-tree');
  const commit = await git(directory, 'commit-tree', tree, '-p', 'HEAD', '-m', `Bump ${path}`);
  await git(directory, 'update-ref', 'HEAD', commit);
  await mkdir(join(directory, path), { recursive: true });
}

/** Submodules in the target that settings take no notice of, and a worktree that has them, too. */
async function withIgnored({ main, worktree }: Fixture): Promise<void> {
  const module = (path: string): string =>
    `[submodule "${path}"]\n\tpath = ${path}\n\turl = ./${path}\n\tignore = all\n`;
  await commitFile(main, '.gitmodules', module('sub') + module('other'));
  await bump(main, '1');
  await bump(main, '1', 'other');
  await git(main, 'config', 'diff.ignoreSubmodules', 'all');
  await git(worktree, 'merge', '--quiet', '--ff-only', 'main');
}

test('the text landed, and the submodule that went with it did not, which settings hide', lands, {
  make: async (made) => {
    const { main, worktree } = made;
    await withIgnored(made);
    await commitFile(worktree, 'b.txt', 'new\n');
    await bump(worktree, '2');
    await commitFile(main, 'b.txt', 'new\n');
  },
  how: undefined,
});

test('two submodules, of which one was brought over, which settings hide', lands, {
  make: async (made) => {
    await withIgnored(made);
    await bump(made.worktree, '2');
    await bump(made.worktree, '2', 'other');
    await bump(made.main, '2');
  },
  how: undefined,
});

test(
  'a submodule that settings hide was brought over after the target had moved on, which then moved on in it',
  lands,
  {
    make: async (made) => {
      await withIgnored(made);
      await bump(made.worktree, '2');
      await commitFile(made.main, 'c.txt', 'moved on\n');
      await bump(made.main, '2');
      await bump(made.main, '3');
    },
    how: 'cherry-pick',
  },
);

test('configuration that would change or run something in a comparison has no say', async (t) => {
  const made = await fixture(t);
  await work(made);
  await commitFile(made.main, 'a.txt', lines({ 12: 'twelve' }));
  await squash(made.main);
  await commitFile(made.main, 'b.txt', 'changed\n');
  const ran = join(made.main, 'ran');
  await git(made.main, 'config', 'diff.external', `touch ${ran}; false`);
  await git(made.main, 'config', 'diff.words.textconv', `touch ${ran}; cat`);
  await git(made.main, 'config', 'diff.words.command', `touch ${ran}; false`);
  await git(made.main, 'config', 'diff.noprefix', 'true');
  await writeFile(join(made.main, '.git', 'info', 'attributes'), '*.txt diff=words merge=words\n');
  await git(made.main, 'config', 'merge.words.driver', `touch ${ran}; false`);
  t.is((await landed(made))?.how, 'squash');
  await t.throwsAsync(rm(ran));
});

test('the branch it was made from is asked before the default one, and where both have it the first is named', async (t) => {
  const made = await fixture(t);
  await git(made.main, 'branch', 'develop');
  await work(made);
  const commit = await squash(made.main);
  const facts = await inspectWorktree(made.worktree, { originalBranch: 'develop' });
  t.deepEqual(facts.landed, { how: 'squash', commit, into: 'main', ref: 'refs/heads/main' });
  await git(made.main, 'branch', '--force', 'develop', 'main');
  await commitFile(made.main, 'c.txt', 'c\n');
  t.is((await inspectWorktree(made.worktree, { originalBranch: 'develop' })).landed?.into, 'develop');
});
