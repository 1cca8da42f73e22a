import type { Landed } from '../model/worktree.ts';
import { ownHistory, type Branch, type CommitGraph } from './git-graph.ts';
import { mergingAddsNothing } from './git-merging.ts';
import { readPatches, type Patches } from './git-patches.ts';
import { readTargetHistory, readTrees, type TargetHistory } from './git-target.ts';
import { runGit } from './git.ts';

type Way = Pick<Landed, 'how' | 'commit'>;

/** A branch with more commits of its own is not compared. */
const maxOwnCommits = 500;

/**
 * How the work of each head came into the target without its commits. What cannot be found out is left out: nothing
 * is claimed that git did not say.
 *
 * @param beyond - what the heads have that the target has not
 */
export async function findLanded(
  gitDir: string,
  target: string,
  heads: readonly string[],
  beyond: CommitGraph,
): Promise<ReadonlyMap<string, Way>> {
  const ways = new Map<string, Way>();
  const branches: Branch[] = [];
  for (const head of heads) {
    const branch = await branchOf(gitDir, target, head, beyond);
    if (branch !== undefined) branches.push(branch);
  }
  if (branches.length === 0) return ways;
  const waiting = (): readonly Branch[] => branches.filter(({ head }) => !ways.has(head));

  const history = await readTargetHistory(gitDir, target, branches);
  if (history !== undefined) {
    await byTree(gitDir, history, branches, ways);
    await byPatch(gitDir, history, waiting(), ways);
  }
  const rest = waiting().map(({ head, base }) => ({ head, base }));
  for (const head of await mergingAddsNothing(gitDir, target, rest)) ways.set(head, { how: 'contained' });
  return ways;
}

async function branchOf(
  gitDir: string,
  target: string,
  head: string,
  beyond: CommitGraph,
): Promise<Branch | undefined> {
  const own = ownHistory(beyond, [head]);
  if (own.length === 0 || own.length > maxOwnCommits) return undefined;
  const parents = own.flatMap((commit) => beyond.get(commit) ?? []);
  const left = new Set(parents.filter((parent) => !beyond.has(parent)));
  const hasMerges = own.some((commit) => (beyond.get(commit)?.length ?? 0) > 1);
  // All ways out of what is its own lead through one commit: that is where it left the target.
  const [only] = left;
  if (only !== undefined && left.size === 1) return { head, own, hasMerges, base: only };
  const asked = await runGit(['merge-base', '--all', target, head], { gitDir });
  const bases = asked.unwrapOr('').split('\n').filter(Boolean);
  const [base] = bases;
  return base === undefined || bases.length > 1 ? undefined : { head, own, hasMerges, base };
}

/** The same files as in a commit of the target since then: it was squashed onto where it had been brought up to. */
async function byTree(
  gitDir: string,
  history: TargetHistory,
  branches: readonly Branch[],
  ways: Map<string, Way>,
): Promise<void> {
  const named = new Set(branches.flatMap(({ head, base }) => [head, base]));
  const trees = await readTrees(gitDir, [...named]);
  for (const { head, base, own } of branches) {
    const tree = trees.get(head);
    if (tree === undefined) continue;
    const commit = history.since(base, history.byTree.get(tree));
    if (tree === trees.get(base)) ways.set(head, { how: 'no-change' });
    else if (commit !== undefined) ways.set(head, { how: asOne(own), commit });
  }
}

/** The same change as that of the whole branch in one commit of the target, or that of each of its commits. */
async function byPatch(
  gitDir: string,
  history: TargetHistory,
  branches: readonly Branch[],
  ways: Map<string, Way>,
): Promise<void> {
  const theirs = await history.patches(branches);
  if (theirs.size === 0) return;
  const whole = await readPatches(
    gitDir,
    branches.map(({ head, base }) => [head, base]),
  );
  const straight = branches.filter(({ own, hasMerges }) => !hasMerges && own.length > 1);
  const each = await readPatches(
    gitDir,
    [...new Set(straight.flatMap(({ own }) => own))].map((commit) => [commit]),
  );
  for (const branch of branches) {
    const landed = (patch: string | undefined): string | undefined =>
      patch === undefined ? undefined : history.since(branch.base, theirs.get(patch));
    const atOnce = landed(whole.get(branch.head));
    const way: Way | undefined =
      atOnce === undefined ? oneByOne(branch, each, landed) : { how: asOne(branch.own), commit: atOnce };
    if (way !== undefined) ways.set(branch.head, way);
  }
}

/** What one commit with the work of all of them is called. */
function asOne(own: readonly string[]): Way['how'] {
  return own.length === 1 ? 'cherry-pick' : 'squash';
}

function oneByOne(
  { own, hasMerges }: Branch,
  each: Patches,
  landed: (patch: string | undefined) => string | undefined,
): Way | undefined {
  // What a merge decided is in no patch.
  if (hasMerges || own.length === 1) return undefined;
  // A commit without a change has nothing to land.
  const commits = own.flatMap((one) => each.get(one) ?? []).map(landed);
  const isWhole = commits.length > 0 && commits.every((one) => one !== undefined);
  return isWhole ? { how: 'rebase', commit: commits[0] } : undefined;
}
