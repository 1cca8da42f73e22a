import { realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { err, ok, type Result } from 'neverthrow';
import { runRecord, memoryLedger, type Ledger, type RunRecord } from '../cleaners/run-record.ts';
import { isAncestorOrSelf } from '../disk/path.ts';
import { existingRefuges, isVolatile, makeRefuge, refugePaths } from '../disk/refuge.ts';
import type { Entry } from '../journal/entry.ts';
import { encodeEntry } from '../journal/codec.ts';
import type { Journal, JournalOptions, JournalReader } from '../journal/journal.ts';
import { openJournal } from '../journal/open.ts';
import { locate, type Refuge } from '../journal/refuge.ts';
import { releaseReserve } from '../journal/reserve.ts';
import { openSnapshot } from '../journal/snapshot.ts';
import type { DiskFailure, JournalFailure, RunLocked } from '../model/failure.ts';
import type { OwnPlace } from '../model/own-place.ts';
import { inlineProjections } from '../projections/inline.ts';
import {
  isRunUnderWay,
  runLocksIn,
  takeRunLock,
  type RunLock,
  type RunLockSeen,
} from '../storage/run-lock.ts';
import type { Diagnostics } from '../ui/diagnostics.ts';
import { printable } from '../ui/format.ts';
import type { Output } from './options.ts';
import type { Shell } from './shell.ts';

/** A dry run that writes its scan holds the database for a moment only: a run waits that long for it. */
const patienceMs = 10_000;
const retryMs = 100;

/** How this program opens its journal, wherever it lies. */
export function journalOptions(shell: Pick<Shell, 'config' | 'clock' | 'newId' | 'version'>): JournalOptions {
  const { config, clock, newId, version } = shell;
  return {
    directory: config.journalDirectory,
    clock,
    newId,
    actor: { uid: config.uid, tool: version },
    host: config.host,
    inline: inlineProjections,
  };
}

/** Where else the journal may lie while its home is full (P7). */
function refugeOf({ config }: Pick<Shell, 'config'>): Refuge {
  const paths = refugePaths(config.refugeBases, config.journalDirectory, config.uid);
  return {
    existing: async () => existingRefuges(await paths),
    make: async () => makeRefuge(await paths),
  };
}

/** The directory to read the journal from: its own, or the refuge it is in. */
export async function journalPlace(shell: Pick<Shell, 'config'>): Promise<string> {
  const { journalDirectory } = shell.config;
  return locate(await realpath(journalDirectory).catch(() => journalDirectory), refugeOf(shell));
}

/** What a run lives on beside the storage roots. */
export async function placesOf({ config, cwd }: Pick<Shell, 'config' | 'cwd'>): Promise<readonly OwnPlace[]> {
  const journal = await journalPlace({ config });
  return [
    ...config.namedRoots.map((path) => ({ what: 'root', path }) as const),
    { what: 'journal', path: config.journalDirectory },
    { what: 'journal', path: journal },
    { what: 'here', path: cwd },
  ];
}

/** The journal as it is now, for reading: needs no lock, writes nothing, and finds it wherever it lies. */
export async function openToRead(
  shell: Pick<Shell, 'config'>,
): Promise<Result<JournalReader, JournalFailure>> {
  return openSnapshot(await journalPlace(shell));
}

/** Opens it, wherever it lies, although entries are missing at its end. There must be one: an empty one says nothing. */
export async function openToAccept(shell: Shell): Promise<Result<Journal, JournalFailure>> {
  return openJournal({
    ...journalOptions(shell),
    refuge: refugeOf(shell),
    acceptTruncation: true,
    mayBeBorn: false,
  });
}

type Opening = { readonly waitMs: number; readonly isSparing: boolean; readonly released: number };

async function open(
  shell: Shell,
  { waitMs, isSparing, released }: Opening,
): Promise<Result<Journal, JournalFailure>> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const opened = await openJournal({
      ...journalOptions(shell),
      refuge: refugeOf(shell),
      isSparing,
      released,
      ...(shell.journalSeams === undefined ? {} : { seams: shell.journalSeams }),
    });
    const isBusy = opened.isErr() && opened.error.type === 'journal-locked';
    if (!isBusy || performance.now() > deadline) return opened;
    await sleep(retryMs);
  }
}

/** Everything a run needs to be allowed to remove: the lock in every root, and the journal. */
export type Working = AsyncDisposable & {
  readonly journal: Journal;
  readonly diagnostics: Diagnostics;
  readonly startRecord: (output: Output) => RunRecord;
};

function rootsOf({ config }: Pick<Shell, 'config'>): readonly string[] {
  return [...new Set([config.firstRoot, ...config.roots])];
}

function whoTakes({ config }: Pick<Shell, 'config'>): {
  readonly host: string;
  readonly refugesOf: (root: string) => Promise<readonly string[]>;
} {
  const refugesOf = (root: string): Promise<readonly string[]> =>
    refugePaths(config.refugeBases, root, config.uid);
  return { host: config.host, refugesOf };
}

