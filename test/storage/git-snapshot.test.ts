import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { contentOf } from '../../src/storage/git-snapshot.ts';
import { git } from '../helpers/git.ts';
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
