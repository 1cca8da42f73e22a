import { err, ok, type Result } from 'neverthrow';
import type { Failure } from '../model/failure.ts';
import { explain } from '../ui/explain.ts';
import { openToRead } from './journal-access.ts';
import { filterOf } from './log-filter.ts';
import { follow } from './log-follow.ts';
import { logPrinter } from './log-output.ts';
import { parseLog, type LogFlags } from './log-request.ts';
import { exportNewer } from './log-newer.ts';
import { openSink, show } from './log-stream.ts';
import { exitCodeOf, exitCodeOfFailure, exitCodes } from './outcome.ts';
import type { Shell } from './shell.ts';

/** `prodigy clean log`: the audit trail. Reads a snapshot, so that it works while a run is under way. */
export async function log(flags: LogFlags, shell: Shell): Promise<Result<number, Failure>> {
  const parsed = await parseLog(flags, shell.clock());
  if (parsed.isErr()) return err(parsed.error);
  const request = parsed.value;
  const printer = logPrinter(request.output, shell.terminal.outColours);
  const sink = openSink(shell);
  sink.write(printer.start());
  if (request.follow) return follow(request, printer, sink, shell);

  const opened = await openToRead(shell);
  if (opened.isErr()) {
    if (opened.error.type === 'journal-newer' && request.output === 'jsonl')
      return exportNewer(opened.error, shell);
    if (opened.error.type !== 'journal-absent') return err(opened.error);
    const [run] = request.runs;
    if (run !== undefined) return err({ type: 'unknown-run', text: run });
    const [item] = request.items;
    if (item !== undefined) return err({ type: 'unknown-item', text: item, similar: [], among: 'journal' });
    if (request.output === 'text') sink.write('The journal is empty: nothing was ever cleaned here.\n');
    sink.write(printer.end());
    await sink.flush();
    return ok(exitCodes.done.code);
  }
  await using reader = opened.value;
  const filter = await filterOf(request, reader, shell);
  if (filter.isErr()) return err(filter.error);
  const shown = await show(request, filter.value, { reader, printer, sink });
  if (shown.isErr()) {
    const rest = printer.breakOff();
    if (rest === '') return err(shown.error);
    // What is on stdout stays one document: the failure is told beside it alone.
    sink.write(rest);
    await sink.flush();
    const { sentence, next } = explain(shown.error);
    shell.terminal.err(`Error: ${sentence}\n  ${next}\n`);
    return ok(exitCodeOfFailure(shown.error));
  }
  if (shell.signal.aborted) return ok(exitCodeOf('interrupted', shell.receivedSignal()));
  if (shown.value === 0 && request.output === 'text') shell.terminal.err('No entry matches.\n');
  sink.write(printer.end());
  await sink.flush();
  return ok(exitCodes.done.code);
}
