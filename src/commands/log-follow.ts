import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { err, ok, type Result } from 'neverthrow';
import { currentDatabase } from '../journal/layout.ts';
import type { Failure } from '../model/failure.ts';
import { journalPlace, openToRead } from './journal-access.ts';
import { filterOf, type LogFilter } from './log-filter.ts';
import type { LogPrinter } from './log-output.ts';
import type { LogRequest } from './log-request.ts';
import { show, type Sink } from './log-stream.ts';
import { exitCodeOf, exitCodes } from './outcome.ts';
import type { Shell } from './shell.ts';

const pollMs = 200;
/** Copying a large journal again and again must not be what the machine is busy with. */
const restPerWork = 5;
/** A writer that renames and merges makes a copy fail now and then; one that goes on failing is no accident. */
const failuresInARow = 25;

/**
 * Shows what is there, and then what comes, as another process writes it; also when there is no journal yet. Ends when
 * it is told to, or when nobody reads any more.
 */
export async function follow(
  request: LogRequest,
  printer: LogPrinter,
  sink: Sink,
  shell: Shell,
): Promise<Result<number, Failure>> {
  const state: Followed = { next: 0, journalId: undefined, filter: undefined };
  let seen: string | undefined;
  let failures = 0;
  for (;;) {
    const now = await signatureOf(await journalPlace(shell));
    let tookMs = 0;
    if (now !== seen) {
      const begunAt = performance.now();
      const caughtUp = await catchUp(request, state, printer, sink, shell);
      tookMs = performance.now() - begunAt;
      if (caughtUp.isOk()) {
        seen = now;
        failures = 0;
      } else if (caughtUp.error.type === 'journal-absent') {
        const [run] = request.runs;
        if (run !== undefined) return err({ type: 'unknown-run', text: run });
        seen = now;
      } else {
        failures += 1;
        if (!isPassing(caughtUp.error) || failures > failuresInARow) return err(caughtUp.error);
      }
    }
    if (!(await sink.flush())) break;
    await sleep(Math.max(pollMs, tookMs * restPerWork), undefined, { signal: shell.signal }).catch(
      () => undefined,
    );
  }
  return ok(shell.signal.aborted ? exitCodeOf('interrupted', shell.receivedSignal()) : exitCodes.done.code);
}

/** How far it is: moved on with each entry, for what was shown is not shown again after a failure. */
type Followed = { next: number; journalId: string | undefined; filter: LogFilter | undefined };

async function catchUp(
  request: LogRequest,
  state: Followed,
  printer: LogPrinter,
  sink: Sink,
  shell: Shell,
): Promise<Result<void, Failure>> {
  const opened = await openToRead(shell);
  if (opened.isErr()) return err(opened.error);
  await using reader = opened.value;
  const isFirst = state.journalId === undefined;
  if (reader.journalId !== state.journalId || state.filter === undefined) {
    const filter = await filterOf(request, reader, shell);
    if (filter.isErr()) return err(filter.error);
    state.filter = filter.value;
    state.next = filter.value.range?.from ?? 0;
    state.journalId = reader.journalId;
  }
  const shown = await show(
    { reverse: false, limit: isFirst ? request.limit : undefined },
    { range: { from: state.next }, matches: state.filter.matches },
    {
      reader,
      printer,
      sink,
      onDone: (seq) => {
        state.next = seq + 1;
      },
    },
  );
  return shown.map(() => undefined);
}

function isPassing({ type }: Failure): boolean {
  return type === 'journal-damaged' || type === 'journal-unavailable' || type === 'journal-locked';
}

/** Differs when something was appended, or the journal moved: cheap to ask, again and again. */
async function signatureOf(journalDirectory: string): Promise<string> {
  const database = await currentDatabase(journalDirectory);
  const names: string[] = await readdir(database).catch(() => []);
  const files = await Promise.all(
    names.toSorted().map(async (name) => {
      // `LOCK` is never looked into, nor is this: a name and a size are enough.
      const stats = await stat(join(database, name)).catch(() => undefined);
      return `${name} ${stats?.size ?? '-'} ${stats?.mtimeMs ?? '-'}`;
    }),
  );
  return [database, ...files].join('\n');
}
