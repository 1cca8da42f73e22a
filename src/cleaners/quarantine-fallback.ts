import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import { identify } from '../disk/identity.ts';
import { ensureQuarantine } from '../disk/quarantine.ts';
import type { Item } from '../model/item.ts';
import type { Obstacle } from '../model/obstacle.ts';
import { isPromised, type Operation } from './intent.ts';
import { undoLevels } from './quarantine-place.ts';
import type { Fact } from './run-record.ts';
import type { Sweeping } from './sweep-chunk.ts';
import { unkeptPromise } from './sweep-item.ts';

/** A full disk answers with these: freeing comes before holding then. */
export const noRoomErrors: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);

/**
 * Renames that fail because of where the quarantine is, not because of the item: beside its place it may work.
 * EACCES is what a read-only directory answers when it would get another parent.
 */
const placeErrors: ReadonlySet<string> = new Set(['EXDEV', 'EACCES', ...noRoomErrors]);

/** What a quarantine answers that somebody took away, or put something else in its place, since it was made. */
const goneErrors: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);

/**
 * Why undo cannot be kept of what goes beside its place. Of worktrees it can: their bytes are freed anyway, and what git
 * does not have is kept elsewhere.
 */
export async function lostBeside(
  { kind, root }: Item,
  obstacle: Obstacle | undefined,
  { journalId }: Sweeping,
): Promise<Obstacle | undefined> {
  if (kind !== 'worktrees') return obstacle;
  const kept = await ensureQuarantine(root, [...undoLevels(journalId)]);
  return kept.isErr() && !noRoomErrors.has(kept.error.code) ? kept.error : undefined;
}

/** What could not be moved because of where it was to go is tried beside its place, if undo was not promised or can be kept. */
export async function afterFailure(
  operation: Operation,
  fact: Fact,
  context: Sweeping,
): Promise<{ readonly fact: Fact; readonly isElsewhere: boolean }> {
  const { op, item, intent, unheld } = operation;
  const { event } = fact;
  const isLast = event.type !== 'ItemFailed' || intent.mode === 'in-parent' || unheld !== undefined;
  if (isLast || !(await mayWorkBeside(event.code, operation))) return { fact, isElsewhere: false };
  const { code } = event;
  if (noRoomErrors.has(code)) context.noRoom.add(item.id);
  // Made again it would have to be moved the same way.
  const isKeptBeside = item.kind === 'worktrees' && code !== 'EXDEV';
  if (!isPromised(item, context) || isKeptBeside) {
    return { fact: { op, event: { ...event, goesOn: true } }, isElsewhere: true };
  }
  const path = goneErrors.has(code) ? dirname(intent.moves[0]?.to ?? '') : event.path;
  const obstacle = code === 'EXDEV' ? { code, path: dirname(path) } : { code, path };
  return { fact: { op, event: unkeptPromise(operation, obstacle) }, isElsewhere: false };
}

async function mayWorkBeside(code: string, { item, intent }: Operation): Promise<boolean> {
  if (goneErrors.has(code) && isDirectory(dirname(intent.moves[0]?.to ?? ''))) return false;
  if (!goneErrors.has(code) && !placeErrors.has(code)) return false;
  if (code !== 'EACCES') return true;
  return access(dirname(item.path), constants.W_OK).then(
    () => true,
    () => false,
  );
}

function isDirectory(path: string): boolean {
  const there = identify(path);
  return there.isOk() && there.value?.type === 'directory';
}
