import { realpath, stat } from 'node:fs/promises';
import { err, ok } from 'neverthrow';
import type { Result, ResultAsync } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { makeDirectories } from './durable.ts';
import type { Draft } from './entry.ts';
import { attempt, freeBytes, later } from './journal-failure.ts';
import type { Journal, JournalOptions } from './journal.ts';
import { databasePath, isDirectory } from './layout.ts';
import { openWithReserve, recoveringJournal } from './recovery.ts';
import type { Opened } from './recovery.ts';
import { hasRoomForBirth, locate, sweepRefuges } from './refuge.ts';
import { writeReserve } from './reserve.ts';

/**
 * Opens the journal for writing, alone; one that is not there is made, if it may be. A journal that is damaged, truncated or
 * newer than this program is left as it is.
 */
export function openJournal(options: JournalOptions): ResultAsync<Journal, JournalFailure> {
  return later(async () => {
    const found = await find(options);
    if (found.isErr()) return err(found.error);
    const { home, directory, opened } = found.value;
    const { session } = opened;
    const isAway = directory !== home;
    const journal = recoveringJournal(opened, { home, directory }, options);
    const news: Draft[] = [];
    if (isAway && session.born) {
      news.push({ event: { type: 'JournalMoved', from: home, to: directory, why: 'no-room' } });
    }
    const released = opened.released + (options.released ?? 0);
    if (released > 0) news.push({ event: { type: 'ReserveReleased', bytes: released } });
    if (session.truncated !== undefined) {
      news.push({ event: { type: 'TailTruncatedDetected', ...session.truncated } });
    }
    const told = await journal.append(news);
    const anchored =
      told.isOk() && session.truncated !== undefined ? await journal.writeAnchor() : ok(undefined);
    if (told.isErr() || anchored.isErr()) {
      await journal.close();
      return told.isErr() ? err(told.error) : anchored.map(() => journal);
    }
    // Without a reserve a journal is as good, until the disk is full.
    if (session.born && !isAway) await writeReserve(directory, options.seams?.reserveBytes, true);
    if (!isAway && options.isSparing !== true) await sweepRefuges(session, options.refuge);
    // It stays where it is when it cannot come home yet.
    if (isAway && options.isSparing !== true) await journal.goHome();
    return ok(journal);
  });
}

/** What somebody else may rewrite is no evidence. The superuser works on what is the user's. */
function isForeign(owner: number): boolean {
  const own = process.geteuid?.();
  return own !== undefined && own !== 0 && owner !== own;
}

type Found = { readonly home: string; readonly directory: string; readonly opened: Opened };

/** Opens the journal where it is; one that is not there yet is born at home, or where there is room. */
async function find(options: JournalOptions): Promise<Result<Found, JournalFailure>> {
  const { refuge } = options;
  const known = await realpath(options.directory).catch(() => options.directory);
  const isBorn = await isDirectory(databasePath(await locate(known, refuge)));
  if (!isBorn && options.mayBeBorn === false && !(await isDirectory(known))) {
    return err({ type: 'journal-absent', path: known });
  }
  if (!isBorn && options.isSparing === true && !hasRoomForBirth(known)) {
    // A look takes no room where there is hardly any: it works without a journal.
    return err({ type: 'journal-full', path: known, freeBytes: freeBytes(known) });
  }
  const made = await attempt(options.directory, async () => {
    await makeDirectories(options.directory);
    return realpath(options.directory);
  });
  // Not even its directory could be made: then it is not at home.
  if (made.isErr() && made.error.type !== 'journal-full') return err(made.error);
  const home = made.unwrapOr(options.directory);
  const owner = await stat(home).then(
    ({ uid }) => uid,
    () => undefined,
  );
  if (owner !== undefined && isForeign(owner)) {
    return err({
      type: 'journal-unavailable',
      path: home,
      code: 'EPERM',
      detail: `it belongs to user ${owner}`,
    });
  }
  const openAt = async (directory: string): Promise<Result<Found, JournalFailure>> =>
    (await openWithReserve(directory, options)).map((opened) => ({ home, directory, opened }));

  const place = await locate(home, refuge);
  if (place !== home) return openAt(place);
  const isThere = await isDirectory(databasePath(home));
  const mayGoAway =
    !isThere && refuge !== undefined && options.isSparing !== true && options.mayBeBorn !== false;
  if (mayGoAway && (made.isErr() || !hasRoomForBirth(home))) {
    const away = await refuge.make();
    if (away !== undefined) return openAt(away);
  }
  if (made.isErr()) return err(made.error);
  const opened = await openAt(home);
  if (opened.isOk() || opened.error.type !== 'journal-full' || !mayGoAway) return opened;
  const away = await refuge.make();
  return away === undefined ? opened : openAt(away);
}
