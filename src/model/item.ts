import { isKind, type Kind } from './kind.ts';
import type { Doubt } from './reason.ts';
import type { OwnerId } from './owner.ts';
import type { WorktreeFacts } from './worktree.ts';

/** `<kind>:<absolute path of its main part>`, stable over time; see {@link itemId}. */
export type ItemId = string & { readonly __item?: never };

export function itemId(kind: Kind, path: string): ItemId {
  // Joined, not added: a sum of texts keeps its parts, and there may be a hundred thousand.
  return [kind, ':', path].join('');
}

/** What kind of item an id was made of; `undefined` for a text that is no id. */
export function kindOfId(id: ItemId): Kind | undefined {
  const kind = id.slice(0, id.indexOf(':'));
  return isKind(kind) ? kind : undefined;
}

/** Path of the main part that an id was made of. */
export function pathOf(id: ItemId): string {
  return id.slice(id.indexOf(':') + 1);
}

export type FileType = 'file' | 'directory' | 'symlink' | 'other';

/**
 * Which object a name stood for when it was looked at. Numbers that exceed 53 bits are decimal text.
 * `mtimeNs` and `birthtimeNs` are nanoseconds since the epoch.
 */
export type Identity = {
  readonly dev: string;
  readonly ino: string;
  readonly type: FileType;
  readonly mtimeNs: string;
  readonly birthtimeNs: string;
  /** Bytes as `stat` reports them; meaningful for files. */
  readonly size: number;
};

/**
 * What stays of an object as long as there is one, whatever is written to it, as text: equal for one object, on its
 * file system.
 */
export function markOf({ type, ino, birthtimeNs }: Identity): string {
  return [type, ino, birthtimeNs].join(' ');
}

/** One path that goes with its item. Parts are listed in the order in which they are moved. */
export type Part = {
  readonly role: 'main' | 'metadata' | 'checkpoints' | 'directory' | 'merge-checkpoint' | 'file';
  readonly path: string;
  readonly identity: Identity;
  /** Of a small directory: stands for everything in it as it was when it was read. Compared, never shown. */
  readonly stamp?: string;
};

/** A repository: by the real path of its main git directory when known, by name otherwise (DESIGN 3). */
export type Repository = { readonly name: string; readonly gitDir?: string };

/**
 * How sure we are of an item's repository: `path` (read from git or recorded), `name` (only a directory
 * name), `ambiguous` (a name that several known repositories share), `none`.
 */
export type Attribution = 'path' | 'name' | 'ambiguous' | 'none';

/** Allocated bytes (512 times `st_blocks`), hard links counted once per run, and entries below and with the item. */
export type Size = { readonly bytes: number; readonly files: number };

/** A process that uses something inside an item. */
export type ProcessUse = {
  readonly pid: number;
  readonly name: string;
  readonly how: 'cwd' | 'open-file' | 'executable';
  readonly path: string;
};

/**
 * What is known of the end of the work that made the item:
 * `ended` at a recorded time (its session or job is Completed, Failed, Cancelled, complete);
 * `unfinished`: there is a record, and it is not terminal; `no-record`: nobody vouches for it.
 */
export type Rest =
  | { readonly type: 'ended'; readonly atMs: number }
  | { readonly type: 'unfinished' }
  | { readonly type: 'no-record' };

/** What only items of one kind have. */
export type Detail =
  | {
      readonly type: 'worktree';
      readonly facts: WorktreeFacts;
      readonly agent: boolean;
      readonly jobs: readonly string[];
    }
  | {
      readonly type: 'session';
      /** Items of kind worktrees that belong to the session, agents included: the record explains them. */
      readonly worktrees: readonly ItemId[];
      readonly record: boolean;
    }
  | { readonly type: 'log' }
  | {
      readonly type: 'state';
      /** `true` only when the latest checkpoint says so itself. Empty directories and mappings are `true`. */
      readonly complete: boolean;
      /** Items of kind dlq of the same job whose letters wait for a retry or a review: the state explains them. */
      readonly letters?: readonly ItemId[];
    }
  | { readonly type: 'events' }
  | {
      readonly type: 'dlq';
      readonly letters: number;
      readonly pendingRetry: number;
      readonly pendingReview: number;
    };

/** The smallest thing kept or removed as a whole, as it was found. All times are UTC milliseconds. */
export type Item = {
  readonly id: ItemId;
  readonly kind: Kind;
  /** What people call it: `api/workflow-1764118326168`. Escaped only when shown. */
  readonly name: string;
  /** The storage root below which every part lies. */
  readonly root: string;
  /** Path of the main part, which is the last of `parts` to move. */
  readonly path: string;
  readonly parts: readonly Part[];
  readonly repository: Repository | undefined;
  readonly attribution: Attribution;
  /** The sessions and jobs it belongs to: its bundle. */
  readonly owners: readonly OwnerId[];
  /** The age by the times that Prodigy recorded (DESIGN 5.2); `undefined` when there is none. */
  readonly recordedAtMs: number | undefined;
  /** The youngest sign of activity of any kind, file times included. */
  readonly youngestSignMs: number;
  readonly rest: Rest;
  /** Anything odd: each keeps the item. */
  readonly doubts: readonly Doubt[];
  readonly users: readonly ProcessUse[];
  /** `undefined` until measured: items out of scope are not. */
  readonly size: Size | undefined;
  readonly detail: Detail;
};
