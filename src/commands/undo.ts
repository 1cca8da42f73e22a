import { err, ok, type Result } from 'neverthrow';
import { putBack, syncMoves } from '../cleaners/move-out.ts';
import { finishUndos, undoWorktree } from '../cleaners/undo-worktrees.ts';
import { identify } from '../disk/identity.ts';
import { dropSecondName } from '../disk/quarantine.ts';
import { removalOf, type RemovalIntended } from '../journal/event-removal.ts';
import type { Journal } from '../journal/journal.ts';
import type { Failure, JournalFailure } from '../model/failure.ts';
import { kinds } from '../model/kind.ts';
import type { ItemQuery } from '../projections/item-match.ts';
import { goneWorktrees } from '../projections/gone-worktrees.ts';
import { itemStory } from '../projections/item-story.ts';
import { runSummary } from '../projections/run-summary.ts';
import { causeOf } from '../ui/errno-words.ts';
import { formatTime, printable } from '../ui/format.ts';
import { undoDocument, undoText, type UndoOutcome } from '../ui/undo-text.ts';
import { itemQuery, itemsInJournal } from './find-item.ts';
import { isThereAJournal, openForWork, type Working } from './journal-access.ts';
import { noRules, runPolicy } from './looking.ts';
import { exitCodes } from './outcome.ts';
import { actorOf, type Shell } from './shell.ts';
import { undoList } from './undo-list.ts';
import { calledSo, familyOf, undoables, type Undoable } from './undoable.ts';

export type UndoFlags = { readonly list?: boolean; readonly json?: boolean; readonly color?: boolean };

/**
 * `prodigy clean undo RUN|ITEM`: puts back what is held in quarantine, and makes worktrees again from git. Never over
 * something that has taken the place: an item comes back whole, or not at all.
 */
export async function undo(
  what: string | undefined,
  flags: UndoFlags,
  shell: Shell,
): Promise<Result<number, Failure>> {
  if (flags.list === true) return undoList(flags, shell);
  if (what === undefined) {
    const accepted = ['undo RUN', 'undo ITEM', 'undo --list'];
    return err({ type: 'usage', problem: 'undo needs to know what to put back', accepted });
  }
  if (!(await isThereAJournal(shell))) return err({ type: 'unknown-run', text: what });
  const opened = await openForWork(shell, `prodigy clean undo ${what}`);
  if (opened.isErr()) return err(opened.error);
  await using work = opened.value;
  const { journal } = work;
  const runs = await journal.rows(runSummary);
  if (runs.isErr()) return err(runs.error);

  const query = await itemQuery(what, shell);
  const meant = familyOf(what, [...runs.value.values()]);
  const nowMs = shell.clock();
  const living = await undoables(
    journal,
    ({ run, untilMs }) => untilMs > nowMs && (meant.size === 0 || meant.has(run)),
  );
  if (living.isErr()) return err(living.error);
  const named = meant.size > 0 ? living.value : calledSo(living.value, query);
  if (named.length === 0 && meant.size === 0) return await whyNothing(query, journal, shell);
  if (named.length === 0) {
    shell.terminal.out(
      `Nothing of run ${printable(what)} can be put back any more: what it removed was freed or put back.\n`,
    );
    return ok(exitCodes.failed.code);
  }
  return await putAllBack(named, what, flags, work, shell);
}

async function putAllBack(
  named: readonly Undoable[],
  what: string,
  flags: UndoFlags,
  { journal, startRecord }: Working,
  shell: Shell,
): Promise<Result<number, Failure>> {
  const record = startRecord('text');
  const started = await record.command({
    type: 'StartRun',
    started: {
      command: 'undo',
      argv: [what],
      dryRun: false,
      scope: { allRepositories: true, repositories: [], roots: shell.config.roots, kinds },
      policy: runPolicy(shell.clock(), undefined, kinds, noRules),
      actor: actorOf(shell),
    },
  });
  if (started.isErr()) return err(started.error);
  const context = { record, journalId: journal.journalId, newId: shell.newId };
  const rows = await journal.rows(goneWorktrees);
  if (rows.isErr()) return err(rows.error);
  // Those of an earlier undo that was interrupted are done by that.
  const earlier = await finishUndos(rows.value.values(), context);
  if (earlier.isErr()) return err(earlier.error);
  const left = await journal.rows(goneWorktrees);
  if (left.isErr()) return err(left.error);

  // What is named is tried once more below.
  const again = new Set(named.map(({ how }) => (how.type === 'held' ? undefined : how.gone.op)));
  const outcomes: UndoOutcome[] = earlier.value
    .filter(({ gone, why }) => why !== undefined && !again.has(gone.op))
    .map(({ gone, why }) => ({ intent: gone.intent, why }));
  const before = outcomes.length;
  for (const one of named) {
    if (shell.signal.aborted) break;
    const { intent, how } = one;
    const done: Result<string | undefined, JournalFailure> =
      how.type === 'held'
        ? await putHeldBack(how.operation.op, intent, record, how.operation.state)
        : left.value.has(how.gone.op)
          ? await undoWorktree(how.gone, context)
          : ok(undefined);
    if (done.isErr()) return err(done.error);
    outcomes.push({ intent, why: done.value });
  }
  const isFailed = outcomes.some(({ why }) => why !== undefined);
  const isCut = outcomes.length - before < named.length;
  const outcome = isCut ? 'interrupted' : isFailed ? 'partial' : 'completed';
  const exitCode = isCut
    ? exitCodes.interrupted.code
    : isFailed
      ? exitCodes.partial.code
      : exitCodes.done.code;
  const ended = await record.command({ type: 'EndRun', completed: { outcome, exitCode, totals: {} } });
  if (ended.isErr()) return err(ended.error);
  shell.terminal.out(
    flags.json === true
      ? `${JSON.stringify(undoDocument(record.id, outcome, exitCode, outcomes), null, 2)}\n`
      : undoText(outcomes),
  );
  return ok(exitCode);
}

