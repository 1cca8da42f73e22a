import { dirname } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import { identify, sameObject } from '../disk/identity.ts';
import { dropSecondName, nameBack, syncDirectories } from '../disk/quarantine.ts';
import type { Move, RemovalIntended } from '../journal/event-removal.ts';
import type { DiskFailure, JournalFailure } from '../model/failure.ts';
import type { WholeOperation } from '../projections/open-operations.ts';
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
  const named = operations.map(({ intent }) => nameAll(intent));
  const whys = named.map(({ why }) => why);
  const back = operations.filter((_, index) => whys[index] === undefined);
  // A name in quarantine goes when the one in its place is durable: the directories may reach the disk in any order.
  const placed = await syncDirectories(
    back.flatMap(({ intent }) => intent.moves.map(({ path }) => dirname(path))),
  );
  if (placed.isErr()) return ok(whys.map((own) => own ?? placed.error));
  for (const [index, { why, both }] of named.entries()) {
    if (why === undefined) whys[index] = dropAll(both);
  }
  const synced = await syncDirectories(
    back.flatMap(({ intent }) => intent.moves.map(({ to }) => dirname(to))),
  );
  if (synced.isErr()) return ok(whys.map((own) => own ?? synced.error));
  const done = operations.filter((_, index) => whys[index] === undefined);
  for (const { op, state } of done) record.adopt(op, state);
  const told = await record.facts(
    done.map(({ op, intent }) => ({ op, event: { type: 'ItemRestored', item: intent.item, why: 'undo' } })),
  );
  return told.isErr() ? err(told.error) : ok(whys);
}

/** What of an item has two names now, that in its place and that in quarantine; or why it cannot be put back. */
type Named = { readonly why: NotPutBack | undefined; readonly both: readonly Move[] };

function nameAll({ moves }: RemovalIntended): Named {
  const both: Move[] = [];
  const present: Move[] = [];
  const failed = (why: NotPutBack): Named => ({ why, both });
  for (const move of moves) {
    const there = identify(move.to);
    if (there.isErr()) return failed(there.error);
    const place = identify(move.path);
    if (place.isErr()) return failed(place.error);
    if (there.value === undefined) {
      // An undo that died had put it back already; a lesser part may have been gone before the item was moved.
      const isBack = place.value !== undefined && sameObject(place.value, move.identity);
      if (move.role === 'main' && !isBack) return failed({ type: 'not-held', path: move.to });
    } else if (place.value === undefined) present.push(move);
    // A crash of an earlier undo may have left the file with both names.
    else if (there.value.type === 'file' && sameObject(there.value, place.value)) both.push(move);
    else return failed({ type: 'place-taken', path: move.path });
  }
  // Last moved first, as everywhere.
  for (const move of present.toReversed()) {
    const named = nameBack(move.to, move.path);
    if (named.isErr()) return failed(named.error);
    if (named.value === 'both') both.push(move);
  }
  return { why: undefined, both };
}

function dropAll(both: readonly Move[]): NotPutBack | undefined {
  for (const { to, path } of both) {
    if (dropSecondName(to, path, true)) continue;
    const there = identify(to);
    if (there.isErr()) return there.error;
    if (there.value !== undefined) return { type: 'disk', code: 'EEXIST', syscall: 'unlink', path: to };
  }
  return undefined;
}
