import { join } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import type { SpentBranch } from '../model/branch.ts';
import type { Doubt } from '../model/reason.ts';
import { registrations } from './git-checkouts.ts';
import { survivingRefs } from './git-commits.ts';
import { gitComplaint } from './git-complaint.ts';
import { parseGraph, type CommitGraph } from './git-graph.ts';
import { addReflog, tipsOf } from './git-tips.ts';
import { runGit } from './git.ts';
import { together } from './together.ts';
import { readPointer } from './worktree-link.ts';

type Question = Pick<SpentBranch, 'ref' | 'commit'> & {
  /** Commits that worktrees which are gone have to be made again from. */
  readonly heads?: readonly string[];
};

/** What one working directory knows, and the branch that is checked out in it. */
type User = { readonly commits: ReadonlySet<string>; readonly branch: string | undefined };

/**
 * Refs that no run deletes. Any branch with one of Prodigy's names might go in the same run: none of them counts, so
 * that neither of two is deleted because of the other.
 */
const lastingRefs = ['--exclude=refs/heads/prodigy-*', '--exclude=refs/heads/agent-*', ...survivingRefs];

/**
 * Whether HEAD, the reflogs or the refs of any worktree that git knows reach a commit only through this branch, or its
 * own reflog, which goes with it, names one that neither it nor any ref that stays reaches. What
 * the branch reaches that is checked out in that worktree does not count: that one stays, or goes for its own reasons.
 * Asked while all worktrees that a run removes are registered still, it holds in whatever order they go.
 */
export const isNeeded: (mainGitDir: string, question: Question) => Promise<Result<boolean, Doubt>> = together(
  async (mainGitDir, questions) => {
    let users: Result<readonly User[], Doubt> | undefined;
    const answers: Result<boolean, Doubt>[] = [];
    for (const question of questions) {
      const own = await onlyInItsReflog(mainGitDir, question);
      if (own.isErr() || own.value) {
        answers.push(own);
        continue;
      }
      const beyond = await historyBeyond(mainGitDir, question.commit);
      // Merged, as most are.
      if (beyond.isErr() || beyond.value.size === 0) {
        answers.push(beyond.map(() => false));
        continue;
      }
      users ??= await readUsers(mainGitDir);
      answers.push(
        users.isErr() ? err(users.error) : await needs(mainGitDir, question, beyond.value, users.value),
      );
    }
    return answers;
  },
);

async function onlyInItsReflog(gitDir: string, { ref, commit }: Question): Promise<Result<boolean, Doubt>> {
  const commits = new Set<string>();
  const doubt = await addReflog(join(gitDir, 'logs', ref), commits);
  if (doubt !== undefined) return err(doubt);
  commits.delete(commit);
  if (commits.size === 0) return ok(false);
  // What was pruned is lost already.
  const args = ['rev-list', '--ignore-missing', '--max-count=1', '--stdin', '--not', commit, ...lastingRefs];
  const input = [...commits].map((one) => `${one}\n`).join('');
  const listed = await runGit(args, { gitDir, input });
  return listed.isErr() ? err(unanswered(gitComplaint(listed.error), gitDir)) : ok(listed.value !== '');
}

async function needs(
  mainGitDir: string,
  { ref, heads = [] }: Question,
  beyond: CommitGraph,
  users: readonly User[],
): Promise<Result<boolean, Doubt>> {
  if (heads.some((commit) => beyond.has(commit))) return ok(true);
  for (const { commits, branch } of users) {
    const wanted = [...commits].filter((commit) => beyond.has(commit));
    if (wanted.length === 0 || branch === ref) continue;
    if (branch === undefined) return ok(true);
    const own = await historyBeyond(mainGitDir, branch);
    if (own.isErr()) return err(own.error);
    if (wanted.some((commit) => !own.value.has(commit))) return ok(true);
  }
  return ok(false);
}

/** What of its history no lasting ref reaches. */
async function historyBeyond(gitDir: string, tip: string): Promise<Result<CommitGraph, Doubt>> {
  const listed = await runGit(['rev-list', '--parents', tip, '--not', ...lastingRefs], { gitDir });
  return listed.isErr() ? err(unanswered(gitComplaint(listed.error), gitDir)) : ok(parseGraph(listed.value));
}

async function readUsers(mainGitDir: string): Promise<Result<readonly User[], Doubt>> {
  const registered = await registrations(join(mainGitDir, 'worktrees'));
  if (registered.isErr()) return err(registered.error);
  const users: User[] = [];
  for (const adminDir of registered.value) {
    const tips = await tipsOf(adminDir);
    if (tips.isErr()) return err(tips.error);
    const user = await withHead(adminDir, [...tips.value.commits, ...tips.value.others]);
    if (user.isErr()) return err(user.error);
    users.push(user.value);
  }
  // Its reflogs stay, and are git's to expire.
  const main = await withHead(mainGitDir, []);
  return main.map((user) => [...users, user]);
}

async function withHead(gitDir: string, commits: readonly string[]): Promise<Result<User, Doubt>> {
  const text = await readPointer(join(gitDir, 'HEAD'));
  if (text.isErr()) return err(text.error);
  const head = (text.value ?? '').trim();
  const branch = /^ref: (refs\/\S.*)$/u.exec(head)?.[1];
  return ok({ commits: new Set([...commits, head]), branch });
}

function unanswered(detail: string, path: string): Doubt {
  return { reason: 'unreadable', detail, path };
}
