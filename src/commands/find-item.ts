import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import type { JournalReader } from '../journal/journal.ts';
import type { Failure } from '../model/failure.ts';
import { isKind } from '../model/kind.ts';
import { itemMatches, type ItemQuery, type Matches } from '../projections/item-match.ts';

/** Where relative paths begin: here, or in the storage. */
export type Bases = { readonly cwd: string; readonly config: { readonly roots: readonly string[] } };

/** An id, `kind:name`, a path (relative, through links, of something inside) or a name, as it was typed. */
export async function itemQuery(text: string, { cwd, config }: Bases): Promise<ItemQuery> {
  const kind = text.slice(0, Math.max(0, text.indexOf(':')));
  if (isKind(kind)) {
    const name = text.slice(kind.length + 1);
    return name.startsWith('/') ? { text, paths: [] } : { text: name, paths: [], kind };
  }
  if (text === '') return { text, paths: [] };
  const given = [cwd, ...config.roots].map((base) => resolve(base, text));
  // The item itself is never followed: its name is what it is known by. What is gone had a directory.
  const real = given.map((path) =>
    realpath(dirname(path)).then(
      (directory) => join(directory, basename(path)),
      () => path,
    ),
  );
  return { text, paths: [...new Set([...given, ...(await Promise.all(real))])] };
}

/** The items of the journal that are meant; what they were last called is what counts. */
export async function itemsInJournal(
  query: ItemQuery,
  reader: JournalReader,
): Promise<Result<Matches, Failure>> {
  const matches = await reader.fold(itemMatches(query));
  return matches.isErr() ? err(matches.error) : ok(matches.value);
}
