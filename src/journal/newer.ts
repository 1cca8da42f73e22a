import { join } from 'node:path';
import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { readRegular } from '../regular-file.ts';
import { hashLength } from './chain.ts';
import { namesIn } from './durable.ts';
import { attempt } from './journal-failure.ts';
import { databasePath, segmentsPath } from './layout.ts';
import { openInPlace } from './level-in-place.ts';
import { parseSegmentLine } from './segment.ts';
import type { StoreReader } from './store.ts';

/**
 * The texts of all entries of a journal that a newer version wrote, in order, page by page: as they are stored, and
 * unchecked, for what makes them valid may have changed. That an entry is a text behind a hash under its number is the
 * same in every format.
 */
export async function* newerTexts(
  directory: string,
): AsyncGenerator<Result<readonly string[], JournalFailure>> {
  const store = await openInPlace(databasePath(directory), directory);
  if (store.isErr()) return yield err(store.error);
  try {
    yield* textsIn(store.value, directory);
  } finally {
    await store.value.close();
  }
}

async function* textsIn(
  store: StoreReader,
  directory: string,
): AsyncGenerator<Result<readonly string[], JournalFailure>> {
  // What lies both in a segment and in the database is told once.
  let last = -1;
  for (const name of (await namesIn(segmentsPath(directory)))
    .filter((one) => one.endsWith('.jsonl'))
    .sort()) {
    const read = await attempt(directory, () => readRegular(join(segmentsPath(directory), name)));
    if (read.isErr()) return yield err(read.error);
    const texts = read.value
      .toString()
      .split('\n')
      .flatMap((line) => parseSegmentLine(line)?.text ?? []);
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
