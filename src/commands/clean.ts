import { err, ok, type Result } from 'neverthrow';
import { freeBytes } from '../disk/volume.ts';
import type { RunRecord } from '../cleaners/run-record.ts';
import { stillPlanned, type StillPlanned } from '../cleaners/still-planned.ts';
import { findUndoObstacles, onlyTold } from '../cleaners/undo-obstacles.ts';
import type { RunOutcome } from '../journal/event-run.ts';
import type { Failure, JournalFailure } from '../model/failure.ts';
import type { Scope } from '../policy/scope.ts';
import { formatCount } from '../ui/format.ts';
import { planText } from '../ui/plan-text.ts';
import { openProgress, type Progress } from '../ui/progress.ts';
import { accountOf, outcomeOf, withDropped } from './account.ts';
import { answer, type Answer } from './answer.ts';
import { brakeProblem } from './brake.ts';
import { carryOut } from './carry-out.ts';
import { consentTo } from './consent.ts';
import { dryRun, nothingStored } from './dry-run.ts';
import { openForWork } from './journal-access.ts';
import { planProblem, policyOfPlan } from './applied-plan.ts';
import type { ShownPlan } from './find-plan.ts';
import { lookAndJudge, rulesOfThen, runPolicy, runScope } from './looking.ts';
import { holdsElsewhere, pinsOf } from './pins-now.ts';
import type { CleanRequest } from './options.ts';
import { exitCodeOf } from './outcome.ts';
import { clockProblem } from './clock.ts';
import { endRun, putOnRecord, refuse, takeUp } from './run-steps.ts';
import { scopeOf } from './scope.ts';
import { actorOf, type Shell } from './shell.ts';
import { planLook, viewOf } from './view.ts';
import type { RunView } from '../ui/view.ts';

/** `prodigy clean --all ...`: look, judge, show, ask, act, account. */
export async function clean(request: CleanRequest, shell: Shell): Promise<Result<number, Failure>> {
  const scope = await scopeOf(request, shell.cwd, shell.config.roots);
  if (scope.isErr()) return err(scope.error);
  if (shell.config.roots.length === 0) return ok(nothingStored(request, scope.value, shell));
  const progress = openProgress(shell.terminal, request.output === 'jsonl');
  try {
    return request.dryRun
      ? await dryRun(request, scope.value, shell, progress)
      : await run(request, scope.value, shell, progress);
  } finally {
    progress.stop();
  }
}

/** How a run talks: what it calls itself, shows before it acts, takes for consent, and answers. */
export type Manner = {
  readonly command: string;
  readonly show: (view: RunView, narrowed: StillPlanned | undefined) => void;
  readonly consent: (view: RunView, record: RunRecord) => Promise<Result<'given' | 'declined', Failure>>;
  readonly answer: (answer: Answer) => Promise<void>;
  /** The plan that is carried out instead of whatever is found now. */
  readonly applied?: ShownPlan;
};

export function usualManner(request: CleanRequest, shell: Shell): Manner {
  return {
    command: 'clean',
    show: (view) => {
      if (request.output === 'text') shell.terminal.out(planText(view, planLook(request, shell)));
    },
    consent: (view, record) => consentTo(view, request, record, shell),
    answer: (given) => answer(given, shell),
  };
}

