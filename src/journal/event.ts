import type { BranchKeptReason, SpentBranch } from '../model/branch.ts';
import type { ItemId, Part } from '../model/item.ts';
import type { Kind } from '../model/kind.ts';
import type { PinTarget } from '../model/pin.ts';
import type { Evidence, KeepReason, RemovalProof, RemoveReason } from '../model/reason.ts';
import type { Pointers } from '../model/worktree.ts';

/** The journal was born. Always entry 0. */
export type JournalCreated = {
  readonly type: 'JournalCreated';
  readonly journalId: string;
  readonly format: number;
  readonly host: string;
};

/** What a run covers. Paths are absolute; `gitDir` identifies a repository. */
export type RunScope = {
  readonly allRepositories: boolean;
  readonly repositories: readonly { readonly name: string; readonly gitDir?: string }[];
  readonly roots: readonly string[];
  readonly kinds: readonly Kind[];
  readonly mapreduceOnly?: boolean;
  readonly jobId?: string;
};

/** What the run judged by. Times are UTC milliseconds, retention in milliseconds. */
export type RunPolicy = {
  readonly nowMs: number;
  readonly retentionMs: Readonly<Record<Kind, number>>;
  /** Items not older than this stay: `nowMs - retentionMs`, fixed for the run and whoever resumes it. */
  readonly cutoffMs: Readonly<Record<Kind, number>>;
  readonly windowMs: number;
  readonly mergedOnly: boolean;
  readonly deleteMergedBranches?: boolean;
  readonly insisted?: boolean;
  /** So many of each repository and kind stay, the youngest, whatever their age. */
  readonly keepLast?: number;
  /** What went was the oldest, until it made so many bytes. */
  readonly freeBytes?: number;
  /** How much may go before the run is refused, as it was typed. */
  readonly maxDelete?: string;
  /** SHA-256 of the normalised policy, first 16 hex digits. */
  readonly hash: string;
};

/** Who asked. Names and ids only, never values of other environment variables (P10). */
export type RunActor = {
  readonly user: string;
  readonly uid: number;
  /** With whose rights it acted. */
  readonly effectiveUid?: number;
  /** Who became this user by sudo. */
  readonly sudoUser?: string;
  readonly sudoUid?: number;
  readonly host: string;
  readonly pid: number;
  /** Name of the process that started it, as the kernel has it. */
  readonly parent?: string;
  readonly parentPid?: number;
  /** The start of the machine that the pid is of, and how long that was ago, in milliseconds. */
  readonly boot?: { readonly id: string; readonly upMs: number };
  readonly terminal: boolean;
  /** The CI job it ran in, when that could be recognised. */
  readonly ci?: ActorContext;
  /** The coding agent it ran under, when that could be recognised. */
  readonly agent?: ActorContext;
  /** Version of this program. */
  readonly tool?: string;
};

export type ActorContext = { readonly name: string; readonly id?: string };

/** An invocation that looks (dry run, overview) or may remove something began. */
export type RunStarted = {
  readonly type: 'RunStarted';
  readonly command: string;
  /** Normalised arguments. */
  readonly argv: readonly string[];
  readonly dryRun: boolean;
  readonly scope: RunScope;
  readonly policy: RunPolicy;
  readonly actor: RunActor;
  /** The run whose remaining work this one takes up. */
  readonly resumeOf?: string;
  /** The plan that this run carries out, or less of it. */
  readonly applies?: string;
};

type Judged = {
  readonly item: ItemId;
  readonly kind: Kind;
  readonly name: string;
  readonly path: string;
  /** Path of the main git directory when known, else the name. */
  readonly repository?: string;
  /** Allocated bytes, when measured. */
  readonly bytes?: number;
  /** What its age was counted from. UTC milliseconds. */
  readonly agedFromMs?: number;
  readonly evidence: Evidence;
};

/** An item stays. Repeated only when the verdict or its evidence differs from the last one journalled for it. */
export type ItemKept = Judged & { readonly type: 'ItemKept'; readonly reason: KeepReason };

/** An item was found past its retention, unprotected and safe to lose. Repeated as {@link ItemKept}. */
export type ItemCondemned = Judged & {
  readonly type: 'ItemCondemned';
  readonly reason: RemoveReason;
  readonly proof: RemovalProof;
};

