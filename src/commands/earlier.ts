import { err, ok, type Result } from 'neverthrow';
import type { Tally } from '../journal/event-run.ts';
import { keptOfRows } from '../journal/kept-rows.ts';
import type { JournalReader } from '../journal/journal.ts';
import type { Failure } from '../model/failure.ts';
import type { EarlierView } from '../ui/overview-text.ts';
import { openOperations } from '../projections/open-operations.ts';
import { oldestFirst } from '../projections/run-history.ts';
import { runSummary, type RunSummary } from '../projections/run-summary.ts';
import { openToRead } from './journal-access.ts';
import type { Shell } from './shell.ts';
import { undoableRows } from './undoable.ts';
import { unfinishedRuns } from './unfinished.ts';

const nothing: Tally = { items: 0, bytes: 0 };

/** What earlier runs left: to undo, to free, to finish. */
async function earlierRuns(journal: JournalReader, nowMs: number): Promise<Result<EarlierView, Failure>> {
  const undo = await undoableRows(journal);
  if (undo.isErr()) return err(undo.error);
  const stuck = await keptOfRows(journal, openOperations, ({ state, heldUntilMs, bytes }) =>
    state === 'intended' || (state === 'quarantined' && heldUntilMs !== undefined) ? undefined : bytes,
  );
  if (stuck.isErr()) return err(stuck.error);
  const rows = await journal.rows(runSummary);
  if (rows.isErr()) return err(rows.error);
  const unfinished = await unfinishedRuns(journal, undefined);
  if (unfinished.isErr()) return err(unfinished.error);

  let held: EarlierView['held'] = nothing;
  let gone: EarlierView['gone'] = { items: 0 };
  for (const { from, bytes, untilMs } of undo.value) {
    if (from === 'quarantine') {
      const oldest = Math.min(untilMs, held.untilMs ?? untilMs);
      held = { items: held.items + 1, bytes: held.bytes + bytes, untilMs: oldest };
    } else if (untilMs > nowMs) {
      gone = { items: gone.items + 1, untilMs: Math.min(untilMs, gone.untilMs ?? untilMs) };
    }
  }
  const last = oldestFirst(rows.value.values()).findLast(hasActed);
  return ok({
    nowMs,
    held,
    gone,
    blocked: { items: stuck.value.length, bytes: stuck.value.reduce((sum, bytes) => sum + bytes, 0) },
    unfinished: unfinished.value,
    ...(last === undefined ? {} : { last }),
  });
}

/** Neither a look nor a pin: it was to remove something, or to put it back. */
function hasActed({ confirmed, command, ended }: RunSummary): boolean {
  return confirmed !== undefined || command === 'undo' || ended?.outcome === 'nothing-to-do';
}

/** What can be told of them by who does not write: as the journal is now, or nothing at all. */
export async function earlierSeen(
  journal: JournalReader | undefined,
  shell: Pick<Shell, 'config'>,
  nowMs: number,
): Promise<EarlierView> {
  const none: EarlierView = { nowMs, held: nothing, gone: { items: 0 }, blocked: nothing, unfinished: [] };
  if (journal !== undefined) return (await earlierRuns(journal, nowMs)).unwrapOr(none);
  // Another run has it: a copy tells the same.
  const opened = await openToRead(shell);
  if (opened.isErr()) return none;
  await using reader = opened.value;
  return (await earlierRuns(reader, nowMs)).unwrapOr(none);
}
