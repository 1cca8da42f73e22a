import { subscribe } from 'node:diagnostics_channel';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { mapEach } from '../../src/storage/each.ts';
import { unregisterWorktree } from '../../src/storage/git-registration.ts';
import { inspectWorktree } from '../../src/storage/git-worktree.ts';
import { git, gitEnvironment, giveGitAHome, makeRepository } from '../helpers/git.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

giveGitAHome(test);

const worktrees = 300;
const branches = 5_000;

const blob = (text: string): string => `data ${Buffer.byteLength(text)}\n${text}\n`;

/** Marks of `git fast-import` by branch. */
type Branches = ReadonlyMap<string, number>;

/**
 * A history for `git fast-import`: `main`, then many branches with a commit of their own each. Every third of those
 * with a worktree is merged, every third landed as the same change on a target that had moved on.
 */
function history(): { readonly input: string; readonly tips: Branches } {
  const parts: string[] = [];
  const tips = new Map<string, number>();
  let mark = 0;
  let atMs = 1_600_000_000;
  const commit = (branch: string, parents: readonly number[], path: string, text: string): number => {
    mark += 1;
    atMs += 60;
    const [from, merge] = parents;
    parts.push(`commit refs/import\nmark :${mark}\ncommitter Ada <ada@example.org> ${atMs} +0000\n`);
    parts.push(blob(path));
    if (from !== undefined) parts.push(`from :${from}\n`);
    if (merge !== undefined) parts.push(`merge :${merge}\n`);
    parts.push(`M 100644 inline ${path}\n${blob(text)}`);
    tips.set(branch, mark);
    return mark;
  };
  const first = commit('main', [], 'a.txt', 'one');
  let main = commit('main', [first], 'b.txt', 'two');
  for (let index = 0; index < branches; index += 1) {
    const path = `work/${index}.txt`;
    const head = commit(`prodigy-${index}`, [index % 2 === 0 ? first : main], path, `${index}`);
    if (index >= worktrees || index % 3 === 2) continue;
    main = commit('main', index % 3 === 0 ? [main, head] : [main], path, `${index}`);
  }
  return { input: parts.join(''), tips };
}

/** All at once and packed: as loose files, five thousand would cost more than the test. */
async function importHistory(main: string): Promise<void> {
  const { input, tips } = history();
  const options = { cwd: main, env: gitEnvironment(), extendEnv: false, input };
  await execa('git', ['fast-import', '--quiet', '--export-marks=marks'], options);
  await git(main, 'update-ref', '-d', 'refs/import');
  const marks = await readFile(join(main, 'marks'), 'utf8');
  const commits = new Map(marks.split('\n').map((line) => line.split(' ') as [string, string]));
  const refs = [...tips].map(([branch, mark]) => `${commits.get(`:${mark}`) ?? ''} refs/heads/${branch}\n`);
  refs.sort((a, b) => (a.slice(41) < b.slice(41) ? -1 : 1));
  await writeFile(join(main, 'packed-refs'), `# pack-refs with: sorted \n${refs.join('')}`);
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

/** How many processes were started since then. */
function countingProcesses(): () => number {
  let count = 0;
  subscribe('child_process', () => {
    count += 1;
  });
  return () => count;
}

test('300 worktrees among 5,000 branches are judged together: two questions each, and a few for all', async (t) => {
  const top = temporaryDirectory(t);
  const main = await makeRepository(join(top, 'app'), { bare: true });
  await importHistory(main);
  const names = Array.from({ length: worktrees }, (_, index) => `${index}`);
  const directory = join(top, 'worktrees', 'app');
  await mapEach(names, 4, (name) => addByHand(main, join(directory, name), name));

  const started = countingProcesses();
  const facts = await mapEach(names, 256, (name) =>
    inspectWorktree(join(directory, name), { originalBranch: 'main' }),
  );
  const count = started();
  t.true(count > worktrees, `${count}`);
  t.true(count <= 2 * worktrees + 110, `git was started ${count} times`);
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
