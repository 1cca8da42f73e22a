import type { KeptSnapshot } from '../projections/kept-snapshots.ts';
import { dropSpent, listSnapshots } from '../storage/git-snapshot.ts';
import { makeWhole } from './snapshot.ts';

/** A snapshot that stays: the worktree stands where it was, and git does not know it or what was staged in it. */
export type StillNeeded = { readonly row: KeptSnapshot; readonly why: string };

/**
 * Lets go of the snapshots that a run was to let go of when it was killed: those of this journal's own operations that
 * are over. One of a worktree that was put back goes only when that is whole, which it is made if it can be. What cannot
 * be let go of now is tried again by the next run.
 *
 * @param needed - operations that are open, or that undo can put back
 */
export async function dropSpentSnapshots(
  rows: Iterable<KeptSnapshot>,
  needed: ReadonlySet<string>,
): Promise<readonly StillNeeded[]> {
  const still: StillNeeded[] = [];
  for (const { row, mainGitDir, ref, commit } of await spentSnapshots(rows, needed)) {
    const why = row.spent === 'back' ? await makeWhole(row.intent) : undefined;
    if (why === undefined) await dropSpent(mainGitDir, ref, commit);
    else still.push({ row, why });
  }
  return still;
}

type Spent = {
  readonly row: KeptSnapshot;
  readonly mainGitDir: string;
  readonly ref: string;
  readonly commit: string;
};

/** Those whose refs are still there and are what was taken. */
export async function spentSnapshots(
  rows: Iterable<KeptSnapshot>,
  needed: ReadonlySet<string>,
): Promise<readonly Spent[]> {
  const listed = new Map<string, ReadonlyMap<string, string>>();
  const spent: Spent[] = [];
  for (const row of rows) {
    const { snapshot, worktree } = row.intent;
    if (row.spent === undefined || needed.has(row.op) || snapshot === undefined || worktree === undefined)
      continue;
    const { mainGitDir } = worktree;
    const there = listed.get(mainGitDir) ?? (await listSnapshots(mainGitDir));
    listed.set(mainGitDir, there);
    const commit = there.get(snapshot.ref);
    if (commit === undefined || (row.commit ?? commit) !== commit) continue;
    spent.push({ row, mainGitDir, ref: snapshot.ref, commit });
  }
  return spent;
}
