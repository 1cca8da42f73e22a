import { err, ok, type Result } from 'neverthrow';
import type { JournalReader } from '../journal/journal.ts';
import type { Failure, UsageFailure } from '../model/failure.ts';
import { kinds } from '../model/kind.ts';
import { lastScans, storageStats } from '../projections/storage-stats.ts';
import { rangeOf, timeBlocks } from '../projections/time-blocks.ts';
import { storageAtDocument, storageAtText, type KindAt, type StorageAtView } from '../ui/storage-at.ts';
import { openToRead } from './journal-access.ts';
import { runLookup } from './find-run.ts';
import type { CleanFlags } from './options.ts';
import { exitCodes } from './outcome.ts';
import type { Shell } from './shell.ts';
import { parseWhen } from './when.ts';

/** What goes with `--at`: it looks into the journal, and at nothing else. */
const companions: ReadonlySet<string> = new Set(['at', 'json', 'color', 'undo']);

/** `prodigy clean --at TIME`: what was known of the storage then, folded from the journal. Nothing is looked at now. */
export async function overviewAt(
  at: string,
  words: readonly string[],
  flags: CleanFlags,
  shell: Shell,
): Promise<Result<number, Failure>> {
  const conflict = conflictIn(words, flags);
  if (conflict !== undefined) return err(conflict);
  const nowMs = shell.clock();
  const begin = await parseWhen(at, 'since', nowMs, '--at');
  const when = await parseWhen(at, 'until', nowMs, '--at');
  if (begin.isErr()) return err(begin.error);
  if (when.isErr()) return err(when.error);
  if (begin.value > nowMs) {
    const accepted = ['2026-01-31', 'yesterday', '"2 hours ago"', '7d'];
    return err({ type: 'usage', problem: '--at is still to come', text: at, accepted });
  }
  const opened = await openToRead(shell);
  if (opened.isErr() && opened.error.type !== 'journal-absent') return err(opened.error);
  if (opened.isErr()) return ok(await tell({ askedMs: when.value }, flags, shell));
  await using reader = opened.value;
  const view = await viewAt(when.value, reader);
  return view.isErr() ? err(view.error) : ok(await tell(view.value, flags, shell));
}

function conflictIn(words: readonly string[], flags: CleanFlags): UsageFailure | undefined {
  const other = Object.keys(flags).find((flag) => !companions.has(flag)) ?? words[0];
  if (other === undefined && flags.undo !== false) return undefined;
  return {
    type: 'usage',
    problem: '--at shows what was known at a time; it goes with nothing else',
    accepted: ['--at WHEN', '--at WHEN --json'],
  };
}

async function tell(view: StorageAtView, flags: CleanFlags, { terminal }: Shell): Promise<number> {
  await terminal.pour(
    flags.json === true
      ? `${JSON.stringify(storageAtDocument(view), null, 2)}\n`
      : storageAtText(view, terminal.outColours),
  );
  return exitCodes.done.code;
}

async function viewAt(askedMs: number, reader: JournalReader): Promise<Result<StorageAtView, Failure>> {
  const last = await lastEntryUntil(askedMs, reader);
  if (last.isErr()) return err(last.error);
  if (last.value === undefined) return ok({ askedMs });
  const stats = await reader.fold(storageStats, { to: last.value.seq });
  if (stats.isErr()) return err(stats.error);
  const scans = await reader.fold(lastScans, { to: last.value.seq });
  if (scans.isErr()) return err(scans.error);
  const runs = runLookup(reader);
  const found: KindAt[] = [];
  for (const kind of kinds) {
    const by = scans.value.get(kind);
    const of = by === undefined ? undefined : stats.value.runs.get(by)?.get(kind);
    if (by === undefined || of === undefined) continue;
    const run = await runs(by);
    if (run.isErr()) return err(run.error);
    if (run.value !== undefined) found.push({ kind, stats: of, run: run.value });
  }
  return ok({ askedMs, last: last.value, kinds: found, open: [...stats.value.open.values()] });
}

/** The order of the entries is what counts: the last one whose time is not after. */
async function lastEntryUntil(
  untilMs: number,
  reader: JournalReader,
): Promise<Result<{ readonly seq: number; readonly atMs: number } | undefined, Failure>> {
  const blocks = await reader.rows(timeBlocks);
  if (blocks.isErr()) return err(blocks.error);
  const range = rangeOf(blocks.value.values(), -Infinity, untilMs);
  if (range === undefined) return ok(undefined);
  for await (const entry of reader.entries({ ...range, reverse: true })) {
    if (entry.isErr()) return err(entry.error);
    const { seq, atMs } = entry.value;
    if (atMs <= untilMs) return ok({ seq, atMs });
  }
  return ok(undefined);
}