export type Tally = { readonly items: number; readonly bytes: number };

/** All items of one kind in scope were looked at and judged. */
export type ScanCompleted = {
  readonly type: 'ScanCompleted';
  readonly kind: Kind;
  readonly found: Tally;
  readonly condemned: Tally;
  readonly kept: Readonly<Partial<Record<KeepReason, Tally>>>;
  /** Known to belong to other repositories, not looked at further. */
  readonly outOfScope: number;
  readonly durationMs: number;
  /** SHA-256 over all verdicts in order, first 16 hex digits: equal digests, equal decisions. */
  readonly digest: string;
};

/** Something in the storage is not an item and was left alone. Journalled when it differs from the last scan's. */
export type OddityFound = {
  readonly type: 'OddityFound';
  readonly reason: KeepReason;
  readonly detail: string;
  readonly path?: string;
};

/** One planned item with what its parts were when it was judged. */
export type PlannedItem = {
  readonly item: ItemId;
  readonly bytes: number;
  /** `head` for worktrees only. */
  readonly head?: string;
  readonly parts: readonly Pick<Part, 'path' | 'identity' | 'stamp'>[];
  /** Branches that are to go with it. */
  readonly deletes?: readonly SpentBranch[];
};

/** A piece of a plan's list, in order of removal. A plan already on record is not recorded again. */
export type PlanRecorded = {
  readonly type: 'PlanRecorded';
  readonly plan: string;
  readonly piece: number;
  readonly pieces: number;
  readonly items: readonly PlannedItem[];
};

/** The run knows what it would remove. `plan` is the content hash of the ordered list. */
export type RunPlanned = { readonly type: 'RunPlanned'; readonly plan: string } & Tally;

/** Consent was given, before the first intent. */
export type RunConfirmed = {
  readonly type: 'RunConfirmed';
  readonly plan: string;
  readonly how: 'prompt' | 'force' | 'typed-word' | 'resume';
} & Tally;

/** The question was answered with no, or not at all. */
export type RunDeclined = {
  readonly type: 'RunDeclined';
  readonly how: 'answer' | 'end-of-input' | 'timeout';
};

/** A safety rule stopped the run before anything was removed. */
export type RunRefused = { readonly type: 'RunRefused'; readonly rule: string; readonly detail: Evidence };

/** How a worktree is taken out of git and could be made again. */
export type WorktreeRegistration = {
  readonly mainGitDir: string;
  readonly adminDir: string;
  readonly branch?: string;
  readonly head: string;
  readonly pointers?: Pointers;
  /** Its own settings, and where copies of them stay for undo; not told by older entries. */
  readonly settings?: readonly { readonly name: string; readonly keptAt: string }[];
};

/** How the item leaves its place (JOURNAL 3.3). */
export type RemovalMode = 'quarantine' | 'in-parent';

/** A part and the place it is renamed to. */
export type Move = Pick<Part, 'role' | 'path' | 'identity'> & {
  readonly to: string;
  /** Where it stays for undo when the rest of a worktree is freed. */
  readonly keptAt?: string;
};

/** An item is about to be moved. Synced before anything is touched; holds all that `resume` and `undo` need. */
export type RemovalIntended = {
  readonly type: 'RemovalIntended';
  readonly item: ItemId;
  readonly kind: Kind;
  readonly name: string;
  readonly root: string;
  readonly repository?: string;
  readonly bytes: number;
  readonly files: number;
  readonly reason: RemoveReason;
  readonly proof: RemovalProof;
  readonly mode: RemovalMode;
  /** In the order of moving. */
  readonly moves: readonly Move[];
  /** How long it is to be held for undo, in milliseconds; 0: its bytes are freed at once. */
  readonly holdMs: number;
  /** How long undo can make a worktree again, which is freed at once. In milliseconds. */
  readonly undoMs?: number;
  /** 1 for the first try, counted over runs. */
  readonly attempt: number;
  /** Ids of Prodigy's resume locks held while it goes. */
  readonly locks: readonly string[];
  readonly worktree?: WorktreeRegistration;
  /** Branches to be deleted after the worktree has left git, each only if it is still what it was. */
  readonly deletes?: readonly SpentBranch[];
  /** Where the work in it is kept before it moves. */
  readonly snapshot?: { readonly ref: string };
};

