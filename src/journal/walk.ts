import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { chainHash, hashLength } from './chain.ts';
import { damaged } from './journal-failure.ts';
import type { EntryRange } from './journal.ts';
import { entryKey } from './key.ts';
import type { Store } from './store.ts';

/** A place in the chain: entry `seq` has `hash`. Before entry 0 it is -1 and the seed. */
export type Link = { readonly seq: number; readonly hash: string };

/** The stretch of entries a store should have: after `base`, up to and with `head`. */
export type Span = { readonly path: string; readonly base: Link; readonly head: Link };

/** An entry as it is stored. */
export type StoredText = Link & { readonly text: string };

/**
 * The stored entries of a range, page by page. No number may be missing, and going forward each hash must
 * follow its predecessor's: after the first `Err` there is nothing more.
 */
export async function* walk(
  store: Store,
  { path, base, head }: Span,
  { from = 0, to = head.seq, reverse = false }: EntryRange = {},
): AsyncGenerator<Result<readonly StoredText[], JournalFailure>> {
  const first = Math.max(from, base.seq + 1);
  const last = Math.min(to, head.seq);
  if (first > last) return;

  const before = reverse ? ok(undefined) : hashOf(store, { path, base, head }, first - 1);
  if (before.isErr()) return yield err(before.error);
  let previous = before.value;
  let expected = reverse ? last : first;

  for await (const page of store.pages({ gte: entryKey(first), lte: entryKey(last) }, reverse)) {
    if (page.isErr()) return yield err(page.error);
    const texts: StoredText[] = [];
    for (const [key, value] of page.value) {
      if (key !== entryKey(expected)) return yield err(damaged(path, expected, 'this entry is missing'));
      const hash = value.slice(0, hashLength);
      const text = value.slice(hashLength);
      if (previous !== undefined) {
        if (chainHash(previous, text) !== hash) {
          if (texts.length > 0) yield ok(texts);
          return yield err(damaged(path, expected, 'its hash does not follow from what is stored'));
        }
        previous = hash;
      }
      texts.push({ seq: expected, hash, text });
      expected += reverse ? -1 : 1;
    }
    yield ok(texts);
  }

  const end = reverse ? first - 1 : last + 1;
  if (expected !== end) yield err(damaged(path, expected, 'this entry is missing'));
}

/** The stored hash of entry `seq`, or of the base. */
export function hashOf(store: Store, { path, base }: Span, seq: number): Result<string, JournalFailure> {
  if (seq === base.seq) return ok(base.hash);
  return store
    .get(entryKey(seq))
    .andThen((value) =>
      value === undefined ? err(damaged(path, seq, 'this entry is missing')) : ok(value.slice(0, hashLength)),
    );
}
