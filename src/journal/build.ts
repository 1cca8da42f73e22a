import { mkdir } from 'node:fs/promises';
import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { discardFlatDirectory, syncDatabaseDirectory } from './durable.ts';
import type { Draft, Link } from './entry.ts';
import { inspect, liveSpan, verifySpan } from './inspect.ts';
import { attempt } from './journal-failure.ts';
import { storedProjections } from './journal.ts';
import type { JournalOptions } from './journal.ts';
import { entryKey, formatKey } from './key.ts';
import { foldAllRows } from './reader.ts';
import type { Segment } from './segment.ts';
import type { RowSum } from './state.ts';
import { replaceRows } from './stored-rows.ts';
import { openStore } from './store.ts';
import type { Store } from './store.ts';
import { newNextPath } from './swap.ts';
import { supportedFormat } from './upcast.ts';
import type { StoredText } from './walk.ts';
import { writerFrom } from './writer.ts';

export type Blueprint = {
  /** The journal's directory. */
  readonly directory: string;
  readonly journalId: string;
  /** What is sealed before `base`. */
  readonly segments: readonly Segment[];
  readonly base: Link;
  /** What the database is to hold after it, to the letter. */
  readonly entries: AsyncIterable<Result<readonly StoredText[], JournalFailure>>;
  /** What is appended to that. */
  readonly closing: (last: Link) => readonly Draft[];
};

export type Built = { readonly path: string; readonly head: Link };

/**
 * Makes a database of today's format aside, from entries that some other one held: they keep their text and their
 * place in the chain, rows are made anew. It is durable, and was opened again and verified, when this resolves.
 */
export async function buildDatabase(
  blueprint: Blueprint,
  options: JournalOptions,
): Promise<Result<Built, JournalFailure>> {
  const { directory } = blueprint;
  const path = newNextPath(directory);
  const built = await buildAt(path, blueprint, options);
  if (built.isErr()) await attempt(directory, () => discardFlatDirectory(path));
  return built;
}

async function buildAt(
  path: string,
  blueprint: Blueprint,
  options: JournalOptions,
): Promise<Result<Built, JournalFailure>> {
  const { directory, journalId } = blueprint;
  const step = options.seams?.afterStep ?? (() => undefined);
  const made = await attempt(directory, () => mkdir(path, { mode: 0o700 }));
  if (made.isErr()) return err(made.error);
  step('next-made');
  const store = await openStore(path, { create: true });
  if (store.isErr()) return err(store.error);
  const head = await fill(store.value, blueprint, options, step);
  await store.value.close();
  if (head.isErr()) return err(head.error);
  step('next-closed');

  const again = await openStore(path, { create: false });
  if (again.isErr()) return err(again.error);
  const inspected = await inspect(again.value, directory, journalId);
  const verified = inspected.isErr()
    ? err(inspected.error)
    : await verifySpan(again.value, liveSpan(directory, inspected.value.state), 0);
  await again.value.close();
  if (verified.isErr()) return err(verified.error);
  const synced = await attempt(directory, () => syncDatabaseDirectory(path));
  step('next-synced');
  return synced.map(() => ({ path, head: head.value }));
}

async function fill(
  store: Store,
  { directory, journalId, segments, base, entries, closing }: Blueprint,
  options: JournalOptions,
  step: (step: string) => void,
): Promise<Result<Link, JournalFailure>> {
  let last = base;
  for await (const page of entries) {
    if (page.isErr()) return err(page.error);
    const written = await store.write(
      page.value.map(({ seq, hash, text }) => ({ type: 'put', key: entryKey(seq), value: hash + text })),
    );
    if (written.isErr()) return err(written.error);
    last = page.value.at(-1) ?? last;
  }
  step('next-filled');

  const head = { seq: last.seq, hash: last.hash, runs: 0 };
  const state = { journalId, base, head, rows: {} };
  const stored = storedProjections(options);
  const folded = await foldAllRows(
    { store, path: directory, journalId, state: () => state, segments },
    stored,
  );
  if (folded.isErr()) return err(folded.error);
  const rows: Record<string, RowSum> = {};
  for (const { projection, rows: made } of folded.value.tables) {
    const replaced = await replaceRows(store, projection, made);
    if (replaced.isErr()) return err(replaced.error);
    rows[projection.name] = replaced.value;
  }

  const whole = { ...state, head: { ...head, runs: folded.value.runs }, rows };
  const flush = (): Promise<Result<void, JournalFailure>> => Promise.resolve(ok(undefined));
  const writer = writerFrom({ store, path: directory, state: whole, inline: stored, flush });
  const stamped = closing(last).map((draft) => ({
    draft,
    id: options.newId(),
    atMs: Math.trunc(options.clock()),
    actor: options.actor,
  }));
  const format = { type: 'put', key: formatKey, value: JSON.stringify(supportedFormat) } as const;
  const told = await writer.append(stamped, [format]);
  return told.map(() => writer.state().head);
}
