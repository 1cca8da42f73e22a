import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import type { JournalReader } from './journal.ts';
import type { KeyedProjection } from './projection.ts';

/**
 * What is wanted of each row, `undefined` for nothing: of a hundred thousand rows that are held for undo, a run needs
 * two numbers of each, and the whole of a few.
 */
export async function keptOfRows<Row, Kept>(
  journal: Pick<JournalReader, 'rowPages'>,
  projection: KeyedProjection<Row>,
  keep: (row: Row, key: string) => Kept | undefined,
): Promise<Result<Kept[], JournalFailure>> {
  const kept: Kept[] = [];
  for await (const page of journal.rowPages(projection)) {
    if (page.isErr()) return err(page.error);
    for (const [key, row] of page.value) {
      const wanted = keep(row, key);
      if (wanted !== undefined) kept.push(wanted);
    }
  }
  return ok(kept);
}
