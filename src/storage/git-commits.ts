import { hash } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import type { GitFailure } from '../model/failure.ts';
import type { Doubt } from '../model/reason.ts';
import { gitComplaint } from './git-complaint.ts';
import { ownHistory, parseGraph, type CommitGraph } from './git-graph.ts';
import { ownTips, words, type Tips } from './git-tips.ts';
import { whileStanding, type Found, type Standing } from './git-standing.ts';
import { runGit } from './git.ts';

export type Unreachable = { readonly count: number; readonly example: string | undefined };

/**
 * Refs that need not survive when a worktree goes: what belongs to one worktree, and what is kept for undo, which ends.
 */
const endingRefs = ['refs/prodigy-clean/', 'refs/bisect/', 'refs/worktree/', 'refs/rewritten/'];

/** The others, as git is asked for them. */
export const survivingRefs: readonly string[] = [
  ...endingRefs.map((prefix) => `--exclude=${prefix}*`),
  '--glob=refs/*',
];

type Question = { readonly head: string; readonly tips: Tips };

/**
 * Commits that HEAD, the reflogs and the refs of one worktree know, and no ref that survives it. Branches survive,
 * HEADs and reflogs do not. Asked about the main git directory; worktrees that ask at the same time share the answer,
 * and it is asked once while no ref moves.
 */
export const findUnreachable: (
  mainGitDir: string,
  question: Question,
) => Promise<Result<Unreachable, Doubt>> = whileStanding(unreachableOfAll, ({ head, tips }) => [
  hash('sha256', [head, ...tips.commits, '-', ...tips.others].join(' '), 'hex'),
]);

async function unreachableOfAll(
  mainGitDir: string,
  questions: readonly Question[],
  standing: Standing | undefined,
): Promise<readonly Result<Found<Unreachable>, Doubt>[]> {
  const known = await historyBeyond(mainGitDir, questions, standing);
  if (known.isOk()) {
    const { lasts } = known.value;
    return questions.map((question) =>
      unreachableOf(mainGitDir, question, known.value).map((answer) => ({ answer, lasts })),
    );
  }
  if (questions.length === 1) return [err(known.error)];
  // One that cannot be answered must not spoil the others.
  const answers: Result<Found<Unreachable>, Doubt>[] = [];
  for (const question of questions)
    answers.push(...(await unreachableOfAll(mainGitDir, [question], standing)));
  return answers;
}

type Beyond = { readonly graph: CommitGraph; readonly kinds: Kinds; readonly lasts: boolean };

/** What the surviving refs do not reach of all that is asked about. */
async function historyBeyond(
  gitDir: string,
  questions: readonly Question[],
  standing: Standing | undefined,
): Promise<Result<Beyond, Doubt>> {
  const named = new Set(questions.flatMap(({ head, tips }) => [head, ...tips.commits, ...tips.others]));
  const kinds = await kindsOf(gitDir, [...named]);
  if (kinds.isErr()) return err(kinds.error);
  const tips = [...kinds.value.commits];
  const listed = await listBeyond(gitDir, tips, standing);
  // What is not there may be brought back without a ref.
  const lasts = standing !== undefined && !kinds.value.lacksSome;
  return listed.isErr()
    ? err(unanswered(gitComplaint(listed.error), gitDir))
    : ok({ graph: parseGraph(listed.value), kinds: kinds.value, lasts });
}

/** From the tips, what the listed refs do not reach. */
function listBeyond(
  gitDir: string,
  tips: readonly string[],
  standing: Standing | undefined,
): Promise<Result<string, GitFailure>> {
  const args = ['rev-list', '--parents', '--stdin'];
  if (standing === undefined)
    return runGit([...args, '--not', ...survivingRefs], { gitDir, input: lines(tips) });
  const surviving = standing.refs.filter(({ name }) => !endingRefs.some((prefix) => name.startsWith(prefix)));
  const objects = new Set(surviving.map(({ object }) => `^${object}`));
  return runGit(args, { gitDir, input: lines([...tips, ...objects]) });
}

