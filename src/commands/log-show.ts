import { err, ok, type Result } from 'neverthrow';
import { withIntents } from '../journal/intents.ts';
import type { EntryRange, JournalReader } from '../journal/journal.ts';
import { keptOfRows } from '../journal/kept-rows.ts';
import type { Failure, JournalFailure } from '../model/failure.ts';
import { aftermath } from '../projections/aftermath.ts';
import { openOperations } from '../projections/open-operations.ts';
import { plans } from '../projections/plans.ts';
import { oldestFirst } from '../projections/run-history.ts';
import { intend, runReplay, type RunReplay } from '../projections/run-replay.ts';
import { runSummary, type RunSummary } from '../projections/run-summary.ts';
import { storageStats } from '../projections/storage-stats.ts';
import { replayDocument } from '../ui/replay-document.ts';
import { replayText } from '../ui/replay-text.ts';
import { runAtDocument, runAtText } from '../ui/run-at.ts';
import { openToRead } from './journal-access.ts';
import { findRun } from './find-run.ts';

import { openSink } from './log-stream.ts';
import { exitCodeOf, exitCodes } from './outcome.ts';
import { replaySource, type Replayed } from './replay-source.ts';
import type { Shell } from './shell.ts';
import { keepHeapSmall } from './small-heap.ts';
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

  keepHeapSmall([...process.execArgv, shell.config.nodeOptions]);
  const found = await replayed(run.value, reader);
  if (found.isErr()) return err(found.error);
  const view = found.value;
  const source = replaySource(view, reader);
  const pieces =
    flags.json === true ? replayDocument(view, source) : replayText(view, source, shell.terminal.outColours);
  const sink = openSink(shell);
  for await (const piece of pieces) {
    if (piece.isErr()) {
      await sink.flush();
      return err(piece.error);
    }
    sink.write(piece.value);
    if (!(await sink.settle())) break;
  }
  await sink.flush();
  if (shell.signal.aborted) return ok(exitCodeOf('interrupted', shell.receivedSignal()));
  return ok(exitCodes.done.code);
}

/** A first look at all that is told: nothing is printed of a story that cannot be read to its end. */
async function replayed(
  summary: RunSummary,
  reader: JournalReader,
): Promise<Result<Replayed, JournalFailure>> {
  // That a dead run was found is an entry of its finder which only the dead one's row tells of.
  const range = {
    from: summary.startedSeq,
    to: summary.ended === undefined ? reader.head.seq : summary.lastSeq,
  };
  const folded = await reader.fold(runReplay(summary.run), range);
  if (folded.isErr()) return err(folded.error);
  const replay = folded.value;
  const plan = await planOf(summary, range, reader);
  if (plan.isErr()) return err(plan.error);
  const since = await reader.fold(aftermath(replay.acts), { from: summary.lastSeq + 1 });
  if (since.isErr()) return err(since.error);
  const open = await findOpen(replay, reader);
  if (open.isErr()) return err(open.error);
  const rows = await reader.rows(runSummary);
  if (rows.isErr()) return err(rows.error);
  const runs = oldestFirst(rows.value.values());
  return ok({
    summary,
    replay,
    plan: plan.value,
    since: since.value,
    resumedBy: runs.filter(({ resumeOf }) => resumeOf === summary.run).map(({ run }) => run),
    isUnfinished: isUnfinished(summary, runs),
  });
}

/** Where its list stands. A plan that an earlier run had put on record is not repeated. */
async function planOf(
  { plan }: RunSummary,
  seen: Required<Pick<EntryRange, 'from' | 'to'>>,
  reader: JournalReader,
): Promise<Result<EntryRange | undefined, JournalFailure>> {
  if (plan === undefined) return ok(undefined);
  const stored = await reader.row(plans, plan);
  if (stored.isErr()) return err(stored.error);
  if (stored.value === undefined) return ok(undefined);
  const range = { from: stored.value.fromSeq, to: stored.value.toSeq };
  if (range.from >= seen.from && range.to <= seen.to) return ok(range);
  const isReadable = await reader.fold({ initial: () => true, apply: () => true }, range);
  return isReadable.map(() => range);
}

/** Which of them have not ended. What an earlier run had begun is told by its intent, which is there as long. */
async function findOpen(replay: RunReplay, reader: JournalReader): Promise<Result<void, JournalFailure>> {
  const foreign = await keptOfRows(reader, openOperations, (row) => {
    const act = replay.acts.get(row.op);
    if (act === undefined) return undefined;
    act.state = row.state;
    act.heldUntilMs = row.heldUntilMs;
    return act.hasIntent ? undefined : row;
  });
  if (foreign.isErr()) return err(foreign.error);
  const whole = await withIntents(reader, foreign.value);
  if (whole.isErr()) return err(whole.error);
  for (const { op, item, intent } of whole.value) {
    const act = replay.acts.get(op);
    if (act !== undefined) intend(replay, act, item, intent);
  }
  return ok(undefined);
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
