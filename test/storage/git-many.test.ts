import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { mapEach } from '../../src/storage/each.ts';
import { unregisterWorktree } from '../../src/storage/git-registration.ts';
import { inspectWorktree } from '../../src/storage/git-worktree.ts';
import { git, gitEnvironment, makeRepository } from '../helpers/git.ts';
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

const worktrees = 300;
const branches = 5_000;

const blob = (text: string): string => `data ${Buffer.byteLength(text)}\n${text}\n`;

/**
 * A history for `git fast-import`: `main`, then many branches with a commit of their own each. Every third of those
 * with a worktree is merged, every third landed as the same change on a target that had moved on.
 */
function history(): string {
  const parts: string[] = [];
  let mark = 0;
  let atMs = 1_600_000_000;
  const commit = (ref: string, parents: readonly number[], path: string, text: string): number => {
    mark += 1;
    atMs += 60;
    const [from, merge] = parents;
    parts.push(`commit ${ref}\nmark :${mark}\ncommitter Ada <ada@example.org> ${atMs} +0000\n${blob(path)}`);
    if (from !== undefined) parts.push(`from :${from}\n`);
    if (merge !== undefined) parts.push(`merge :${merge}\n`);
    parts.push(`M 100644 inline ${path}\n${blob(text)}`);
    return mark;
  };
  const first = commit('refs/heads/main', [], 'a.txt', 'one');
  let main = commit('refs/heads/main', [first], 'b.txt', 'two');
  for (let index = 0; index < branches; index += 1) {
    const path = `work/${index}.txt`;
    const head = commit(`refs/heads/prodigy-${index}`, [index % 2 === 0 ? first : main], path, `${index}`);
    if (index >= worktrees || index % 3 === 2) continue;
    main = commit('refs/heads/main', index % 3 === 0 ? [main, head] : [main], path, `${index}`);
  }
  return parts.join('');
}

/** What `git worktree add` does, with one process instead of half a dozen. */
async function addByHand(main: string, worktree: string, name: string): Promise<void> {
  const admin = join(main, 'worktrees', name);
  await mkdir(admin, { recursive: true });
  await mkdir(worktree, { recursive: true });
  await writeFile(join(admin, 'HEAD'), `ref: refs/heads/prodigy-${name}\n`);
  await writeFile(join(admin, 'commondir'), '../..\n');
  await writeFile(join(admin, 'gitdir'), `${join(worktree, '.git')}\n`);
  await writeFile(join(worktree, '.git'), `gitdir: ${admin}\n`);
  await git(worktree, 'reset', '--quiet', '--hard');
}

/** A `git` that writes a line for each time it is started. */
async function countingGit(directory: string): Promise<() => number> {
  const { stdout: real } = await execa('sh', ['-c', 'command -v git']);
  const log = join(directory, 'started');
  await mkdir(join(directory, 'bin'));
  await writeFile(join(directory, 'bin', 'git'), `#!/bin/sh\necho . >> '${log}'\nexec '${real}' "$@"\n`);
  await chmod(join(directory, 'bin', 'git'), 0o755);
  process.env['PATH'] = `${join(directory, 'bin')}${delimiter}${process.env['PATH']}`;
  return () => (existsSync(log) ? readFileSync(log, 'utf8').length / 2 : 0);
}

test('300 worktrees among 5,000 branches are judged together: two questions each, and a few for all', async (t) => {
  const top = temporaryDirectory(t);
  const main = await makeRepository(join(top, 'app'), { bare: true });
  const input = history();
  await execa('git', ['fast-import', '--quiet'], {
    cwd: main,
    env: gitEnvironment(),
    extendEnv: false,
    input,
  });
  const names = Array.from({ length: worktrees }, (_, index) => `${index}`);
  const directory = join(top, 'worktrees', 'app');
  await mapEach(names, 4, (name) => addByHand(main, join(directory, name), name));

  const started = await countingGit(top);
  const facts = await mapEach(names, 64, (name) =>
    inspectWorktree(join(directory, name), { originalBranch: 'main' }),
  );
  const count = started();
  t.true(count <= 2 * worktrees + 200, `git was started ${count} times`);
  t.deepEqual(
    facts.flatMap(({ doubts }) => doubts),
    [],
  );
  for (const [index, { head, branch, unreachable, changes, mergedInto, landed }] of facts.entries()) {
    t.is(branch, `refs/heads/prodigy-${index}`);
    t.is(unreachable?.count, 0);
    t.deepEqual(changes, { uncommitted: 0, untracked: 0, precious: [] });
    t.is(mergedInto, index % 3 === 0 ? 'main' : undefined, `${index}`);
    t.is(landed?.how, index % 3 === 1 ? 'cherry-pick' : undefined, `${index}`);
    t.truthy(head);
  }

  // Among so many, one leaves git without a word about the others.
  const [facts0] = facts;
  const gone = join(directory, '0');
  await execa('mv', [gone, join(top, 'aside')]);
  const { mainGitDir = '', adminDir = '' } = facts0 ?? {};
  t.is((await unregisterWorktree({ mainGitDir, adminDir }, gone))._unsafeUnwrap(), 'unregistered');
  const listed = await git(main, 'worktree', 'list', '--porcelain');
  t.is(listed.split('\n').filter((line) => line.startsWith('worktree ')).length, worktrees);
  t.false(listed.includes('prunable'));
  t.is(await git(main, 'fsck', '--connectivity-only', '--no-dangling'), '');
});
