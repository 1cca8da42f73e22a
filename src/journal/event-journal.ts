/** The journal was born. Always entry 0. */
export type JournalCreated = {
  readonly type: 'JournalCreated';
  readonly journalId: string;
  readonly format: number;
  readonly host: string;
};

export type ReserveReleased = { readonly type: 'ReserveReleased'; readonly bytes: number };

export type ReserveRestored = { readonly type: 'ReserveRestored'; readonly bytes: number };

/** From here on the journal lies in `to`: its home had no room, or has room again. */
export type JournalMoved = {
  readonly type: 'JournalMoved';
  readonly from: string;
  readonly to: string;
  readonly why: 'no-room' | 'room-again';
};

export type ClockWentBack = {
  readonly type: 'ClockWentBack';
  readonly lastAtMs: number;
  readonly nowMs: number;
};

export type TailTruncatedDetected = {
  readonly type: 'TailTruncatedDetected';
  readonly anchorSeq: number;
  readonly headSeq: number;
};

export type SegmentSealed = {
  readonly type: 'SegmentSealed';
  readonly segment: number;
  readonly from: number;
  readonly to: number;
  readonly lastHash: string;
  readonly sha256: string;
};

export type SegmentRetired = {
  readonly type: 'SegmentRetired';
  readonly segment: number;
  readonly to: number;
  readonly lastHash: string;
  readonly sha256: string;
};

export type JournalMigrated = {
  readonly type: 'JournalMigrated';
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly oldHead: string;
  readonly newHead: string;
};

/** The entries up to `headSeq` were kept, so many that are known to have been are not in the chain any more. */
export type JournalRepaired = {
  readonly type: 'JournalRepaired';
  readonly lost: number;
  readonly headSeq: number;
  /** The name, in the journal's directory, of the damaged database. */
  readonly damaged?: string;
  /** The file, beside it, that holds those of the lost entries that could still be read, as a segment does. */
  readonly salvaged?: string;
  readonly salvagedEntries?: number;
  readonly salvagedSha256?: string;
};

/** What the journal tells of itself. */
export type JournalEvent =
  | JournalCreated
  | ReserveReleased
  | ReserveRestored
  | JournalMoved
  | ClockWentBack
  | TailTruncatedDetected
  | SegmentSealed
  | SegmentRetired
  | JournalMigrated
  | JournalRepaired;
