import { err, ok, type Result } from 'neverthrow';
import type { PlannedItem } from '../journal/event-run.ts';
import { withIntents } from '../journal/intents.ts';
import type { JournalReader } from '../journal/journal.ts';
import { keptOfRows } from '../journal/kept-rows.ts';
import type { Failure, JournalFailure } from '../model/failure.ts';
import { aftermath } from '../projections/aftermath.ts';
import { openOperations, type OpenOperation } from '../projections/open-operations.ts';
import { plannedItems, plans } from '../projections/plans.ts';
import { oldestFirst } from '../projections/run-history.ts';
import { runReplay } from '../projections/run-replay.ts';
import { runSummary, type RunSummary } from '../projections/run-summary.ts';
import { storageStats } from '../projections/storage-stats.ts';
import { replayDocument } from '../ui/replay-document.ts';
import { replayText } from '../ui/replay-text.ts';
import { runAtDocument, runAtText } from '../ui/run-at.ts';
import type { ReplayView } from '../ui/replay-view.ts';
import { openToRead } from './journal-access.ts';
import { findRun } from './find-run.ts';
import { exitCodes } from './outcome.ts';
import type { Shell } from './shell.ts';
import { isUnfinished } from './unfinished.ts';

export type LogShowFlags = { readonly at?: string; readonly json?: boolean; readonly color?: boolean };

/** `prodigy clean log show RUN`: one run from beginning to end, or its statistics as they were at an entry. */
export async function logShow(
  text: string,
  flags: LogShowFlags,
  shell: Shell,
): Promise<Result<number, Failure>> {
  const opened = await openToRead(shell);
  if (opened.isErr())
    return err(opened.error.type === 'journal-absent' ? { type: 'unknown-run', text } : opened.error);
  await using reader = opened.value;
  const run = await findRun(text, reader);
  if (run.isErr()) return err(run.error);
  // Waited for here: the reader is closed on the way out.
  if (flags.at !== undefined) return await showAt(run.value, flags.at, flags, reader, shell);

  const view = await viewOfRun(run.value, reader);
  if (view.isErr()) return err(view.error);
  const told =
    flags.json === true
      ? `${JSON.stringify(replayDocument(view.value), null, 2)}\n`
      : replayText(view.value, shell.terminal.outColours);
  await shell.terminal.pour(told);
  return ok(exitCodes.done.code);
}

async function viewOfRun(
  summary: RunSummary,
  reader: JournalReader,
): Promise<Result<ReplayView, JournalFailure>> {
  const replay = await reader.fold(runReplay(summary.run), {
    from: summary.startedSeq,
    // That a dead run was found is an entry of its finder which only the dead one's row tells of.
    ...(summary.ended === undefined ? {} : { to: summary.lastSeq }),
  });
  if (replay.isErr()) return err(replay.error);
  const plan = await planOf(summary, reader);
  if (plan.isErr()) return err(plan.error);
  const after = await reader.fold(aftermath(new Set(replay.value.acts.keys())), {
    from: summary.lastSeq + 1,
  });
  if (after.isErr()) return err(after.error);
  const open = await keptOfRows(reader, openOperations, (row) =>
    replay.value.acts.has(row.op) ? row : undefined,
  );
  if (open.isErr()) return err(open.error);
  const isBegunHere = ({ op }: OpenOperation): boolean =>
    replay.value.acts.get(op)?.steps.some(({ event }) => event.type === 'RemovalIntended') === true;
  const others = await withIntents(
    reader,
    open.value.filter((row) => !isBegunHere(row)),
  );
  if (others.isErr()) return err(others.error);
  const rows = await reader.rows(runSummary);
  if (rows.isErr()) return err(rows.error);
  const runs = oldestFirst(rows.value.values());
  return ok({
    summary,
    replay: replay.value,
    plan: plan.value,
    aftermath: after.value,
    open: open.value,
    intents: new Map(others.value.map(({ op, intent }) => [op, intent])),
    resumedBy: runs.filter(({ resumeOf }) => resumeOf === summary.run).map(({ run }) => run),
    isUnfinished: isUnfinished(summary, runs),
  });
}

/** A plan that an earlier run had put on record is not repeated: its list is there. */
async function planOf(
  { plan }: RunSummary,
  reader: JournalReader,
): Promise<Result<readonly PlannedItem[], JournalFailure>> {
  if (plan === undefined) return ok([]);
  const stored = await reader.row(plans, plan);
  if (stored.isErr()) return err(stored.error);
  if (stored.value === undefined) return ok([]);
  const { fromSeq, toSeq } = stored.value;
  return reader.fold(plannedItems(plan), { from: fromSeq, to: toSeq });
}

async function showAt(
  summary: RunSummary,
  at: string,
  flags: LogShowFlags,
  reader: JournalReader,
  { terminal }: Shell,
): Promise<Result<number, Failure>> {
  const seq = /^#?\d{1,15}$/.test(at) ? Number(at.replace('#', '')) : NaN;
  if (!(seq >= summary.startedSeq && seq <= reader.head.seq)) {
    return err({
      type: 'usage',
      problem: '--at is not the number of an entry since that run began',
      text: at,
      accepted: [`--at ${summary.startedSeq} to --at ${reader.head.seq}`],
    });
  }
  const stats = await reader.fold(storageStats, { to: seq });
  if (stats.isErr()) return err(stats.error);
  let asOf = { seq, atMs: summary.startedAtMs };
  for await (const entry of reader.entries({ from: seq, to: seq })) {
    if (entry.isErr()) return err(entry.error);
    asOf = { seq, atMs: entry.value.atMs };
  }
  let row: RunSummary | undefined;
  for await (const entry of reader.entries({ from: summary.startedSeq, to: seq })) {
    if (entry.isErr()) return err(entry.error);
    if (runSummary.keyOf(entry.value) === summary.run) row = runSummary.apply(row, entry.value);
  }
  const view = { asOf, summary: row ?? summary, kinds: stats.value.runs.get(summary.run) ?? new Map() };
  await terminal.pour(
    flags.json === true
      ? `${JSON.stringify(runAtDocument(view), null, 2)}\n`
      : runAtText(view, terminal.outColours),
  );
  return ok(exitCodes.done.code);
}
