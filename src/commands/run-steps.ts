import { err, ok, type Result } from 'neverthrow';
import { dropLocksOfDead } from '../cleaners/bundle-locks.ts';
import { recover, type Recovered } from '../cleaners/recover.ts';
import type { RunRecord } from '../cleaners/run-record.ts';
import { dropSpentSnapshots, spentSnapshots, type StillNeeded } from '../cleaners/spent-snapshots.ts';
import { finishUndos } from '../cleaners/undo-worktrees.ts';
import { planId, planPieces, scanEvents, type Scan } from '../cleaners/scan.ts';
import { slicesOf } from '../cleaners/slices.ts';
import type { UndoObstacles } from '../cleaners/undo-obstacles.ts';
import type { RunOutcome, RunPolicy } from '../journal/event-run.ts';
import type { Journal } from '../journal/journal.ts';
import { keptOfRows } from '../journal/kept-rows.ts';
import type { Failure, JournalFailure, RefusedFailure } from '../model/failure.ts';
import { obstacleKeys } from '../model/obstacle.ts';
import type { Scope } from '../policy/scope.ts';
import { detachedHeads, goneWorktrees } from '../projections/gone-worktrees.ts';
import { keptSnapshots, type KeptSnapshot } from '../projections/kept-snapshots.ts';
import { lastOddity } from '../projections/last-oddity.ts';
import { lastVerdict } from '../projections/last-verdict.ts';
import { openOperations } from '../projections/open-operations.ts';
import { plans } from '../projections/plans.ts';
import { failUndo } from '../projections/run-account.ts';
import { runSummary } from '../projections/run-summary.ts';
import type { PlanPiece } from '../run/command.ts';
import { formatCount, printable } from '../ui/format.ts';
import type { Progress } from '../ui/progress.ts';
import type { Account } from './account.ts';
import { runScope } from './looking.ts';
import type { CleanRequest } from './options.ts';
import { actorOf, type Shell } from './shell.ts';

type OnRecord = {
  readonly request: Pick<CleanRequest, 'argv'>;
  readonly scope: Scope;
  readonly policy: RunPolicy;
  readonly scan: Scan;
  readonly record: RunRecord;
  readonly journal: Journal | undefined;
  /** Given when the run has not been started on record yet. */
  readonly command: string | undefined;
  /** Of a plan that can be applied: what may stand in the way of undo. */
  readonly obstacles?: UndoObstacles;
};

/** Journals what was found and decided, and the plan; answers the plan's id. */
export async function putOnRecord(on: OnRecord, shell: Shell): Promise<Result<string, JournalFailure>> {
  const { scope, policy, scan, record, journal } = on;
  if (on.command !== undefined) {
    const started = await record.command({
      type: 'StartRun',
      started: {
        command: on.command,
        argv: on.request.argv,
        dryRun: true,
        scope: runScope(scope, shell.config.roots),
        policy,
        actor: actorOf(shell),
      },
    });
    if (started.isErr()) return err(started.error);
  }
  const last = journal === undefined ? ok(new Map<string, string>()) : await lastVerdicts(journal);
  if (last.isErr()) return err(last.error);
  const oddities = journal === undefined ? ok(new Map()) : await journal.rows(lastOddity);
  if (oddities.isErr()) return err(oddities.error);
  for (const events of slicesOf(scanEvents(scan, scope.kinds, last.value, oddities.value), entriesAtOnce)) {
    const scanned = await record.command({ type: 'RecordScan', events });
    if (scanned.isErr()) return err(scanned.error);
  }

  const plan = planId(scan.condemned);
  const known = journal === undefined ? ok(undefined) : await journal.row(plans, plan);
  if (known.isErr()) return err(known.error);
  record.plan(scan.condemned.ids());
  const to = on.obstacles?.to ?? ((): undefined => undefined);
  const notUndoable = obstacleKeys(Array.from(scan.condemned, ({ item }) => to(item)));
  const shown = { plan, notUndoable };
  const planned = await recordPlan(shown, scan.condemned, record, known.value?.complete === true);
  return planned.isErr() ? err(planned.error) : ok(plan);
}

/** What the journal writes as one: no more of a long list is in memory. */
const entriesAtOnce = 512;
const piecesAtOnce = 4;

async function recordPlan(
  { plan, notUndoable }: { readonly plan: string; readonly notUndoable: readonly string[] },
  condemned: Scan['condemned'],
  record: RunRecord,
  isRecorded: boolean,
): Promise<Result<void, JournalFailure>> {
  let last: readonly PlanPiece[] = [];
  const pieces = isRecorded ? [] : planPieces(plan, condemned);
  for (const slice of slicesOf(pieces, piecesAtOnce)) {
    if (last.length > 0) {
      const listed = await record.command({ type: 'ListPlan', pieces: last });
      if (listed.isErr()) return err(listed.error);
    }
    last = slice;
  }
  const told = notUndoable.length === 0 ? {} : { notUndoable };
  const planned = { plan, items: condemned.length, bytes: condemned.bytes, ...told };
  return (await record.command({ type: 'RecordPlan', pieces: last, planned })).map(() => undefined);
}

/** By item. Most are alike: equal text is kept once. */
async function lastVerdicts(journal: Journal): Promise<Result<ReadonlyMap<string, string>, JournalFailure>> {
  const texts = new Map<string, string>();
  const last = new Map<string, string>();
  for await (const page of journal.rowPages(lastVerdict)) {
    if (page.isErr()) return err(page.error);
    for (const [item, { verdict }] of page.value) {
      const text = texts.get(verdict);
      if (text === undefined) texts.set(verdict, verdict);
      last.set(item, text ?? verdict);
    }
  }
  return ok(last);
}

