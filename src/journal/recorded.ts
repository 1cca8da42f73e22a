import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import type { Entry } from './entry.ts';
import type { EntryRange, JournalReader } from './journal.ts';
import { decodeStored } from './reader.ts';

/** An entry, and its text as it is stored and hashed: what is handed on as a record is this text. */
export type Recorded = { readonly entry: Entry; readonly text: string };

/** The entries of a range with their texts. Stops after the first `Err`. */
export async function* recordedIn(
  reader: Pick<JournalReader, 'stored' | 'directory'>,
  range?: EntryRange,
): AsyncGenerator<Result<Recorded, JournalFailure>> {
  for await (const page of reader.stored(range)) {
    if (page.isErr()) return yield err(page.error);
    for (const stored of page.value) {
      const entry = decodeStored(reader.directory, stored);
      if (entry.isErr()) return yield err(entry.error);
      yield ok({ entry: entry.value, text: stored.text });
    }
  }
}
