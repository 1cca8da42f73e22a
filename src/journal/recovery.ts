import { err, ok } from 'neverthrow';
import type { Result, ResultAsync } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { replaceAnchor } from './anchor.ts';
import { filesNow } from './as-left.ts';
import type { Draft, Entry, Head } from './entry.ts';
import { damaged, later } from './journal-failure.ts';
import type { Journal, JournalOptions } from './journal.ts';
import { entryKey, reserveKey } from './key.ts';
import { moveHome } from './refuge.ts';
import { releaseReserve, reserveBytes, writeReserve } from './reserve.ts';
import { sealWhenDue } from './seal.ts';
import { openSession } from './session.ts';
import type { Session } from './session.ts';
import type { Stamped } from './writer.ts';

/** Merging every so many runs keeps the number of table files small for ever (JOURNAL 0.3). */
const runsPerCompaction = 32;
const tooManyTables = 64;

/** How much of a killed run may be without an anchor. */
const anchorEveryMs = 1000;

/** A journal that can be asked to come home. */
export type Homing = Journal & { goHome(): ResultAsync<void, JournalFailure> };

export type Opened = { readonly session: Session; readonly released: number };

/** Opens, and gives up the reserve when that is what it takes: LevelDB must write to open. */
export async function openWithReserve(
  directory: string,
  options: JournalOptions,
): Promise<Result<Opened, JournalFailure>> {
  const first = await openSession(directory, options);
  if (first.isOk()) return ok({ session: first.value, released: 0 });
  if (first.error.type !== 'journal-full' || options.isSparing === true) return err(first.error);
  const released = await releaseReserve(directory);
  if (released.isErr() || released.value === 0) return err(first.error);
  const second = await openSession(directory, options);
  return second.map((session) => ({ session, released: released.value }));
}

/**
 * A journal that survives one failed append: it closes the database, gives up the reserve when space is the
 * reason, opens again, looks by id which of the failed entries are there after all, and appends the rest. When
 * that fails too it is dead. Until the caller has its answer nothing else is appended.
 */
