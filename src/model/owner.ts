import type { Identity } from './item.ts';
import type { Doubt } from './reason.ts';

/** `session:<id>` or `job:<id>`: what bundles are made of. */
export type OwnerId = `session:${string}` | `job:${string}`;

export type SessionStatus = 'Initializing' | 'Running' | 'Paused' | 'Completed' | 'Failed' | 'Cancelled';

/** Three answers (DESIGN 5.6); `evidence` names processes, locks or what could not be read. */
export type Liveness = {
  readonly answer: 'yes' | 'no' | 'cannot-tell';
  readonly evidence: readonly string[];
  /** `cannot-tell` because of a lock of another host, or one that cannot be read: keeps whatever its record says. */
  readonly lockInDoubt?: boolean;
};

/**
 * A file that would show that an owner came to life since it was looked at. Repeated just before each removal:
 * another identity, or presence for absence, is drift.
 */
export type Witness = { readonly path: string; readonly identity: Identity | undefined };

/** What the policy needs to know of one session. Times are UTC milliseconds. */
export type SessionFacts = {
  readonly type: 'session';
  readonly id: OwnerId;
  readonly record:
    | {
        readonly state: 'read';
        readonly status: SessionStatus;
        readonly startedAtMs: number;
        /** The latest of `started_at`, `updated_at`, `completed_at`. */
        readonly lastRecordedMs: number;
      }
    | { readonly state: 'absent' }
    /** Unparsable, unknown status, missing or mistyped field, unreadable, a symbolic link. */
    | { readonly state: 'broken'; readonly doubt: Doubt };
  readonly hasCheckpoint: boolean;
  /** A checkpoint exists that could not be understood (or whose version is newer): counts as resumable. */
  readonly checkpointDoubt: Doubt | undefined;
  /** Something of it lies where it could not be looked at, and will be in the way of a removal. */
  readonly hidden?: Doubt | undefined;
  /** Its own worktree directory, or one of its agents', exists in any root. */
  readonly hasWorktree: boolean;
  /** Any of its worktrees is unmerged, dirty, or could not be proven otherwise. */
  readonly worktreeUnmergedOrDirty: boolean;
  /** `merge-workflow-<id>` checkpoint present: path. */
  readonly mergeCheckpoint: string | undefined;
  readonly liveness: Liveness;
  /** Youngest of all related evidence (PRODIGY-STORAGE 11.2). */
  readonly lastSignMs: number;
  /** Put together when they are asked for: ten paths of each session, and a dry run needs none. */
  readonly witnesses: () => readonly Witness[];
};

/** What the policy needs to know of one MapReduce job. */
export type JobFacts = {
  readonly type: 'job';
  readonly id: OwnerId;
  /** `none`: no job state on disk; `complete`: `is_complete` is exactly true or the phase is Complete. */
  readonly state: 'none' | 'complete' | 'incomplete' | 'broken';
  readonly doubt: Doubt | undefined;
  readonly liveness: Liveness;
  readonly lastSignMs: number;
  /** As {@link SessionFacts}. */
  readonly witnesses: () => readonly Witness[];
};

export type OwnerFacts = SessionFacts | JobFacts;
