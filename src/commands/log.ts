import { err, ok, type Result } from 'neverthrow';
import type { Entry } from '../journal/entry.ts';
import type { JournalReader } from '../journal/journal.ts';
import { openSnapshot } from '../journal/snapshot.ts';
import { verifyJournal } from '../journal/verify.ts';
import type { Failure } from '../model/failure.ts';
import { isKind, kinds, type Kind } from '../model/kind.ts';
import { runSummary } from '../projections/run-summary.ts';
import { inlineProjections } from '../projections/inline.ts';
import { entryLine } from '../ui/entry-line.ts';
import { formatCount, formatTime, printable } from '../ui/format.ts';
import { journalPlace, jsonLines } from './journal-access.ts';
import type { Shell } from './shell.ts';
import { parseWhen } from './when.ts';

export type LogFlags = {
  readonly since?: string;
  readonly until?: string;
  readonly run?: string;
  readonly kind?: string;
  readonly limit?: string;
  readonly json?: boolean;
  readonly jsonl?: boolean;
};

type LogRequest = {
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly run: string | undefined;
  readonly kind: Kind | undefined;
  /** The newest so many; `undefined`: all. */
  readonly limit: number | undefined;
  readonly output: 'text' | 'json' | 'jsonl';
};

async function parseLog(flags: LogFlags, nowMs: number): Promise<Result<LogRequest, Failure>> {
  if (flags.json === true && flags.jsonl === true) {
    return err({
      type: 'usage',
      problem: '--json and --jsonl exclude each other',
      accepted: ['--json', '--jsonl'],
    });
  }
  if (flags.kind !== undefined && !isKind(flags.kind)) {
    return err({ type: 'usage', problem: 'There is no kind', text: flags.kind, accepted: [...kinds] });
  }
  if (flags.limit !== undefined && !/^[1-9]\d{0,8}$/.test(flags.limit)) {
    return err({
      type: 'usage',
      problem: '--limit is not a count',
      text: flags.limit,
      accepted: ['--limit 20'],
    });
  }
  const since = flags.since === undefined ? ok(-Infinity) : await parseWhen(flags.since, 'since', nowMs);
  if (since.isErr()) return err(since.error);
  const until = flags.until === undefined ? ok(Infinity) : await parseWhen(flags.until, 'until', nowMs);
  if (until.isErr()) return err(until.error);
  return ok({
    sinceMs: since.value,
    untilMs: until.value,
    run: flags.run,
    kind: flags.kind,
    limit: flags.limit === undefined ? undefined : Number(flags.limit),
    output: flags.json === true ? 'json' : flags.jsonl === true ? 'jsonl' : 'text',
  });
}

/** `prodigy clean log`: the audit trail. Reads a snapshot, so that it works while a run is under way. */
export async function log(flags: LogFlags, shell: Shell): Promise<Result<number, Failure>> {
  const { terminal } = shell;
  const request = await parseLog(flags, shell.clock());
  if (request.isErr()) return err(request.error);
  const { output } = request.value;
  const opened = await openSnapshot(await journalPlace(shell), shell.config.refugeBases);
  if (opened.isErr()) {
    if (opened.error.type !== 'journal-absent') return err(opened.error);
    if (request.value.run !== undefined) return err({ type: 'unknown-run', text: request.value.run });
    if (output === 'text') terminal.out('The journal is empty: nothing was ever cleaned here.\n');
    if (output === 'json') terminal.out('[]\n');
    return ok(0);
  }
  await using reader = opened.value;
  const runs = await runIds(request.value.run, reader);
  if (runs.isErr()) return err(runs.error);

  const print = printer(output, shell);
  const shown = await show(reader, request.value, runs.value, print.entry);
  if (shown.isErr()) return err(shown.error);
  print.end();
  return ok(0);
}

async function runIds(
  wanted: string | undefined,
  reader: JournalReader,
): Promise<Result<ReadonlySet<string> | undefined, Failure>> {
  if (wanted === undefined) return ok(undefined);
  const rows = await reader.rows(runSummary);
  if (rows.isErr()) return err(rows.error);
  const found = [...rows.value.keys()].filter((id) => id.startsWith(wanted));
  return found.length === 0 ? err({ type: 'unknown-run', text: wanted }) : ok(new Set(found));
}

function matches(
  entry: Entry,
  { sinceMs, untilMs, kind }: LogRequest,
  runs: ReadonlySet<string> | undefined,
): boolean {
  if (entry.atMs < sinceMs || entry.atMs > untilMs) return false;
  if (runs !== undefined && (entry.run === undefined || !runs.has(entry.run))) return false;
  return kind === undefined || kindOf(entry) === kind;
}

function kindOf({ event }: Entry): string | undefined {
  if ('kind' in event) return event.kind;
  // An item's id begins with its kind.
  return 'item' in event ? event.item.slice(0, event.item.indexOf(':')) : undefined;
}

async function show(
  reader: JournalReader,
  request: LogRequest,
  runs: ReadonlySet<string> | undefined,
  print: (entry: Entry) => void,
): Promise<Result<void, Failure>> {
  if (request.limit === undefined) {
    for await (const entry of reader.entries()) {
      if (entry.isErr()) return err(entry.error);
      if (matches(entry.value, request, runs)) print(entry.value);
    }
    return ok(undefined);
  }
  const newest: Entry[] = [];
  for await (const entry of reader.entries({ reverse: true })) {
    if (entry.isErr()) return err(entry.error);
    if (matches(entry.value, request, runs)) newest.push(entry.value);
    if (newest.length === request.limit) break;
  }
  newest.reverse().forEach(print);
  return ok(undefined);
}

type Printer = { readonly entry: (entry: Entry) => void; readonly end: () => void };

function printer(output: LogRequest['output'], { terminal }: Shell): Printer {
  if (output === 'jsonl') return { entry: (entry) => terminal.out(jsonLines([entry])), end: () => undefined };
  if (output === 'text') {
    return {
      entry: (entry) => terminal.out(`${formatTime(entry.atMs)}  ${entryLine(entry)}\n`),
      end: () => undefined,
    };
  }
  let count = 0;
  return {
    entry: (entry) => {
      terminal.out(`${count === 0 ? '[\n' : ',\n'}${jsonLines([entry]).trimEnd()}`);
      count += 1;
    },
    end: () => terminal.out(count === 0 ? '[]\n' : '\n]\n'),
  };
}

/** `prodigy clean log verify`: walks everything, and names the first entry that is altered, missing or out of order. */
export async function verify(
  flags: { readonly json?: boolean },
  shell: Shell,
): Promise<Result<number, Failure>> {
  const { terminal } = shell;
  const opened = await openSnapshot(await journalPlace(shell), shell.config.refugeBases);
  if (opened.isErr()) {
    if (opened.error.type !== 'journal-absent') return err(opened.error);
    terminal.out(flags.json === true ? '{"entries":0,"findings":[]}\n' : 'There is no journal yet.\n');
    return ok(0);
  }
  await using reader = opened.value;
  const verified = await verifyJournal(reader, inlineProjections);
  if (verified.isErr()) return err(verified.error);
  const { entries, findings } = verified.value;
  if (flags.json === true) terminal.out(`${JSON.stringify({ entries, findings }, null, 2)}\n`);
  else {
    for (const finding of findings) terminal.out(`✗ ${printable(JSON.stringify(finding))}\n`);
    const what = formatCount(entries, 'entry', 'entries');
    terminal.out(findings.length === 0 ? `✓ ${what}, every one in its place.\n` : `${what} read.\n`);
  }
  return ok(findings.length === 0 ? 0 : 1);
}
