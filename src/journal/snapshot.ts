import { readdir, realpath } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { err, ok } from 'neverthrow';
import type { Result, ResultAsync } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { readAnchor } from './anchor.ts';
import { readIdentity } from './identity.ts';
import { genesisOf, inspect } from './inspect.ts';
import { attempt, damaged, later } from './journal-failure.ts';
import type { JournalReader } from './journal.ts';
import { currentDatabase, isDirectory } from './layout.ts';
import { openInPlace, placeOf } from './level-in-place.ts';
import { readerOf, spanOf } from './reader.ts';
import type { Readable } from './reader.ts';
import type { StoreReader } from './store.ts';
import { walkAside } from './walk-aside.ts';

/**
 * Opens the journal as it is now for reading, whoever is writing it. Nothing is locked, copied or written for it: the
 * database is read where it lies, and so are the segments.
 */
export function openSnapshot(directory: string): ResultAsync<JournalReader, JournalFailure> {
  return later(async () => {
    // A journal that may not be read is not an empty one.
    const found = await attempt(directory, async () => {
      const path = await realpath(directory);
      await readdir(path);
      return path;
    });
    if (found.isErr()) {
      const isAbsent = found.error.type === 'journal-unavailable' && found.error.code === 'ENOENT';
      return err(isAbsent ? { type: 'journal-absent', path: directory } : found.error);
    }
    const path = found.value;
    for (let tried = 1; ; tried += 1) {
      const location = await currentDatabase(path);
      const place = placeOf(location);
      const opened = await openAt(location, path);
      if (opened.isOk() || opened.error.type !== 'journal-damaged' || tried === attempts) return opened;
      // One database is being put in the place of another: for a moment there is none, or something of both.
      const isSettled = place !== undefined && placeOf(await currentDatabase(path)) === place;
      if (isSettled) return opened;
      await setTimeout(pauseMs);
    }
  });
}

const attempts = 25;
const pauseMs = 20;

async function openAt(location: string, path: string): Promise<Result<JournalReader, JournalFailure>> {
  if (!(await isDirectory(location))) return absent(path);
  // Read first: the writer moves it on only after what it names is in the database.
  const anchor = (await readAnchor(path)).unwrapOr(undefined);
  const store = await openInPlace(location, path);
  if (store.isErr()) return err(store.error);
  const database = store.value;
  const readable = await readableFrom(database, path);
  if (readable.isErr()) {
    await database.close();
    return err(readable.error);
  }
  const { journalId, state } = readable.value;
  return ok({
    journalId,
    directory: path,
    head: state().head,
    anchor,
    ...readerOf(readable.value),
    checkFiles: () => database.check(),
    storedAside: (least) => walkAside(database, spanOf(readable.value), least),
    close: () => database.close(),
    [Symbol.asyncDispose]: () => database.close(),
  });
}

/** Without a database there is no journal yet, unless something says that there was one. */
async function absent(path: string): Promise<Result<never, JournalFailure>> {
  const identity = await readIdentity(path);
  if (identity.isErr()) return err(identity.error);
  if (identity.value === undefined) return err({ type: 'journal-absent', path });
  return err(damaged(path, undefined, 'identity.json is there, the database is not'));
}

/** Checks the heads, the newest entries and what is sealed. */
export async function readableFrom(
  store: StoreReader,
  path: string,
): Promise<Result<Readable, JournalFailure>> {
  const identity = await readIdentity(path);
  if (identity.isErr()) return err(identity.error);
  const genesis = identity.value === undefined ? genesisOf(store) : ok(identity.value);
  if (genesis.isErr()) return err(genesis.error);
  if (genesis.value === undefined) return err(damaged(path, 0, 'it does not begin with its birth'));
  const { journalId } = genesis.value;
  const inspected = await inspect(store, path, journalId);
  return inspected.map(({ state, segments }) => ({ store, path, journalId, state: () => state, segments }));
}
