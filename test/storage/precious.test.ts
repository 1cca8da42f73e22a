import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { findPrecious, isPreciousName, isRegenerableName } from '../../src/storage/precious.ts';
import { inspectWorktree } from '../../src/storage/git-worktree.ts';
import { addWorktree, commitFile, giveGitAHome, makeRepository } from '../helpers/git.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

giveGitAHome(test);

async function tree(t: ExecutionContext, files: readonly string[]): Promise<string> {
  const top = temporaryDirectory(t);
  for (const file of files) {
    await mkdir(dirname(join(top, file)), { recursive: true });
    await writeFile(join(top, file), '');
  }
  return top;
}

for (const name of [
  '.env',
  '.ENV',
  '.env.local',
  'prod.env',
  'server.pem',
  'server.key',
  'id_rsa',
  'id_ed25519.old',
  'app.sqlite3',
  'dev.db',
  'dev.db-wal',
  'terraform.tfstate.backup',
  'credentials.json',
  'secrets.yml',
  '.npmrc',
  'CLAUDE.local.md',
  'notes.txt',
  'work.patch',
  'release.keystore',
  'x.p12',
  'analysis.ipynb',
]) {
  test(`${name} is precious`, (t) => t.true(isPreciousName(name)));
}

for (const name of [
  '.env.example',
  '.env.sample',
  '.env.template',
  'secrets.example.yml',
  'example.env',
  'Thumbs.db',
  'main.o',
  'app.log',
  '.DS_Store',
  'environment.ts',
  'index.js',
  'keyboard.ts',
  'mydb',
]) {
  test(`${name} is not precious`, (t) => t.false(isPreciousName(name)));
}

test('what tools make again is regenerable in any letter case', (t) => {
  for (const name of ['node_modules', 'target', '.venv', 'DerivedData', '__pycache__', '.next']) {
    t.true(isRegenerableName(name), name);
  }
  for (const name of ['local', 'data', 'src', 'nodes']) t.false(isRegenerableName(name), name);
});

test('ignored files are judged by name, ignored directories by what is in them', async (t) => {
  const top = await tree(t, ['a.log', '.env', 'local/x/.env', 'local/x/readme', 'node_modules/p/.env']);
  const { precious } = await findPrecious(top, ['a.log', '.env', 'local/', 'node_modules/']);
  t.deepEqual(precious, ['.env', 'local/x/.env']);
});

test('regenerable directories are not searched, whatever made them', async (t) => {
  const top = await tree(t, [
    'local/node_modules/.env',
    'envs/py/pyvenv.cfg',
    'envs/py/.env',
    'odd/CACHEDIR.TAG',
    'odd/x.pem',
  ]);
  t.deepEqual((await findPrecious(top, ['local/', 'envs/', 'odd/'])).precious, []);
});

test('a directory of secrets is precious as a whole, an empty one is not', async (t) => {
  const top = await tree(t, ['secrets/a', 'x/.ssh/known']);
  await mkdir(join(top, 'empty', 'secrets'), { recursive: true });
  const { precious } = await findPrecious(top, ['secrets/', 'x/', 'empty/']);
  t.deepEqual(precious, ['secrets/', 'x/.ssh/']);
});

test('what lies in a directory of secrets is precious, also when git ignores it piece by piece', async (t) => {
  const top = await tree(t, ['secrets/a', 'secrets/prod/eu/b', 'x/.AWS/build/c', 'secretsauce/a']);
  await mkdir(join(top, 'secrets', 'empty'));
  await symlink('nowhere', join(top, 'secrets', 'link'));
  const ignored = [
    'secrets/a',
    'secrets/prod/',
    'secrets/empty/',
    'secrets/link',
    'x/.AWS/build/',
    'secretsauce/a',
  ];
  t.deepEqual((await findPrecious(top, ignored)).precious, ['secrets/a', 'secrets/prod/', 'x/.AWS/build/']);
});

