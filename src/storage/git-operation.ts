import { lstat } from 'node:fs/promises';
import { join } from 'node:path';

/** What git keeps in a worktree's own directory while something is under way; the more telling names first. */
const signs: readonly (readonly [string, string])[] = [
  ['rebase-merge', 'rebase'],
  ['rebase-apply/applying', 'am'],
  ['rebase-apply', 'rebase'],
  ['MERGE_HEAD', 'merge'],
  ['CHERRY_PICK_HEAD', 'cherry-pick'],
  ['REVERT_HEAD', 'revert'],
  ['BISECT_LOG', 'bisect'],
  ['BISECT_START', 'bisect'],
  ['sequencer', 'sequence of picks or reverts'],
  ['MERGE_AUTOSTASH', 'merge'],
];

/** The operation under way by the files in `gitDir` (a worktree's admin directory); `undefined` when none is. */
export async function operationIn(gitDir: string): Promise<string | undefined> {
  for (const [name, operation] of signs) {
    try {
      await lstat(join(gitDir, name));
      return operation;
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
      if (code !== 'ENOENT' && code !== 'ENOTDIR') return operation;
    }
  }
  return undefined;
}
