import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { operationOf, quarantineLevels } from './quarantine-place.ts';
import type { RunRecord } from './run-record.ts';

type Quarantines = {
  readonly record: RunRecord;
  readonly journalId: string;
  readonly roots: readonly string[];
  /** Paths in quarantine that are on record as nobody's. */
  readonly knownOrphans: ReadonlySet<string>;
};

/** What lies in this journal's quarantine and belongs to no open operation is reported, and left alone. */
export async function reportOrphans(
  known: ReadonlySet<string>,
  { record, roots, journalId, knownOrphans }: Quarantines,
): Promise<Result<void, JournalFailure>> {
  const orphans: string[] = [];
  for (const root of roots) {
    const directory = join(root, ...quarantineLevels(journalId));
    const names = await readdir(directory).catch(() => []);
    for (const name of names) {
      const path = join(directory, name);
      if (!known.has(operationOf(path) ?? '')) orphans.push(path);
    }
  }
  return noteOrphans(orphans, { record, knownOrphans });
}

/** Tells once of each. */
export async function noteOrphans(
  paths: readonly string[],
  { record, knownOrphans }: Pick<Quarantines, 'record' | 'knownOrphans'>,
): Promise<Result<void, JournalFailure>> {
  const news = paths.filter((path) => !knownOrphans.has(path));
  const noted = await record.note(news.map((path) => ({ type: 'QuarantineOrphanFound', path }) as const));
  return noted.isErr() ? err(noted.error) : ok(undefined);
}
