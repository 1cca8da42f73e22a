import { openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok } from 'neverthrow';
import type { Result, ResultAsync } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { openFlags, readRegular } from '../regular-file.ts';
import { namesIn } from './durable.ts';
import { attempt, damaged, later, toJournalFailure } from './journal-failure.ts';
import { closeAll, storeOf } from './level-contents.ts';
import type { Found, InPlace } from './level-contents.ts';
import { parseManifest } from './level-manifest.ts';
import type { LiveTable } from './level-manifest.ts';
import { TableFile } from './level-table-file.ts';

const attempts = 25;

/**
 * Opens the database at `location` as it is now, whoever writes it, and touches nothing: LevelDB itself cannot read
 * without a lock and without writing, does not check what it reads, and ends the process over some damages.
 *
 * Tables never change once a manifest names them, and are held open, so that they last when they are unlinked. Logs and
 * manifest are little and read at once.
 *
 * @param path - what failures are said to be of
 */
export function openInPlace(location: string, path: string): ResultAsync<InPlace, JournalFailure> {
  return later(async () => {
    let last: JournalFailure = { type: 'journal-locked', path };
    for (let tried = 0; tried < attempts; tried += 1) {
      const before = placeOf(location);
      const found = await attempt(path, () => readLogs(location));
      if (found.isErr()) return err(found.error);
      if (found.value === undefined) continue;
      const opened = openTables(found.value, location, path);
      if (opened.isOk() && placeOf(location) === before) {
        return ok(storeOf({ logs: found.value.logs, ...opened.value }, path));
      }
      if (opened.isOk()) {
        // Another database took its place: what was read is of both.
        closeAll(opened.value.tables);
        continue;
      }
      last = opened.error;
      // A table may be merged and gone since the manifest was read: then it is not in the next one.
      if (last.type !== 'journal-damaged') break;
    }
    return err(last);
  });
}

/** Which directory it is now; `undefined` when there is none. */
export function placeOf(location: string): string | undefined {
  const found = statSync(location, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? undefined : `${found.dev} ${found.ino}`;
}

type Files = { readonly manifest: Buffer | undefined; readonly logs: ReadonlyMap<number, Buffer> };

/**
 * Logs first, and one after the other: one that was merged and unlinked before its turn is in the manifest that is read
 * after. So what is read is what there was at one moment, and no earlier than this was called. `undefined` when a log
 * was unlinked meanwhile.
 */
async function readLogs(location: string): Promise<Files | undefined> {
  const logs = new Map<number, Buffer>();
  for (const name of (await namesIn(location)).filter((one) => /^\d+\.log$/.test(one)).sort()) {
    const bytes = await bytesIfThere(join(location, name));
    if (bytes === undefined) return undefined;
    logs.set(Number.parseInt(name, 10), bytes);
  }
  const current = (await bytesIfThere(join(location, 'CURRENT')))?.toString('utf8') ?? '';
  const name = /^(MANIFEST-\d+)\n$/.exec(current)?.[1];
  return { manifest: name === undefined ? undefined : await bytesIfThere(join(location, name)), logs };
}

async function bytesIfThere(path: string): Promise<Buffer | undefined> {
  return readRegular(path).catch((error: unknown) => {
    if (isAbsence(error)) return undefined;
    throw error;
  });
}

function isAbsence(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

type Opened = Pick<Found, 'manifest' | 'tables'>;

function openTables(
  { manifest: bytes }: Files,
  location: string,
  path: string,
): Result<Opened, JournalFailure> {
  if (bytes === undefined) return err(damaged(path, undefined, 'its manifest is missing'));
  const manifest = parseManifest(bytes);
  if (manifest === undefined) return err(damaged(path, undefined, 'its manifest is damaged'));
  const tables: TableFile[] = [];
  for (const table of manifest.tables.values()) {
    const opened = openTable(location, table, path);
    if (opened.isErr()) {
      closeAll(tables);
      return err(opened.error);
    }
    tables.push(opened.value);
  }
  return ok({ manifest, tables });
}

function openTable(location: string, table: LiveTable, path: string): Result<TableFile, JournalFailure> {
  const number = String(table.number).padStart(6, '0');
  const name = `${number}.ldb`;
  // As it was called by LevelDB before 1.14.
  for (const one of [name, `${number}.sst`]) {
    try {
      return ok(new TableFile({ table, name: one, file: openSync(join(location, one), openFlags) }));
    } catch (error) {
      if (!isAbsence(error)) return err(toJournalFailure(path, error));
    }
  }
  return err(damaged(path, undefined, `its file ${name} is missing`));
}
