import { existsSync } from 'node:fs';
import { appendFile, chmod, mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { WorktreeFacts } from '../../src/model/worktree.ts';
import { proveWorktree } from '../../src/policy/proof.ts';
import { inspectWorktree } from '../../src/storage/git-worktree.ts';
import { addWorktree, commitFile, git, giveGitAHome, makeRepository } from '../helpers/git.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

giveGitAHome(test);

type Fixture = { readonly top: string; readonly main: string; readonly worktree: string };

async function fixture(t: ExecutionContext): Promise<Fixture> {
  const top = temporaryDirectory(t);
  const main = await makeRepository(join(top, 'app'));
  await commitFile(main, 'a.txt', 'one\n');
  const worktree = join(top, 'worktrees', 'app', 'session');
  await addWorktree(main, worktree, 'prodigy-session');
  return { top, main, worktree };
}

const isProven = (facts: WorktreeFacts): boolean => proveWorktree(facts, { mergedOnly: false }).ok;

/** A program that leaves a mark when anything runs it, and passes its input on. */
async function trap(top: string): Promise<{ readonly program: string; readonly ran: () => boolean }> {
  const program = join(top, 'trap');
  await writeFile(program, `#!/bin/sh\ntouch '${program}.ran'\ncat\n`);
  await chmod(program, 0o755);
  return { program, ran: () => existsSync(`${program}.ran`) };
}

/** Makes git look at the content: what the index knows of the file is out of date. */
const touch = (file: string): Promise<void> => utimes(file, new Date(1), new Date(1));

test('nothing that the configuration of a repository names is run', async (t) => {
  const { top, main, worktree } = await fixture(t);
  const { program, ran } = await trap(top);
  await commitFile(worktree, '.gitattributes', '*.txt filter=bad diff=bad merge=bad\n');
  for (const name of [
    'filter.bad.clean',
    'filter.bad.smudge',
    'core.fsmonitor',
    'core.pager',
    'core.editor',
    'core.sshCommand',
    'core.askPass',
    'core.alternateRefsCommand',
    'diff.external',
    'diff.bad.textconv',
    'diff.bad.command',
    'merge.bad.driver',
    'credential.helper',
    'gpg.program',
  ]) {
    await git(main, 'config', name, program);
  }
  await git(main, 'config', 'core.hooksPath', join(top, 'hooks'));
  await mkdir(join(top, 'hooks'));
  for (const hook of ['post-index-change', 'reference-transaction', 'post-checkout']) {
    await writeFile(join(top, 'hooks', hook), `#!/bin/sh\ntouch '${program}.ran'\n`, { mode: 0o755 });
  }
  await touch(join(worktree, 'a.txt'));
  const facts = await inspectWorktree(worktree, { originalBranch: 'main', branches: true });
  t.false(ran());
  t.deepEqual(facts.doubts, []);
  t.true(isProven(facts), 'and what it would have said is not missed');
});

test('a filter in the settings of one worktree is not run either', async (t) => {
  const { top, main, worktree } = await fixture(t);
  const { program, ran } = await trap(top);
  await commitFile(worktree, '.gitattributes', '*.txt filter=own\n');
  await git(main, 'config', 'extensions.worktreeConfig', 'true');
  await git(worktree, 'config', '--worktree', 'filter.own.clean', program);
  await touch(join(worktree, 'a.txt'));
  await inspectWorktree(worktree);
  t.false(ran());
});

test('settings of a submodule run nothing, whichever process looks at it', async (t) => {
  const { top, main, worktree } = await fixture(t);
  const { program, ran } = await trap(top);
  const library = await makeRepository(join(top, 'library'));
  await commitFile(library, 'lib.txt', 'lib\n');
  const allow = ['-c', 'protocol.file.allow=always'];
  await git(main, ...allow, 'submodule', '--quiet', 'add', library, 'lib');
  await git(main, 'commit', '--quiet', '-m', 'Add lib');
  await git(worktree, 'merge', '--quiet', '--ff-only', 'main');
  await git(worktree, ...allow, 'submodule', '--quiet', 'update', '--init');
  const submodule = join(worktree, 'lib');
  await git(submodule, 'config', 'core.fsmonitor', program);
  await git(submodule, 'config', 'filter.bad.clean', program);
  await writeFile(join(submodule, '.gitattributes'), '*.txt filter=bad\n');
  await touch(join(submodule, 'lib.txt'));
  const { doubts } = await inspectWorktree(worktree);
  t.false(ran());
  t.deepEqual(
    doubts.map(({ reason }) => reason),
    ['untracked'],
  );
});

const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n';

test('pointers of Git LFS are files like others, whether its filter is there or not', async (t) => {
  const { main, worktree } = await fixture(t);
  await commitFile(worktree, '.gitattributes', '*.bin filter=lfs diff=lfs merge=lfs -text\n');
  await commitFile(worktree, 'big.bin', pointer);
  t.true(isProven(await inspectWorktree(worktree)));
  await git(main, 'config', 'filter.lfs.clean', 'git-lfs clean -- %f');
  await git(main, 'config', 'filter.lfs.process', 'git-lfs filter-process');
  await git(main, 'config', 'filter.lfs.required', 'true');
  await touch(join(worktree, 'big.bin'));
  const facts = await inspectWorktree(worktree);
  t.true(isProven(facts), JSON.stringify(facts));
  await writeFile(join(worktree, 'big.bin'), 'what the pointer stood for, and was never sent');
  t.is((await inspectWorktree(worktree)).changes?.uncommitted, 1);
});

test('a worktree that cannot be read in one place spoils no other that is asked about with it', async (t) => {
  const { top, main, worktree } = await fixture(t);
  const paths = [worktree];
  for (const name of ['b', 'c', 'd', 'e', 'f']) {
    paths.push(join(top, 'worktrees', 'app', name));
    await addWorktree(main, join(top, 'worktrees', 'app', name), `prodigy-${name}`);
  }
  // A commit whose object is rubbish: git fails for whatever question it is part of.
  const broken = paths[3] ?? '';
  await git(broken, 'checkout', '--quiet', '--detach');
  const lost = await commitFile(broken, 'x.txt', 'x\n');
  await git(broken, 'checkout', '--quiet', 'prodigy-d');
  const object = join(main, '.git', 'objects', lost.slice(0, 2), lost.slice(2));
  await chmod(object, 0o644);
  await writeFile(object, 'rubbish');
  const facts = await Promise.all(paths.map((path) => inspectWorktree(path, { originalBranch: 'main' })));
  t.deepEqual(facts.map(isProven), [true, true, true, false, true, true]);
});

test('a setting in which git cannot be made sense of keeps what it speaks of', async (t) => {
  const { main, worktree } = await fixture(t);
  await writeFile(join(main, '.git', 'config'), '[core\n');
  const facts = await inspectWorktree(worktree);
  t.is(facts.doubts[0]?.reason, 'unreadable');
  t.false(isProven(facts));
});

test('names that no branch can have are asked for in vain, and spoil nothing for others', async (t) => {
  const { worktree } = await fixture(t);
  const names = ['a\0b', 'x'.repeat(200_000), '*', '--all', '../../HEAD', 'main'];
  const facts = await Promise.all(
    names.map((originalBranch) => inspectWorktree(worktree, { originalBranch, branches: true })),
  );
  t.deepEqual(
    facts.map((of) => of.doubts.map(({ reason }) => reason)),
    [['unreadable'], ['unreadable'], [], [], [], []],
  );
  t.deepEqual(facts.at(-1)?.mergedInto, 'main');
});

for (const [what, name] of [
  ['a name with an equals sign', Buffer.from('a=b')],
  ['a name that is no text', Buffer.from([0xff])],
] as const) {
  test(`a filter of the repository's settings is not run, and the worktree kept: ${what}`, async (t) => {
    const { main, worktree } = await fixture(t);
    const ran = join(temporaryDirectory(t), 'ran');
    const attributes = Buffer.concat([Buffer.from('a.txt filter='), name, Buffer.from('\n')]);
    await writeFile(join(worktree, '.gitattributes'), attributes);
    await git(worktree, 'add', '.gitattributes');
    await git(worktree, 'commit', '--quiet', '-m', 'Filter');
    const filter = [Buffer.from('[filter "'), name, Buffer.from(`"]\n\tclean = "touch ${ran}; cat"\n`)];
    await appendFile(join(main, '.git', 'config'), Buffer.concat(filter));
    await writeFile(join(worktree, 'a.txt'), 'two\n');
    const facts = await inspectWorktree(worktree);
    t.false(existsSync(ran));
    t.false(isProven(facts));
    t.regex(facts.doubts[0]?.detail ?? '', /a filter that cannot be kept from running/);
    await git(worktree, 'status');
    t.true(existsSync(ran), 'else this shows nothing');
  });
}
