import { err, ok, type Result } from 'neverthrow';
import type { PurgeStarted } from '../journal/event-removal.ts';
import { withIntents } from '../journal/intents.ts';
import type { Journal } from '../journal/journal.ts';
import type { JournalFailure } from '../model/failure.ts';
import { openOperations, type OpenOperation, type WholeOperation } from '../projections/open-operations.ts';
import { adopt } from '../projections/run-account.ts';
import { free, type Quarantined } from './free.ts';
import type { RunRecord } from './run-record.ts';

type Purge = {
  readonly record: RunRecord;
  /** Commits that worktrees which are gone have to be made again from. */
  readonly heads?: readonly string[];
};

/** What is read of a journal to free what is held. */
export type HeldReading = Pick<Journal, 'row' | 'stored' | 'segments' | 'directory'>;

/** How many held operations are freed at a time: of a hundred thousand, each with its intent, not all are in memory. */
const purgedAtOnce = 1024;

/** Frees what lies in quarantine, by the ids of the operations that moved it, and says first why it is now. */
export async function purgeByIds(
  ops: readonly string[],
  why: PurgeStarted['why'],
  journal: HeldReading,
  context: Purge,
): Promise<Result<void, JournalFailure>> {
  for (let from = 0; from < ops.length; from += purgedAtOnce) {
    const rows: OpenOperation[] = [];
    for (const op of ops.slice(from, from + purgedAtOnce)) {
      const row = await journal.row(openOperations, op);
      if (row.isErr()) return err(row.error);
      if (row.value !== undefined) rows.push(row.value);
    }
    const operations = await withIntents(journal, rows);
    if (operations.isErr()) return err(operations.error);
    const purged = await purgeHeld(operations.value, why, context);
    if (purged.isErr()) return err(purged.error);
  }
  return ok(undefined);
}

/** The same for operations that are at hand. */
export async function purgeHeld(
  operations: readonly WholeOperation[],
  why: PurgeStarted['why'],
  { record, heads = [] }: Purge,
): Promise<Result<void, JournalFailure>> {
  if (operations.length === 0) return ok(undefined);
  if (why !== 'resumed') {
    for (const { op, state, intent } of operations) {
      record.adopt(op, state);
      // What this run moved itself stays on its own account.
      if (record.account.items.get(intent.item)?.op !== op) adopt(record.account, op, intent, 'expired');
    }
  }
  const started = await record.facts(
    operations.map(({ op, intent }) => ({ op, event: { type: 'PurgeStarted', item: intent.item, why } })),
  );
  if (started.isErr()) return err(started.error);
  const quarantined: Quarantined[] = operations.map(({ op, intent, attempt }) => ({
    op,
    intent,
    attempt: attempt + 1,
  }));
  const told = await record.facts(await free(quarantined, heads));
  return told.isErr() ? err(told.error) : ok(undefined);
}
