import { err, ok, type Result } from 'neverthrow';
import { addTo } from '../model/groups.ts';
import type { Doubt } from '../model/reason.ts';
import type { Landed } from '../model/worktree.ts';
import { gitComplaint } from './git-complaint.ts';
import { parseGraph } from './git-graph.ts';
import { findLanded } from './git-landed.ts';
import { whileStanding, type Found, type Standing } from './git-standing.ts';
import { runGit } from './git.ts';

export type MergeQuestion = {
  readonly head: string;
  /** Full name of the worktree's own branch: what it contains says nothing. */
  readonly branch: string | undefined;
  /** Full name of the branch that is asked first: the one from which the worktree was made. */
  readonly original: string | undefined;
  /** By the settings; asked after the usual ones. */
  readonly defaultBranch: string | undefined;
  /** Whether to find out, too, if the work landed there by squash, rebase or cherry-pick: that is not cheap. */
  readonly landed: boolean;
};

export type MergeAnswer = {
  /** The branch that contains HEAD: that from which the worktree was made, else the repository's default branch. */
  readonly merged: Target | undefined;
  /** Asked only of what is not merged; `undefined` also when it cannot be told. */
  readonly landed: Landed | undefined;
  readonly committedAtMs: number;
};

export type Target = {
  /** Full name; for a symbolic ref (`origin/HEAD`) that of what it stands for. */
  readonly ref: string;
  /** As people call it. */
  readonly name: string;
  readonly commit: string;
};

/**
 * Where the work of a worktree has arrived. Asked about the main git directory; worktrees that ask at the same time
 * share the answer, and it is asked once while no ref moves.
 */
export const findMergeTarget: (
  mainGitDir: string,
  question: MergeQuestion,
) => Promise<Result<MergeAnswer, Doubt>> = whileStanding(answerEach, (question) =>
  // Whoever asked for more has the answer to less, too.
  question.landed ? [keyOf(question, true)] : [keyOf(question, false), keyOf(question, true)],
);

function keyOf({ head, branch, original, defaultBranch }: MergeQuestion, landed: boolean): string {
  return JSON.stringify([head, branch, original, defaultBranch, landed]);
}

async function answerEach(
  mainGitDir: string,
  questions: readonly MergeQuestion[],
  standing: Standing | undefined,
): Promise<readonly Result<Found<MergeAnswer>, Doubt>[]> {
  const answers = await answerAll(mainGitDir, questions, standing);
  if (answers.isOk()) return answers.value.map((answer) => ok({ answer, lasts: true }));
  if (questions.length === 1) return [err(answers.error)];
  // One that cannot be answered must not spoil the others.
  const alone: Result<Found<MergeAnswer>, Doubt>[] = [];
  for (const question of questions) alone.push(...(await answerEach(mainGitDir, [question], standing)));
  return alone;
}

type Asked = {
  readonly question: MergeQuestion;
  readonly targets: readonly Target[];
  merged: Target | undefined;
  landed: Landed | undefined;
};

async function answerAll(
  gitDir: string,
  questions: readonly MergeQuestion[],
  standing: Standing | undefined,
): Promise<Result<readonly MergeAnswer[], Doubt>> {
  const times = await commitTimes(gitDir, questions);
  if (times.isErr()) return err(times.error);
  const odd = questions.find(({ original = '' }) => original.includes('\0') || original.length > longestName);
  if (odd !== undefined) return err(unanswered('recorded with a branch that has no possible name', gitDir));
  const found = await targetsOf(gitDir, questions, standing);
  if (found.isErr()) return err(found.error);
  const asked: Asked[] = questions.map((question) => ({
    question,
    targets: candidates(question, found.value),
    merged: undefined,
    landed: undefined,
  }));
  // The branch it was made from comes first for each, and few are asked about the others.
  const most = Math.max(0, ...asked.map(({ targets }) => targets.length));
  for (const find of [findMerged, findLandings]) {
    for (let rank = 0; rank < most; rank += 1) {
      const done = await find(gitDir, rank, asked);
      if (done.isErr()) return err(done.error);
    }
  }
  return ok(
    asked.map(({ question, merged, landed }) => ({
      merged,
      landed,
      committedAtMs: times.value.get(question.head) ?? 0,
    })),
  );
}

/** No file system has longer ones. */
const longestName = 4_096;

const usualTargets = ['refs/remotes/origin/HEAD', 'refs/heads/main', 'refs/heads/master'];

type Targets = ReadonlyMap<string, Target>;

