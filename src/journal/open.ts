import { mkdir, realpath } from 'node:fs/promises';
import { err, ok } from 'neverthrow';
import type { ResultAsync } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import type { Draft } from './entry.ts';
import { attempt, later } from './journal-failure.ts';
import type { Journal, JournalOptions } from './journal.ts';
import { openWithReserve, recoveringJournal } from './recovery.ts';
import { writeReserve } from './reserve.ts';

/**
 * Opens the journal for writing, alone; one that is not there is made. A journal that is damaged, truncated or
 * newer than this program is left as it is.
 */
export function openJournal(options: JournalOptions): ResultAsync<Journal, JournalFailure> {
  return later(async () => {
    const directory = await attempt(options.directory, async () => {
      await mkdir(options.directory, { recursive: true, mode: 0o700 });
      return realpath(options.directory);
    });
    if (directory.isErr()) return err(directory.error);
    const opened = await openWithReserve(directory.value, options);
    if (opened.isErr()) return err(opened.error);

    const { session, released } = opened.value;
    const journal = recoveringJournal(session, directory.value, options);
    const news: Draft[] = [];
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
    if (session.born) await writeReserve(directory.value, options.seams?.reserveBytes);
    return ok(journal);
  });
}