for (const [how, gitignore, path] of [
  ['as a whole', 'secrets/\n', '.gitignore'],
  ['by its contents', 'secrets/*\n!secrets/.gitkeep\n', '.gitignore'],
  ['by a .gitignore of its own', '*\n', 'secrets/.gitignore'],
] as const) {
  test(`a directory of secrets that git ignores ${how} keeps its worktree (P2)`, async (t) => {
    const top = temporaryDirectory(t);
    const repository = await makeRepository(join(top, 'app'));
    await commitFile(repository, 'a.txt', 'one\n');
    const worktree = join(top, 'worktree');
    await addWorktree(repository, worktree, 'prodigy-x');
    await commitFile(worktree, '.gitignore', path === '.gitignore' ? gitignore : 'other\n');
    await mkdir(join(worktree, 'secrets', 'prod'), { recursive: true });
    if (path !== '.gitignore') await writeFile(join(worktree, path), gitignore);
    await writeFile(join(worktree, 'secrets', 'prod', 'values.txt'), 'the only copy\n');
    const { changes } = await inspectWorktree(worktree, { originalBranch: 'main' });
    t.true((changes?.precious.length ?? 0) > 0, JSON.stringify(changes));
  });
}

test('links are not followed and not precious', async (t) => {
  const top = await tree(t, ['local/a', 'outside/x.pem']);
  await symlink(join(top, 'outside'), join(top, 'local', 'out'));
  await symlink(join(top, 'outside', 'x.pem'), join(top, '.env'));
  await symlink(join(top, 'outside'), join(top, 'link'));
  t.deepEqual((await findPrecious(top, ['local/', '.env', 'link/'])).precious, []);
});

test('a link of a precious name tells of what is ignored inside that it is precious', async (t) => {
  const top = await tree(t, ['local/prod.conf', 'local/deep/one.conf', 'build/x', 'tracked.conf']);
  await symlink('local/prod.conf', join(top, '.env'));
  await symlink('tracked.conf', join(top, '.envrc'));
  await symlink('nowhere', join(top, '.npmrc'));
  const ignored = ['.env', '.envrc', '.npmrc', 'local/'];
  t.deepEqual((await findPrecious(top, ignored)).precious, ['local/prod.conf']);
  await symlink('deep', join(top, 'local', 'secrets'));
  t.deepEqual((await findPrecious(top, ignored)).precious, ['local/prod.conf', 'local/deep/']);
  await writeFile(join(top, 'alone.conf'), '');
  await symlink('alone.conf', join(top, 'token'));
  t.deepEqual((await findPrecious(top, ['alone.conf', 'token'])).precious, ['alone.conf']);
});

test('nested repositories are reported, bare ones are precious', async (t) => {
  const top = await tree(t, [
    'local/r/.git/HEAD',
    'local/bare/HEAD',
    'local/bare/objects/x',
    'local/bare/refs/x',
  ]);
  const found = await findPrecious(top, ['local/']);
  t.deepEqual(found.nested, ['local/r']);
  t.deepEqual(found.precious, ['local/bare/ (a bare repository)']);
});

test('more than can be checked counts as precious', async (t) => {
  const top = await tree(
    t,
    Array.from({ length: 20_001 }, (_, index) => `local/${index}`),
  );
  t.deepEqual((await findPrecious(top, ['local/'])).precious, ['local/ (too many to check)']);
});

test('at most 20 are listed', async (t) => {
  const names = Array.from({ length: 30 }, (_, index) => `.env.${index}`);
  const top = await tree(t, [...names, ...names.map((name) => `local/${name}`)]);
  t.is((await findPrecious(top, names)).precious.length, 20);
  t.is((await findPrecious(top, ['local/'])).precious.length, 20);
});

test('what is gone meanwhile is not precious', async (t) => {
  t.deepEqual((await findPrecious(await tree(t, []), ['.env', 'local/'])).precious, []);
});
