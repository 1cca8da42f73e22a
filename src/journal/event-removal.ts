import type { BranchKeptReason, SpentBranch } from '../model/branch.ts';
import type { ItemId, Part } from '../model/item.ts';
import type { Kind } from '../model/kind.ts';
import type { Evidence, KeepReason, RemovalProof, RemoveReason } from '../model/reason.ts';
import type { Pointers } from '../model/worktree.ts';

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
  /** The run tries another way at once: what becomes of the item is told by the operation of that. */
  readonly goesOn?: boolean;
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
  /** What is known beyond the codes: git's own reason, say. */
  readonly detail?: string;
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

/** What is told of an operation: how an item went, or was put back. */
export type RemovalEvent =
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
  | StaleLockReplaced;
