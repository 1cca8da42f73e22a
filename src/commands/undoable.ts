import { err, ok, type Result } from 'neverthrow';
import type { RemovalIntended } from '../journal/event-removal.ts';
import { intentPages } from '../journal/intents.ts';
import { keptOfRows } from '../journal/kept-rows.ts';
import type { JournalReader } from '../journal/journal.ts';
import type { JournalFailure } from '../model/failure.ts';
import { goneWorktrees, type GoneWorktree } from '../projections/gone-worktrees.ts';
import { consider, noMatches, type ItemQuery } from '../projections/item-match.ts';
import { openOperations, type WholeOperation } from '../projections/open-operations.ts';
import type { ItemId } from '../model/item.ts';
import type { RunSummary } from '../projections/run-summary.ts';

/** Something that can be put back: from quarantine, or made again from git. */
export type Undoable = {
  readonly run: string;
  readonly intent: RemovalIntended;
  readonly intentSeq: number;
  readonly untilMs: number;
  readonly how:
    | { readonly type: 'held'; readonly operation: WholeOperation }
    | { readonly type: 'gone'; readonly gone: GoneWorktree };
};

/** What is told of all that can be put back, however much it is. */
export type UndoableRow = {
  readonly op: string;
  readonly run: string;
  readonly item: ItemId;
  readonly bytes: number;
  readonly untilMs: number;
  readonly from: 'quarantine' | 'git';
};

/** All of it, in no order. */
export async function undoableRows(
  journal: Pick<JournalReader, 'rows' | 'rowPages'>,
): Promise<Result<readonly UndoableRow[], JournalFailure>> {
  const held = await keptOfRows(
    journal,
    openOperations,
    ({ op, run, item, bytes, state, heldUntilMs }): UndoableRow | undefined =>
      state !== 'quarantined' || heldUntilMs === undefined
        ? undefined
        : { op, run, item, bytes, untilMs: heldUntilMs, from: 'quarantine' },
  );
  if (held.isErr()) return err(held.error);
  const rows = await journal.rows(goneWorktrees);
  if (rows.isErr()) return err(rows.error);
  for (const { op, run, intent, untilMs } of rows.value.values()) {
    const { item, bytes } = intent;
    if (untilMs !== undefined) held.value.push({ op, run, item, bytes, untilMs, from: 'git' });
  }
  return ok(held.value);
}

type Journal = Pick<JournalReader, 'rows' | 'rowPages' | 'stored' | 'segments' | 'directory'>;

type Wanted = (one: Pick<UndoableRow, 'op' | 'run' | 'untilMs'>) => boolean;

/**
 * Those that are wanted, newest first: what was removed last comes back first, so that nothing is there without its
 * explanation.
 */
export function undoables(
  journal: Journal,
  isWanted: Wanted,
): Promise<Result<readonly Undoable[], JournalFailure>> {
  return undoablesAs(journal, isWanted, (one) => one);
}

/** The same, and of each only what is made of it: an intent is long, and there may be a hundred thousand. */
export async function undoablesAs<Kept>(
  journal: Journal,
  isWanted: Wanted,
  keep: (one: Undoable) => Kept,
): Promise<Result<readonly Kept[], JournalFailure>> {
  const held = await keptOfRows(journal, openOperations, (row) => {
    const { op, run, state, heldUntilMs: untilMs } = row;
    const isHeld = state === 'quarantined' && untilMs !== undefined && isWanted({ op, run, untilMs });
    return isHeld ? { ...row, untilMs } : undefined;
  });
  if (held.isErr()) return err(held.error);
  const found: { readonly intentSeq: number; readonly kept: Kept }[] = [];
  for await (const page of intentPages(journal, held.value)) {
    if (page.isErr()) return err(page.error);
    for (const operation of page.value) {
      const { run, intent, intentSeq, untilMs } = operation;
      const one = { run, intent, intentSeq, untilMs, how: { type: 'held', operation } } as const;
      found.push({ intentSeq, kept: keep(one) });
    }
  }
  const rows = await journal.rows(goneWorktrees);
  if (rows.isErr()) return err(rows.error);
  for (const gone of rows.value.values()) {
    const { op, run, intent, intentSeq, untilMs } = gone;
    if (untilMs === undefined || !isWanted({ op, run, untilMs })) continue;
    found.push({ intentSeq, kept: keep({ run, intent, intentSeq, untilMs, how: { type: 'gone', gone } }) });
  }
  return ok(found.sort((a, b) => b.intentSeq - a.intentSeq).map(({ kept }) => kept));
}

/** Those that are called so, by id, path or name: all that fit best. */
export function calledSo(all: readonly Undoable[], query: ItemQuery): readonly Undoable[] {
  const matches = noMatches();
  for (const { intent } of all) {
    const paths = intent.moves.toReversed().map(({ path }) => path);
    const main = intent.moves.find(({ role }) => role === 'main')?.path;
    const first = main === undefined ? paths : [main, ...paths.filter((path) => path !== main)];
    consider(matches, { id: intent.item, name: intent.name, paths: first }, query);
  }
  return all.filter(({ intent }) => matches.items.has(intent.item));
}

/** The runs that an id, or its beginning, stands for: what one run began, those that resume it carry to its end. */
export function familyOf(what: string, runs: readonly RunSummary[]): ReadonlySet<string> {
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
