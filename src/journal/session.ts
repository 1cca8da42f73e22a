import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import { readAnchor } from './anchor.ts';
import type { Anchor } from './anchor.ts';
import { filesSum, tryOnCopy } from './as-left.ts';
import { giveBirth } from './birth.ts';
import { syncFile } from './durable.ts';
import { identityFrom, identityPath, readIdentity, writeIdentity } from './identity.ts';
import { checkAnchor, genesisOf, inspect, liveSpan, readFormat, verifySpan } from './inspect.ts';
import { attempt, damaged } from './journal-failure.ts';
import { storedProjections } from './journal.ts';
import type { JournalOptions } from './journal.ts';
import { databasePath, isDirectory, sweepScratch } from './layout.ts';
import { migrate } from './migrate.ts';
import type { KeyedProjection } from './projection.ts';
import { foldRows, readerOf } from './reader.ts';
import type { Writable } from './reader.ts';
import { trimSealed } from './seal.ts';
import { firstUnsealed } from './segment.ts';
import { checkSealed, sealedNow } from './sealed.ts';
import { replaceRows } from './stored-rows.ts';
import { openStore } from './store.ts';
import type { Store } from './store.ts';
import { finishSwap, sweepOldFormats } from './swap.ts';
import { supportedFormat } from './upcast.ts';
import { writerFrom } from './writer.ts';
import type { Writer } from './writer.ts';

/** One opening of the database, from its lock to its release. A journal may outlive several. */
export type Session = {
  readonly store: Store;
  readonly writer: Writer;
  readonly readable: Writable;
  readonly reader: ReturnType<typeof readerOf>;
  readonly journalId: string;
  readonly anchor: Anchor | undefined;
  /** How many runs there were when it was opened. */
  readonly runs: number;
  readonly born: boolean;
  /** What the anchor said more than there is, when that was accepted. */
  readonly truncated: { readonly anchorSeq: number; readonly headSeq: number } | undefined;
  /** What an anchor may say of the segments: they were whole when the session began. */
  readonly sealed: Pick<Anchor, 'segments'>;
  close(): Promise<void>;
};

/**
 * Directories that this process has open. LevelDB's own lock does not see a second opening under another spelling
 * of the path (JOURNAL 1.6).
 */
const open = new Set<string>();

/** Opens the journal in `directory`, a real path: gives birth when there is none, and checks what there is. */
export async function openSession(
  directory: string,
  options: JournalOptions,
): Promise<Result<Session, JournalFailure>> {
  if (open.has(directory)) return err({ type: 'journal-locked', path: directory });
  open.add(directory);
  const session = await openClaimed(directory, options).catch((defect: unknown) => {
    open.delete(directory);
    throw defect;
  });
  if (session.isErr()) open.delete(directory);
  return session;
}

async function openClaimed(
  directory: string,
  options: JournalOptions,
): Promise<Result<Session, JournalFailure>> {
  await sweepScratch(directory);
  await sweepOldFormats(directory, options.clock());
  const swapped = await attempt(directory, () => finishSwap(directory));
  if (swapped.isErr()) return err(swapped.error);
  const anchor = await readAcceptably(directory, options);
  if (anchor.isErr()) return err(anchor.error);
  const prepared = await prepare(directory, anchor.value, options);
  if (prepared.isErr()) return err(prepared.error);

  const { journalId, born } = prepared.value;
  const files = anchor.value?.files;
  const isAsLeft = journalId !== undefined && files !== undefined && files === (await filesSum(directory));
  const expected = options.acceptTruncation === true ? undefined : anchor.value;
  const tried = isAsLeft || born ? ok(undefined) : await tryOnCopy(directory, expected);
  if (tried.isErr()) return err(tried.error);
  const opened = await openCurrent(directory, journalId, options);
  if (opened.isErr()) return err(atDirectory(opened.error, directory));
  const store = options.seams?.wrapStore?.(opened.value) ?? opened.value;
  const session = await check(store, directory, prepared.value, anchor.value, options);
  if (session.isErr()) await store.close();
  return session;
}

/** Opens the database; one of an older format is first copied forward. */
async function openCurrent(
  directory: string,
  journalId: string | undefined,
  options: JournalOptions,
): Promise<Result<Store, JournalFailure>> {
  const opened = await openStore(databasePath(directory), { create: false });
  if (opened.isErr()) return err(opened.error);
  const store = opened.value;
  const format = readFormat(store, directory);
  if (format.isOk() && format.value === supportedFormat) return ok(store);
  const migrated = format.isErr()
    ? err(format.error)
    : await migrate(store, directory, journalId, { ...options, format: format.value });
  await store.close();
  return migrated.isErr() ? err(migrated.error) : openStore(databasePath(directory), { create: false });
}

type Prepared = { readonly journalId: string | undefined; readonly born: boolean };

/** Sees to it that there is a database, and never takes an empty one for one that was lost. */
async function prepare(
  directory: string,
  anchor: Anchor | undefined,
  options: JournalOptions,
): Promise<Result<Prepared, JournalFailure>> {
  const identity = await readIdentity(directory);
  if (identity.isErr()) return err(identity.error);
  const journalId = identity.value?.journalId;
  if (await isDirectory(databasePath(directory))) return ok({ journalId, born: false });
  if (journalId !== undefined)
    return err(damaged(directory, undefined, 'identity.json is there, the database is not'));
  if (anchor !== undefined && options.acceptTruncation !== true) {
    return err({ type: 'journal-truncated', path: directory, anchorSeq: anchor.seq, headSeq: -1 });
  }
  if (options.mayBeBorn === false) return err({ type: 'journal-absent', path: directory });
  return (await giveBirth(directory, options)).map(() => ({ journalId: undefined, born: true }));
}

