import type { OwnOddity } from '../model/oddity.ts';
import type { GoneWorktree } from '../projections/gone-worktrees.ts';
import type { KeptSnapshot } from '../projections/kept-snapshots.ts';
import { mapEach } from '../storage/each.ts';
import { hasCommit } from '../storage/git-commits.ts';
import { listSnapshots } from '../storage/git-snapshot.ts';

/** Repositories at a time; how many processes of git there are is git's affair. */
const repositoriesAtOnce = 16;

/**
 * Snapshots that nobody needs any more, that no operation of this journal explains, and that are needed and gone.
 *
 * @param gitDirs - main git directories to look into, beside those that the journal names
 * @param open - operations that have not ended
 */
export async function oddSnapshots(
  gitDirs: readonly string[],
  kept: readonly KeptSnapshot[],
  gone: readonly GoneWorktree[],
  open: ReadonlySet<string>,
): Promise<readonly OwnOddity[]> {
  const needed = gone.flatMap(({ op, intent, snapshot }) =>
    snapshot === undefined || intent.worktree === undefined
      ? []
      : [{ op, item: intent.item, mainGitDir: intent.worktree.mainGitDir, ...snapshot }],
  );
  const needs = new Set([...open, ...gone.map(({ op }) => op)]);
  const own = new Map(kept.map((row) => [row.intent.snapshot?.ref, row]));
  const told = kept.flatMap(({ intent }) => intent.worktree?.mainGitDir ?? []);
  const all = new Set([...gitDirs, ...told]);
  const found = await mapEach([...all].sort(), repositoriesAtOnce, async (mainGitDir) => {
    const there = await listSnapshots(mainGitDir);
    const odd = [...there.keys()].flatMap((ref): OwnOddity[] => {
      const row = own.get(ref);
      if (row?.intent.worktree?.mainGitDir !== mainGitDir)
        return [{ type: 'snapshot-unknown', path: mainGitDir, ref }];
      if (row.spent === undefined || needs.has(row.op)) return [];
      const { item } = row.intent;
      return [{ type: 'snapshot-spent', path: mainGitDir, ref, item, mayBeNeeded: row.spent === 'back' }];
    });
    for (const { ref, commit, item, mainGitDir: where } of needed) {
      if (where !== mainGitDir || there.has(ref)) continue;
      const isThere = await hasCommit(mainGitDir, commit);
      // A repository that is gone, or of which git does not speak, says nothing about what is in it.
      if (isThere === undefined) continue;
      odd.push({ type: 'snapshot-missing', path: mainGitDir, ref, item, commit, isThere });
    }
    return odd;
  });
  return found.flat();
}
