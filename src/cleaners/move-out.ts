import { dirname } from 'node:path';
import { ok, type Result } from 'neverthrow';
import type { Hold } from '../disk/held.ts';
import { identify, sameObject } from '../disk/identity.ts';
import { moveBack, moveInto, syncDirectories } from '../disk/quarantine.ts';
import type { Move } from '../journal/event-removal.ts';
import type { DiskFailure } from '../model/failure.ts';
import type { Identity } from '../model/item.ts';

export type MovedOut =
  | { readonly type: 'moved' }
  | { readonly type: 'vanished' }
  /** Part `path` is not what was judged; what had been moved is back in its place. */
  | { readonly type: 'changed'; readonly path: string; readonly observed: Identity | undefined }
  /** Nothing is moved (any more). */
  | { readonly type: 'failed'; readonly failure: DiskFailure }
  /** What was moved could not be put back: it waits in quarantine. */
  | { readonly type: 'stuck'; readonly failure: DiskFailure };

/**
 * Renames every part of an item into quarantine, in order, or none: when a part is not what was judged or cannot be
 * moved, those before it are put back. Each rename has its own last look at identity.
 */
export async function moveOut(moves: readonly Move[], hold?: Hold): Promise<MovedOut> {
  const moved: Move[] = [];
  for (const move of moves) {
    const done = moveInto(move.path, move.to, move.identity, hold);
    if (done.isErr()) return afterFailure(move, moved, done.error);
    if (done.value === 'moved') moved.push(move);
    else if (done.value === 'absent') {
      // A lesser part that somebody else removed changes nothing; without the item itself there is nothing to do.
      if (move.role !== 'main') continue;
      return moved.length === 0 && moves.length === 1
        ? { type: 'vanished' }
        : rollBack(moved, { type: 'changed', path: move.path, observed: undefined });
    } else {
      return rollBack(moved, { type: 'changed', path: move.path, observed: done.value.drifted });
    }
  }
  return { type: 'moved' };
}

/**
 * A rename that failed, or whose check afterwards did, may have happened: quarantine is looked at before anything is
 * said. Something there that is not the part was taken by mistake and is not touched again.
 */
async function afterFailure(move: Move, moved: readonly Move[], failure: DiskFailure): Promise<MovedOut> {
  const there = identify(move.to);
  if (there.isErr()) return { type: 'stuck', failure: there.error };
  if (there.value === undefined) {
    // Neither here nor there: nobody can say that it was left alone.
    const place = identify(move.path);
    const isGone = place.isOk() && place.value === undefined;
    return isGone ? { type: 'stuck', failure } : rollBack(moved, { type: 'failed', failure });
  }
  if (!sameObject(there.value, move.identity)) return { type: 'stuck', failure };
  return rollBack([...moved, move], { type: 'failed', failure });
}

async function rollBack(moved: readonly Move[], why: MovedOut): Promise<MovedOut> {
  const back = await putBackDurably(moved);
  return back.isErr() ? { type: 'stuck', failure: back.error } : why;
}

/**
 * The same, durably: what ends an operation is journalled next, and a power cut must not take a part to quarantine again
 * that nobody looks for there.
 */
export async function putBackDurably(moved: readonly Move[]): Promise<Result<void, DiskFailure>> {
  const back = putBack(moved);
  return back.isErr() ? back : syncMoves(moved);
}

/** Makes the names of parts durable, where they were and where they went. */
export function syncMoves(moves: readonly Move[]): Promise<Result<void, DiskFailure>> {
  const directories = new Set<string>();
  for (const { path, to } of moves) directories.add(dirname(to)).add(dirname(path));
  return syncDirectories([...directories]);
}

/** Puts parts back in their places, last moved first; never over something that has taken the place. */
export function putBack(moved: readonly Move[]): Result<void, DiskFailure> {
  for (const { path, to } of moved.toReversed()) {
    const back = moveBack(to, path);
    if (back.isErr()) return back;
  }
  return ok(undefined);
}
