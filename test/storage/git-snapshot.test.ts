import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { canComeBack } from '../../src/storage/git-kept.ts';
import { contentOf, takeSnapshot } from '../../src/storage/git-snapshot.ts';
import { unpackSnapshot } from '../../src/storage/git-unpack.ts';
import { addWorktree, adminDirectory, commitFile, git } from '../helpers/git.ts';
import { temporaryDirectory, type Teardown } from '../helpers/temporary.ts';

async function makeRepository(t: Teardown): Promise<{ top: string; workTree: string; gitDir: string }> {
  const top = temporaryDirectory(t);
  const workTree = join(top, 'work'.repeat(30));
  fs.mkdirSync(workTree);
  await git(workTree, 'init', '--quiet');
  fs.writeFileSync(join(workTree, 'a.txt'), 'a\n');
  await git(workTree, 'add', '-A');
  await git(workTree, 'commit', '--quiet', '-m', 'first');
  return { top, workTree, gitDir: join(workTree, '.git') };
}

test('a file that cannot be looked at is not one that was deleted: nothing is kept then', async (t) => {
  const { top, workTree, gitDir } = await makeRepository(t);
  // git reaches it from the worktree; by its whole path it is out of reach.
  const deep = Array.from({ length: 20 }, () => 'd'.repeat(200)).join('/');
  execFileSync('sh', ['-c', 'mkdir -p "$1" && echo work > "$1/f"', 'sh', deep], { cwd: workTree });
  t.teardown(() => execFileSync('rm', ['-rf', 'd'.repeat(200)], { cwd: workTree }));
  const found = await contentOf({ workTree, adminDir: gitDir, mainGitDir: gitDir }, join(top, 'i'), false);
  t.regex(
    found.match(() => 'kept', String),
    /could not be looked into: ENAMETOOLONG/,
  );
});

test('a filter in the settings of the worktree itself neither runs nor hides a change from the snapshot', async (t) => {
  const { top, workTree } = await makeRepository(t);
  const mainGitDir = join(workTree, '.git');
  await git(workTree, 'config', 'extensions.worktreeConfig', 'true');
  const worktree = join(top, 'linked');
  await addWorktree(workTree, worktree, 'prodigy-linked');
  await commitFile(worktree, '.gitattributes', '*.nb filter=strip\n');
  await commitFile(worktree, 'a.nb', 'v0\n');
  const ran = join(top, 'ran');
  await git(worktree, 'config', '--worktree', 'filter.strip.clean', `touch '${ran}'; sed s/[0-9]/0/g`);
  fs.writeFileSync(join(worktree, 'a.nb'), 'v7\n');
  const adminDir = await adminDirectory(worktree);
  const found = await contentOf({ workTree: worktree, adminDir, mainGitDir }, join(top, 'i'), false);
  t.deepEqual(
    found._unsafeUnwrap().files.map(({ path }) => path),
    ['a.nb'],
  );
  t.false(fs.existsSync(ran));
});

test('a snapshot of less than the verdict counted is none', async (t) => {
  const { top, workTree, gitDir } = await makeRepository(t);
  fs.writeFileSync(join(workTree, 'new.txt'), 'new\n');
  const head = await git(workTree, 'rev-parse', 'HEAD');
  const dirty = { workTree, adminDir: gitDir, mainGitDir: gitDir };
  const ref = 'refs/prodigy-clean/run/op';
  const less = await takeSnapshot(dirty, { head, ref, atLeast: 2 }, join(top, 'i'));
  t.is(less._unsafeUnwrapErr(), 'less of it can be seen than when it was judged');
  t.is(await git(workTree, 'for-each-ref', 'refs/prodigy-clean'), '');
  t.true((await takeSnapshot(dirty, { head, ref, atLeast: 1 }, join(top, 'i'))).isOk());
});

test('the index counts among what is kept', async (t) => {
  const { top, workTree, gitDir } = await makeRepository(t);
  fs.writeFileSync(join(workTree, 'large'), '');
  fs.truncateSync(join(workTree, 'large'), 512 * 1024 * 1024 - 1);
  const found = await contentOf({ workTree, adminDir: gitDir, mainGitDir: gitDir }, join(top, 'i'), false);
  t.regex(
    found.match(() => 'kept', String),
    /more than 512 MiB/,
  );
});

type Kept = { readonly files: readonly string[]; readonly deleted: readonly string[] };

/** A snapshot as an earlier version may have taken it. */
async function snapshotOf(
  workTree: string,
  { files, deleted }: Kept,
  objects: Readonly<Record<string, string>> = {},
): Promise<string> {
  const index = await git(workTree, 'rev-parse', 'HEAD:a.txt');
  const content = {
    files: files.map((path) => ({ path, mode: 0o100644, mtimeNs: '0', object: objects[path] ?? index })),
    deleted,
    index,
  };
  const manifest = join(workTree, '..', 'manifest');
  fs.writeFileSync(manifest, JSON.stringify(content));
  const named = await git(workTree, 'hash-object', '-w', manifest);
  const cacheinfo = ['--add', '--cacheinfo', `100644,${named},manifest.json`];
  await git(workTree, 'update-index', ...cacheinfo);
  const tree = await git(workTree, 'write-tree');
  await git(workTree, 'reset', '--quiet');
  return git(workTree, 'commit-tree', tree, '-m', 'kept');
}

