import { err, ok, type Result } from 'neverthrow';
import { groupBy } from '../model/groups.ts';
import type { Failure } from '../model/failure.ts';
import { formatBytes, formatCount, formatTime, printable, singular } from '../ui/format.ts';
import { openToRead } from './journal-access.ts';
import { exitCodes } from './outcome.ts';
import type { Shell } from './shell.ts';
import { undoables, type Undoable } from './undoable.ts';

/** `prodigy clean undo --list`: what can come back, and until when. Only reads the journal, and needs no lock. */
export async function undoList(
  flags: { readonly json?: boolean },
  shell: Shell,
): Promise<Result<number, Failure>> {
  const { terminal, clock } = shell;
  let all: readonly Undoable[] = [];
  const opened = await openToRead(shell);
  if (opened.isErr() && opened.error.type !== 'journal-absent') return err(opened.error);
  if (opened.isOk()) {
    await using reader = opened.value;
    const found = await undoables(reader, ({ untilMs }) => untilMs > clock());
    if (found.isErr()) return err(found.error);
    all = found.value;
  }
  if (flags.json === true) {
    const document = { schema: 'prodigy-clean/1', outcome: 'completed', exitCode: 0, items: all.map(itemOf) };
    await terminal.pour(`${JSON.stringify(document, null, 2)}\n`);
  } else await terminal.pour(text(all));
  return ok(exitCodes.done.code);
}

function itemOf({ run, intent, untilMs, how }: Undoable): Record<string, unknown> {
  const { item, kind, name, bytes } = intent;
  const until = new Date(untilMs).toISOString();
  return { id: item, kind, name, bytes, run, until, from: how.type === 'gone' ? 'git' : 'quarantine' };
}

function text(all: readonly Undoable[]): string {
  if (all.length === 0) return 'Nothing can be put back.\n';
  const byRun = groupBy(all, ({ run }) => run);
  const lines: string[] = [];
  for (const [run, of] of byRun) {
    const bytes = of.reduce((sum, { intent }) => sum + intent.bytes, 0);
    lines.push(`prodigy clean undo ${run}  (${formatCount(of.length, 'item')}, ${formatBytes(bytes)})`);
    for (const { intent, untilMs, how } of of) {
      const from = how.type === 'gone' ? 'git makes it again' : 'held in quarantine';
      lines.push(
        `  ${singular(intent.kind)} ${printable(intent.name)}  ${formatBytes(intent.bytes)}  until ${formatTime(untilMs)}, ${from}`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
}
