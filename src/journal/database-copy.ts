import { randomBytes } from 'node:crypto';
import { constants, copyFile, mkdir, mkdtemp, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { err, ok } from 'neverthrow';
import type { Result, ResultAsync } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { readRegular } from '../regular-file.ts';
import { discardFlatDirectory, namesIn, readIfThere, unlinkIfThere } from './durable.ts';
import { attempt, damaged, later } from './journal-failure.ts';
import { currentDatabase, snapshotPrefix } from './layout.ts';
import { parseManifest } from './level-manifest.ts';
import { isTableWhole } from './level-table.ts';
import type { Readable } from './reader.ts';
import { readableFrom } from './snapshot.ts';
import { openStore } from './store.ts';

const attempts = 4;
const attemptsAtLogs = 25;

/** A copy of the journal as it is now, which LevelDB may write into. */
export type Copy = {
  readonly readable: Readable;
  /** Discards the copy. */
  readonly close: () => Promise<void>;
};

/**
 * Copies the journal's database, `LOCK` left alone, and opens the copy with LevelDB. Tables are copied and not linked,
 * though they never change: opening the copy makes new tables, and LevelDB may give one the number of a linked table
 * that its manifest does not know yet. It would truncate the original.
 */
export function openCopy(directory: string): ResultAsync<Copy, JournalFailure> {
  return later(async () => {
    let last: JournalFailure = { type: 'journal-absent', path: directory };
    for (let tried = 0; tried < attempts; tried += 1) {
      const taken = await take(directory);
      if (taken.isOk()) return taken;
      last = taken.error;
      if (last.type === 'journal-newer') break;
    }
    return err(last);
  });
}

/** Beside the database, where file systems that can share blocks do; elsewhere when there is no room. */
async function take(directory: string): Promise<Result<Copy, JournalFailure>> {
  const beside = await takeIn(directory, await makeBeside(directory));
  // What is wrong with the journal itself is wrong everywhere.
  if (beside.isOk() || !['journal-full', 'journal-unavailable'].includes(beside.error.type)) return beside;
  const taken = await takeIn(directory, await makeIn(tmpdir()));
  return taken.isOk() ? taken : beside;
}

async function takeIn(
  directory: string,
  scratch: Result<string, JournalFailure>,
): Promise<Result<Copy, JournalFailure>> {
  if (scratch.isErr()) return err(scratch.error);
  const path = scratch.value;
  const copied = await copyDatabase(await currentDatabase(directory), path);
  const whole = copied.isErr() ? err(copied.error) : await checkTables(path, directory);
  const store = whole.isErr() ? err(whole.error) : await openStore(path, { create: false });
  if (store.isErr()) {
    await discard(path);
    return err({ ...store.error, path: directory });
  }
  const readable = await readableFrom(store.value, directory);
  const close = async (): Promise<void> => {
    await store.value.close();
    await discard(path);
  };
  if (readable.isErr()) await close();
  return readable.map((found) => ({ readable: found, close }));
}

function makeBeside(directory: string): ResultAsync<string, JournalFailure> {
  const name = `${snapshotPrefix}${process.pid}-${randomBytes(4).toString('hex')}`;
  const beside = join(directory, name);
  return attempt(directory, () => mkdir(beside, { mode: 0o700 })).map(() => beside);
}

function makeIn(base: string): ResultAsync<string, JournalFailure> {
  return attempt(base, () => mkdtemp(join(base, 'prodigy-journal-')));
}

/**
 * Copies tables before and after the rest, so that all that the manifest names are there, and whole. The rest is
 * little and soon copied: it is tried again while the writer switches its log, which would leave a hole.
 */
export function copyDatabase(database: string, scratch: string): ResultAsync<void, JournalFailure> {
  return attempt(database, async () => {
    await copyTables(database, scratch);
    for (let tried = 0; tried < attemptsAtLogs; tried += 1) {
      if (!(await copyLogs(database, scratch))) continue;
      await copyTables(database, scratch);
      return true;
    }
    return false;
  }).andThen((isWhole) =>
    isWhole ? ok(undefined) : err({ type: 'journal-locked', path: database } satisfies JournalFailure),
  );
}

/** LevelDB checks no table on reading, and some damages end the process: they are checked before it sees them. */
async function checkTables(scratch: string, path: string): Promise<Result<void, JournalFailure>> {
  const names = await namesIn(scratch);
  const edits = await attempt(path, async () => {
    const manifest = (await readIfThere(join(scratch, 'CURRENT')))?.trim() ?? '';
    return names.includes(manifest) ? readRegular(join(scratch, manifest)) : undefined;
  });
  if (edits.isErr()) return err(edits.error);
  const live = edits.value === undefined ? undefined : parseManifest(edits.value)?.tables;
  // What a full disk kept from being finished belongs to nothing.
  for (const name of names.filter((one) => isTable(one) && live?.has(Number.parseInt(one, 10)) === true)) {
    const bytes = await attempt(path, () => readRegular(join(scratch, name)));
    if (bytes.isErr()) return err(bytes.error);
    if (!isTableWhole(bytes.value)) return err(damaged(path, undefined, `its file ${name} is damaged`));
  }
  return ok(undefined);
}

/** Logs, manifest and `CURRENT`; `false` when they were not the same ones after as before. */
async function copyLogs(database: string, scratch: string): Promise<boolean> {
  for (const name of await logsIn(scratch)) await unlinkIfThere(join(scratch, name));
  const before = await logsIn(database);
  for (const name of before)
    if (!(await copyIfThere(join(database, name), join(scratch, name)))) return false;
  return before.join() === (await logsIn(database)).join();
}

async function logsIn(directory: string): Promise<readonly string[]> {
  return (await namesIn(directory)).filter(isMutable).sort();
}

/** A table that was still being made when it was copied is copied again. */
async function copyTables(database: string, scratch: string): Promise<void> {
  for (const name of (await namesIn(database)).filter(isTable)) {
    const [from, to] = [join(database, name), join(scratch, name)];
    if ((await sizeOf(from)) !== (await sizeOf(to))) await copyIfThere(from, to);
  }
}

/** Shares blocks where the file system can. What is missing in the end, LevelDB misses when it opens. */
async function copyIfThere(from: string, to: string): Promise<boolean> {
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
}

function isTable(name: string): boolean {
  return /^\d+\.(ldb|sst)$/.test(name);
}

function isMutable(name: string): boolean {
  return name === 'CURRENT' || /^MANIFEST-\d+$/.test(name) || /^\d+\.log$/.test(name);
}

async function discard(scratch: string): Promise<void> {
  // What resists is swept when this process is no more.
  await discardFlatDirectory(scratch).catch(() => undefined);
}
