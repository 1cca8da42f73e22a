import { dirname } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import { putBack } from '../cleaners/move-out.ts';
import type { Fact } from '../cleaners/run-record.ts';
import { identify } from '../disk/identity.ts';
import { dropSecondName, syncDirectories } from '../disk/quarantine.ts';
import type { Failure } from '../model/failure.ts';
import { kinds } from '../model/kind.ts';
import { openOperations, type OpenOperation } from '../projections/open-operations.ts';
import { runSummary, type RunSummary } from '../projections/run-summary.ts';
import { causeOf } from '../ui/explain.ts';
import { countOf, formatBytes, formatCount, printable, singular } from '../ui/format.ts';
import { isThereAJournal, openForWork } from './journal-access.ts';
import { noRules, runPolicy } from './looking.ts';
import { exitCodes } from './outcome.ts';
import { actorOf, type Shell } from './shell.ts';

type Outcome = { readonly operation: OpenOperation; readonly why: string | undefined };

/**
 * `prodigy clean undo RUN|ITEM`: puts back what is still held in quarantine. Never over something that has taken the
 * place: an item goes back whole, or stays where it is.
 */
export async function undo(what: string, shell: Shell): Promise<Result<number, Failure>> {
  if (!(await isThereAJournal(shell))) return err({ type: 'unknown-run', text: what });
  const opened = await openForWork(shell, `prodigy clean undo ${what}`);
  if (opened.isErr()) return err(opened.error);
  await using work = opened.value;
  const { journal } = work;
  const open = await journal.rows(openOperations);
  if (open.isErr()) return err(open.error);
  const runs = await journal.rows(runSummary);
  if (runs.isErr()) return err(runs.error);

  const held = [...open.value.values()].filter(
    ({ state, heldUntilMs }) => state === 'quarantined' && heldUntilMs !== undefined,
  );
  const meant = familyOf(what, [...runs.value.values()]);
  const named = held.filter((operation) => meant.has(operation.run) || isItem(operation, what));
  const isRun = meant.size > 0;
  if (named.length === 0 && !isRun) return err({ type: 'unknown-item', text: what });
  if (named.length === 0) {
    shell.terminal.out(
      `Nothing of run ${printable(what)} is held any more: what it removed was freed or put back.\n`,
    );
    return ok(exitCodes.failed.code);
  }

  const record = work.startRecord('text');
  const nowMs = shell.clock();
  const started = await record.command({
    type: 'StartRun',
    started: {
      command: 'undo',
      argv: [what],
      dryRun: false,
      scope: { allRepositories: true, repositories: [], roots: shell.config.roots, kinds },
      policy: runPolicy(nowMs, undefined, kinds, noRules),
      actor: actorOf(shell),
    },
  });
  if (started.isErr()) return err(started.error);

  const outcomes: Outcome[] = [];
  const facts: Fact[] = [];
  for (const operation of named.toSorted((a, b) => b.intentSeq - a.intentSeq)) {
    const why = await restore(operation);
    outcomes.push({ operation, why });
    if (why !== undefined) continue;
    record.adopt(operation.op, operation.state);
    facts.push({ op: operation.op, event: { type: 'ItemRestored', item: operation.item, why: 'undo' } });
  }
  const told = await record.facts(facts);
  if (told.isErr()) return err(told.error);
  const failed = outcomes.filter(({ why }) => why !== undefined);
  const exitCode = failed.length > 0 ? exitCodes.partial.code : exitCodes.done.code;
  const outcome = failed.length > 0 ? 'partial' : 'completed';
  const ended = await record.command({ type: 'EndRun', completed: { outcome, exitCode, totals: {} } });
  if (ended.isErr()) return err(ended.error);
  shell.terminal.out(text(outcomes));
  return ok(exitCode);
}

/** The runs that an id, or its beginning, stands for: what one run began, those that resume it carry to its end. */
function familyOf(what: string, runs: readonly RunSummary[]): ReadonlySet<string> {
  if (what.length < 4) return new Set();
  const roots = new Set(
    runs.filter(({ run }) => run.startsWith(what)).map(({ run, resumeOf }) => resumeOf ?? run),
  );
  return new Set(
    runs
      .filter(({ run, resumeOf }) => roots.has(run) || (resumeOf !== undefined && roots.has(resumeOf)))
      .map(({ run }) => run),
  );
}

function isItem({ item, intent }: OpenOperation, what: string): boolean {
  return item === what || intent.name === what || intent.moves.some(({ path }) => path === what);
}

/** Why it could not be put back; `undefined` when it is in its place again, durably. */
async function restore({ intent }: OpenOperation): Promise<string | undefined> {
  const present = [];
  for (const move of intent.moves) {
    // A crash of an earlier undo may have left the file with both names.
    if (await dropSecondName(move.to, move.path)) continue;
    const there = await identify(move.to);
    if (there.isErr()) return `${causeOf(there.error.code)}: ${move.to}`;
    // A lesser part may have been gone before the item was moved.
    if (there.value === undefined) {
      if (move.role === 'main') return `it is no longer in quarantine: ${move.to}`;
      continue;
    }
    const place = await identify(move.path);
    if (place.isErr()) return `${causeOf(place.error.code)}: ${move.path}`;
    if (place.value !== undefined) return `its place is taken: ${move.path}`;
    present.push(move);
  }
  const back = await putBack(present);
  if (back.isErr()) return `${causeOf(back.error.code)}: ${back.error.path}`;
  const synced = await syncDirectories([
    ...new Set(present.flatMap(({ path, to }) => [dirname(path), dirname(to)])),
  ]);
  return synced.isErr() ? `${causeOf(synced.error.code)}: ${synced.error.path}` : undefined;
}

function text(outcomes: readonly Outcome[]): string {
  const lines: string[] = [];
  const restored = outcomes.filter(({ why }) => why === undefined).map(({ operation }) => operation);
  for (const kind of kinds) {
    const of = restored.filter((operation) => operation.kind === kind);
    const bytes = of.reduce((sum, { intent }) => sum + intent.bytes, 0);
    if (of.length > 0) lines.push(`✓ Put back ${countOf(kind, of.length)}, ${formatBytes(bytes)}`);
  }
  const failed = outcomes.filter(({ why }) => why !== undefined);
  if (failed.length > 0)
    lines.push(`${formatCount(failed.length, 'item')} could not be put back; nothing was overwritten:`);
  for (const { operation, why = '' } of failed) {
    lines.push(`  ✗ ${singular(operation.kind)} ${printable(operation.intent.name)}: ${printable(why)}`);
  }
  return `${lines.join('\n')}\n`;
}
