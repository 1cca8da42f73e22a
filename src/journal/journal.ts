import type { Result, ResultAsync } from 'neverthrow';
import type { JournalFailure } from '../model/failure.ts';
import type { Anchor } from './anchor.ts';
import type { Actor, Draft, Entry, Head } from './entry.ts';
import type { KeyedProjection, Projection } from './projection.ts';
import type { Refuge } from './refuge.ts';
import { segmentRows } from './segment.ts';
import type { Segment } from './segment.ts';
import type { Store } from './store.ts';
import type { StoredText } from './walk.ts';

/** Both ends are included; left out, they are the first entry and the last. */
export type EntryRange = { readonly from?: number; readonly to?: number; readonly reverse?: boolean };

export type RowPage<Row> = readonly (readonly [key: string, row: Row])[];

export type JournalReader = AsyncDisposable & {
  readonly journalId: string;
  /** The journal's directory, a real path. */
  readonly directory: string;
  /** The last entry: of a journal now, of a snapshot when it was taken. */
  readonly head: Head;
  /** What `anchor.json` said when this was opened. */
  readonly anchor: Anchor | undefined;
  /** Sealed in files of their own, in order. What is read of entries comes from them and the database alike. */
  readonly segments: readonly Segment[];
  /** Entries in order, decoded; a gap is an error, and so is a broken chain. Stops after the first `Err`. */
  entries(range?: EntryRange): AsyncIterable<Result<Entry, JournalFailure>>;
  /** The same, page by page as they are stored: exports carry the text to the letter. */
  stored(range?: EntryRange): AsyncIterable<Result<readonly StoredText[], JournalFailure>>;
  /**
   * All of them in the same way, read and checked by a thread while they are made use of here, when there are more than
   * `least`. A journal that is open for writing has none.
   */
  storedAside?(least: number): AsyncIterable<Result<readonly StoredText[], JournalFailure>>;
  fold<State>(projection: Projection<State>, range?: EntryRange): ResultAsync<State, JournalFailure>;
  /** All rows; folded from the entries when they are not stored, or were stored by another version. */
  rows<Row>(projection: KeyedProjection<Row>): ResultAsync<Map<string, Row>, JournalFailure>;
  /** The same, page by page: nothing is told of rows that do not add up, and no more of them than a page is in memory. */
  rowPages<Row>(projection: KeyedProjection<Row>): AsyncIterable<Result<RowPage<Row>, JournalFailure>>;
  row<Row>(projection: KeyedProjection<Row>, key: string): ResultAsync<Row | undefined, JournalFailure>;
  /**
   * Whether the files of the database are what was written, where nothing reads them, too. A journal that is open for
   * writing has none: LevelDB may be making some just now.
   */
  checkFiles?(): ResultAsync<void, JournalFailure>;
  close(): Promise<void>;
};

export type Journal = JournalReader & {
  /**
   * Appends in order, durable when it resolves. Concurrent calls wait for each other. After a failure that
   * could not be recovered from, every later call is `journal-dead`.
   */
  append(drafts: readonly Draft[]): ResultAsync<readonly Entry[], JournalFailure>;
  /** Where it lies now, when its home has no room for it. */
  readonly away: string | undefined;
  /**
   * Brings the journal home when it is away and there is room again; then writes the reserve when it is missing and
   * there is room for it: `true` when written now.
   */
  restoreReserve(): ResultAsync<boolean, JournalFailure>;
  /** Says beside the database how far it is. Closing does so too, when something was appended. */
  writeAnchor(): ResultAsync<void, JournalFailure>;
};

export type JournalOptions = {
  /** The journal directory itself. Made when it is missing. */
  readonly directory: string;
  /** UTC milliseconds. */
  readonly clock: () => number;
  readonly newId: () => string;
  readonly actor: Actor;
  readonly host: string;
  /** Projections stored beside the entries, always up to date. */
  readonly inline: readonly KeyedProjection<unknown>[];
  /** Opens although the anchor knows of entries that are gone, and journals that they are. */
  readonly acceptTruncation?: boolean;
  /** `false`: what is not there is `journal-absent`, whoever opens it to mend it or to accept what it is. */
  readonly mayBeBorn?: boolean;
  /** Where it may be born while its home has no room; without it, nowhere. */
  readonly refuge?: Refuge;
  /** Bytes of the reserve that were given up already, to be able to come here. */
  readonly released?: number;
  /** Opens for a look only: does not give up the reserve, which is for those who make room. */
  readonly isSparing?: boolean;
  /** When entries are sealed; what is left out is as JOURNAL 7.7 has it. */
  readonly sealing?: Partial<Sealing>;
  readonly seams?: JournalSeams;
};

export type Sealing = {
  /** So many entries in the database, or the oldest of them so old, and a segment is due. */
  readonly entries: number;
  readonly ageMs: number;
  /** A segment is never longer than this. */
  readonly segmentBytes: number;
};

/** Where tests put faults in. */
export type JournalSeams = {
  readonly wrapStore?: (store: Store) => Store;
  /** Called after each step of a birth, a sealing, a migration or a repair. */
  readonly afterStep?: (step: string) => void;
  readonly reserveBytes?: number;
  /** Called after each step of the journal's way home. */
  readonly afterMoveStep?: (step: string) => void;
};

/** All projections whose rows are stored: the journal's own, and those that were asked for. */
export function storedProjections({
  inline,
}: Pick<JournalOptions, 'inline'>): readonly KeyedProjection<unknown>[] {
  return [segmentRows, ...inline];
}
