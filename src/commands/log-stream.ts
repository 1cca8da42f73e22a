import { err, ok, type Result } from 'neverthrow';
import type { EntryRange, JournalReader } from '../journal/journal.ts';
import { recordedIn } from '../journal/recorded.ts';
import type { Failure } from '../model/failure.ts';
import { runLookup, type RunLookup } from './find-run.ts';
import type { LogFilter } from './log-filter.ts';
import type { LogPrinter } from './log-output.ts';
import type { LogRequest } from './log-request.ts';
import type { Shell } from './shell.ts';

/** Where the text goes: the first line at once, the rest in large pieces, never more than the reader takes. */
export type Sink = {
  readonly write: (text: string) => void;
  /** `false`: nobody reads any more, or a signal came. */
  readonly settle: () => Promise<boolean>;
  readonly flush: () => Promise<boolean>;
};

const pieceLength = 64 * 1024;

export function openSink({ terminal, signal }: Pick<Shell, 'terminal' | 'signal'>): Sink {
  let waiting: string[] = [];
  let length = 0;
  let isFirst = true;
  const flush = async (): Promise<boolean> => {
    const text = waiting.join('');
    waiting = [];
    length = 0;
    return (text === '' || (await terminal.pour(text))) && !signal.aborted;
  };
  return {
    write: (text) => {
      if (text === '') return;
      waiting.push(text);
      length += text.length;
    },
    settle: async () => {
      if (signal.aborted) return false;
      if (!isFirst && length < pieceLength) return true;
      isFirst = false;
      return flush();
    },
    flush,
  };
}

export type Showing = {
  readonly reader: JournalReader;
  readonly printer: LogPrinter;
  readonly sink: Sink;
  /** Told of each entry that is done with. */
  readonly onDone?: (seq: number) => void;
};

/** Shows what matches, in the order asked for; answers how many entries that were. */
export async function show(
  request: Pick<LogRequest, 'limit' | 'reverse'>,
  filter: LogFilter,
  showing: Showing,
): Promise<Result<number, Failure>> {
  if (filter.range === undefined) return ok(0);
  const runs = runLookup(showing.reader);
  const { limit, reverse } = request;
  if (reverse) return stream({ ...filter.range, reverse }, limit ?? Infinity, filter, runs, showing);
  if (limit === undefined) return stream(filter.range, Infinity, filter, runs, showing);
  const from = await newest(limit, filter, runs, showing.reader);
  return from.isErr()
    ? err(from.error)
    : stream({ ...filter.range, from: from.value }, limit, filter, runs, showing);
}

/** What was sound before a damage is shown, too. */
async function stream(
  range: EntryRange,
  limit: number,
  filter: LogFilter,
  runs: RunLookup,
  showing: Showing,
): Promise<Result<number, Failure>> {
  const count = await streamed(range, limit, filter, runs, showing);
  await showing.sink.flush();
  return count;
}

async function streamed(
  range: EntryRange,
  limit: number,
  { matches }: LogFilter,
  runs: RunLookup,
  { reader, printer, sink, onDone }: Showing,
): Promise<Result<number, Failure>> {
  let count = 0;
  for await (const recorded of recordedIn(reader, range)) {
    if (recorded.isErr()) return err(recorded.error);
    const { entry } = recorded.value;
    const isShown = await matches(entry, runs);
    if (isShown.isErr()) return err(isShown.error);
    if (isShown.value) {
      const run = printer.wantsRuns && entry.run !== undefined ? await runs(entry.run) : ok(undefined);
      if (run.isErr()) return err(run.error);
      sink.write(printer.entry(recorded.value, run.value));
      count += 1;
    }
    onDone?.(entry.seq);
    if (count === limit) break;
    if (!(await sink.settle())) break;
  }
  return ok(count);
}

/** The number of the entry with which the newest `limit` that match begin: found backwards, and not kept. */
async function newest(
  limit: number,
  { range, matches }: LogFilter,
  runs: RunLookup,
  reader: JournalReader,
): Promise<Result<number, Failure>> {
  let [count, from] = [0, range?.from ?? 0];
  for await (const entry of reader.entries({ ...range, reverse: true })) {
    if (entry.isErr()) return err(entry.error);
    const isShown = await matches(entry.value, runs);
    if (isShown.isErr()) return err(isShown.error);
    if (!isShown.value) continue;
    count += 1;
    from = entry.value.seq;
    if (count === limit) break;
  }
  return ok(from);
}
