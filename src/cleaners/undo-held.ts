import { err, ok, type Result } from 'neverthrow';
import { identify, sameObject } from '../disk/identity.ts';
import { dropSecondName } from '../disk/quarantine.ts';
import type { RemovalIntended } from '../journal/event-removal.ts';
import type { DiskFailure, JournalFailure } from '../model/failure.ts';
import type { WholeOperation } from '../projections/open-operations.ts';
import { putBack, syncMoves } from './move-out.ts';
import type { RunRecord } from './run-record.ts';

/** Why something was not put back, and the path it is about. */
export type NotPutBack =
  | DiskFailure
  /** It is no longer in quarantine. */
  | { readonly type: 'not-held'; readonly path: string }
  /** Something else is in its place. */
  | { readonly type: 'place-taken'; readonly path: string };

/** Directories are synced and facts told once for so many: of each alone both take ten times what the renames do. */
export const putBackAtOnce = 256;

/**
 * Puts back what is held in quarantine, each item whole or not at all and never over what has taken its place; what
 * came back is told when it is durable. Killed in between, it lies in its place, and `resume` says so.
 *
 * @returns of each why it could not be put back; `undefined` when it is in its place again, durably
 */
export async function undoHeld(
  operations: readonly WholeOperation[],
  record: RunRecord,
): Promise<Result<readonly (NotPutBack | undefined)[], JournalFailure>> {
  const whys = operations.map(({ intent }) => restore(intent));
  const back = operations.filter((_, index) => whys[index] === undefined);
  // All of their parts: a second name that was dropped is no less a change.
  const synced = await syncMoves(back.flatMap(({ intent }) => intent.moves));
  if (synced.isErr()) return ok(whys.map((own) => own ?? synced.error));
  for (const { op, state } of back) record.adopt(op, state);
  const told = await record.facts(
    back.map(({ op, intent }) => ({ op, event: { type: 'ItemRestored', item: intent.item, why: 'undo' } })),
  );
  return told.isErr() ? err(told.error) : ok(whys);
}

function restore({ moves }: RemovalIntended): NotPutBack | undefined {
  const present = [];
  for (const move of moves) {
    // A crash of an earlier undo may have left the file with both names.
    if (dropSecondName(move.to, move.path)) continue;
    const there = identify(move.to);
    if (there.isErr()) return there.error;
    const place = identify(move.path);
    if (place.isErr()) return place.error;
    if (there.value === undefined) {
      // An undo that died had put it back already; a lesser part may have been gone before the item was moved.
      const isBack = place.value !== undefined && sameObject(place.value, move.identity);
      if (move.role === 'main' && !isBack) return { type: 'not-held', path: move.to };
      continue;
    }
    if (place.value !== undefined) return { type: 'place-taken', path: move.path };
    present.push(move);
  }
  const back = putBack(present);
  return back.isErr() ? back.error : undefined;
}