export function recoveringJournal(
  first: Opened,
  { home, directory: place }: { readonly home: string; readonly directory: string },
  options: JournalOptions,
): Homing {
  let session = first.session;
  let directory = place;
  let dead = false;
  let closing: Promise<void> | undefined;
  let appended = false;
  let anchoredAtMs = options.clock();
  let queue: Promise<unknown> = Promise.resolve();

  const inTurn = <T>(work: () => Promise<Result<T, JournalFailure>>): ResultAsync<T, JournalFailure> =>
    later(async () => {
      if (closing !== undefined) return err({ type: 'journal-dead', path: directory });
      const turn = queue.then(async (): Promise<Result<T, JournalFailure>> => {
        if (dead) return err({ type: 'journal-dead', path: directory });
        return work();
      });
      queue = turn.catch(() => undefined);
      return turn;
    });

  const stamp = (draft: Draft): Stamped => ({
    draft,
    id: options.newId(),
    atMs: Math.trunc(options.clock()),
    actor: options.actor,
  });

  const append = async (drafts: readonly Draft[]): Promise<Result<readonly Entry[], JournalFailure>> => {
    if (drafts.length === 0) return ok([]);
    const before = session.writer.state().head;
    const stamped = drafts.map(stamp);
    appended = true;
    const written = await session.writer.append(stamped);
    if (written.isOk()) {
      await anchorNowAndThen();
      return written;
    }
    dead = true;
    const recovered = await recover(written.error, before, stamped);
    if (recovered.isOk()) dead = false;
    return recovered;
  };

  const recover = async (
    failure: JournalFailure,
    before: Head,
    stamped: readonly Stamped[],
  ): Promise<Result<readonly Entry[], JournalFailure>> => {
    await session.close();
    const released = failure.type === 'journal-full' ? await releaseReserve(directory) : ok(0);
    if (released.isErr()) return err(released.error);
    const reopened = await openWithReserve(directory, options);
    if (reopened.isErr()) return err(reopened.error);
    session = reopened.value.session;

    const completed = await complete(session, directory, before, stamped);
    const bytes = released.value + reopened.value.released;
    const told =
      completed.isOk() && bytes > 0
        ? await session.writer.append([stamp({ event: { type: 'ReserveReleased', bytes } })])
        : ok([]);
    if (completed.isOk() && told.isOk()) return completed;
    await session.close();
    return completed.isErr() ? completed : told;
  };

  /** A run that is killed cannot write its anchor: what it had written till shortly before is anchored all the same. */
  const anchorNowAndThen = async (): Promise<void> => {
    const nowMs = options.clock();
    if (Math.abs(nowMs - anchoredAtMs) < anchorEveryMs) return;
    anchoredAtMs = nowMs;
    // Without it the entries are as safe, only their loss would not be noticed.
    await writeAnchor();
  };

  const writeAnchor = async (): Promise<Result<void, JournalFailure>> =>
    replaceAnchor(directory, session.writer.state().head, options.clock(), session.sealed);

  const goHome = async (): Promise<Result<void, JournalFailure>> => {
    if (directory === home) return ok(undefined);
    const from = directory;
    const step = options.seams?.afterMoveStep;
    const moved = await moveHome(session, { refuge: from, home, nowMs: options.clock(), step });
    // What is not at home yet is where it was, and open.
    if (moved.isErr() && moved.error.type === 'not-moved') return ok(undefined);
    dead = true;
    directory = home;
    if (moved.isErr()) return err(moved.error.cause);
    const reopened = await openWithReserve(home, options);
    if (reopened.isErr()) return err(reopened.error);
    session = reopened.value.session;
    dead = false;
    const told = await append([
      { event: { type: 'JournalMoved', from, to: home, why: 'room-again' } },
      ...(reopened.value.released === 0
        ? []
        : [{ event: { type: 'ReserveReleased', bytes: reopened.value.released } } as const]),
    ]);
    return told.isErr() ? err(told.error) : ok(undefined);
  };

  const restoreReserve = async (): Promise<Result<boolean, JournalFailure>> => {
    const there = await goHome();
    if (there.isErr()) return err(there.error);
    if (directory !== home) return ok(false);
    const written = await writeReserve(directory, options.seams?.reserveBytes);
    if (written.isErr() || !written.value) return written;
    const wasReleased = session.store.get(reserveKey);
    if (wasReleased.isErr()) return err(wasReleased.error);
    if (wasReleased.value === undefined) return ok(true);
    const bytes = options.seams?.reserveBytes ?? reserveBytes;
    return (await append([{ event: { type: 'ReserveRestored', bytes } }])).map(() => true);
  };

  const close = async (): Promise<void> => {
    await queue;
    if (dead) return;
    // A journal whose old entries stay where they are is still a good one: the next run tries again.
    // In a refuge nothing is sealed: it is the database alone that comes home.
    if (appended && directory === home)
      await sealWhenDue(session.readable, options, (drafts) => append(drafts));
    if (dead) return;
    await compactWhenDue(session);
    await session.close();
    // Opening alone has changed the files: without their sum the next opening would have to try them on a copy.
    const { head } = session.writer.state();
    await replaceAnchor(directory, head, options.clock(), {
      ...session.sealed,
      ...(await filesNow(directory)),
    });
  };

  return {
    get directory() {
      return directory;
    },
    get journalId() {
      return session.journalId;
    },
    get head() {
      return session.writer.state().head;
    },
    get anchor() {
      return session.anchor;
    },
    get segments() {
      return session.reader.segments;
    },
    entries: (range) => session.reader.entries(range),
    stored: (range) => session.reader.stored(range),
    fold: (projection, range) => session.reader.fold(projection, range),
    rows: (projection) => session.reader.rows(projection),
    rowPages: (projection) => session.reader.rowPages(projection),
    row: (projection, key) => session.reader.row(projection, key),
    append: (drafts) => inTurn(() => append(drafts)),
    writeAnchor: () => inTurn(writeAnchor),
    get away() {
      return directory === home ? undefined : directory;
    },
    goHome: () => inTurn(goHome),
    restoreReserve: () => inTurn(restoreReserve),
    close: () => (closing ??= close()),
    [Symbol.asyncDispose]: () => (closing ??= close()),
  };
}

/** Appends those of `stamped` that are not there. What had been acknowledged `before` must be there still. */
async function complete(
  { reader, writer, store }: Session,
  path: string,
  before: Head,
  stamped: readonly Stamped[],
): Promise<Result<readonly Entry[], JournalFailure>> {
  const headSeq = writer.state().head.seq;
  if (headSeq < before.seq) return err({ type: 'journal-truncated', path, anchorSeq: before.seq, headSeq });
  const acknowledged = store.get(entryKey(before.seq));
  if (acknowledged.isErr()) return err(acknowledged.error);
  if (acknowledged.value?.startsWith(before.hash) !== true) {
    return err(damaged(path, before.seq, 'it is not the entry that was acknowledged'));
  }
  const there: Entry[] = [];
  for await (const entry of reader.entries({ from: before.seq + 1 })) {
    if (entry.isErr()) return err(entry.error);
    if (entry.value.id !== stamped[there.length]?.id) {
      return err(damaged(path, entry.value.seq, 'nobody here appended it'));
    }
    there.push(entry.value);
  }
  const rest = await writer.append(stamped.slice(there.length));
  return rest.map((entries) => [...there, ...entries]);
}

async function compactWhenDue({ store, writer, runs }: Session): Promise<void> {
  const isDue =
    Math.floor(writer.state().head.runs / runsPerCompaction) > Math.floor(runs / runsPerCompaction);
  const tables = await store.countTables();
  // A journal that could not be tidied is still a good one: the next run tries again.
  if (isDue || tables.unwrapOr(0) > tooManyTables) await store.compact();
}
