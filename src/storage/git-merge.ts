import { err, ok, type Result } from 'neverthrow';
import type { Doubt } from '../model/reason.ts';
import { gitComplaint } from './git-complaint.ts';
import { runGit } from './git.ts';

/**
 * The branch that contains `head`: the one that the worktree was made from, else the repository's default branch.
 * Work that landed by squash or rebase is not recognised here.
 */
export async function findMergeTarget(
  mainGitDir: string,
  { head, branch, originalBranch }: MergeQuestion,
): Promise<Result<string | undefined, Doubt>> {
  const first = originalBranch === undefined || originalBranch === '' ? [] : [`refs/heads/${originalBranch}`];
  const usual = ['refs/remotes/origin/HEAD', 'refs/heads/main', 'refs/heads/master'];
  const found = await containing(mainGitDir, head, [...first, ...usual]);
  if (found.isErr()) return err(found.error);
  const own = (target: string): boolean => target === branch;
  const target = [...first, ...usual].find((ref) => found.value.has(ref) && !own(ref));
  if (target !== undefined) return ok(found.value.get(target));

  const configured = await runGit(['config', '--get', 'init.defaultBranch'], { gitDir: mainGitDir });
  if (configured.isErr()) return ok(undefined);
  const ref = `refs/heads/${configured.value.trim()}`;
  if (usual.includes(ref) || own(ref)) return ok(undefined);
  return (await containing(mainGitDir, head, [ref])).map((refs) => refs.get(ref));
}

type MergeQuestion = {
  readonly head: string;
  /** Full name of the worktree's own branch: what it contains says nothing. */
  readonly branch: string | undefined;
  readonly originalBranch: string | undefined;
};

/** Which of `refs` exist and contain `head`, each with its short name; a symbolic one with that of its target. */
async function containing(
  gitDir: string,
  head: string,
  refs: readonly string[],
): Promise<Result<ReadonlyMap<string, string>, Doubt>> {
  const format = '--format=%(refname)%00%(refname:lstrip=2)%00%(symref:lstrip=2)';
  const listed = await runGit(['for-each-ref', `--contains=${head}`, format, ...refs], { gitDir });
  if (listed.isErr()) return err({ reason: 'unreadable', detail: gitComplaint(listed.error), path: gitDir });
  const found = new Map<string, string>();
  for (const line of listed.value.split('\n').filter((text) => text !== '')) {
    const [ref = '', short = '', target = ''] = line.split('\0');
    found.set(ref, target === '' ? short : target);
  }
  return ok(found);
}
