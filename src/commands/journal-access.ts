import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { err, ok, type Result } from 'neverthrow';
import { runRecord, memoryLedger, type Ledger, type RunRecord } from '../cleaners/run-record.ts';
import { isAncestorOrSelf } from '../disk/path.ts';
import type { Entry } from '../journal/entry.ts';
import { encodeEntry } from '../journal/codec.ts';
import type { Journal, JournalOptions } from '../journal/journal.ts';
import { openJournal } from '../journal/open.ts';
import type { DiskFailure, JournalFailure, RunLocked } from '../model/failure.ts';
import { inlineProjections } from '../projections/inline.ts';
import { takeRunLock, type RunLock } from '../storage/run-lock.ts';
import { openDiagnostics, type Diagnostics } from '../ui/diagnostics.ts';
import type { Output } from './options.ts';
import type { Shell } from './shell.ts';

/** A dry run that writes its scan holds the database for a moment only: a run waits that long for it. */
const patienceMs = 10_000;
const retryMs = 100;

/** How this program opens its journal. */
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

async function open(shell: Shell, waitMs: number): Promise<Result<Journal, JournalFailure>> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const opened = await openJournal(journalOptions(shell));
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

/** Takes the locks and opens the journal, or says who works there. */
export async function openForWork(
  shell: Shell,
  command: string,
): Promise<Result<Working, JournalFailure | RunLocked | DiskFailure>> {
  const { config } = shell;
  const roots = [...new Set([config.firstRoot, ...config.roots])];
  const lock = await takeRunLock(roots, {
    host: config.host,
    command,
    nowIso: new Date(shell.clock()).toISOString(),
  });
  if (lock.isErr()) return err(lock.error);
  const journal = await open(shell, patienceMs);
  if (journal.isErr()) {
    await lock.value.release();
    return err(journal.error);
  }
  return ok(working(journal.value, lock.value, shell));
}

function working(journal: Journal, lock: RunLock, shell: Shell): Working {
  const diagnostics = openDiagnostics(humanLogPath(shell));
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
export async function isThereAJournal({ config }: Pick<Shell, 'config'>): Promise<boolean> {
  return stat(join(config.journalDirectory, 'db')).then(
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
    ? await open(shell, 0)
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
  const diagnostics = openDiagnostics(humanLogPath(shell));
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