test('a snapshot is laid out behind no link and below no file, whatever it says', async (t) => {
  const { top, workTree, gitDir } = await makeRepository(t);
  const elsewhere = join(top, 'elsewhere');
  fs.mkdirSync(elsewhere);
  fs.writeFileSync(join(elsewhere, 'f'), 'not of the worktree\n');
  fs.symlinkSync(elsewhere, join(workTree, 'd'));
  fs.mkdirSync(join(workTree, 'full'));
  fs.writeFileSync(join(workTree, 'full', 'f'), 'f\n');
  for (const [kept, why] of [
    [{ files: ['d/f'], deleted: [] }, /in the place of a directory: .*\/d$/],
    [{ files: ['d', 'd/f'], deleted: ['d'] }, /below a file: d\/f/],
    [{ files: ['full'], deleted: ['d/f'] }, /a file is in the place of what was kept: .*\/full\/f$/],
  ] as const) {
    const laid = await unpackSnapshot(gitDir, await snapshotOf(workTree, kept), workTree);
    t.regex(
      laid.match(() => 'laid out', String),
      why,
    );
    t.is(fs.readFileSync(join(elsewhere, 'f'), 'utf8'), 'not of the worktree\n');
    t.is(fs.readlinkSync(join(workTree, 'd')), elsewhere);
  }
});

test('a file that is larger than any string, and small ones in lots, are laid out as they were', async (t) => {
  const { top, workTree, gitDir } = await makeRepository(t);
  const bytes = 512 * 1024 * 1024;
  const large = join(top, 'large');
  fs.writeFileSync(large, '');
  fs.truncateSync(large, bytes);
  const linked = join(top, 'linked');
  await git(workTree, 'worktree', 'add', '--quiet', '--detach', linked);
  const disk = await git(workTree, 'hash-object', '-w', large);
  const objects: Record<string, string> = { 'm.img': disk };
  const small = Array.from({ length: 450 }, (_, index) => `${index % 2 === 0 ? 'a' : 'z'}/${index}`);
  fs.mkdirSync(join(top, 'texts'));
  for (const [index] of small.entries()) fs.writeFileSync(join(top, 'texts', String(index)), `${index}\0\n`);
  const texts = small.map((_, index) => join(top, 'texts', String(index)));
  const named = (await git(workTree, 'hash-object', '-w', ...texts)).split('\n');
  for (const [index, path] of small.entries()) objects[path] = named[index] ?? '';

  const files = [...small, 'm.img'].sort();
  const laid = await unpackSnapshot(
    gitDir,
    await snapshotOf(workTree, { files, deleted: [] }, objects),
    linked,
  );
  t.is(
    laid.match(() => 'laid out', String),
    'laid out',
  );
  const seen = fs.statSync(join(linked, 'm.img'));
  t.deepEqual([seen.size, seen.mtimeMs], [bytes, 0]);
  t.is(await git(linked, 'hash-object', 'm.img'), disk);
  t.deepEqual(
    small.filter((path, index) => fs.readFileSync(join(linked, path), 'utf8') !== `${index}\0\n`),
    [],
  );
});

test('what git dropped of a snapshot, or what would stand in the way of a committed file, makes it none', async (t) => {
  const { workTree, gitDir } = await makeRepository(t);
  fs.mkdirSync(join(workTree, 'files', 'd'), { recursive: true });
  fs.writeFileSync(join(workTree, 'files', 'd', 'f'), 'a\n');
  await git(workTree, 'add', '-A');
  await git(workTree, 'commit', '--quiet', '-m', 'second');
  const object = await git(workTree, 'rev-parse', 'HEAD:a.txt');
  const check = async (paths: readonly string[], deleted: readonly string[]): Promise<string> => {
    const files = paths.map((path) => ({ path, mode: 0o100644, mtimeNs: '0', object }));
    const answer = await canComeBack({ files, deleted, index: object }, 'HEAD', 'HEAD', { gitDir });
    return answer.match(() => 'can', String);
  };
  t.is(await check(['d/f'], []), 'can');
  t.regex(await check(['d', 'd/f'], []), /cannot be kept: d$/);
  await git(workTree, 'mv', 'files/d/f', 'files/files');
  await git(workTree, 'commit', '--quiet', '-m', 'third');
  t.regex(await check(['files'], []), /in the place of a directory: files\/files$/);
  t.is(await check(['files'], ['files/files']), 'can');
});
