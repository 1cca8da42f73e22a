import { err, ok, type Result } from 'neverthrow';
import { plannedItem, scanOf, type Scan } from '../cleaners/scan.ts';
import type { Condemned } from '../cleaners/sweep.ts';
import { freeBytes } from '../disk/volume.ts';
import { isUnchanged } from '../disk/identity.ts';
import type { PlannedItem } from '../journal/event.ts';
import type { JournalReader } from '../journal/journal.ts';
import type { Failure, JournalFailure } from '../model/failure.ts';
import type { ItemId } from '../model/item.ts';
import { openOperations } from '../projections/open-operations.ts';
import { plannedItems, plans } from '../projections/plans.ts';
import { isRemaining, remainingWork } from '../projections/remaining-work.ts';
import { oldestFirst } from '../projections/run-history.ts';
import { runSummary, type RunSummary } from '../projections/run-summary.ts';
import { formatBytes, formatCount, formatTime } from '../ui/format.ts';
import { openProgress, type Progress } from '../ui/progress.ts';
import { accountOf, outcomeOf } from './account.ts';
import { carryOut, expireHeld } from './carry-out.ts';
import { answer } from './answer.ts';
import { clockProblem, endRun, putOnRecord, refuse, takeUp } from './run-steps.ts';
import { isThereAJournal, openForWork, type Working } from './journal-access.ts';
import { lookAndJudge } from './looking.ts';
import type { Output } from './options.ts';
import { exitCodeOf } from './outcome.ts';
import { actorOf, type Shell } from './shell.ts';
import { viewOf } from './view.ts';

export type ResumeRequest = {
  /** Id of an interrupted run, or its beginning; `undefined`: all of them. */
  readonly run: string | undefined;
  readonly output: Output;
  readonly acceptClock: boolean;
};

/**
 * `prodigy clean resume`: finishes what interrupted runs had been allowed to remove. Consent was given then; whether
 * each item may still go is asked again, by the rules and the cut-offs of that run.
 */
export async function resume(request: ResumeRequest, shell: Shell): Promise<Result<number, Failure>> {
  const { terminal } = shell;
  const hasJournal = await isThereAJournal(shell);
  if (!hasJournal && request.run !== undefined) return err({ type: 'unknown-run', text: request.run });
  if (!hasJournal) {
    if (request.output === 'text') terminal.out('Nothing to resume: nothing was ever cleaned here.\n');
    return ok(0);
  }
  const opened = await openForWork(shell, 'prodigy clean resume');
  if (opened.isErr()) return err(opened.error);
  await using work = opened.value;
  const unfinished = await unfinishedRuns(work.journal, request.run);
  if (unfinished.isErr()) return err(unfinished.error);
  const open = await work.journal.rows(openOperations);
  if (open.isErr()) return err(open.error);
  const waiting = [...open.value.values()].filter(
    ({ state, heldUntilMs }) => state !== 'quarantined' || heldUntilMs === undefined,
  );
  if (unfinished.value.length === 0 && waiting.length === 0) {
    if (request.output === 'text') terminal.out('Nothing to resume.\n');
    return ok(0);
  }

  const progress = openProgress(terminal, request.output === 'jsonl');
  try {
    let worst = 0;
    const runs = unfinished.value.length > 0 ? unfinished.value : await lastRuns(work.journal);
    for (const run of runs) {
      const done = await resumeOne(run, request, work, shell, progress);
      if (done.isErr()) return err(done.error);
      worst = Math.max(worst, done.value);
      if (shell.signal.aborted) break;
    }
    return ok(worst);
  } finally {
    progress.stop();
  }
}

/** Operations can be open although every run has ended: the last run's rules finish them. */
async function lastRuns(journal: JournalReader): Promise<readonly RunSummary[]> {
  const rows = await journal.rows(runSummary);
  if (rows.isErr()) return [];
  const confirmed = oldestFirst(rows.value.values()).filter((row) => row.confirmed !== undefined);
  return confirmed.slice(-1);
}