/** One run from the lock to its end. */
export async function run(
  request: CleanRequest,
  scope: Scope,
  shell: Shell,
  progress: Progress,
  manner: Manner = usualManner(request, shell),
): Promise<Result<number, Failure>> {
  const startedAtMs = shell.clock();
  const { applied } = manner;
  const policy =
    applied === undefined
      ? runPolicy(startedAtMs, request.olderThanMs, request.kinds, request)
      : policyOfPlan(applied, request.maxDelete);
  const command = [`prodigy ${manner.command}`, ...request.argv].join(' ');
  const opened = await openForWork(shell, command);
  if (opened.isErr()) return err(opened.error);
  await using work = opened.value;
  // With the lock of every root, so that nothing is put on hold behind its back; and before there is a run without an end.
  const held = await holdsElsewhere(shell, startedAtMs);
  if (held.isErr()) return err(held.error);
  const { journal } = work;
  const record = work.startRecord(request.output);
  const freeBefore = await freeBytes(shell.config.roots[0] ?? shell.config.firstRoot);

  const started = await record.command({
    type: 'StartRun',
    started: {
      command: manner.command,
      argv: request.argv,
      dryRun: false,
      scope: runScope(scope, shell.config.roots),
      policy,
      actor: actorOf(shell),
      ...(applied === undefined ? {} : { applies: applied.plan }),
    },
  });
  if (started.isErr()) return err(started.error);
  const asked = { run: record.id, nowMs: startedAtMs, policy, kinds: scope.kinds };
  const clock = request.acceptClock ? ok(undefined) : await clockProblem(journal, asked, shell);
  if (clock.isErr()) return err(clock.error);
  const problem = clock.value ?? planProblem(applied, startedAtMs, request.acceptClock);
  if (problem !== undefined) return refuse(problem, record);
  const recovered = await takeUp(journal, record, shell, progress);
  if (recovered.isErr()) return err(recovered.error);

  const pins = await pinsOf(journal, held.value, startedAtMs);
  if (pins.isErr()) return err(pins.error);
  const rules = applied === undefined ? policy : rulesOfThen(policy, startedAtMs);
  const whole = await lookAndJudge(scope, rules, shell, progress, pins.value);
  const narrowed = applied === undefined ? undefined : stillPlanned(whole, applied.items);
  const scan = narrowed?.scan ?? whole;
  progress.pause();
  const found = await findUndoObstacles(journal.journalId);
  // Who is not asked has agreed to what was shown with the plan, and to no more (P6).
  const isAgreed = applied !== undefined && request.force;
  const obstacles = isAgreed ? onlyTold(found, applied.shownBy.shownNotUndoable) : found;
  const planned = await putOnRecord(
    { request, scope, policy, scan, record, journal, command: undefined, obstacles },
    shell,
  );
  if (planned.isErr()) return err(planned.error);
  const ids = {
    run: record.id,
    plan: planned.value,
    dryRun: false,
    ...(applied === undefined ? {} : { applies: applied.plan }),
  };
  const told = request.isUndoable ? obstacles.to : undefined;
  const view = viewOf(scan, scope, rules, shell.config.roots, ids, told);
  manner.show(view, narrowed);

  let outcome: RunOutcome | undefined;
  if (shell.signal.aborted) {
    outcome = 'interrupted';
  } else if (scan.condemned.length > 0) {
    const brake = brakeProblem(scan, policy.maxDelete);
    if (brake !== undefined) return refuse(brake, record);
    const consent = await manner.consent(view, record);
    if (consent.isErr()) return err(consent.error);
    if (consent.value === 'declined') outcome = shell.signal.aborted ? 'interrupted' : 'declined';
    else {
      const done = await carryOut(
        scan.condemned,
        { journal, record, scan, recovered: recovered.value, isUndoable: request.isUndoable, obstacles },
        shell,
        progress,
      );
      if (done.isErr()) return stopped(done.error, record, shell);
    }
  }
  progress.stop();

  const account = accountOf(record);
  outcome ??= outcomeOf(account, scan.condemned.length, shell.signal.aborted);
  const exitCode = exitCodeOf(outcome, shell.receivedSignal());
  const restored = await journal.restoreReserve();
  if (restored.isErr()) return err(restored.error);
  const freeAfter = await freeBytes(shell.config.roots[0] ?? shell.config.firstRoot);
  if (outcome !== 'declined') {
    const ended = await endRun(record, outcome, exitCode, account, freeBefore, freeAfter);
    if (ended.isErr()) return err(ended.error);
  }
  const all = narrowed === undefined ? account : withDropped(account, narrowed.dropped);
  await manner.answer({ request, view, outcome, exitCode, startedAtMs, account: all, freeBefore, freeAfter });
  return ok(exitCode);
}

/** The journal failed in the middle: what had been moved by then is told, and is `resume`'s to finish. */
function stopped(failure: JournalFailure, record: RunRecord, shell: Shell): Result<never, Failure> {
  let gone = 0;
  let open = 0;
  for (const { outcome } of record.account.items.values()) {
    if (outcome === 'removed') gone += 1;
    if (outcome === 'under-way') open += 1;
  }
  shell.terminal.err(
    `Before that, ${formatCount(gone, 'item')} had been removed and ${formatCount(open, 'item')} begun; what was moved lies in quarantine, and prodigy clean resume finishes it.\n`,
  );
  return err(failure);
}
