import { err, ok, type Result } from 'neverthrow';
import { findUndoObstacles } from '../cleaners/undo-obstacles.ts';
import { freeBytes } from '../disk/volume.ts';
import type { Failure } from '../model/failure.ts';
import type { Scope } from '../policy/scope.ts';
import { runDocument } from '../ui/document.ts';
import { explain } from '../ui/explain.ts';
import { printable } from '../ui/format.ts';
import { planText } from '../ui/plan-text.ts';
import type { Progress } from '../ui/progress.ts';
import type { RunView } from '../ui/view.ts';
import { accountOf } from './account.ts';
import { printDocument } from './answer.ts';
import { brakeProblem } from './brake.ts';
import { clockNotes } from './clock.ts';
import { openForLooking } from './journal-access.ts';
import { lookAndJudge, runPolicy, runScope } from './looking.ts';
import { holdsUnknown, pinsSeen } from './pins-now.ts';
import type { CleanRequest } from './options.ts';
import { exitCodeOf, exitCodes } from './outcome.ts';
import { endRun, putOnRecord } from './run-steps.ts';
import type { Shell } from './shell.ts';
import { planLook, viewOf } from './view.ts';

/** The same run, ended before the question; nothing but the journal is written, and that only when it can be. */
export async function dryRun(
  request: CleanRequest,
  scope: Scope,
  shell: Shell,
  progress: Progress,
): Promise<Result<number, Failure>> {
  const startedAtMs = shell.clock();
  const policy = runPolicy(startedAtMs, request.olderThanMs, request.kinds, request);
  const { pins, unknown } = await pinsSeen(shell, startedAtMs);
  const scan = await lookAndJudge(scope, policy, shell, progress, pins);
  progress.pause();
  await using ledger = await openForLooking(shell, request.output);
  const { record, journal } = ledger;
  const obstacles = await findUndoObstacles(journal?.journalId);
  const planned = await putOnRecord(
    { request, scope, policy, scan, record, journal, command: 'clean', obstacles },
    shell,
  );
  if (planned.isErr()) return err(planned.error);

  const ids = { run: record.id, plan: planned.value, dryRun: true };
  const told = request.isUndoable ? obstacles.to : undefined;
  const view = viewOf(scan, scope, policy, shell.config.roots, ids, told);
  const found = scan.condemned.length > 0;
  const brake = brakeProblem(scan, request.maxDelete);
  const clock = request.acceptClock
    ? ok([])
    : await clockNotes(journal, { run: record.id, nowMs: startedAtMs, policy, kinds: scope.kinds }, shell);
  if (clock.isErr()) return err(clock.error);
  const notes = [
    ...clock.value,
    ...(unknown === undefined ? [] : [holdsUnknown(unknown)]),
    ...(brake === undefined ? [] : [`A run would be refused: ${explain(brake).sentence}`]),
  ];
  const outcome = shell.signal.aborted ? 'interrupted' : 'planned';
  const exitCode =
    outcome === 'interrupted'
      ? exitCodeOf(outcome, shell.receivedSignal())
      : request.detailedExitCode && found
        ? exitCodes.found.code
        : exitCodes.done.code;
  const account = accountOf(record);
  const free = await freeBytes(shell.config.roots[0] ?? shell.config.firstRoot);
  const ended = await endRun(record, outcome, exitCode, account, free, free);
  if (ended.isErr()) return err(ended.error);
  if (request.output === 'text') {
    shell.terminal.out(planText(view, planLook(request, shell)));
    shell.terminal.out('Dry run: nothing was removed.\n');
    if (found && journal !== undefined && outcome === 'planned')
      shell.terminal.out(`Apply this exact plan:  prodigy clean apply ${planned.value}\n`);
    for (const note of notes) shell.terminal.err(`${note}\n`);
    if (ledger.without !== undefined && ledger.without.type !== 'journal-absent') {
      shell.terminal.err(`Not journalled: ${explain(ledger.without).sentence}\n`);
    }
  }
  if (request.output === 'json') {
    await printDocument(
      {
        view,
        outcome,
        exitCode,
        startedAtMs,
        endedAtMs: shell.clock(),
        ...account,
        freeBefore: free,
        freeAfter: free,
        notes,
      },
      shell.terminal,
    );
  }
  return ok(exitCode);
}

/** There is no storage at all: nothing to look at, nothing to journal. */
export function nothingStored(request: CleanRequest, scope: Scope, shell: Shell): number {
  const at = shell.clock();
  const policy = runPolicy(at, request.olderThanMs, request.kinds, request);
  if (request.output === 'json') {
    const ids = { run: shell.newId(), plan: '', dryRun: request.dryRun };
    const view: RunView = {
      ...ids,
      scope: { ...runScope(scope, []), repositories: [], allRepositories: scope.allRepositories },
      cutoffMs: policy.cutoffMs,
      retentionMs: policy.retentionMs,
      items: [],
      outOfScope: 0,
      oddities: [],
    };
    const document = {
      view,
      outcome: request.dryRun ? ('planned' as const) : ('nothing-to-do' as const),
      exitCode: 0,
      startedAtMs: at,
      endedAtMs: at,
      totals: {},
      results: new Map(),
      failures: [],
      freeBefore: undefined,
      freeAfter: undefined,
    };
    shell.terminal.out(`${JSON.stringify(runDocument(document), null, 2)}\n`);
  } else if (request.output === 'text') {
    shell.terminal.out(
      `There is no Prodigy storage at ${printable(shell.config.firstRoot)}: nothing to clean.\n`,
    );
  }
  return exitCodes.done.code;
}
