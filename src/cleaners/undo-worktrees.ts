import { err, ok, type Result } from 'neverthrow';
import type { Event } from '../journal/event.ts';
import type { JournalFailure } from '../model/failure.ts';
import type { GoneWorktree } from '../projections/gone-worktrees.ts';
import { dropKeepsakes } from './keepsake.ts';
import { restoreWorktree } from './restore-worktree.ts';
import type { RunRecord } from './run-record.ts';
import { forgetSnapshot } from './snapshot.ts';

export type Undoing = {
  readonly record: RunRecord;
  readonly journalId: string;
  readonly newId: () => string;
};

/** Makes one worktree again: intent before, fact after. @returns why it could not be, `undefined` when it is there */
export async function undoWorktree(
  gone: GoneWorktree,
  context: Undoing,
): Promise<Result<string | undefined, JournalFailure>> {
  const { record } = context;
  const { item, name } = gone.intent;
  const op = `${gone.op}~${context.newId()}`;
  const begun = await record.facts([{ op, event: { type: 'UndoIntended', item, name } }]);
  return begun.isErr() ? err(begun.error) : act({ ...gone, undo: op }, op, context);
}

/** An undo that was begun by an earlier run, and why it could not be brought to its end, if so. */
export type FinishedUndo = { readonly gone: GoneWorktree; readonly why: string | undefined };

/** Brings what an interrupted undo began to its end. */
export async function finishUndos(
  rows: Iterable<GoneWorktree>,
  context: Omit<Undoing, 'newId'>,
): Promise<Result<readonly FinishedUndo[], JournalFailure>> {
  const finished: FinishedUndo[] = [];
  for (const gone of rows) {
    if (gone.undo === undefined) continue;
    context.record.adopt(gone.undo, 'restoring');
    const done = await act(gone, gone.undo, context);
    if (done.isErr()) return err(done.error);
    finished.push({ gone, why: done.value });
  }
  return ok(finished);
}

async function act(
  gone: GoneWorktree,
  op: string,
  { record, journalId }: Omit<Undoing, 'newId'>,
): Promise<Result<string | undefined, JournalFailure>> {
  const { item } = gone.intent;
  const problem = await restoreWorktree(gone, journalId);
  const why = problem === undefined ? undefined : [problem, ...whereKept(gone)].join('; ');
  const path = gone.intent.moves[0]?.path ?? '';
  const event: Event =
    why === undefined
      ? { type: 'ItemRestored', item, why: 'undo' }
      : { type: 'ItemFailed', item, code: 'ECONFLICT', path, detail: why, attempt: 1, retryable: true };
  const told = await record.facts([{ op, event }]);
  if (told.isErr()) return err(told.error);
  if (why === undefined) await forgetSnapshot(gone.intent);
  return ok(why);
}

/** How people get at the work without us. The snapshot's tree is no worktree: it has what differed from the commit. */
function whereKept({ intent, snapshot }: GoneWorktree): readonly string[] {
  if (snapshot === undefined || intent.worktree === undefined) return [];
  const { ref, commit } = snapshot;
  const repository = intent.worktree.mainGitDir.replaceAll("'", "'\\''");
  return [
    `its work is kept as ${commit.slice(0, 12)} under ${ref}`,
    `git -C '${repository}' worktree add --detach DIRECTORY ${ref} lays it out: files/ has what was changed or new, staged/ what was in the index`,
  ];
}

/** Gives up what was kept of worktrees whose time for undo is over. */
export async function expireUndos(
  rows: Iterable<GoneWorktree>,
  { record, nowMs }: { readonly record: RunRecord; readonly nowMs: number },
): Promise<Result<void, JournalFailure>> {
  for (const { op, intent, untilMs, undo } of rows) {
    if (untilMs === undefined || untilMs > nowMs || undo !== undefined) continue;
    // What resists is tried again by the next run.
    if ((await dropKeepsakes(intent)).isErr()) continue;
    const event = { type: 'UndoExpired', item: intent.item, why: 'undo-expired' } as const;
    const told = await record.facts([{ op, event }]);
    if (told.isErr()) return err(told.error);
    await forgetSnapshot(intent);
  }
  return ok(undefined);
}
