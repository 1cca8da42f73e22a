import type { Obstacle } from './obstacle.ts';

/** The groups that oddities are told in, in their order. Names are stable. */
export const odditySorts = [
  'root',
  'unreadable',
  'journal',
  'operations',
  'quarantine',
  'snapshots',
  'locks',
  'git',
  'records',
  'links',
  'unknown',
  'scratch',
] as const;

export type OdditySort = (typeof odditySorts)[number];

/** `info`: harmless; `warning`: something stays, or cannot be done, because of it; `problem`: no run, or work in danger. */
export type Severity = 'info' | 'warning' | 'problem';

type At = { readonly path: string };

/** Names in the storage, and what lies behind them. */
export type PlaceOddity =
  | (At & { readonly type: 'unknown-name' | 'unreadable'; readonly detail: string; readonly vital?: boolean })
  /** Nothing behind it is looked at; `vital`: without it nothing can be judged. */
  | (At & { readonly type: 'container-link'; readonly vital: boolean })
  | (At & { readonly type: 'item-link' | 'unknown-link' | 'not-writable' })
  | (At & { readonly type: 'not-ours'; readonly owner: number })
  | (At & { readonly type: 'root-refused'; readonly detail: string; readonly next: string | undefined })
  /** The storage root is a link; it is worked on because `PRODIGY_HOME` names what it leads to. */
  | (At & { readonly type: 'root-link'; readonly target: string });

/** Records and what they speak of. */
export type RecordOddity =
  | (At & { readonly type: 'record-broken'; readonly detail: string })
  | (At & { readonly type: 'metadata-without-worktree' | 'checkpoints-without-session' })
  | (At & { readonly type: 'worktree-without-record'; readonly session: string })
  | (At & {
      readonly type: 'session-without-worktree';
      readonly session: string;
      readonly status: string;
      /** It counts as resumable for as long as nobody says otherwise. */
      readonly isResumable: boolean;
    });

/** What git has written down of worktrees, and what is there. */
export type RegistrationOddity =
  | (At & {
      readonly type: 'registration-without-worktree';
      readonly mainGitDir: string;
      /** As git spells it. */
      readonly registered: string;
      readonly branch: string | undefined;
      /** A commit that a detached HEAD names. */
      readonly detachedAt: string | undefined;
      readonly isLocked: boolean;
    })
  | (At & {
      readonly type: 'worktree-unregistered';
      readonly detail: string;
      readonly isRepositoryGone: boolean;
    })
  | (At & { readonly type: 'worktree-without-git'; readonly detail: string });

export type LockOddity =
  | (At & { readonly type: 'lock-stale'; readonly pid: number })
  | (At & { readonly type: 'lock-foreign'; readonly host: string; readonly since: string })
  | (At & { readonly type: 'lock-broken'; readonly detail: string })
  | (At & { readonly type: 'run-lock-stale'; readonly pid: number | undefined })
  /** Another host's, or not to be understood: it is respected. */
  | (At & { readonly type: 'run-lock-respected'; readonly host: string | undefined })
  /** A lock that a killed run had put aside, and the next run puts back. */
  | (At & { readonly type: 'lock-aside' | 'scratch' });

/** What this program keeps, beside what its journal says. */
export type OwnOddity =
  | (At & { readonly type: 'part-missing' | 'part-foreign'; readonly item: string })
  | (At & { readonly type: 'quarantine-unknown' | 'undo-unknown' })
  /** Nothing can be held for undo. */
  | (At & {
      readonly type: 'quarantine-unusable';
      readonly obstacle: Obstacle;
      /** It holds more than what is kept for undo: the storage itself, or the journal. */
      readonly isAbove: boolean;
    })
  /** It waits there for a journal that is not the one here. */
  | (At & { readonly type: 'quarantine-foreign'; readonly entries: number })
  | (At & { readonly type: 'undo-missing'; readonly item: string })
  | (At & { readonly type: 'snapshot-unknown'; readonly ref: string })
  | (At & {
      readonly type: 'snapshot-spent';
      readonly ref: string;
      readonly item: string;
      /** The worktree is in its place, and git may have lost what was staged in it: the next run looks. */
      readonly mayBeNeeded: boolean;
    })
  | (At & {
      readonly type: 'snapshot-missing';
      readonly ref: string;
      readonly item: string;
      readonly commit: string;
      /** git has the commit still, without a name. */
      readonly isThere: boolean;
    })
  | (At & {
      readonly type: 'operation-open';
      readonly item: string;
      readonly state: string;
      readonly run: string;
    })
  | (At & { readonly type: 'undo-open'; readonly item: string })
  | (At & { readonly type: 'run-unfinished'; readonly run: string; readonly startedAtMs: number });

export type JournalOddity =
  | (At & { readonly type: 'journal-unread'; readonly detail: string; readonly next: string | undefined })
  | (At & { readonly type: 'journal-tail-missing'; readonly anchorSeq: number; readonly headSeq: number })
  | (At & { readonly type: 'journal-anchor-differs'; readonly seq: number })
  | (At & { readonly type: 'journal-anchor-unreadable'; readonly detail: string })
  | (At & { readonly type: 'journal-segment-missing'; readonly segment: number })
  | (At & { readonly type: 'journal-away'; readonly home: string; readonly isVolatile: boolean })
  | (At & { readonly type: 'reserve-missing'; readonly isRoomy: boolean })
  | (At & { readonly type: 'identity-missing' | 'anchor-missing' });

/** Something in the storage that is not as it would be if all had gone well. It is told, and never changed. */
export type Oddity = PlaceOddity | RecordOddity | RegistrationOddity | LockOddity | OwnOddity | JournalOddity;
