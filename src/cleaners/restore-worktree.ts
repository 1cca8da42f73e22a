import { mkdir, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { identify, sameObject } from '../disk/identity.ts';
import { dropSecondName, ensureQuarantine, moveBack, syncDirectories } from '../disk/quarantine.ts';
import { removeTree } from '../disk/remove.ts';
import type { Move } from '../journal/event-removal.ts';
import type { Identity } from '../model/item.ts';
import type { GoneWorktree } from '../projections/gone-worktrees.ts';
import { attach, hasRegistration, syncRegistration } from '../storage/git-attach.ts';
import { unregisterWorktree } from '../storage/git-registration.ts';
import { findConflict, forgetAttempt, makeWorktree, settleWorktree } from '../storage/git-restore.ts';
import { closeTop, openTop, unpackSnapshot } from '../storage/git-unpack.ts';
import { readRegular } from '../regular-file.ts';
import { dropSettings } from './keepsake.ts';
import { undoLevels } from './quarantine-place.ts';

/**
 * Makes a freed worktree again: aside first, and whole; then it is renamed into its place, registered there, and gets
 * back its metadata. Never over something that has taken a place. Done again after a crash at any step, it ends where an
 * unbroken one would have ended.
 *
 * @returns why it could not be; `undefined` when it is in its place again, durably
 */
export async function restoreWorktree(gone: GoneWorktree, journalId: string): Promise<string | undefined> {
  const { intent, op } = gone;
  const { worktree } = intent;
  const main = intent.moves.find(({ role }) => role === 'main');
  if (worktree === undefined || main === undefined) return 'the journal does not know how to make it again';

  const top = await ensureQuarantine(intent.root, [...undoLevels(journalId)]);
  if (top.isErr()) return cause(top.error);
  const aside = join(top.value, `${op}.tree`);
  const staged = join(aside, basename(main.path));
  const ready = join(aside, 'ready.json');

  if (!(await isOurs(main.path, ready))) {
    await discard(aside, staged, worktree.mainGitDir);
    if (gone.isLeftBehind === true) {
      const left = await unregisterWorktree(worktree, main.path);
      if (left.isErr()) return 'git would not let go of what was there';
    }
    const problem = (await taken(intent.moves)) ?? (await findConflict(worktree, gone.branches));
    if (problem !== undefined) return problem;
    const made = await build(gone, { aside, staged, ready });
    if (made !== undefined) {
      await discard(aside, staged, worktree.mainGitDir);
      return made;
    }
    const moved = moveBack(staged, main.path);
    if (moved.isErr()) {
      await discard(aside, staged, worktree.mainGitDir);
      return cause(moved.error);
    }
  } else {
    // An attempt that was killed may have closed it already.
    await openTop(main.path);
  }
  // A prune while it was neither here nor there took its registration, and the index with it.
  if (!(await hasRegistration(main.path))) {
    const attached = await attach(worktree, main.path, gone.snapshot?.commit);
    if (attached.isErr()) return attached.error;
  }
  const settled = await settleWorktree(worktree, main.path, join(aside, 'git-file'));
  if (settled.isErr()) return settled.error;
  const tied = await syncRegistration(main.path);
  if (tied.isErr()) return tied.error;
  if (gone.snapshot !== undefined) {
    const closed = await closeTop(worktree.mainGitDir, gone.snapshot.commit, main.path);
    if (closed.isErr()) return closed.error;
  }
  const back = await keepsakesBack(intent.moves);
  if (back !== undefined) return back;
  const synced = await syncDirectories([...new Set(intent.moves.map(({ path }) => dirname(path)))]);
  if (synced.isErr()) return cause(synced.error);
  const dropped = await dropSettings(intent);
  if (dropped.isErr()) return cause(dropped.error);
  await removeTree(aside, top.value);
  return undefined;
}

type Places = { readonly aside: string; readonly staged: string; readonly ready: string };

async function build(
  { intent, branches, snapshot }: GoneWorktree,
  { aside, staged, ready }: Places,
): Promise<string | undefined> {
  if (intent.worktree === undefined) return 'the journal does not know how to make it again';
  try {
    await mkdir(aside, { mode: 0o700 });
    const made = await makeWorktree(intent.worktree, branches, staged);
    if (made.isErr()) return made.error;
    if (snapshot !== undefined) {
      const unpacked = await unpackSnapshot(intent.worktree.mainGitDir, snapshot.commit, staged);
      if (unpacked.isErr()) return unpacked.error;
    }
    const identity = identify(staged);
    if (identity.isErr()) return cause(identity.error);
    // Whole from here on: what stands in its place after a crash is known by this.
    await writeFile(`${ready}.tmp`, JSON.stringify(identity.value), { flush: true });
    await rename(`${ready}.tmp`, ready);
    // A container of Prodigy's that somebody tidied away.
    for (const { path } of intent.moves) await mkdir(dirname(path), { recursive: true });
    const synced = await syncDirectories([aside]);
    return synced.isErr() ? cause(synced.error) : undefined;
  } catch (failure) {
    return failure instanceof Error ? failure.message : String(failure);
  }
}

/** Whether what is in the worktree's place was put there by an attempt of ours that went no further. */
async function isOurs(path: string, ready: string): Promise<boolean> {
  const there = identify(path);
  if (there.isErr() || there.value === undefined) return false;
  try {
    return sameObject(there.value, JSON.parse((await readRegular(ready)).toString()) as Identity);
  } catch {
    return false;
  }
}

async function taken(moves: readonly Move[]): Promise<string | undefined> {
  for (const { path, keptAt } of moves) {
    if (keptAt !== undefined && (await isAbsent(keptAt))) continue;
    const there = identify(path);
    if (there.isErr()) return cause(there.error);
    if (there.value !== undefined) return `its place is taken: ${path}`;
  }
  return undefined;
}

async function keepsakesBack(moves: readonly Move[]): Promise<string | undefined> {
  for (const { path, keptAt } of moves) {
    if (keptAt === undefined || (await isAbsent(keptAt))) continue;
    if (dropSecondName(keptAt, path)) continue;
    const back = moveBack(keptAt, path);
    if (back.isErr()) return cause(back.error);
  }
  return undefined;
}

async function isAbsent(path: string): Promise<boolean> {
  const there = identify(path);
  return there.isOk() && there.value === undefined;
}

/** What an attempt left aside is nobody's work: it came from git. */
async function discard(aside: string, staged: string, mainGitDir: string): Promise<void> {
  if (await isAbsent(aside)) return;
  // In this order git lets go of it, whatever of it had been written.
  await removeTree(aside, dirname(aside));
  await forgetAttempt(mainGitDir, staged);
}

function cause({ code, path }: { readonly code: string; readonly path: string }): string {
  return code === 'EEXIST' ? `its place is taken: ${path}` : `${code}: ${path}`;
}
