import { err, ok, type Result } from 'neverthrow';
import type { Scan } from '../cleaners/scan.ts';
import { stillPlanned, type StillPlanned } from '../cleaners/still-planned.ts';
import type { Config } from '../config.ts';
import { findUndoObstacles, onlyTold } from '../cleaners/undo-obstacles.ts';
import { freeBytes } from '../disk/volume.ts';
import type { Failure } from '../model/failure.ts';
import type { JournalReader } from '../journal/journal.ts';
import { keptOfRows } from '../journal/kept-rows.ts';
import type { ItemId } from '../model/item.ts';
import type { Pins } from '../model/pin.ts';
import { goneWorktrees } from '../projections/gone-worktrees.ts';
import { openOperations } from '../projections/open-operations.ts';
import { takenUpBy } from '../projections/run-account.ts';
import type { RunSummary } from '../projections/run-summary.ts';
import { formatBytes, formatCount, formatTime, formatWhole } from '../ui/format.ts';
import { openProgress, type Progress } from '../ui/progress.ts';
import { accountOf, outcomeOf, withDropped } from './account.ts';
import { brakeOfThen, brakeProblem } from './brake.ts';
import { carryOut, expireHeld } from './carry-out.ts';
import { answer, documentOf } from './answer.ts';
import { clockProblem } from './clock.ts';
import { endRun, mayNotBeWhole, putOnRecord, refuse, takeUp } from './run-steps.ts';
import { isThereAJournal, openForWork, type Working } from './journal-access.ts';
import { lookAndJudge, rulesOfThen } from './looking.ts';
import { holdsElsewhere, pinsOf } from './pins-now.ts';
import type { Output } from './options.ts';
import { exitCodeOf } from './outcome.ts';
import { actorOf, type Shell } from './shell.ts';
import {
  chainOf,
  hasBrokenUndo,
  lastRuns,
  remainingItems,
  unfinishedRuns,
  wasUndoable,
} from './unfinished.ts';
import { viewOf } from './view.ts';

export type ResumeRequest = {
  /** Id of an interrupted run, or its beginning; `undefined`: all of them. */
  readonly run: string | undefined;
  readonly output: Output;
  readonly acceptClock: boolean;
  /** Instead of the run's own. */
  readonly maxDelete?: string | undefined;
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
    return ok(nothingToResume('Nothing to resume: nothing was ever cleaned here.', request, shell));
  }
  const opened = await openForWork(shell, 'prodigy clean resume');
  if (opened.isErr()) return err(opened.error);
  await using work = opened.value;
  const unfinished = await unfinishedRuns(work.journal, request.run);
  if (unfinished.isErr()) return err(unfinished.error);
  const waiting = await keptOfRows(work.journal, openOperations, ({ op, state, heldUntilMs }) =>
    state !== 'quarantined' || heldUntilMs === undefined ? op : undefined,
  );
  if (waiting.isErr()) return err(waiting.error);
  const gone = await work.journal.rows(goneWorktrees);
  if (gone.isErr()) return err(gone.error);
  const isUndoing = [...gone.value.values()].some(({ undo }) => undo !== undefined);
  const undo = await hasBrokenUndo(work.journal);
  if (undo.isErr()) return err(undo.error);
  const broken = await mayNotBeWhole(work.journal);
  if (broken.isErr()) return err(broken.error);
  const isQuiet = !isUndoing && !undo.value && !broken.value;
  if (unfinished.value.length === 0 && waiting.value.length === 0 && isQuiet) {
    return ok(nothingToResume('Nothing to resume.', request, shell));
  }

  const progress = openProgress(terminal, request.output === 'jsonl');
  try {
    let worst = 0;
    const documents: Record<string, unknown>[] = [];
    const runs = unfinished.value.length > 0 ? unfinished.value : await lastRuns(work.journal);
    for (const run of runs) {
      const done = await resumeOne(run, request, work, shell, progress, documents);
      if (done.isErr()) return err(done.error);
      worst = Math.max(worst, done.value);
      if (shell.signal.aborted) break;
    }
    if (request.output === 'json') printDocuments(documents, worst, shell);
    return ok(worst);
  } finally {
    progress.stop();
  }
}

function nothingToResume(sentence: string, { output }: ResumeRequest, { terminal, clock }: Shell): number {
  const at = new Date(clock()).toISOString();
  if (output === 'text') terminal.out(`${sentence}\n`);
  if (output === 'json') {
    const nothing = { outcome: 'nothing-to-do', exitCode: 0, dryRun: false, startedAt: at, endedAt: at };
    const document = { schema: 'prodigy-clean/1', ...nothing, kinds: {}, items: [], failures: [] };
    terminal.out(`${JSON.stringify(document, null, 2)}\n`);
  }
  return 0;
}

/** One document: of the run, or of the last of several, which then holds all of them as `runs`. */
function printDocuments(
  documents: readonly Record<string, unknown>[],
  exitCode: number,
  { terminal }: Shell,
): void {
  const last = documents.at(-1) ?? {};
  const document = documents.length > 1 ? { ...last, exitCode, runs: documents } : last;
  terminal.out(`${JSON.stringify(document, null, 2)}\n`);
}