async function check(
  store: Store,
  directory: string,
  { journalId: known, born }: Prepared,
  anchor: Anchor | undefined,
  options: JournalOptions,
): Promise<Result<Session, JournalFailure>> {
  const journalId = known === undefined ? await identify(store, directory) : ok(known);
  if (journalId.isErr()) return err(journalId.error);
  const inspected = await inspect(store, directory, journalId.value);
  if (inspected.isErr()) return err(inspected.error);
  const { state, segments } = inspected.value;

  // Sealing goes on behind the segments that are known: it would write over those that are not.
  const unsealed = firstUnsealed(segments, state.base.seq);
  if (unsealed !== undefined)
    return err(damaged(directory, unsealed, 'it is sealed, and no segment is known that has it'));

  const anchored = checkAnchor(store, liveSpan(directory, state), anchor);
  if (anchored.isErr() && options.acceptTruncation !== true) return err(anchored.error);

  const below = await checkSealed(directory, segments, state.base, anchor);
  if (below.isErr()) return err(below.error);

  const stored = storedProjections(options);
  const flush = flushOf(directory);
  const writer = writerFrom({ store, path: directory, state, inline: stored, flush });
  const readable = {
    store,
    path: directory,
    journalId: journalId.value,
    state: writer.state,
    segments,
  };
  const renewed = await renewRows(readable, writer, stored);
  if (renewed.isErr()) return err(renewed.error);
  const trimmed = await trimSealed(readable, writer, options);
  if (trimmed.isErr()) return err(trimmed.error);

  const sealed = await sealedNow(directory, segments, writer.state().base);

  return ok({
    store,
    writer,
    readable,
    reader: readerOf(readable),
    journalId: journalId.value,
    anchor,
    runs: state.head.runs,
    born,
    truncated: anchored.isErr() ? { anchorSeq: anchor?.seq ?? -1, headSeq: state.head.seq } : undefined,
    sealed,
    close: async () => {
      try {
        await store.close();
      } finally {
        open.delete(directory);
      }
    },
  });
}

/**
 * A database without `identity.json`: a birth that was cut short after its rename. It is taken for ours when it
 * verifies as a whole from its own genesis, and the file is written again.
 */
async function identify(store: Store, directory: string): Promise<Result<string, JournalFailure>> {
  const genesis = genesisOf(store);
  if (genesis.isErr()) return err(genesis.error);
  if (genesis.value === undefined) {
    return err(
      damaged(directory, 0, 'identity.json is missing, and the database does not begin with its birth'),
    );
  }
  const { journalId } = genesis.value;
  const inspected = await inspect(store, directory, journalId);
  if (inspected.isErr()) return err(inspected.error);
  const verified = await verifySpan(store, liveSpan(directory, inspected.value.state), 0);
  if (verified.isErr()) return err(verified.error);
  const written = await writeIdentity(directory, identityFrom(genesis.value));
  return written.map(() => journalId);
}

/** Makes the stored rows anew of every projection where they are not those of today's version. */
async function renewRows(
  readable: Writable,
  writer: Writer,
  stored: readonly KeyedProjection<unknown>[],
): Promise<Result<void, JournalFailure>> {
  for (const projection of stored) {
    const { rows } = writer.state();
    const { [projection.name]: sum, ...others } = rows;
    if (sum?.version === projection.version) continue;
    const made = await foldRows(readable, projection);
    if (made.isErr()) return err(made.error);
    // First it is said that they are not to be trusted: a crash in between leaves neither the old ones nor the new.
    const distrusted = sum === undefined ? ok(undefined) : await writer.restate({ rows: others });
    if (distrusted.isErr()) return err(distrusted.error);
    const replaced = await replaceRows(readable.store, projection, made.value);
    if (replaced.isErr()) return err(replaced.error);
    const restated = await writer.restate({ rows: { ...others, [projection.name]: replaced.value } });
    if (restated.isErr()) return err(restated.error);
  }
  return ok(undefined);
}

/** An unreadable anchor is forgiven only to those who accept that the tail may be missing. */
async function readAcceptably(
  directory: string,
  { acceptTruncation }: JournalOptions,
): Promise<Result<Anchor | undefined, JournalFailure>> {
  const anchor = await readAnchor(directory);
  if (anchor.isErr() && anchor.error.type === 'journal-damaged' && acceptTruncation === true)
    return ok(undefined);
  return anchor;
}

/** LevelDB's sync does not reach the drive on macOS; Node's does, for the whole volume (JOURNAL 1.2). */
function flushOf(directory: string): () => Promise<Result<void, JournalFailure>> {
  if (process.platform !== 'darwin') return async () => ok(undefined);
  return async () => attempt(directory, () => syncFile(identityPath(directory)));
}

function atDirectory(failure: JournalFailure, path: string): JournalFailure {
  return { ...failure, path };
}