/** The branches that work could have arrived in, those that exist. */
async function targetsOf(
  gitDir: string,
  questions: readonly MergeQuestion[],
  standing: Standing | undefined,
): Promise<Result<Targets, Doubt>> {
  const byRef = new Map<string, Target>();
  if (standing !== undefined) {
    for (const { name, symref, object } of standing.refs) {
      if (/^refs\/(?:heads|remotes)\//u.test(name)) byRef.set(name, targetAt(name, symref, object));
    }
    return ok(byRef);
  }
  const named = questions.flatMap(refsAskedBy);
  const refs = [...new Set(named)];
  const format = '--format=%(refname)%00%(symref)%00%(objectname)%00%(objecttype)';
  const listed = await runGit(['for-each-ref', format, ...refs], { gitDir });
  if (listed.isErr()) return err(unanswered(gitComplaint(listed.error), gitDir));
  for (const line of listed.value.split('\n').filter((text) => text !== '')) {
    const [asked = '', symref = '', commit = '', type] = line.split('\0');
    if (type === 'commit') byRef.set(asked, targetAt(asked, symref, commit));
  }
  return ok(byRef);
}

function targetAt(asked: string, symref: string, commit: string): Target {
  const ref = symref === '' ? asked : symref;
  return { ref, name: ref.replace(/^refs\/[^/]+\//u, ''), commit };
}

/** In the order in which they are asked, whether they exist or not. */
function refsAskedBy({ original, defaultBranch }: MergeQuestion): readonly string[] {
  const own = defaultBranch === undefined ? [] : [`refs/heads/${defaultBranch}`];
  return [...(original === undefined ? [] : [original]), ...usualTargets, ...own];
}

function candidates(question: MergeQuestion, byRef: Targets): readonly Target[] {
  const found = new Map<string, Target>();
  for (const asked of refsAskedBy(question)) {
    const target = byRef.get(asked);
    if (target === undefined || asked === question.branch || target.ref === question.branch) continue;
    // Two names for one commit have one answer.
    if (!found.has(target.commit)) found.set(target.commit, target);
  }
  return [...found.values()];
}

/** Those that are still asked, by what their target of this rank points to. */
function byTarget(asked: readonly Asked[], rank: number): ReadonlyMap<string, readonly Asked[]> {
  const groups = new Map<string, Asked[]>();
  for (const one of asked) {
    const commit = one.targets[rank]?.commit;
    if (commit === undefined || one.merged !== undefined || one.landed !== undefined) continue;
    addTo(groups, commit, one);
  }
  return groups;
}

async function findMerged(
  gitDir: string,
  rank: number,
  asked: readonly Asked[],
): Promise<Result<void, Doubt>> {
  for (const [target, group] of byTarget(asked, rank)) {
    const beyond = await historyBeyond(gitDir, target, group);
    if (beyond.isErr()) return err(beyond.error);
    for (const one of group) if (!beyond.value.has(one.question.head)) one.merged = one.targets[rank];
  }
  return ok(undefined);
}

async function findLandings(
  gitDir: string,
  rank: number,
  asked: readonly Asked[],
): Promise<Result<void, Doubt>> {
  const wanted = asked.filter(({ question }) => question.landed);
  for (const [target, group] of byTarget(wanted, rank)) {
    const beyond = await historyBeyond(gitDir, target, group);
    if (beyond.isErr()) return err(beyond.error);
    const heads = new Set(group.map(({ question }) => question.head));
    const ways = await findLanded(gitDir, target, [...heads], beyond.value);
    for (const one of group) {
      const way = ways.get(one.question.head);
      const at = one.targets[rank];
      if (way !== undefined && at !== undefined) one.landed = { ...way, into: at.name, ref: at.ref };
    }
  }
  return ok(undefined);
}

/** What the heads have that the target has not. */
async function historyBeyond(
  gitDir: string,
  target: string,
  group: readonly Asked[],
): Promise<Result<ReturnType<typeof parseGraph>, Doubt>> {
  const input = [...group.map(({ question }) => question.head), `^${target}`].join('\n');
  const listed = await runGit(['rev-list', '--parents', '--stdin'], { gitDir, input: `${input}\n` });
  return listed.isErr() ? err(unanswered(gitComplaint(listed.error), gitDir)) : ok(parseGraph(listed.value));
}

async function commitTimes(
  gitDir: string,
  questions: readonly MergeQuestion[],
): Promise<Result<ReadonlyMap<string, number>, Doubt>> {
  const input = questions.map(({ head }) => `${head}\n`).join('');
  const args = ['rev-list', '--no-walk=unsorted', '--stdin', '--format=%H %ct'];
  const shown = await runGit(args, { gitDir, input });
  if (shown.isErr()) return err(unanswered(gitComplaint(shown.error), gitDir));
  const times = new Map<string, number>();
  for (const line of shown.value.split('\n')) {
    const [commit = '', seconds] = line.split(' ');
    if (commit !== 'commit' && seconds !== undefined) times.set(commit, Number(seconds) * 1_000);
  }
  return ok(times);
}

function unanswered(detail: string, path: string): Doubt {
  return { reason: 'unreadable', detail, path };
}
