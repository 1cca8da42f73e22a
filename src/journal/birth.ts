import { randomBytes } from 'node:crypto';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { chainSeed } from './chain.ts';
import { discardFlatDirectory, syncDatabaseDirectory, syncDirectory } from './durable.ts';
import { attempt } from './journal-failure.ts';
import { storedProjections } from './journal.ts';
import type { JournalOptions } from './journal.ts';
import { formatKey } from './key.ts';
import { databasePath, isDirectory, scratchPrefix } from './layout.ts';
import { openStore } from './store.ts';
import { supportedFormat } from './upcast.ts';
import { writerFrom } from './writer.ts';

/**
 * Makes a database that holds the genesis entry, aside, and renames it into place when all of it is durable: a
 * database that saw a power cut right after its first open would never open again (JOURNAL 0.6). A crash in
 * between leaves a scratch directory for `sweepScratch`, or a database that only lacks `identity.json`.
 */
export async function giveBirth(
  directory: string,
  options: JournalOptions,
): Promise<Result<void, JournalFailure>> {
  const scratch = join(directory, `${scratchPrefix}${process.pid}-${randomBytes(4).toString('hex')}`);
  const filled = await fill(scratch, directory, options);
  if (filled.isErr()) {
    // What is left of it is swept by a later open.
    await attempt(directory, () => discardFlatDirectory(scratch));
    return err(filled.error);
  }
  return attempt(directory, async () => {
    if (!(await renamedInto(scratch, databasePath(directory)))) return discardFlatDirectory(scratch);
    options.seams?.afterStep?.('renamed');
    await syncDirectory(directory);
    options.seams?.afterStep?.('rename-synced');
  });
}

async function fill(
  scratch: string,
  directory: string,
  options: JournalOptions,
): Promise<Result<void, JournalFailure>> {
  const step = options.seams?.afterStep ?? (() => undefined);
  const made = await attempt(directory, () => mkdir(scratch, { mode: 0o700 }));
  if (made.isErr()) return err(made.error);
  step('scratch-made');
  const store = await openStore(scratch, { create: true });
  if (store.isErr()) return err(store.error);
  step('database-made');

  const journalId = options.newId();
  const base = { seq: -1, hash: chainSeed(journalId) };
  const state = { journalId, base, head: { ...base, runs: 0 }, rows: {} };
  const writer = writerFrom({
    store: store.value,
    path: directory,
    state,
    inline: storedProjections(options),
    flush: async () => ok(undefined),
  });
  const event = { type: 'JournalCreated', journalId, format: supportedFormat, host: options.host } as const;
  const genesis = {
    draft: { event },
    id: options.newId(),
    atMs: Math.trunc(options.clock()),
    actor: options.actor,
  };
  const format = { type: 'put', key: formatKey, value: JSON.stringify(supportedFormat) } as const;
  const written = await writer.append([genesis], [format]);
  await store.value.close();
  if (written.isErr()) return err(written.error);
  step('genesis-written');
  const synced = await attempt(directory, () => syncDatabaseDirectory(scratch));
  step('genesis-synced');
  return synced;
}

/** `false` when another process has given birth meanwhile. */
async function renamedInto(scratch: string, place: string): Promise<boolean> {
  try {
    await rename(scratch, place);
    return true;
  } catch (error) {
    // Looked for: LevelDB makes the directory of a database that is not there, and then it looks damaged for ever.
    const taken = error instanceof Error && 'code' in error && isTaken(error.code);
    if (taken && (await isDirectory(place))) return false;
    throw error;
  }
}

function isTaken(code: unknown): boolean {
  return code === 'ENOTEMPTY' || code === 'EEXIST' || (process.platform === 'win32' && code === 'EPERM');
}