async function putHeldBack(
  op: string,
  intent: RemovalIntended,
  record: ReturnType<Working['startRecord']>,
  state: 'intended' | 'quarantined' | 'purging' | 'blocked',
): Promise<Result<string | undefined, JournalFailure>> {
  const why = await restore(intent);
  if (why !== undefined) return ok(why);
  record.adopt(op, state);
  const told = await record.facts([{ op, event: { type: 'ItemRestored', item: intent.item, why: 'undo' } }]);
  return told.isErr() ? err(told.error) : ok(undefined);
}

const neverWent: ReadonlySet<string> = new Set(['ItemDrifted', 'ItemVanished', 'ItemFailed']);

/** What the journal knows of something that cannot be put back. */
async function whyNothing(
  query: ItemQuery,
  journal: Journal,
  { terminal }: Shell,
): Promise<Result<number, Failure>> {
  const known = await itemsInJournal(query, journal);
  if (known.isErr()) return err(known.error);
  const [item] = known.value.items.keys();
  if (item === undefined) {
    return err({ type: 'unknown-item', text: query.text, similar: [...known.value.similar] });
  }
  const story = await journal.fold(itemStory(item));
  if (story.isErr()) return err(story.error);
  const name = printable(item);
  for (const { event, atMs, op = '' } of story.value.toReversed()) {
    const at = formatTime(atMs);
    let said: string;
    if (event.type === 'ItemRestored') said = `${name} was put back already, on ${at}.`;
    else if (event.type === 'UndoExpired' || event.type === 'ItemRemoved')
      said = `${name} cannot be put back any more: ${event.type === 'ItemRemoved' ? `it was freed on ${at}` : `its time for undo was over on ${at}`}.`;
    else if (event.type === 'RemovalIntended' || event.type === 'ItemQuarantined')
      said = `The removal of ${name} has begun and not ended: prodigy clean resume`;
    else if (neverWent.has(event.type) && removalOf(op) === op) break;
    else continue;
    terminal.out(`${said}\n`);
    return ok(exitCodes.failed.code);
  }
  terminal.out(`${name} was not removed: there is nothing to put back.\n`);
  return ok(exitCodes.failed.code);
}

/** Why it could not be put back; `undefined` when it is in its place again, durably. */
async function restore(intent: RemovalIntended): Promise<string | undefined> {
  const present = [];
  for (const move of intent.moves) {
    // A crash of an earlier undo may have left the file with both names.
    if (dropSecondName(move.to, move.path)) continue;
    const there = identify(move.to);
    if (there.isErr()) return `${causeOf(there.error.code)}: ${move.to}`;
    // A lesser part may have been gone before the item was moved.
    if (there.value === undefined) {
      if (move.role === 'main') return `it is no longer in quarantine: ${move.to}`;
      continue;
    }
    const place = identify(move.path);
    if (place.isErr()) return `${causeOf(place.error.code)}: ${move.path}`;
    if (place.value !== undefined) return `its place is taken: ${move.path}`;
    present.push(move);
  }
  const back = putBack(present);
  if (back.isErr()) return `${causeOf(back.error.code)}: ${back.error.path}`;
  // All of them: a second name that was dropped is no less a change.
  const synced = await syncMoves(intent.moves);
  return synced.isErr() ? `${causeOf(synced.error.code)}: ${synced.error.path}` : undefined;
}
