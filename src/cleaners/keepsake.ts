import { unlink } from 'node:fs/promises';
import { dirname, relative, sep } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import { errnoOf, toDiskFailure } from '../disk/failure.ts';
import { identify } from '../disk/identity.ts';
import { ensureQuarantine, moveBack, syncDirectories } from '../disk/quarantine.ts';
import type { RemovalIntended } from '../journal/event.ts';
import type { DiskFailure } from '../model/failure.ts';

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

/** Frees what was kept of a worktree for undo. */
export async function dropKeepsakes({ moves }: RemovalIntended): Promise<Result<void, DiskFailure>> {
  const kept = moves.flatMap(({ keptAt }) => (keptAt === undefined ? [] : [keptAt]));
  for (const path of kept) {
    try {
      await unlink(path);
    } catch (cause) {
      if (errnoOf(cause) !== 'ENOENT') return err(toDiskFailure(cause, path, 'unlink'));
    }
  }
  return syncDirectories([...new Set(kept.map((path) => dirname(path)))]);
}