/** Confirmed runs that did not come to their end, oldest first; a later run that resumed one to its end closes it. */
async function unfinishedRuns(
  journal: JournalReader,
  wanted: string | undefined,
): Promise<Result<readonly RunSummary[], Failure>> {
  const rows = await journal.rows(runSummary);
  if (rows.isErr()) return err(rows.error);
  const all = oldestFirst(rows.value.values());
  const isOver = (row: RunSummary): boolean =>
    row.ended !== undefined && !['interrupted', 'failed', 'partial'].includes(row.ended.outcome);
  const closed = new Set(
    all.filter((row) => row.resumeOf !== undefined && isOver(row)).map((row) => row.resumeOf),
  );
  const unfinished = all.filter(
    (row) =>
      !row.dryRun &&
      row.confirmed !== undefined &&
      row.resumeOf === undefined &&
      !isOver(row) &&
      !closed.has(row.run),
  );
  if (wanted === undefined) return ok(unfinished);
  const named = all.filter(({ run }) => run.startsWith(wanted));
  if (named.length === 0) return err({ type: 'unknown-run', text: wanted });
  const roots = new Set(named.map(({ run, resumeOf }) => resumeOf ?? run));
  return ok(unfinished.filter(({ run }) => roots.has(run)));
}

async function resumeOne(
  summary: RunSummary,
  request: ResumeRequest,
  work: Working,
  shell: Shell,
  progress: Progress,
): Promise<Result<number, Failure>> {
  const { journal } = work;
  const { scope, policy } = summary;
  const startedAtMs = shell.clock();
  const record = work.startRecord(request.output);
  const freeBefore = await freeBytes(shell.config.roots[0] ?? shell.config.firstRoot);
  const remaining = await remainingItems(summary, journal);
  if (remaining.isErr()) return err(remaining.error);
  const isUndoable = await wasUndoable(summary, journal);
  if (isUndoable.isErr()) return err(isUndoable.error);

  const started = await record.command({
    type: 'StartRun',
    started: {
      command: 'resume',
      argv: request.run === undefined ? [] : [request.run],
      dryRun: false,
      scope,
      policy,
      actor: actorOf(shell),
      resumeOf: summary.run,
    },
  });
  if (started.isErr()) return err(started.error);
  const clock = await clockProblem(journal, started.value[0]?.seq ?? 0, startedAtMs, request.acceptClock);
  if (clock.isErr()) return err(clock.error);
  if (clock.value !== undefined) return refuse(clock.value, record);
  const recovered = await takeUp(journal, record, shell, progress);
  if (recovered.isErr()) return err(recovered.error);

  // The cut-offs are the interrupted run's, so that the same items are old; the clock is today's, so that whatever
  // came to life since is seen.
  const now = { ...policy, nowMs: shell.clock() };
  const whole = await lookAndJudge(scope, now, shell, progress);
  progress.pause();
  const { scan, drifted } = stillPlanned(whole, remaining.value);
  if (request.output === 'text') {
    shell.terminal.out(
      `Resuming run ${summary.run} of ${formatTime(summary.startedAtMs)}: ${formatCount(scan.condemned.length, 'item')} remain (${formatBytes(scan.condemned.reduce((sum, { item }) => sum + (item.size?.bytes ?? 0), 0))}).\n`,
    );
  }
  const planned = await putOnRecord(
    { request: { argv: [] }, scope, policy, scan, record, journal, command: undefined },
    shell,
  );
  if (planned.isErr()) return err(planned.error);

  const leftOpen = [...recovered.value.openIntents].filter(
    ([item]) => !scan.condemned.some((condemned) => condemned.item.id === item),
  );
  for (const [, { op }] of leftOpen) record.adopt(op, 'intended');
  const told = await record.facts(
    leftOpen.map(
      ([item, { op }]) => ({ op, event: { type: 'ItemDrifted', item, ...driftOf(item, whole) } }) as const,
    ),
  );
  if (told.isErr()) return err(told.error);

  const confirmed = await record.command({ type: 'ConfirmRun', how: 'resume' });
  if (confirmed.isErr()) return err(confirmed.error);
  const done =
    scan.condemned.length > 0
      ? await carryOut(
          scan.condemned,
          { journal, record, scan, recovered: recovered.value, isUndoable: isUndoable.value },
          shell,
          progress,
        )
      : await expireHeld(journal, record, shell);
  if (done.isErr()) return err(done.error);
  progress.stop();

  const account = accountOf(record);
  const outcome = outcomeOf(account, scan.condemned.length, shell.signal.aborted);
  const exitCode = exitCodeOf(outcome, shell.receivedSignal());
  const restored = await journal.restoreReserve();
  if (restored.isErr()) return err(restored.error);
  const freeAfter = await freeBytes(shell.config.roots[0] ?? shell.config.firstRoot);
  const ended = await endRun(record, outcome, exitCode, account, freeBefore, freeAfter);
  if (ended.isErr()) return err(ended.error);
  const ids = { run: record.id, plan: planned.value, dryRun: false };
  const view = viewOf(scan, scope, policy, shell.config.roots, ids);
  const all = { ...account, drifted: [...account.drifted, ...drifted] };
  answer({ request, view, outcome, exitCode, startedAtMs, account: all, freeBefore, freeAfter }, shell);
  return ok(exitCode);
}

