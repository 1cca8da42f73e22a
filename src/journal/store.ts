// oxlint-disable-next-line no-restricted-imports -- this is the one file that may
import { Level } from 'level';
import { readdir } from 'node:fs/promises';
import type { Result, ResultAsync } from 'neverthrow';
import { err, ok } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { attempt, toJournalFailure } from './journal-failure.ts';

export type Write =
  | { readonly type: 'put'; readonly key: string; readonly value: string }
  | { readonly type: 'del'; readonly key: string };

export type KeyRange = {
  readonly gte: string;
  readonly lt?: string;
  readonly lte?: string;
  readonly limit?: number;
};
export type Page = readonly (readonly [key: string, value: string])[];

/** Ordered text keys and values, to be read. */
export type StoreReader = {
  get(key: string): Result<string | undefined, JournalFailure>;
  /** Everything in the range as it was when the first page was asked for. Stops after the first `Err`. */
  pages(range: KeyRange, reverse?: boolean): AsyncGenerator<Result<Page, JournalFailure>>;
};

/** Ordered text keys and values on disk: LevelDB, with its errors made ours. Knows nothing of entries. */
export type Store = StoreReader & {
  /** The keys in the range, in the same way. */
  keys(range: KeyRange): AsyncGenerator<Result<readonly string[], JournalFailure>>;
  /** All or nothing, durable when it resolves. After an `Err` nothing more may be written (JOURNAL 0.1). */
  write(writes: readonly Write[]): ResultAsync<void, JournalFailure>;
  /** How many table files there are. */
  countTables(): ResultAsync<number, JournalFailure>;
  /** Merges all tables. */
  compact(): ResultAsync<void, JournalFailure>;
  close(): Promise<void>;
};

/** Opening writes out what the log holds, and needs as much room: so much may be left when it is closed. */
const mostUnmerged = 1024 * 1024;

const pageEntries = 1000;
const pageBytes = 1024 * 1024;
const afterAllKeys = '~';

/** What `level` does not declare of the LevelDB that it is everywhere but in browsers. */
type ClassicLevel = Level & { compactRange(start: string, end: string): Promise<void> };

/**
 * Opens the database at `location`. With `create` it must not exist yet, without it must: LevelDB deletes the
 * tables of a database whose `CURRENT` is lost when it is allowed to create (JOURNAL 0.5).
 */
export function openStore(
  location: string,
  { create }: { create: boolean },
): ResultAsync<Store, JournalFailure> {
  return attempt(location, async () => {
    const level = new Level(location, {
      keyEncoding: 'utf8',
      valueEncoding: 'utf8',
      // Twice the 1 MiB of JOURNAL 0.4: what a run writes is merged half as often.
      writeBufferSize: 2 * mostUnmerged,
      blockSize: 16 * 1024,
      // LevelDB maps its tables into memory: all of a million entries' would count as ours.
      maxOpenFiles: 64,
      createIfMissing: create,
      errorIfExists: create,
    }) as ClassicLevel;
    await level.open();
    return toStore(level, location);
  });
}

function toStore(level: ClassicLevel, location: string): Store {
  let written = 0;
  return {
    get: (key) => {
      try {
        return ok(level.getSync(key));
      } catch (error) {
        return err(toJournalFailure(location, error));
      }
    },
    pages: (range, reverse = false) => {
      const options = { ...range, reverse, highWaterMarkBytes: pageBytes } as typeof range;
      return pagesOf(location, () => level.iterator(options));
    },
    keys: (range) => pagesOf(location, () => level.keys(range)),
    write: (writes) => {
      for (const one of writes) written += one.key.length + (one.type === 'put' ? one.value.length : 0);
      return attempt(location, () => write(level, writes));
    },
    countTables: () =>
      attempt(
        location,
        async () => (await readdir(location)).filter((name) => /\.(ldb|sst)$/.test(name)).length,
      ),
    compact: () => attempt(location, () => level.compactRange('', afterAllKeys)),
    close: async () => {
      // Merging nothing writes the log out first. What cannot be written is left to the next opening.
      if (written > mostUnmerged)
        await attempt(location, () => level.compactRange(afterAllKeys, afterAllKeys));
      await level.close();
    },
  };
}

/** Chained, because the array form copies each operation: three times slower (JOURNAL 1.3). */
async function write(level: ClassicLevel, writes: readonly Write[]): Promise<void> {
  const batch = level.batch();
  try {
    for (const one of writes) {
      if (one.type === 'put') batch.put(one.key, one.value);
      else batch.del(one.key);
    }
    await batch.write({ sync: true } as Parameters<typeof batch.write>[0]);
  } finally {
    await batch.close();
  }
}

type Iterator<T> = { nextv(size: number): Promise<T[]>; close(): Promise<void> };

async function* pagesOf<T>(
  location: string,
  open: () => Iterator<T>,
): AsyncGenerator<Result<readonly T[], JournalFailure>> {
  const iterator = open();
  try {
    for (;;) {
      const page = await attempt(location, () => iterator.nextv(pageEntries));
      if (page.isOk() && page.value.length === 0) return;
      yield page;
      if (page.isErr()) return;
    }
  } finally {
    await iterator.close();
  }
}
