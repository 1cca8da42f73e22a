import { join } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import { identify, sameObject } from '../disk/identity.ts';
import { ensureQuarantine } from '../disk/quarantine.ts';
import type { RemovalIntended } from '../journal/event-removal.ts';
import type { Item } from '../model/item.ts';
import { attach, isAttached } from '../storage/git-attach.ts';
import { isHeld, type Content } from '../storage/git-kept.ts';
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

/**
 * Whether what was moved is what was kept, and all of that can still be read: somebody may have gone on working, or
 * tidied the repository, until the last moment.
 *
 * @returns what speaks against it
 */
export async function notAsKept(
  intent: RemovalIntended,
  op: string,
  journalId: string,
  { content, commit }: Taken,
): Promise<{ readonly type: 'changed' | 'lost'; readonly what: string } | undefined> {
  const { worktree, moves, root } = intent;
  const main = moves.find(({ role }) => role === 'main');
  if (worktree === undefined || main === undefined) return { type: 'lost', what: 'it could not be put back' };
  const { mainGitDir, adminDir, head } = worktree;
  const dirty = { workTree: main.to, adminDir, mainGitDir };
  const now = await contentOf(dirty, join(root, ...undoLevels(journalId), `${op}.index`), false);
  if (now.isErr()) {
    return { type: 'changed', what: `could not be compared with what was kept: ${now.error}` };
  }
  if (JSON.stringify(now.value) !== JSON.stringify(content)) {
    return { type: 'changed', what: 'changed while its work was kept' };
  }
  const held = await isHeld(commit, head, { gitDir: mainGitDir });
  return held.isErr()
    ? { type: 'lost', what: `what was kept cannot be read again: ${held.error}` }
    : undefined;
}

/** Whether a snapshot that was intended is there and whole. @returns why not */
export async function notHeld({ snapshot, worktree }: RemovalIntended): Promise<string | undefined> {
  if (snapshot === undefined || worktree === undefined) return undefined;
  const held = await isHeld(snapshot.ref, worktree.head, { gitDir: worktree.mainGitDir });
  return held.isErr() ? held.error : undefined;
}

/** Whether the worktree itself stands in its place. */
export function isInPlace({ moves }: RemovalIntended): boolean {
  const main = moves.find(({ role }) => role === 'main');
  if (main === undefined) return false;
  const there = identify(main.path);
  return there.isOk() && there.value !== undefined && sameObject(there.value, main.identity);
}

/**
 * Makes a worktree that was put back whole: git may have lost its registration, and with it all that was staged, while
 * it was away. Without a snapshot nothing was. Done again, it finds it done.
 *
 * @returns why it is not whole; `undefined` when it is
 */
export async function makeWhole(intent: RemovalIntended): Promise<string | undefined> {
  const { snapshot, worktree, moves } = intent;
  const main = moves.find(({ role }) => role === 'main');
  if (worktree === undefined || main === undefined) return undefined;
  if (!isInPlace(intent)) return 'it is not in its place';
  if (await isAttached(worktree, main.path)) return undefined;
  const attached = await attach(worktree, main.path, snapshot?.ref);
  return attached.isErr() ? `git has lost its registration: ${attached.error}` : undefined;
}

/** Lets go of the snapshot of a worktree that stands whole in its place. @returns why it is kept, if so */
export async function letGo(intent: RemovalIntended): Promise<string | undefined> {
  const why = await makeWhole(intent);
  if (why === undefined) await forgetSnapshot(intent);
  return why;
}

/** Lets go of a snapshot that nobody needs any more. */
export async function forgetSnapshot({ snapshot, worktree }: RemovalIntended): Promise<void> {
  if (snapshot !== undefined && worktree !== undefined) await dropSnapshot(worktree.mainGitDir, snapshot.ref);
}
