import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { hashLength } from './chain.ts';
import { discardFlatDirectory, namesIn } from './durable.ts';
import { attempt } from './journal-failure.ts';
import { databasePath, segmentsPath, snapshotPrefix } from './layout.ts';
import { parseSegmentLine } from './segment.ts';
import { copyDatabase } from './snapshot.ts';
import { openStore } from './store.ts';
import type { Store } from './store.ts';

/**
 * The texts of all entries of a journal that a newer version wrote, in order, page by page: as they are stored, and
 * unchecked, for what makes them valid may have changed. That an entry is a text behind a hash under its number is the
 * same in every format.
 */
export async function* newerTexts(
  directory: string,
  elsewhere: readonly string[],
): AsyncGenerator<Result<readonly string[], JournalFailure>> {
  const scratch = await makeScratch(directory, elsewhere);
  if (scratch.isErr()) return yield err(scratch.error);
  try {
    const copied = await copyDatabase(databasePath(directory), scratch.value);
    const store = copied.isErr() ? err(copied.error) : await openStore(scratch.value, { create: false });
    if (store.isErr()) return yield err(store.error);
    try {
      yield* textsIn(store.value, directory);
    } finally {
      await store.value.close();
    }
  } finally {
    await discardFlatDirectory(scratch.value).catch(() => undefined);
  }
}

async function* textsIn(
  store: Store,
  directory: string,
): AsyncGenerator<Result<readonly string[], JournalFailure>> {
  // What lies both in a segment and in the database is told once.
  let last = -1;
  for (const name of (await namesIn(segmentsPath(directory)))
    .filter((one) => one.endsWith('.jsonl'))
    .sort()) {
    const read = await attempt(directory, () => readFile(join(segmentsPath(directory), name), 'utf8'));
    if (read.isErr()) return yield err(read.error);
    const texts = read.value.split('\n').flatMap((line) => parseSegmentLine(line)?.text ?? []);
    last += texts.length;
    yield ok(texts);
  }
  for await (const page of store.pages({ gte: 'e!', lt: 'e"' })) {
    if (page.isErr()) return yield err(page.error);
    yield ok(
      page.value.filter(([key]) => Number(key.slice(2)) > last).map(([, value]) => value.slice(hashLength)),
    );
  }
}

async function makeScratch(
  directory: string,
  elsewhere: readonly string[],
): Promise<Result<string, JournalFailure>> {
  const beside = join(directory, `${snapshotPrefix}${process.pid}-${randomBytes(4).toString('hex')}`);
  let made = await attempt(directory, async () => {
    await mkdir(beside, { mode: 0o700 });
    return beside;
  });
  for (const base of made.isErr() ? elsewhere : []) {
    made = await attempt(base, () => mkdtemp(join(base, 'prodigy-journal-')));
    if (made.isOk()) break;
  }
  return made;
}