/** The work in a worktree is kept under a ref and can be read again. Before it is moved. */
export type SnapshotTaken = {
  readonly type: 'SnapshotTaken';
  readonly item: ItemId;
  readonly ref: string;
  readonly commit: string;
};

/** All parts are in quarantine, durably. `heldUntilMs`: not freed before (undo). */
export type ItemQuarantined = {
  readonly type: 'ItemQuarantined';
  readonly item: ItemId;
  readonly recovered?: boolean;
  readonly heldUntilMs?: number;
  /** Those of its intent, so that what is held can be summed up without it. */
  readonly bytes?: number;
};

/** It is not what was judged any more, or protected now: left alone. */
export type ItemDrifted = {
  readonly type: 'ItemDrifted';
  readonly item: ItemId;
  readonly reason: KeepReason | 'expectation-gone';
  readonly evidence: Evidence;
};

/** Gone without us. Not counted as freed. */
export type ItemVanished = { readonly type: 'ItemVanished'; readonly item: ItemId };

/** It could not be removed. `retryable`: `resume` tries again. */
export type ItemFailed = {
  readonly type: 'ItemFailed';
  readonly item: ItemId;
  readonly code: string;
  readonly syscall?: string;
  readonly path: string;
  readonly detail?: string;
  readonly attempt: number;
  readonly retryable: boolean;
};

/**
 * It was moved in part, the rest could not be moved, and what was moved could not be put back: it waits in
 * quarantine, and `resume` tries again. The operation stays open.
 */
export type PutBackBlocked = {
  readonly type: 'PutBackBlocked';
  readonly item: ItemId;
  readonly path: string;
  readonly code: string;
};

/** Its bytes begin to be freed in a later run than the one that moved it. */
export type PurgeStarted = {
  readonly type: 'PurgeStarted';
  readonly item: ItemId;
  readonly why: 'resumed' | 'undo-expired' | 'undo-cap' | 'disk-full' | 'asked';
};

/** Some of its files could not be unlinked; what is left stays in quarantine and `resume` tries again. */
export type PurgeBlocked = {
  readonly type: 'PurgeBlocked';
  readonly item: ItemId;
  /** At most 20. */
  readonly paths: readonly string[];
  readonly codes: readonly string[];
  readonly blocked: number;
  readonly attempt: number;
};

/** Durably gone and looked for. */
export type ItemRemoved = {
  readonly type: 'ItemRemoved';
  readonly item: ItemId;
  /** Measured when it was scanned. */
  readonly bytes: number;
  /** Entries that this process unlinked. */
  readonly files: number;
  /** `absent`: it was already gone from quarantine when it was looked for. */
  readonly observed?: 'absent';
};

/**
 * A branch went with its worktree; `commit` is all it takes to make it again. `absent`: it was gone already when it
 * was to be deleted, which after a crash means by us.
 */
export type BranchDeleted = {
  readonly type: 'BranchDeleted';
  readonly item: ItemId;
  /** Full name. */
  readonly branch: string;
  readonly commit: string;
  /** Full name of the branch that held its content. */
  readonly into: string;
  readonly observed?: 'absent';
};

/** A branch that was to go with its worktree stays: in doubt, it is kept, and the worktree goes all the same. */
export type BranchKept = {
  readonly type: 'BranchKept';
  readonly item: ItemId;
  readonly branch: string;
  readonly commit: string;
  readonly reason: BranchKeptReason;
};

/**
 * A worktree that was freed is about to be made again, by an operation that is named after the removal's; see
 * {@link removalOf}. Ends like every operation: restored, or failed.
 */
export type UndoIntended = { readonly type: 'UndoIntended'; readonly item: ItemId; readonly name: string };

/** What undo needed of a worktree beyond git is freed: it cannot be put back any more. */
export type UndoExpired = {
  readonly type: 'UndoExpired';
  readonly item: ItemId;
  readonly why: 'undo-expired' | 'disk-full';
};

/** The operation that removed what this one puts back: itself, when it is a removal. */
export function removalOf(op: string): string {
  return op.split('~')[0] ?? op;
}