/** Journals that a safety rule stopped the run, and fails with it. */
export async function refuse(failure: RefusedFailure, record: RunRecord): Promise<Result<never, Failure>> {
  const { type, ...detail } = failure;
  const noted = await record.command({ type: 'RefuseRun', refused: { rule: type, detail } });
  return noted.isErr() ? err(noted.error) : err(failure);
}

/** Brings earlier runs' unfinished operations where they belong, and says so. */
export async function takeUp(
  journal: Journal,
  record: RunRecord,
  shell: Shell,
  progress: Progress,
): Promise<Result<Recovered, Failure>> {
  const runs = await journal.rows(runSummary);
  if (runs.isErr()) return err(runs.error);
  const dead = [...runs.value.values()].filter(
    ({ run, ended, interruptedBy, dryRun }) =>
      run !== record.id && !dryRun && ended === undefined && interruptedBy === undefined,
  );
  // Not of the dead alone: one whose disk went away could end, and not give its locks back.
  const { host, roots } = shell.config;
  const { readProcesses } = shell;
  const takers = [...runs.value.values()]
    .filter(({ run, actor, dryRun }) => run !== record.id && !dryRun && actor.host === host)
    .map(({ actor, startedAtMs, lastAtMs, ended }) => ({
      pid: actor.pid,
      fromMs: startedAtMs,
      untilMs: ended === undefined ? Infinity : lastAtMs,
    }));
  await dropLocksOfDead(takers, roots, { host, nowMs: shell.clock(), readProcesses });
  const noted = await record.note(
    dead.map(({ run }) => ({ type: 'RunInterrupted', interrupted: run, by: 'found-dead' }) as const),
  );
  if (noted.isErr()) return err(noted.error);

  const gone = await journal.rows(goneWorktrees);
  if (gone.isErr()) return err(gone.error);
  const undone = await finishUndos(gone.value.values(), { record, journalId: journal.journalId });
  if (undone.isErr()) return err(undone.error);
  for (const { gone: row, why } of undone.value) {
    if (why !== undefined) failUndo(record.account, row, why);
  }
  const oddities = await journal.rows(lastOddity);
  if (oddities.isErr()) return err(oddities.error);
  progress.doing('Looking at what earlier runs left');
  const recovered = await recover({
    record,
    journal,
    journalId: journal.journalId,
    roots: shell.config.roots,
    clock: shell.clock,
    heads: detachedHeads(gone.value.values()),
    knownOrphans: new Set(oddities.value.keys()),
  });
  if (recovered.isErr()) return err(recovered.error);
  const dropped = await dropWhatIsSpent(journal);
  if (dropped.isErr()) return err(dropped.error);
  progress.pause();
  for (const { row, why } of dropped.value) {
    const { name, snapshot } = row.intent;
    shell.terminal.err(
      `What was kept of worktree ${printable(name)} stays under ${snapshot?.ref ?? ''}: ${printable(why)}\n`,
    );
  }
  const settled = recovered.value.settled + undone.value.filter(({ why }) => why === undefined).length;
  if (settled > 0) {
    shell.terminal.err(`Took up ${formatCount(settled, 'operation')} that an earlier run had begun.\n`);
  }
  return ok(recovered.value);
}

async function dropWhatIsSpent(journal: Journal): Promise<Result<readonly StillNeeded[], JournalFailure>> {
  const rows = await keptRows(journal);
  return rows.isErr() ? err(rows.error) : ok(await dropSpentSnapshots(rows.value.rows, rows.value.needed));
}

/** Whether there are snapshots of worktrees that were put back: those may still have to be made whole. */
export async function mayNotBeWhole(journal: Journal): Promise<Result<boolean, JournalFailure>> {
  const rows = await keptRows(journal);
  if (rows.isErr()) return err(rows.error);
  const back = rows.value.rows.filter(({ spent }) => spent === 'back');
  return ok((await spentSnapshots(back, rows.value.needed)).length > 0);
}

type KeptRows = { readonly rows: readonly KeptSnapshot[]; readonly needed: ReadonlySet<string> };

async function keptRows(journal: Journal): Promise<Result<KeptRows, JournalFailure>> {
  const kept = await journal.rows(keptSnapshots);
  if (kept.isErr()) return err(kept.error);
  if (kept.value.size === 0) return ok({ rows: [], needed: new Set() });
  // As they are now: what was taken up has come to its end.
  const open = await keptOfRows(journal, openOperations, (_, op) => op);
  if (open.isErr()) return err(open.error);
  const gone = await journal.rows(goneWorktrees);
  if (gone.isErr()) return err(gone.error);
  const needed = new Set([...open.value, ...gone.value.keys()]);
  return ok({ rows: [...kept.value.values()], needed });
}

export async function endRun(
  record: RunRecord,
  outcome: RunOutcome,
  exitCode: number,
  { totals }: Account,
  freeBefore: number | undefined,
  freeAfter: number | undefined,
): Promise<Result<void, JournalFailure>> {
  const ended = await record.command({
    type: 'EndRun',
    completed: {
      outcome,
      exitCode,
      totals,
      ...(freeBefore === undefined ? {} : { freeBefore }),
      ...(freeAfter === undefined ? {} : { freeAfter }),
    },
  });
  return ended.isErr() ? err(ended.error) : ok(undefined);
}
