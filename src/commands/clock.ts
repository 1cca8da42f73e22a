import { err, ok, type Result } from 'neverthrow';
import type { RunPolicy } from '../journal/event-run.ts';
import type { JournalReader } from '../journal/journal.ts';
import type { JournalFailure, RefusedFailure } from '../model/failure.ts';
import type { Kind } from '../model/kind.ts';
import { isBehind, silenceIn, unexplained, type LastRun } from '../policy/clock.ts';
import { oldestFirst } from '../projections/run-history.ts';
import { runSummary, type RunSummary } from '../projections/run-summary.ts';
import { explain } from '../ui/explain.ts';
import type { Shell } from './shell.ts';
import { isSynchronised, tracePlaces, tracesIn } from './time-witness.ts';

type ClockFailure = Extract<RefusedFailure, { type: 'clock-behind' | 'clock-ahead' }>;

type Asked = {
  /** The run that asks. */
  readonly run: string;
  readonly nowMs: number;
  readonly policy: Pick<RunPolicy, 'retentionMs'>;
  readonly kinds: readonly Kind[];
};

/** Runs that look at the clock before they do anything. */
const careful: ReadonlySet<string> = new Set([
  'clean',
  'apply',
  'resume',
  'worktree clean',
  'worktree clean-orphaned',
]);

/**
 * Why the clock cannot be trusted with ages (DESIGN 8): it runs behind the journal, or is further ahead of it than the
 * machine can account for. Measured by the last run that was not refused and might have removed something: neither a
 * look nor a refusal makes a wrong clock right.
 */
export async function clockProblem(
  journal: Pick<JournalReader, 'rows'>,
  { run, nowMs, policy, kinds }: Asked,
  { config, machine }: Pick<Shell, 'config' | 'machine'>,
): Promise<Result<ClockFailure | undefined, JournalFailure>> {
  const rows = await journal.rows(runSummary);
  if (rows.isErr()) return err(rows.error);
  const earlier = oldestFirst(rows.value.values()).filter((row) => row.run !== run);
  const trusted = earlier.filter(({ dryRun, refusedBy }) => !dryRun && refusedBy === undefined);
  const lastEntryAtMs = trusted.at(-1)?.lastAtMs ?? newestOf(earlier);
  if (lastEntryAtMs === undefined) return ok(undefined);
  if (isBehind(lastEntryAtMs, nowMs)) return ok({ type: 'clock-behind', lastEntryAtMs, nowMs });

  const last = trusted.findLast(({ command }) => careful.has(command)) ?? trusted[0] ?? earlier[0];
  if (last === undefined) return ok(undefined);
  const shortestMs = Math.min(...kinds.map((kind) => policy.retentionMs[kind]));
  const clock = { nowMs, machine: machine(), shortestMs };
  const found = unexplained(lastRun(last), clock);
  if (found === undefined) return ok(undefined);
  const seen = { lastEntryAtMs: last.lastAtMs, nowMs, uptimeMs: Math.round(clock.machine.uptimeMs) };
  if (found.type === 'set-ahead') {
    if (await isSynchronised()) return ok(undefined);
    return ok({ type: 'clock-ahead', ...seen, aheadMs: Math.round(found.byMs) });
  }
  const told = earlier.flatMap(({ startedAtMs, lastAtMs }) => [startedAtMs, lastAtMs]);
  const traces = await tracesIn(tracePlaces(config.home, config.roots));
  const silence = silenceIn(found, [...told, ...traces], clock);
  if (silence === undefined || (await isSynchronised())) return ok(undefined);
  const { fromMs, untilMs } = silence;
  return ok({ type: 'clock-ahead', ...seen, silentFromMs: fromMs, silentUntilMs: Math.round(untilMs) });
}

/** The same for who only looks: a run would be refused. */
export async function clockNotes(
  journal: Pick<JournalReader, 'rows'> | undefined,
  asked: Asked,
  shell: Pick<Shell, 'config' | 'machine'>,
): Promise<Result<readonly string[], JournalFailure>> {
  if (journal === undefined) return ok([]);
  const problem = await clockProblem(journal, asked, shell);
  return problem.map((found) =>
    found === undefined ? [] : [`A run would be refused: ${explain(found).sentence}`],
  );
}

function lastRun({ startedAtMs, lastAtMs, actor }: RunSummary): LastRun {
  const { boot } = actor;
  return {
    startedAtMs,
    lastAtMs,
    machine: boot === undefined ? undefined : { bootId: boot.id, uptimeMs: boot.upMs },
  };
}

function newestOf(runs: readonly RunSummary[]): number | undefined {
  return runs.length === 0 ? undefined : runs.reduce((most, { lastAtMs }) => Math.max(most, lastAtMs), 0);
}