/** Back in its place. */
export type ItemRestored = {
  readonly type: 'ItemRestored';
  readonly item: ItemId;
  readonly why: 'undo' | 'put-back';
};

/** A power cut had undone a rename whose fact was already journalled: it was done again. */
export type RenameRedone = { readonly type: 'RenameRedone'; readonly item: ItemId };
/** A power cut had undone a purge whose fact was already journalled: it was done again. */
export type PurgeRedone = { readonly type: 'PurgeRedone'; readonly item: ItemId };
/** Something lies in quarantine that no operation explains: it is not touched. */
export type QuarantineOrphanFound = { readonly type: 'QuarantineOrphanFound'; readonly path: string };

/** A resume lock of this host whose process is dead was replaced by ours (DESIGN 5.0). */
export type StaleLockReplaced = {
  readonly type: 'StaleLockReplaced';
  readonly path: string;
  readonly pid: number;
  readonly acquiredAt: string;
};

/** An item, or a session or job with all that belongs to it, is to stay until then, or until it is released. */
export type HoldPlaced = {
  readonly type: 'HoldPlaced';
  readonly target: PinTarget;
  readonly name: string;
  readonly reason: string;
  readonly untilMs?: number;
};

/** The owner of a session or job will not resume it: that it could be resumed protects it no longer. */
export type SessionAbandoned = {
  readonly type: 'SessionAbandoned';
  readonly target: PinTarget;
  readonly name: string;
  readonly reason: string;
};

/** A hold was ended, an abandonment taken back, or both. */
export type PinReleased = { readonly type: 'PinReleased'; readonly target: PinTarget; readonly name: string };

export type KindTotals = {
  readonly before: Tally;
  readonly scanned: number;
  readonly kept: number;
  readonly condemned: number;
  readonly removed: Tally;
  readonly held: Tally;
  readonly failed: number;
  readonly drifted: number;
};

export type RunOutcome =
  'completed' | 'nothing-to-do' | 'partial' | 'declined' | 'refused' | 'interrupted' | 'failed' | 'planned';

/** The run came to its end by itself. */
export type RunCompleted = {
  readonly type: 'RunCompleted';
  readonly outcome: RunOutcome;
  readonly exitCode: number;
  readonly totals: Readonly<Partial<Record<Kind, KindTotals>>>;
  /** Free bytes of the volume that holds the first root. */
  readonly freeBefore?: number;
  readonly freeAfter?: number;
};

/** A run ended without `RunCompleted`: said by itself on a signal, or by the next run that found it so. */
export type RunInterrupted = {
  readonly type: 'RunInterrupted';
  readonly interrupted: string;
  readonly by: 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'found-dead';
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

/** Everything that can be in a journal (JOURNAL 7.4). Events are for ever: add, never change a meaning. */
export type Event =
  | JournalCreated
  | RunStarted
  | ItemKept
  | ItemCondemned
  | ScanCompleted
  | OddityFound
  | PlanRecorded
  | RunPlanned
  | RunConfirmed
  | RunDeclined
  | RunRefused
  | RemovalIntended
  | SnapshotTaken
  | ItemQuarantined
  | ItemDrifted
  | ItemVanished
  | ItemFailed
  | PutBackBlocked
  | PurgeStarted
  | PurgeBlocked
  | ItemRemoved
  | BranchDeleted
  | BranchKept
  | UndoIntended
  | UndoExpired
  | ItemRestored
  | RenameRedone
  | PurgeRedone
  | QuarantineOrphanFound
  | StaleLockReplaced
  | HoldPlaced
  | SessionAbandoned
  | PinReleased
  | RunCompleted
  | RunInterrupted
  | ReserveReleased
  | ReserveRestored
  | JournalMoved
  | ClockWentBack
  | TailTruncatedDetected
  | SegmentSealed
  | SegmentRetired
  | JournalMigrated
  | JournalRepaired;

export type EventType = Event['type'];
export type EventOf<T extends EventType> = Extract<Event, { readonly type: T }>;

/** The events that end an operation (P5): each operation gets exactly one. */
export const terminalEvents: readonly EventType[] = [
  'ItemRemoved',
  'ItemRestored',
  'ItemDrifted',
  'ItemVanished',
  'ItemFailed',
];
