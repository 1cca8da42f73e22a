import { join } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import { ensureQuarantine } from '../disk/quarantine.ts';
import type { RemovalIntended } from '../journal/event.ts';
import type { Item } from '../model/item.ts';
import type { Content } from '../storage/git-kept.ts';
import { contentOf, dropSnapshot, takeSnapshot } from '../storage/git-snapshot.ts';
import { undoLevels } from './quarantine-place.ts';

/** What is kept of a worktree whose owner insisted on removing it although it holds work. */
export type Taken = { readonly ref: string; readonly commit: string; readonly content: Content };

/** Keeps everything that no commit holds, before anything moves. No snapshot, no removal (DESIGN 8). */
export async function snapshotFor(
  intent: RemovalIntended,
  op: string,
  journalId: string,
  { detail }: Item,
): Promise<Result<Taken, string>> {
  const { snapshot, worktree, undoMs } = intent;
  const main = intent.moves.find(({ role }) => role === 'main');
  if (snapshot === undefined || worktree === undefined || main === undefined || undoMs === undefined)
    return err('it could not be put back');
  const place = await ensureQuarantine(intent.root, [...undoLevels(journalId)]);
  if (place.isErr()) return err(`${place.error.code}: ${place.error.path}`);
  const { mainGitDir, adminDir, head } = worktree;
  const dirty = { workTree: main.path, adminDir, mainGitDir };
  const {
    uncommitted = 0,
    untracked = 0,
    precious = [],
  } = (detail.type === 'worktree' ? detail.facts.changes : undefined) ?? {};
  const atLeast = uncommitted + untracked + precious.length;
  const indexFile = join(place.value, `${op}.index`);
  const taken = await takeSnapshot(dirty, { head, ref: snapshot.ref, atLeast }, indexFile);
  if (taken.isErr()) return err(taken.error);
  return ok({ ref: snapshot.ref, ...taken.value });
}

/** Whether what was moved is what was kept: somebody may have gone on working until the last moment. */
export async function isAsKept(
  intent: RemovalIntended,
  op: string,
  journalId: string,
  { content }: Taken,
): Promise<boolean> {
  const { worktree, moves, root } = intent;
  const main = moves.find(({ role }) => role === 'main');
  if (worktree === undefined || main === undefined) return false;
  const { mainGitDir, adminDir } = worktree;
  const dirty = { workTree: main.to, adminDir, mainGitDir };
  const now = await contentOf(dirty, join(root, ...undoLevels(journalId), `${op}.index`), false);
  return now.isOk() && JSON.stringify(now.value) === JSON.stringify(content);
}

export async function forgetSnapshot({ snapshot, worktree }: RemovalIntended): Promise<void> {
  if (snapshot !== undefined && worktree !== undefined) await dropSnapshot(worktree.mainGitDir, snapshot.ref);
}
