import { mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { mainGitDirOfWorktreeFile, repositoryAt } from '../../src/storage/repository.ts';
import { addWorktree, adminDirectory, commitFile, git, makeRepository } from '../helpers/git.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

async function app(t: ExecutionContext): Promise<{ readonly top: string; readonly main: string }> {
  const top = temporaryDirectory(t);
  const main = await makeRepository(join(top, 'app'));
  await commitFile(main, 'packages/web/a', 'a');
  return { top, main };
}

test('a repository is found from any directory in it', async (t) => {
  const { main } = await app(t);
  const expected = { name: 'app', gitDir: join(main, '.git') };
  t.deepEqual(await repositoryAt(main), expected);
  t.deepEqual(await repositoryAt(join(main, 'packages', 'web')), expected);
});

test('a worktree belongs to its main repository, also from inside and through links', async (t) => {
  const { top, main } = await app(t);
  const worktree = join(top, 'w', 'session');
  await addWorktree(main, worktree, 'x');
  await symlink(top, join(top, 'link'));
  const expected = { name: 'app', gitDir: join(main, '.git') };
  t.deepEqual(await repositoryAt(join(worktree, 'packages')), expected);
  t.deepEqual(await repositoryAt(join(top, 'link', 'w', 'session')), expected);
  t.is(await mainGitDirOfWorktreeFile(worktree), expected.gitDir);
});

test('two checkouts with one name are two repositories', async (t) => {
  const { top, main } = await app(t);
  await git(top, 'clone', '--quiet', main, join(top, 'b', 'app'));
  const other = await repositoryAt(join(top, 'b', 'app'));
  t.deepEqual(other, { name: 'app', gitDir: join(top, 'b', 'app', '.git') });
});

test('a bare repository is called by its name without .git, also through its worktrees', async (t) => {
  const { top, main } = await app(t);
  const bare = join(top, 'lib.git');
  await git(top, 'clone', '--quiet', '--bare', main, bare);
  await addWorktree(bare, join(top, 'w'), 'x');
  const expected = { name: 'lib', gitDir: bare };
  t.deepEqual(await repositoryAt(bare), expected);
  t.deepEqual(await repositoryAt(join(top, 'w')), expected);
});

test('a submodule is a repository called by its directory', async (t) => {
  const { top, main } = await app(t);
  const library = await makeRepository(join(top, 'library'));
  await commitFile(library, 'a', 'a');
  await git(main, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', library, 'vendor/lib');
  t.deepEqual(await repositoryAt(join(main, 'vendor', 'lib')), {
    name: 'lib',
    gitDir: join(main, '.git', 'modules', 'vendor', 'lib'),
  });
});

test('a pruned worktree still belongs to a repository that is there', async (t) => {
  const { top, main } = await app(t);
  const worktree = join(top, 'w');
  await addWorktree(main, worktree, 'x');
  await rm(await adminDirectory(worktree), { recursive: true });
  t.is(await mainGitDirOfWorktreeFile(worktree), join(main, '.git'));
  await rm(main, { recursive: true });
  t.is(await mainGitDirOfWorktreeFile(worktree), undefined);
});

test('outside of any repository there is none', async (t) => {
  const top = temporaryDirectory(t);
  await mkdir(join(top, '.git'));
  t.is(await repositoryAt(top), undefined);
  t.is(await repositoryAt(join(top, 'none')), undefined);
  t.is(await mainGitDirOfWorktreeFile(top), undefined);
});
