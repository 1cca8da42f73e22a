import type { SpentBranch } from '../model/branch.ts';
import type { ItemId, Part } from '../model/item.ts';
import type { Kind } from '../model/kind.ts';
import type { Evidence, KeepReason } from '../model/reason.ts';

export type Tally = { readonly items: number; readonly bytes: number };

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
export type RunPlanned = {
  readonly type: 'RunPlanned';
  readonly plan: string;
  /** Why some of it cannot be undone, as it was shown: `obstacleKey` of each reason. */
  readonly notUndoable?: readonly string[];
} & Tally;

/** Consent was given, before the first intent. */
export type RunConfirmed = {
  readonly type: 'RunConfirmed';
  readonly plan: string;
  readonly how: 'prompt' | 'force' | 'typed-word' | 'resume';
  /** Why some of it cannot be undone, as it was told with the plan: `obstacleKey` of each reason. */
  readonly notUndoable?: readonly string[];
  /** For how long, and how much in all, was held for undo when it was promised. */
  readonly undoMs?: number;
  readonly undoBytes?: number;
} & Tally;

/** The question was answered with no, or not at all. */
export type RunDeclined = {
  readonly type: 'RunDeclined';
  readonly how: 'answer' | 'end-of-input' | 'timeout';
};

/** A safety rule stopped the run before anything was removed. */
export type RunRefused = { readonly type: 'RunRefused'; readonly rule: string; readonly detail: Evidence };

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

/** What is told of a run itself. */
export type RunEvent =
  | RunStarted
  | ScanCompleted
  | OddityFound
  | PlanRecorded
  | RunPlanned
  | RunConfirmed
  | RunDeclined
  | RunRefused
  | RunCompleted
  | RunInterrupted;
