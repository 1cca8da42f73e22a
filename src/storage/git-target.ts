import { addTo } from '../model/groups.ts';
import { ownHistory, type Branch, type CommitGraph } from './git-graph.ts';
import { readPatches, wholeChange } from './git-patches.ts';
import { runGit } from './git.ts';

/** The commits of a target since the first of some branches left it. */
export type TargetHistory = {
  /** Commits by the tree they hold. */
  readonly byTree: ReadonlyMap<string, readonly string[]>;
  /** Commits by the change they made, of those that touch what the branches touch. */
  patches(branches: readonly Branch[]): Promise<ReadonlyMap<string, readonly string[]>>;
  /**
   * The first of `commits` that came after a branch had left at `base`. What the branch started from has no say: a
   * change that was made, taken back, and made again in the branch has not landed.
   */
  since(base: string, commits: readonly string[] | undefined): string | undefined;
};

/** Changes are compared with no more commits of the target than this, the newest. */
const maxCompared = 2_000;
const maxHistoryBytes = 64 * 1024 * 1024;
/** More are not told to git as arguments. */
const maxBases = 1_000;

/** `undefined` when git cannot list it. */
export async function readTargetHistory(
  gitDir: string,
  target: string,
  branches: readonly Branch[],
): Promise<TargetHistory | undefined> {
  const first = await leftFirst(gitDir, target, branches);
  const args = ['rev-list', '--format=%H %T %P', target, ...first];
  const listed = await runGit(args, { gitDir, maxOutputBytes: maxHistoryBytes });
  if (listed.isErr()) return undefined;
  const graph = new Map<string, readonly string[]>();
  const byTree = new Map<string, string[]>();
  for (const [commit, tree, ...parents] of formatted(listed.value)) {
    graph.set(commit, parents);
    addTo(byTree, tree, commit);
  }
  const before = ancestorsIn(graph);
  return {
    byTree,
    patches: (of) => patchesOf(gitDir, [target, ...first], of),
    since: (base, commits) => commits?.find((commit) => graph.has(commit) && !before(base).has(commit)),
  };
}

/** The trees of some commits. */
export async function readTrees(
  gitDir: string,
  commits: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const input = commits.map((commit) => `${commit}\n`).join('');
  const args = ['rev-list', '--no-walk=unsorted', '--stdin', '--format=%H %T'];
  const listed = await runGit(args, { gitDir, input });
  return new Map(formatted(listed.unwrapOr('')).map(([commit, tree]) => [commit, tree]));
}

/** The lines of a format that begins with commit and tree, between them git's own. */
function formatted(text: string): readonly (readonly [string, string, ...string[]])[] {
  return text.split('\n').flatMap((line) => {
    const [commit, tree, ...more] = line.split(' ').filter(Boolean);
    return commit === undefined || tree === undefined || commit === 'commit' ? [] : [[commit, tree, ...more]];
  });
}

function ancestorsIn(graph: CommitGraph): (base: string) => ReadonlySet<string> {
  const known = new Map<string, ReadonlySet<string>>();
  return (base) => {
    const found = known.get(base) ?? new Set(ownHistory(graph, [base]));
    known.set(base, found);
    return found;
  };
}

/** What to leave out of the target's history: it was there before the first of the branches left. */
async function leftFirst(
  gitDir: string,
  target: string,
  branches: readonly Branch[],
): Promise<readonly string[]> {
  const bases = [...new Set(branches.map(({ base }) => base))];
  if (bases.length === 1) return bases.map((base) => `^${base}`);
  if (bases.length > maxBases) return [];
  const asked = await runGit(['merge-base', '--octopus', target, ...bases], { gitDir });
  const found = asked.unwrapOr('').split('\n').filter(Boolean);
  return found.map((base) => `^${base}`);
}

async function patchesOf(
  gitDir: string,
  range: readonly string[],
  branches: readonly Branch[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  const paths = await changedPaths(gitDir, branches);
  if (paths.length === 0) return found;
  const input = [...range, '--', ...paths].map((line) => `${line}\n`).join('');
  const args = ['rev-list', '--no-merges', `--max-count=${maxCompared}`, '--stdin'];
  const listed = await runGit(args, { gitDir, input, encoding: 'latin1' });
  const commits = listed.unwrapOr('').split('\n').filter(Boolean);
  const patches = await readPatches(
    gitDir,
    commits.map((commit) => [commit]),
  );
  for (const [commit, patch] of patches) addTo(found, patch, commit);
  return found;
}

async function changedPaths(gitDir: string, branches: readonly Branch[]): Promise<readonly string[]> {
  const input = branches.map(({ head, base }) => `${head} ${base}\n`).join('');
  const args = ['diff-tree', '--stdin', '-r', '-z', '--name-only', '--no-commit-id', ...wholeChange];
  const listed = await runGit(args, { gitDir, input, encoding: 'latin1' });
  const paths = listed.unwrapOr('').split('\0').filter(Boolean);
  // A line is a path: one with a line break cannot be asked for, and what it changes is not found to have landed.
  return [...new Set(paths)].filter((path) => !path.includes('\n'));
}
