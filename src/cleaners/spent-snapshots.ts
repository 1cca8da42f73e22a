import type { KeptSnapshot } from '../projections/kept-snapshots.ts';
import { dropSpent } from '../storage/git-snapshot.ts';

/**
 * Lets go of the snapshots that a run was to let go of when it was killed: those of this journal's own operations that
 * are over. What cannot be let go of now is tried again by the next run.
 *
 * @param needed - operations that are open, or that undo can put back
 */
export async function dropSpentSnapshots(
  rows: Iterable<KeptSnapshot>,
  needed: ReadonlySet<string>,
): Promise<void> {
  const byRepository = new Map<string, KeptSnapshot[]>();
  for (const row of rows) {
    if (!row.isSpent || needed.has(row.op)) continue;
    byRepository.set(row.mainGitDir, [...(byRepository.get(row.mainGitDir) ?? []), row]);
  }
  for (const [mainGitDir, spent] of byRepository) await dropSpent(mainGitDir, spent);
}
