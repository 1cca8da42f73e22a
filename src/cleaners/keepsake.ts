import { unlink } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import { errnoOf, toDiskFailure } from '../disk/failure.ts';
import { identify } from '../disk/identity.ts';
import { ensureQuarantine, moveBack, syncDirectories } from '../disk/quarantine.ts';
import type { RemovalIntended } from '../journal/event-removal.ts';
import type { DiskFailure } from '../model/failure.ts';
import { copySettings } from '../storage/worktree-settings.ts';

/** Renames a part from quarantine to where it stays for undo. Done again after a crash, it finds it there. */
export async function keepForUndo(
  from: string,
  to: string,
  root: string,
): Promise<Result<void, DiskFailure>> {
  const there = identify(from);
  if (there.isErr()) return err(there.error);
  if (there.value === undefined) return ok(undefined);
  const levels = relative(root, dirname(to)).split(sep);
  const directory = await ensureQuarantine(root, levels);
  return directory.isErr() ? err(directory.error) : moveBack(from, to);
}

/**
 * Copies the settings that go with a worktree when git forgets it, durably; before it does. Done again after a crash,
 * a copy that is there stays. Without room for a copy there is none: what frees bytes goes before what undo would like.
 */
export async function keepSettings({ root, worktree }: RemovalIntended): Promise<Result<void, DiskFailure>> {
  if (worktree === undefined) return ok(undefined);
  const made = new Set<string>();
  for (const { name, keptAt } of worktree.settings ?? []) {
    const there = identify(keptAt);
    if (there.isErr()) return err(there.error);
    if (there.value !== undefined) continue;
    const directory = await ensureQuarantine(root, relative(root, dirname(keptAt)).split(sep));
    const failure = directory.isErr()
      ? directory.error
      : await copySettings(join(worktree.adminDir, name), keptAt).then(
          () => undefined,
          (cause: unknown) => toDiskFailure(cause, keptAt, 'copy'),
        );
    if (failure === undefined) made.add(dirname(keptAt));
    else if (!['ENOSPC', 'EDQUOT'].includes(failure.code)) return err(failure);
  }
  return syncDirectories([...made]);
}

/** Frees what was kept of a worktree's settings. */
export async function dropSettings({ worktree }: RemovalIntended): Promise<Result<void, DiskFailure>> {
  return drop(placesOf(worktree));
}

/** Frees what was kept of a worktree for undo. */
export async function dropKeepsakes({
  moves,
  worktree,
}: RemovalIntended): Promise<Result<void, DiskFailure>> {
  return drop([
    ...moves.flatMap(({ keptAt }) => (keptAt === undefined ? [] : [keptAt])),
    ...placesOf(worktree),
  ]);
}

function placesOf(worktree: RemovalIntended['worktree']): readonly string[] {
  return worktree?.settings?.map(({ keptAt }) => keptAt) ?? [];
}

async function drop(kept: readonly string[]): Promise<Result<void, DiskFailure>> {
  for (const path of kept) {
    try {
      await unlink(path);
    } catch (cause) {
      if (errnoOf(cause) !== 'ENOENT') return err(toDiskFailure(cause, path, 'unlink'));
    }
  }
  return syncDirectories([...new Set(kept.map((path) => dirname(path)))]);
}