/** Keeps every run out while it is held. */
export async function lockRoots(
  shell: Shell,
  command: string,
): Promise<Result<RunLock, RunLocked | DiskFailure>> {
  const nowIso = new Date(shell.clock()).toISOString();
  return takeRunLock(rootsOf(shell), { ...whoTakes(shell), command, nowIso });
}

/** Whether a run is under way, as far as a look can tell. */
export async function isBeingCleaned(shell: Pick<Shell, 'config'>): Promise<boolean> {
  return isRunUnderWay(rootsOf(shell), whoTakes(shell));
}

/** The run locks that lie there, whoever holds them, if anybody does. */
export function runLocksSeen(shell: Pick<Shell, 'config'>): Promise<readonly RunLockSeen[]> {
  return runLocksIn(rootsOf(shell), whoTakes(shell));
}

/** Takes the locks and opens the journal, or says who works there. */
export async function openForWork(
  shell: Shell,
  command: string,
): Promise<Result<Working, JournalFailure | RunLocked | DiskFailure>> {
  let lock = await lockRoots(shell, command);
  let released = 0;
  if (lock.isErr() && lock.error.type === 'disk' && isFullCode(lock.error.code)) {
    // Not even a lock can be written, here or elsewhere: this is what the reserve is for.
    released = (await releaseReserve(shell.config.journalDirectory)).unwrapOr(0);
    if (released > 0) lock = await lockRoots(shell, command);
  }
  if (lock.isErr()) return err(lock.error);
  const journal = await open(shell, { waitMs: patienceMs, isSparing: false, released });
  if (journal.isErr()) {
    await lock.value.release();
    return err(journal.error);
  }
  if (journal.value.away !== undefined) await tellAway(journal.value.away, shell);
  return ok(working(journal.value, lock.value, shell));
}

function isFullCode(code: string): boolean {
  return code === 'ENOSPC' || code === 'EDQUOT';
}

async function tellAway(place: string, { terminal }: Shell): Promise<void> {
  const until = (await isVolatile(place))
    ? 'it comes home with the first run that finds room, and is lost if the machine starts again before that'
    : 'it comes home with the first run that finds room';
  terminal.err(`The disk is full: the journal lies in ${printable(place)} for now; ${until}.\n`);
}

function working(journal: Journal, lock: RunLock, shell: Shell): Working {
  const diagnostics = shell.openDiagnostics(humanLogPath(shell));
  return {
    journal,
    diagnostics,
    startRecord: (output) => recordOf(journal, shell, output, diagnostics),
    [Symbol.asyncDispose]: async () => {
      await journal.close();
      await lock.release();
      await diagnostics.close();
    },
  };
}

/** A command that only finishes or undoes makes no journal where there is none. */
export async function isThereAJournal(shell: Pick<Shell, 'config'>): Promise<boolean> {
  return stat(join(await journalPlace(shell), 'db')).then(
    () => true,
    () => false,
  );
}

export function humanLogPath({ config }: Pick<Shell, 'config'>): string {
  return join(config.firstRoot, 'clean', 'clean.log');
}

function recordOf(
  ledger: Ledger,
  shell: Shell,
  output: Output,
  diagnostics: Diagnostics | undefined,
): RunRecord {
  return runRecord(shell.newId(), ledger, (entries) => {
    diagnostics?.entries(entries);
    if (output === 'jsonl') shell.terminal.out(jsonLines(entries));
  });
}

export function jsonLines(entries: readonly Entry[]): string {
  return entries.map((entry) => `${encodeEntry(entry)}\n`).join('');
}

/** What a dry run writes to: the journal when it can be had at once, else memory, with the reason. */
export type DryLedger = AsyncDisposable & {
  readonly record: RunRecord;
  readonly journal: Journal | undefined;
  readonly without: JournalFailure | undefined;
};

function hasPlaceForJournal({ config }: Pick<Shell, 'config'>): boolean {
  const { firstRoot, journalDirectory, roots } = config;
  return roots.includes(firstRoot) || !isAncestorOrSelf(firstRoot, journalDirectory);
}

/** A dry run works without a journal: locked, full, read-only, damaged (J12). */
export async function openForLooking(shell: Shell, output: Output): Promise<DryLedger> {
  // A look makes no root that is not there: the journal is born with the first run.
  const opened = hasPlaceForJournal(shell)
    ? await open(shell, { waitMs: 0, isSparing: true, released: 0 })
    : err<never, JournalFailure>({ type: 'journal-absent', path: shell.config.journalDirectory });
  if (opened.isErr()) {
    const memory = memoryLedger(shell.newId, shell.clock, shell.config.uid, shell.version);
    return {
      record: recordOf(memory, shell, output, undefined),
      journal: undefined,
      without: opened.error,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  const journal = opened.value;
  const diagnostics = shell.openDiagnostics(humanLogPath(shell));
  return {
    record: recordOf(journal, shell, output, diagnostics),
    journal,
    without: undefined,
    [Symbol.asyncDispose]: async () => {
      await journal.close();
      await diagnostics.close();
    },
  };
}