async function resumeOne(
  summary: RunSummary,
  request: ResumeRequest,
  work: Working,
  now: Shell,
  progress: Progress,
  documents: Record<string, unknown>[],
): Promise<Result<number, Failure>> {
  const shell = { ...now, config: asPromised(now.config, summary) };
  const { journal } = work;
  const { scope, policy } = summary;
  const startedAtMs = shell.clock();
  const held = await holdsElsewhere(shell, startedAtMs);
  if (held.isErr()) return err(held.error);
  const record = work.startRecord(request.output);
  const freeBefore = await freeBytes(shell.config.roots[0] ?? shell.config.firstRoot);
  const isUndoable = await wasUndoable(summary, journal);
  if (isUndoable.isErr()) return err(isUndoable.error);

  const started = await record.command({
    type: 'StartRun',
    started: {
      command: 'resume',
      argv: [
        ...(request.run === undefined ? [] : [request.run]),
        ...(request.maxDelete === undefined ? [] : ['--max-delete', request.maxDelete]),
      ],
      dryRun: false,
      scope,
      policy,
      actor: actorOf(shell),
      resumeOf: summary.run,
    },
  });
  if (started.isErr()) return err(started.error);
  const asked = { run: record.id, nowMs: startedAtMs, policy, kinds: scope.kinds };
  const clock = request.acceptClock ? ok(undefined) : await clockProblem(journal, asked, shell);
  if (clock.isErr()) return err(clock.error);
  if (clock.value !== undefined) return refuse(clock.value, record);
  const recovered = await takeUp(journal, record, shell, progress);
  if (recovered.isErr()) return err(recovered.error);

  const chain = await chainOf(summary, journal);
  if (chain.isErr()) return err(chain.error);
  const left = await whatIsLeft(summary, chain.value, journal, held.value, shell, progress);
  if (left.isErr()) return err(left.error);
  const { whole, scan, dropped } = left.value;
  if (request.output === 'text') {
    const took = takenUpBy(record.account);
    const inPlace = scan.condemned.length;
    const bytes = took.bytes + scan.condemned.bytes;
    shell.terminal.out(
      `Resuming run ${summary.run} of ${formatTime(summary.startedAtMs)}: ${formatCount(took.items + inPlace, 'item')} (${formatBytes(bytes)}), ${formatWhole(took.items)} already moved, ${formatWhole(inPlace)} still in place.\n`,
    );
  }
  const planned = await putOnRecord(
    { request: { argv: [] }, scope, policy, scan, record, journal, command: undefined },
    shell,
  );
  if (planned.isErr()) return err(planned.error);
  const brake = brakeProblem(scan, request.maxDelete ?? brakeOfThen(policy.maxDelete));
  if (brake !== undefined) return refuse(brake, record);

  // Other runs' intents are theirs to resume.
  const goes = new Set(scan.condemned.ids());
  const leftOpen = [...recovered.value.openIntents].filter(
    ([item, intent]) => chain.value.has(intent.run) && !goes.has(item),
  );
  for (const [, { op }] of leftOpen) record.adopt(op, 'intended');
  const reasons = reasonsNow(new Set(leftOpen.map(([item]) => item)), whole);
  const told = await record.facts(
    leftOpen.map(([item, { op }]) => {
      const evidence = { now: reasons.get(item) ?? 'not found' };
      return {
        op,
        event: { type: 'ItemDrifted', item, reason: 'changed-since-decision', evidence },
      } as const;
    }),
  );
  if (told.isErr()) return err(told.error);

  const { undoMs, undoBytes } = shell.config;
  const confirmed = await record.command({ type: 'ConfirmRun', how: 'resume', undoMs, undoBytes });
  if (confirmed.isErr()) return err(confirmed.error);
  const found = await findUndoObstacles(journal.journalId);
  // Nobody is asked here.
  const obstacles = onlyTold(found, summary.notUndoable);
  const done =
    scan.condemned.length > 0
      ? await carryOut(
          scan.condemned,
          { journal, record, scan, recovered: recovered.value, isUndoable: isUndoable.value, obstacles },
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
  const view = viewOf(
    scan,
    scope,
    policy,
    shell.config.roots,
    ids,
    isUndoable.value ? obstacles.to : undefined,
  );
  const all = withDropped(account, dropped);
  const given = { request, view, outcome, exitCode, startedAtMs, account: all, freeBefore, freeAfter };
  if (request.output === 'json') documents.push(documentOf(given, shell));
  else await answer(given, shell);
  return ok(exitCode);
}

/** Holds for undo what the run had promised, or more when it is to be more by now. */
function asPromised(config: Config, { undoMs = 0, undoBytes = 0 }: RunSummary): Config {
  return {
    ...config,
    undoMs: Math.max(config.undoMs, undoMs),
    undoBytes: Math.max(config.undoBytes, undoBytes),
  };
}

/** What is there now, and of that what remains of the plan: the plan itself is not needed any more then. */
async function whatIsLeft(
  summary: RunSummary,
  chain: ReadonlySet<string>,
  journal: JournalReader,
  held: Pins,
  shell: Shell,
  progress: Progress,
): Promise<Result<{ readonly whole: Scan } & Pick<StillPlanned, 'scan' | 'dropped'>, Failure>> {
  const remaining = await remainingItems(summary, chain, journal);
  if (remaining.isErr()) return err(remaining.error);
  const now = rulesOfThen(summary.policy, shell.clock());
  const pins = await pinsOf(journal, held, now.nowMs);
  if (pins.isErr()) return err(pins.error);
  const whole = await lookAndJudge(summary.scope, now, shell, progress, pins.value);
  progress.pause();
  const { scan, dropped } = stillPlanned(whole, remaining.value);
  return ok({ whole, scan, dropped });
}

/** Why items are not removed now, looked for once: after a kill there may be thousands of them. */
function reasonsNow(wanted: ReadonlySet<ItemId>, whole: Scan): ReadonlyMap<ItemId, string> {
  const reasons = new Map<ItemId, string>();
  if (wanted.size === 0) return reasons;
  for (const { item, verdict } of whole.judged) if (wanted.has(item.id)) reasons.set(item.id, verdict.reason);
  return reasons;
}