/** Whether the run held small items for undo: who said `--no-undo` said it for the whole of it. */
async function wasUndoable(
  { startedSeq }: RunSummary,
  journal: JournalReader,
): Promise<Result<boolean, JournalFailure>> {
  for await (const entry of journal.entries({ from: startedSeq, to: startedSeq })) {
    if (entry.isErr()) return err(entry.error);
    const { event } = entry.value;
    if (event.type === 'RunStarted') return ok(!event.argv.includes('--no-undo'));
  }
  return ok(true);
}

/** What the run and those that resumed it had planned, and have neither removed nor given up. */
async function remainingItems(
  summary: RunSummary,
  journal: JournalReader,
): Promise<Result<ReadonlyMap<ItemId, PlannedItem>, JournalFailure>> {
  const rows = await journal.rows(runSummary);
  if (rows.isErr()) return err(rows.error);
  const chain = new Set(
    [...rows.value.values()]
      .filter(({ run, resumeOf }) => run === summary.run || resumeOf === summary.run)
      .map(({ run }) => run),
  );
  const work = await journal.fold(remainingWork(chain), { from: summary.startedSeq });
  if (work.isErr()) return err(work.error);
  const open = await journal.rows(openOperations);
  if (open.isErr()) return err(open.error);
  const moved = new Set(
    [...open.value.values()].filter(({ state }) => state !== 'intended').map(({ item }) => item),
  );
  const remaining = new Map<ItemId, PlannedItem>();
  const plan = summary.plan;
  if (plan === undefined) return ok(remaining);
  const stored = await journal.row(plans, plan);
  if (stored.isErr()) return err(stored.error);
  if (stored.value === undefined) return ok(remaining);
  const items = await journal.fold(plannedItems(plan), {
    from: stored.value.fromSeq,
    to: stored.value.toSeq,
  });
  if (items.isErr()) return err(items.error);
  for (const item of items.value) {
    if (isRemaining(work.value, item.item) && !moved.has(item.item)) remaining.set(item.item, item);
  }
  return ok(remaining);
}

type StillPlanned = {
  readonly scan: Scan;
  readonly drifted: readonly { readonly name: string; readonly why: string }[];
};

/** Of what remains, that which is condemned again and is the same object it was when it was shown. */
function stillPlanned(whole: Scan, remaining: ReadonlyMap<ItemId, PlannedItem>): StillPlanned {
  const goes = new Map<ItemId, Condemned>(whole.condemned.map((condemned) => [condemned.item.id, condemned]));
  const drifted: { name: string; why: string }[] = [];
  const kept = new Set<ItemId>();
  for (const { item, verdict } of whole.judged) {
    const planned = remaining.get(item.id);
    if (planned === undefined) continue;
    const name = `${item.kind} ${item.name}`;
    if (verdict.type === 'keep') drifted.push({ name, why: verdict.reason });
    else if (!isSame(planned, plannedItem(item))) drifted.push({ name, why: 'changed-since-decision' });
    else if (goes.has(item.id)) kept.add(item.id);
  }
  const verdicts = new Map(whole.judged.map(({ item, verdict }) => [item.id, verdict]));
  const items = whole.judged
    .map(({ item }) => item)
    .filter(({ id }) => kept.has(id) || verdicts.get(id)?.type === 'keep');
  const look = { ...whole.look, items };
  const narrowed = scanOf(look, verdicts, whole.outOfScope, whole.durationMs);
  return { scan: { ...narrowed, look: whole.look }, drifted };
}

function isSame(planned: PlannedItem, now: PlannedItem): boolean {
  if (planned.head !== now.head) return false;
  // A part that is gone since was moved or removed by somebody; what is there must be what was shown.
  return now.parts.every(({ path, identity }) => {
    const before = planned.parts.find((part) => part.path === path);
    return before !== undefined && isUnchanged(before.identity, identity);
  });
}

function driftOf(
  item: ItemId,
  whole: Scan,
): { readonly reason: 'changed-since-decision'; readonly evidence: Record<string, string> } {
  const now = whole.judged.find((judged) => judged.item.id === item);
  const why = now === undefined ? 'not found' : now.verdict.reason;
  return { reason: 'changed-since-decision', evidence: { now: why } };
}
