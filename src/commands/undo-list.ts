import { err, ok, type Result } from 'neverthrow';
import type { JournalReader } from '../journal/journal.ts';
import type { Failure, JournalFailure } from '../model/failure.ts';
import type { ItemId } from '../model/item.ts';
import { foldUndoables, undoListText, type UndoFolding, type UndoLine } from '../ui/undo-list-text.ts';
import { openToRead } from './journal-access.ts';
import { exitCodes } from './outcome.ts';
import type { Shell } from './shell.ts';
import { keepHeapSmall } from './small-heap.ts';
import type { UndoFlags } from './undo.ts';
import { undoableRows, undoablesAs, type Undoable } from './undoable.ts';

/** `prodigy clean undo --list`: what can come back, and until when. Only reads the journal, and needs no lock. */
export async function undoList(
  flags: Omit<UndoFlags, 'list'>,
  shell: Shell,
): Promise<Result<number, Failure>> {
  const { terminal, clock } = shell;
  keepHeapSmall([...process.execArgv, shell.config.nodeOptions]);
  let listed: Listed = { told: [], folding: foldUndoables([], true) };
  const opened = await openToRead(shell);
  if (opened.isErr() && opened.error.type !== 'journal-absent') return err(opened.error);
  if (opened.isOk()) {
    await using reader = opened.value;
    const read = await list(reader, flags.full === true || flags.json === true, clock());
    if (read.isErr()) return err(read.error);
    listed = read.value;
  }
  const { told, folding } = listed;
  if (flags.json === true) {
    const items = told.map(itemOf);
    const document = { schema: 'prodigy-clean/1', outcome: 'completed', exitCode: 0, items };
    await terminal.pour(`${JSON.stringify(document, null, 2)}\n`);
  } else await terminal.pour(undoListText(told, folding));
  return ok(exitCodes.done.code);
}

type Line = UndoLine & { readonly item: ItemId };

type Listed = { readonly told: readonly Line[]; readonly folding: UndoFolding };

/** Of a hundred thousand that one run removed, the intents of those alone are read that are told one by one. */
async function list(
  reader: JournalReader,
  isFull: boolean,
  nowMs: number,
): Promise<Result<Listed, JournalFailure>> {
  const rows = await undoableRows(reader);
  if (rows.isErr()) return err(rows.error);
  const living = rows.value.filter(({ untilMs }) => untilMs > nowMs);
  const folding = foldUndoables(living, isFull);
  const told = await undoablesAs(reader, ({ op }) => folding.told.has(op), toLine);
  return told.map((lines) => ({ told: lines, folding }));
}

function toLine({ run, intent: { item, kind, name, bytes }, untilMs, how }: Undoable): Line {
  return { run, item, kind, name, bytes, untilMs, isFromGit: how.type === 'gone' };
}

function itemOf({ run, item, kind, name, bytes, untilMs, isFromGit }: Line): Record<string, unknown> {
  const until = new Date(untilMs).toISOString();
  return { id: item, kind, name, bytes, run, until, from: isFromGit ? 'git' : 'quarantine' };
}
