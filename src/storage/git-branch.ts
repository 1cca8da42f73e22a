import { basename } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import { identify } from '../disk/identity.ts';
import type { BranchKeptReason, SpentBranch } from '../model/branch.ts';
import { readCheckouts } from './git-checkouts.ts';
import { findMergeTarget } from './git-merge.ts';
import { settingsOf } from './git-settings.ts';
import { isTakenBack } from './git-merging.ts';
import { isNeeded } from './git-needed.ts';
import { runGit } from './git.ts';
import { together } from './together.ts';
import type { WorktreeLink } from './worktree-link.ts';

/** Names that Prodigy gives; no other branch is ever deleted. */
const ours = /^refs\/heads\/(?:prodigy|agent)-./u;

/**
 * The branches that Prodigy made for a worktree and that hold nothing that a target does not hold: the one that is
 * checked out, and the one it was made with where an agent has switched to another. One that another worktree uses is
 * not among them, nor one that holds commits for any worktree but by being checked out in it, nor one about which there
 * is any doubt.
 */
export async function findSpentBranches(
  worktree: string,
  { mainGitDir, adminDir }: WorktreeLink,
  { branch, original }: { readonly branch: string | undefined; readonly original: string | undefined },
): Promise<readonly SpentBranch[]> {
  const names = new Set([
    ...(branch === undefined ? [] : [branch]),
    `refs/heads/prodigy-${basename(worktree)}`,
  ]);
  const spent: SpentBranch[] = [];
  for (const ref of names) {
    if (!ours.test(ref) || ref === original) continue;
    const commit = await commitOf(mainGitDir, ref);
    if (commit.isErr() || commit.value === undefined) continue;
    const into = await targetOf(mainGitDir, { ref, commit: commit.value, into: original });
    const users = await readCheckouts(mainGitDir, undefined);
    const isFree = users.isOk() && (users.value.get(ref) ?? []).every((gitDir) => gitDir === adminDir);
    if (into === undefined || !isFree) continue;
    const needed = await isNeeded(mainGitDir, { ref, commit: commit.value });
    if (needed.isOk() && !needed.value) spent.push({ ref, commit: commit.value, into });
  }
  return spent;
}

type Going = SpentBranch & {
  /** Commits that worktrees which are gone have to be made again from. */
  readonly heads?: readonly string[];
};

/**
 * Deletes a branch of a worktree that is gone, if it is what it was and its content is in a target still, by
 * compare-and-swap: one that moved on meanwhile stays. Whatever speaks against it is the answer, never a failure.
 */
export const deleteBranch: (
  mainGitDir: string,
  branch: Going,
) => Promise<Result<'deleted' | 'absent', BranchKeptReason>> = together(async (mainGitDir, branches) => {
  // One after the other: each may be the one that holds the content of the next.
  const answers: Result<'deleted' | 'absent', BranchKeptReason>[] = [];
  for (const branch of branches) answers.push(await deleteOne(mainGitDir, branch));
  return answers;
});

async function deleteOne(
  mainGitDir: string,
  branch: Going,
): Promise<Result<'deleted' | 'absent', BranchKeptReason>> {
  const { ref, commit } = branch;
  if (!ours.test(ref)) return err('not-ours');
  const repository = identify(mainGitDir);
  if (repository.isErr()) return err('git');
  // With the whole repository its branches are gone, too; nobody has deleted this one.
  if (repository.value === undefined) return err('git');
  const now = await commitOf(mainGitDir, ref);
  if (now.isErr()) return err('git');
  if (now.value === undefined) return ok('absent');
  if (now.value !== commit) return err('moved');
  const users = await readCheckouts(mainGitDir, undefined);
  if (users.isErr()) return err('git');
  if (users.value.has(ref)) return err('checked-out');
  if ((await targetOf(mainGitDir, branch)) === undefined) return err('not-in-target');
  const needed = await isNeeded(mainGitDir, branch);
  if (needed.isErr()) return err('git');
  if (needed.value) return err('needed');

  const deleted = await runGit(['update-ref', '--no-deref', '-d', ref, commit], { gitDir: mainGitDir });
  if (deleted.isOk()) return ok('deleted');
  const left = await commitOf(mainGitDir, ref);
  return err(left.isOk() && left.value !== undefined && left.value !== commit ? 'moved' : 'git');
}

/** What a branch points to; `undefined` when there is none of this name. One that only stands for another is none. */
async function commitOf(gitDir: string, ref: string): Promise<Result<string | undefined, 'git'>> {
  const format = '--format=%(refname)%00%(objectname)%00%(symref)';
  const listed = await runGit(['for-each-ref', format, ref], { gitDir, complete: true });
  if (listed.isErr()) return err('git');
  for (const line of listed.value.split('\n')) {
    const [name, commit, symref] = line.split('\0');
    if (name === ref) return symref === '' ? ok(commit) : err('git');
  }
  return ok(undefined);
}

/** The target that holds its content, by its full name. */
async function targetOf(
  mainGitDir: string,
  { ref, commit, into }: Pick<SpentBranch, 'ref' | 'commit'> & { readonly into: string | undefined },
): Promise<string | undefined> {
  const settings = await settingsOf(mainGitDir, undefined);
  if (settings.isErr()) return undefined;
  const { defaultBranch } = settings.value;
  const question = { head: commit, branch: ref, original: into, defaultBranch, landed: true };
  const found = await findMergeTarget(mainGitDir, question);
  if (found.isErr()) return undefined;
  const { merged, landed } = found.value;
  if (merged !== undefined) return merged.ref;
  // Commits that cancel each other out landed nowhere: whoever wants them has only the branch.
  if (landed === undefined || landed.how === 'no-change') return undefined;
  if (landed.how === 'contained') return landed.ref;
  const asked = await runGit(['merge-base', '--all', landed.ref, commit], { gitDir: mainGitDir });
  const [base, ...more] = asked.unwrapOr('').split('\n').filter(Boolean);
  if (base === undefined || more.length > 0) return undefined;
  // What landed may have been reverted since: then its content is in the history of the target, not in the target.
  const isGone = await isTakenBack(mainGitDir, landed.ref, { head: commit, base });
  return isGone ? undefined : landed.ref;
}
