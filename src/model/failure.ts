import type { Kind } from './kind.ts';

/** A system call failed. `code` is the errno name (`EACCES`). */
export type DiskFailure = {
  readonly type: 'disk';
  readonly code: string;
  readonly syscall: string;
  readonly path: string;
};

/** A path that must lie strictly inside a root does not. */
export type OutsideStorage = { readonly type: 'outside-storage'; readonly path: string };

/** git could not be asked, or refused. `stderr` is cut to 2,000 characters. */
export type GitFailure = {
  readonly type: 'git';
  readonly args: readonly string[];
  readonly exitCode: number | undefined;
  readonly stderr: string;
};

export type JournalFailure =
  /** Another process holds the database. */
  | { readonly type: 'journal-locked'; readonly path: string }
  /** There is no journal yet. Readers treat it as empty. */
  | { readonly type: 'journal-absent'; readonly path: string }
  /** The volume is full; nothing was acknowledged. */
  | { readonly type: 'journal-full'; readonly path: string; readonly freeBytes: number | undefined }
  /** Read-only volume, permission, anything that makes it impossible to write. */
  | {
      readonly type: 'journal-unavailable';
      readonly path: string;
      readonly code: string;
      readonly detail: string;
    }
  /** Gap, broken chain, unreadable entry, `identity.json` missing beside a database. */
  | {
      readonly type: 'journal-damaged';
      readonly path: string;
      readonly seq: number | undefined;
      readonly detail: string;
    }
  /** The anchor knows of entries that the database no longer has. */
  | {
      readonly type: 'journal-truncated';
      readonly path: string;
      readonly anchorSeq: number;
      readonly headSeq: number;
    }
  /** Written by a newer version of this tool. */
  | {
      readonly type: 'journal-newer';
      readonly path: string;
      readonly format: number;
      readonly supported: number;
    }
  /** An earlier append on this handle failed: reopen before anything else. */
  | { readonly type: 'journal-dead'; readonly path: string };

/** The storage root is not one we will work on (DESIGN 6): exit 2, nothing touched. */
export type RootFailure = {
  readonly type: 'root-refused';
  readonly variable: 'HOME' | 'PRODIGY_HOME' | 'PRODIGY_CLEAN_JOURNAL_DIR';
  readonly value: string | undefined;
  readonly why:
    | 'unset'
    | 'empty'
    | 'relative'
    | 'filesystem-root'
    | 'home-itself'
    | 'symlink'
    /** A directory of this tool in the storage is one: what is written there would lie elsewhere. */
    | 'own-symlink'
    | 'not-a-directory'
    | 'not-prodigy'
    | 'unreadable';
};

/**
 * Wrong usage: exit 2. `text` is what was typed, `accepted` the forms that would have been right; where there is none,
 * `next` is what to do instead.
 */
export type UsageFailure = {
  readonly type: 'usage';
  readonly problem: string;
  readonly text?: string | undefined;
  /** What was most likely meant: told, and never done. */
  readonly meant?: string;
} & (
  | { readonly accepted: readonly string[]; readonly next?: undefined }
  | { readonly next: string; readonly accepted?: undefined }
);

/** A safety rule refused the run: exit 4. */
export type RefusedFailure =
  /** `output`: nobody is asked between what is for a program, terminal or not. */
  | {
      readonly type: 'no-terminal';
      readonly items: number;
      readonly bytes: number;
      readonly output?: 'json' | 'jsonl';
    }
  | { readonly type: 'clock-behind'; readonly lastEntryAtMs: number; readonly nowMs: number }
  | {
      readonly type: 'clock-ahead';
      readonly lastEntryAtMs: number;
      readonly nowMs: number;
      readonly uptimeMs: number;
      /** By so much it was set ahead while the machine was up. */
      readonly aheadMs?: number;
      /** Nothing but the clock tells that this time has passed: the machine was off, or the clock is wrong. */
      readonly silentFromMs?: number;
      readonly silentUntilMs?: number;
    }
  | { readonly type: 'unfinished-work'; readonly operations: number }
  /** `again`: the command that shows it anew. */
  | {
      readonly type: 'plan-expired';
      readonly plan: string;
      readonly shownAtMs: number;
      readonly nowMs: number;
      readonly again: string;
    }
  /** Something stronger than that it could be resumed protects it. */
  | {
      readonly type: 'not-abandonable';
      readonly target: string;
      readonly reason: string;
      readonly status: string;
    }
  /** `found`: items in scope, of which `items` would go. */
  | {
      readonly type: 'max-delete';
      readonly limit: string;
      readonly items: number;
      readonly bytes: number;
      readonly found: number;
    };

/** Another run works on the storage: exit 11. Every field as far as it could be read. */
export type RunLocked = {
  readonly type: 'run-locked';
  readonly path: string;
  /**
   * `here`: its process runs. Otherwise nobody can tell from here whether it does: it is of another host, of another pid
   * namespace (a container), of another kernel (a machine of the same name), or not understood.
   */
  readonly where: 'here' | 'host' | 'namespace' | 'kernel' | 'unknown';
  readonly pid: number | undefined;
  readonly host: string | undefined;
  readonly since: string | undefined;
  readonly command: string | undefined;
};

/** One item could not be removed; it is journalled and the run goes on (P8). */
export type ItemFailure =
  | DiskFailure
  | OutsideStorage
  | GitFailure
  /** Some entries of a quarantined tree could not be unlinked. `paths` holds at most 20. */
  | {
      readonly type: 'purge-blocked';
      readonly path: string;
      readonly blocked: readonly DiskFailure[];
      readonly count: number;
    }
  /** It was moved in part and could not be put back: it waits in quarantine. */
  | { readonly type: 'half-moved'; readonly path: string; readonly cause: DiskFailure };

export type NoSuchThing =
  | { readonly type: 'unknown-run'; readonly text: string }
  | { readonly type: 'unknown-plan'; readonly text: string }
  /** `similar`: ids of items that may have been meant. `among`: where it was looked for, if not everywhere. */
  | {
      readonly type: 'unknown-item';
      readonly text: string;
      readonly similar: readonly string[];
      readonly among?: 'journal' | 'pins';
    };

/** Another storage root has a journal, in which something may be on hold, and it cannot be read. */
export type HoldsUnknown = {
  readonly type: 'holds-unknown';
  readonly root: string;
  readonly cause: JournalFailure;
};

export type NothingToHandOver = { readonly type: 'no-prodigy'; readonly args: readonly string[] };

export type Failure =
  | DiskFailure
  | OutsideStorage
  | GitFailure
  | JournalFailure
  | RootFailure
  | UsageFailure
  | RefusedFailure
  | RunLocked
  | ItemFailure
  | NoSuchThing
  | HoldsUnknown
  | NothingToHandOver
  | { readonly type: 'scan-failed'; readonly kind: Kind; readonly cause: DiskFailure };
