import type { SpentBranch } from './branch.ts';

/** Why an item stays (DESIGN 5.7). Stable: scripts and old journals rely on the words. */
export const keepReasons = [
  'active',
  'resumable',
  'held',
  'merge-in-progress',
  'dirty',
  'untracked',
  'precious',
  'unmerged',
  'unreachable-commits',
  /** Another repository lies in it, and its own objects with it. */
  'nested-repository',
  'operation-in-progress',
  'has-worktree',
  'locked',
  'in-use',
  'young',
  'too-recent',
  'unknown-format',
  'unreadable',
  'unattributed',
  'other-repository',
  'outside-root',
  'symlink',
  'mount-point',
  'future-time',
  'dead-letters-pending',
  'retention-floor',
  'enough-freed',
  'not-in-plan',
  'changed-since-decision',
] as const;

export type KeepReason = (typeof keepReasons)[number];

/** Why an item may go: always its age; `proof` says what makes it safe. */
export type RemoveReason = 'expired';

/** What makes a removal safe (DESIGN 5.7). */
export const removalProofs = [
  'merged',
  'landed-by-squash',
  'landed-by-rebase',
  'landed-by-cherry-pick',
  /** Merging it would add nothing to what is there. */
  'landed',
  'branch-kept',
  'finished',
  /** Its owner said that nobody will resume it. */
  'abandoned',
  'complete',
  'orphan',
  'expired-log',
  /** Its owner insisted: what no commit holds is kept under a ref of its own before it goes. */
  'snapshot',
] as const;

export type RemovalProof = (typeof removalProofs)[number];

/** Named observations behind a verdict: flat, small, never file contents or environment values (P10). */
export type Evidence = Readonly<Record<string, string | number | boolean>>;

export type Verdict =
  | { readonly type: 'keep'; readonly reason: KeepReason; readonly evidence: Evidence }
  | {
      readonly type: 'remove';
      readonly reason: RemoveReason;
      readonly proof: RemovalProof;
      readonly evidence: Evidence;
      /** Branches that go with it. */
      readonly deletes?: readonly SpentBranch[];
    };

/** Something that could not be understood or looks wrong: it keeps its item (P3). */
export type Doubt = { readonly reason: KeepReason; readonly detail: string; readonly path?: string };
