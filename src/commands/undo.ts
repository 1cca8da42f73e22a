import { join } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import type { RunRecord } from '../cleaners/run-record.ts';
import { putBackAtOnce, undoHeld, type NotPutBack } from '../cleaners/undo-held.ts';
import { finishUndos, undoWorktree } from '../cleaners/undo-worktrees.ts';
import { closedBy } from '../disk/closed-by.ts';
import { removalOf, type RemovalIntended } from '../journal/event-removal.ts';
import type { Journal } from '../journal/journal.ts';
import type { Failure, JournalFailure } from '../model/failure.ts';
import { kinds } from '../model/kind.ts';
import type { ItemQuery } from '../projections/item-match.ts';
import { goneWorktrees, type GoneWorktree } from '../projections/gone-worktrees.ts';
import { itemStory } from '../projections/item-story.ts';
import type { WholeOperation } from '../projections/open-operations.ts';
import { runSummary } from '../projections/run-summary.ts';
import { adviceFor, causeOf } from '../ui/errno-words.ts';
import { formatTime, printable } from '../ui/format.ts';
import { openProgress, type Progress } from '../ui/progress.ts';
import { quoted } from '../ui/run-line.ts';
import { nothingDocument, undoDocument, undoText, type UndoOutcome } from '../ui/undo-text.ts';
import { itemQuery, itemsInJournal } from './find-item.ts';
import { isThereAJournal, openForWork, type Working } from './journal-access.ts';
import { noRules, runPolicy } from './looking.ts';
import { exitCodes } from './outcome.ts';
import { actorOf, type Shell } from './shell.ts';
import { undoList } from './undo-list.ts';
import { calledSo, familyOf, undoables, type Undoable } from './undoable.ts';

export type UndoFlags = {
  readonly list?: boolean;
  readonly full?: boolean;
  readonly json?: boolean;
  readonly color?: boolean;
};

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
  if (flags.full === true)
    return err({
      type: 'usage',
      problem: '--full belongs to undo --list',
      accepted: ['undo --list --full', 'undo RUN', 'undo ITEM'],
    });
  if (what === undefined) {
    const accepted = ['undo RUN', 'undo ITEM', 'undo --list'];
    return err({ type: 'usage', problem: 'undo needs to know what to put back', accepted });
  }
  // It may as well be meant as an item.
  if (!(await isThereAJournal(shell)))
    return err({ type: 'unknown-item', text: what, similar: [], among: 'journal' });
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
  if (named.length === 0 && meant.size === 0) return await whyNothing(query, journal, flags, shell);
  if (named.length === 0) {
    const said = `Nothing of run ${printable(what)} can be put back any more: what it removed was freed or put back.`;
    return ok(nothingPutBack(said, flags, shell));
  }
  const progress = openProgress(shell.terminal, false);
  try {
    return await putAllBack(named, what, flags, { work, progress }, shell);
  } finally {
    progress.stop();
  }
}

async function putAllBack(
  named: readonly Undoable[],
  what: string,
  flags: UndoFlags,
  { work: { journal, startRecord }, progress }: { readonly work: Working; readonly progress: Progress },
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
    .map(({ gone, why }) => outcomeOf(gone.intent, why));
  const before = outcomes.length;
  for (const group of together(named)) {
    if (shell.signal.aborted) break;
    progress.doing(`Putting back (${outcomes.length - before}/${named.length})`);
    if (group.type === 'held') {
      const done = await putHeldBack(group.held, record);
      if (done.isErr()) return err(done.error);
      for (const outcome of done.value) outcomes.push(outcome);
      continue;
    }
    const { gone } = group;
    const done = left.value.has(gone.op) ? await undoWorktree(gone, context) : ok(undefined);
    if (done.isErr()) return err(done.error);
    outcomes.push(outcomeOf(gone.intent, done.value));
  }
  progress.stop();
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

/** What is put back together, in the order given: many that are held, or one worktree. */
type Together =
  | { readonly type: 'held'; readonly held: readonly { readonly operation: WholeOperation }[] }
  | { readonly type: 'gone'; readonly gone: GoneWorktree };

function* together(named: readonly Undoable[]): Generator<Together> {
  let held: { readonly operation: WholeOperation }[] = [];
  for (const { how } of named) {
    if (how.type === 'held') held.push(how);
    if (held.length > 0 && (how.type === 'gone' || held.length === putBackAtOnce)) {
      yield { type: 'held', held };
      held = [];
    }
    if (how.type === 'gone') yield how;
  }
  if (held.length > 0) yield { type: 'held', held };
}

async function putHeldBack(
  held: readonly { readonly operation: WholeOperation }[],
  record: RunRecord,
): Promise<Result<readonly UndoOutcome[], JournalFailure>> {
  const operations = held.map(({ operation }) => operation);
  const done = await undoHeld(operations, record);
  return done.map((whys) =>
    operations.map(({ intent }, index) => {
      const why = whys[index];
      return outcomeOf(intent, why === undefined ? undefined : whyNot(why));
    }),
  );
}

/** With what can be done about it: what is closed is opened, what is in the way is moved, and git is asked. */
function outcomeOf(intent: RemovalIntended, why: string | undefined): UndoOutcome {
  if (why === undefined) return { intent, why };
  const { worktree, moves, root } = intent;
  const places = [...(worktree === undefined ? [] : [worktree.adminDir]), ...moves.map(({ path }) => path)];
  const closed = [...places, join(root, 'clean', 'undo', 'x')].map(closedBy).find((one) => one !== undefined);
  const again = 'prodigy clean undo again';
  if (closed !== undefined) return { intent, why, next: adviceFor('EACCES', closed.path, closed, again) };
  if (worktree !== undefined && /^git (?:would|will) not/u.test(why)) {
    return {
      intent,
      why,
      next: `git -C ${quoted(worktree.mainGitDir)} worktree list shows its state; then ${again}`,
    };
  }
  return { intent, why, next: adviceFor('ECONFLICT', moves.at(0)?.path ?? root) };
}

function whyNot(why: NotPutBack): string {
  switch (why.type) {
    case 'not-held':
      return `it is no longer in quarantine: ${why.path}`;
    case 'place-taken':
      return `its place is taken: ${why.path}`;
    default:
      return `${causeOf(why.code)}: ${why.path}`;
  }
}

const neverWent: ReadonlySet<string> = new Set(['ItemDrifted', 'ItemVanished', 'ItemFailed']);

/** What the journal knows of something that cannot be put back. */
async function whyNothing(
  query: ItemQuery,
  journal: Journal,
  flags: UndoFlags,
  shell: Shell,
): Promise<Result<number, Failure>> {
  const known = await itemsInJournal(query, journal);
  if (known.isErr()) return err(known.error);
  const [item] = known.value.items.keys();
  if (item === undefined) {
    const similar = [...known.value.similar];
    return err({ type: 'unknown-item', text: query.text, similar, among: 'journal' });
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
    return ok(nothingPutBack(said, flags, shell));
  }
  return ok(nothingPutBack(`${name} was not removed: there is nothing to put back.`, flags, shell));
}

function nothingPutBack(sentence: string, { json }: UndoFlags, { terminal }: Shell): number {
  const { code } = exitCodes.failed;
  terminal.out(
    json === true ? `${JSON.stringify(nothingDocument(code, sentence), null, 2)}\n` : `${sentence}\n`,
  );
  return code;
}
