import type { Entry } from '../journal/entry.ts';
import type { Recorded } from '../journal/recorded.ts';
import type { RunSummary } from '../projections/run-summary.ts';
import { csvRecord } from '../ui/csv.ts';
import { sentenceOf } from '../ui/entry-line.ts';
import { formatTime } from '../ui/format.ts';
import { commandText, runLine } from '../ui/run-line.ts';
import type { Colours } from '../ui/terminal.ts';
import { kindOf, reasonsOf } from './log-filter.ts';
import type { LogOutput } from './log-request.ts';

/** Entries to text, one after the other, in one of the forms. */
export type LogPrinter = {
  readonly start: () => string;
  readonly entry: (recorded: Recorded, run: RunSummary | undefined) => string;
  readonly end: () => string;
  /** What completes the text that is there already when the rest cannot be had. */
  readonly breakOff: () => string;
  /** Whether an entry's run has to be known. */
  readonly wantsRuns: boolean;
};

const nothing = (): string => '';

export function logPrinter(output: LogOutput, colours: Colours): LogPrinter {
  switch (output) {
    case 'jsonl':
      return {
        start: nothing,
        entry: ({ text }) => `${text}\n`,
        end: nothing,
        breakOff: nothing,
        wantsRuns: false,
      };
    case 'json':
      return jsonArray();
    case 'csv':
      return {
        start: () => csvRecord(csvColumns),
        entry: csvEntries(),
        end: nothing,
        breakOff: nothing,
        wantsRuns: true,
      };
    case 'text':
      return runsInText(colours);
  }
}

function jsonArray(): LogPrinter {
  let count = 0;
  return {
    start: nothing,
    entry: ({ text }) => `${count++ === 0 ? '[\n' : ',\n'}${text}`,
    end: () => (count === 0 ? '[]\n' : '\n]\n'),
    breakOff: () => (count === 0 ? '' : '\n]\n'),
    wantsRuns: false,
  };
}

/** A line for each run, and indented below it one for each of its entries. */
function runsInText(colours: Colours): LogPrinter {
  let current: string | undefined;
  let isFirst = true;
  return {
    start: nothing,
    entry: ({ entry }, run) => {
      const isNew = isFirst || (entry.run ?? '') !== current;
      const gap = isFirst ? '' : '\n';
      isFirst = false;
      current = entry.run ?? '';
      const line = `  ${formatTime(entry.atMs)}  #${entry.seq}  ${paint(entry, colours)}\n`;
      if (!isNew) return line;
      const heading = run === undefined ? 'Journal' : runLine(run);
      return `${gap}${colours.bold(heading)}\n${line}`;
    },
    end: nothing,
    breakOff: nothing,
    wantsRuns: true,
  };
}

function paint({ event }: Entry, colours: Colours): string {
  const sentence = sentenceOf(event);
  switch (event.type) {
    case 'ItemFailed':
    case 'PurgeBlocked':
    case 'PutBackBlocked':
    case 'RunRefused':
      return colours.red(sentence);
    case 'ItemRemoved':
      return colours.green(sentence);
    default:
      return sentence;
  }
}

const csvColumns = [
  'seq',
  'at',
  'run',
  'command',
  'user',
  'uid',
  'sudo_user',
  'host',
  'ci',
  'agent',
  'event',
  'kind',
  'item',
  'repository',
  'reason',
  'outcome',
  'bytes',
  'op',
  'detail',
] as const;

/** Entries of one run come together: what was typed is worded once for them. */
function csvEntries(): LogPrinter['entry'] {
  let last: { readonly run: RunSummary; readonly command: string } | undefined;
  return (recorded, run) => {
    if (run !== undefined && last?.run !== run) last = { run, command: commandText(run) };
    return csvEntry(recorded, run, run === undefined ? undefined : last?.command);
  };
}

function csvEntry({ entry }: Recorded, run: RunSummary | undefined, command: string | undefined): string {
  const { event } = entry;
  const actor = run?.actor;
  return csvRecord([
    entry.seq,
    new Date(entry.atMs).toISOString(),
    entry.run,
    command,
    actor?.user,
    actor?.uid ?? entry.actor.uid,
    actor?.sudoUser,
    actor?.host,
    actor?.ci?.name,
    actor?.agent?.name,
    event.type,
    kindOf(entry),
    'item' in event ? event.item : undefined,
    'repository' in event ? event.repository : undefined,
    reasonsOf(entry).join(' '),
    'outcome' in event ? event.outcome : undefined,
    'bytes' in event ? event.bytes : undefined,
    entry.op,
    sentenceOf(event),
  ]);
}