function unreachableOf(
  gitDir: string,
  { head, tips }: Question,
  { graph, kinds }: Beyond,
): Result<Unreachable, Doubt> {
  // Reflogs may name commits that were pruned long ago: those are lost already. Only git's own word counts.
  if (!kinds.commits.has(head)) return err(unanswered('HEAD is not a commit', gitDir));
  const named = [head, ...tips.commits, ...tips.others];
  const own = ownHistory(graph, named);
  // A ref to a file, a tree or a tag: no walk over commits can show that it is kept.
  const odd = [...new Set(named)].filter((name) => kinds.odd.has(name) || kinds.tags.has(name));
  return ok({ count: own.length + odd.length, example: own[0] ?? odd[0] });
}

type Kinds = Readonly<Record<'commits' | 'tags' | 'odd', ReadonlySet<string>>> & {
  readonly lacksSome: boolean;
};

async function kindsOf(gitDir: string, objects: readonly string[]): Promise<Result<Kinds, Doubt>> {
  const kinds = { commits: new Set<string>(), tags: new Set<string>(), odd: new Set<string>() };
  let lacksSome = false;
  if (objects.length === 0) return ok({ ...kinds, lacksSome });
  const asked = await runGit(['cat-file', '--batch-check=%(objectname) %(objecttype)'], {
    ...apart(gitDir),
    input: lines(objects),
    complete: true,
  });
  if (asked.isErr()) return err(unanswered(gitComplaint(asked.error), gitDir));
  for (const line of asked.value.split('\n').filter((text) => text !== '')) {
    const [name = '', type] = line.split(' ');
    if (type === 'commit') kinds.commits.add(name);
    else if (type === 'tag') kinds.tags.add(name);
    else if (type === 'missing') lacksSome = true;
    else kinds.odd.add(name);
  }
  return ok({ ...kinds, lacksSome });
}

/**
 * Commits of a nested repository, whose git directory goes with the worktree, that its remotes did not have when it
 * last spoke to them.
 */
export async function findUnpublished(gitDir: string): Promise<Result<Unreachable, Doubt>> {
  const tips = await ownTips(gitDir);
  if (tips.isErr()) return err(tips.error);
  const at = apart(gitDir);
  const refs = await runGit(['for-each-ref', '--format=%(objectname) %(refname)'], { ...at, complete: true });
  if (refs.isErr()) return err(unanswered(gitComplaint(refs.error), gitDir));
  const all = new Set(tips.value.commits);
  for (const line of refs.value.split('\n').filter((text) => text !== '')) {
    const [object = '', name = ''] = line.split(' ');
    if (!name.startsWith('refs/remotes/')) all.add(object);
  }
  const head = await runGit(['rev-parse', '--verify', '--quiet', 'HEAD'], at);
  if (head.isOk()) all.add(head.value.trim());
  if (all.size === 0) return ok({ count: 0, example: undefined });
  const kinds = await kindsOf(gitDir, [...all]);
  if (kinds.isErr()) return err(kinds.error);
  const { commits, tags, odd } = kinds.value;
  const args = ['rev-list', '--stdin', '--not', '--glob=refs/remotes/*'];
  const listed = await runGit(args, { ...at, input: lines([...commits, ...tags]) });
  if (listed.isErr()) return err(unanswered(gitComplaint(listed.error), gitDir));
  const found = [...words(listed.value), ...odd];
  return ok({ count: found.length, example: found[0] });
}

/**
 * Objects and refs are asked for, no files: of a submodule's git directory git would first go to the files, and give up
 * when the worktree that they lay in has moved.
 */
function apart(gitDir: string): { readonly gitDir: string; readonly workTree: string } {
  return { gitDir, workTree: gitDir };
}

function unanswered(detail: string, path: string): Doubt {
  return { reason: 'unreadable', detail, path };
}

function lines(items: readonly string[]): string {
  return items.map((item) => `${item}\n`).join('');
}

/** Whether git has the commit, under whatever name or none; `undefined` when it does not say. */
export async function hasCommit(mainGitDir: string, commit: string): Promise<boolean | undefined> {
  const asked = await runGit(['cat-file', '--batch-check'], { gitDir: mainGitDir, input: `${commit}\n` });
  return asked.isErr() ? undefined : asked.value.startsWith(`${commit} commit `);
}
