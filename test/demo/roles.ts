import type { JobIds } from './jobs.ts';

/** The parts that the demo's sessions and jobs play, and their ids. */
export type DemoIds = JobIds & {
  /** Old, Completed, merged, its worktree forgotten. */
  readonly completedMerged: string;
  /** Completed, merge declined: the branch holds the work. */
  readonly completedUnmerged: string;
  /** Completed, landed on main as one squashed commit. */
  readonly completedSquashed: string;
  /** Completed, of the repository `api`. */
  readonly completedApi: string;
  /** Completed, of the other checkout that is called `shop` too. */
  readonly completedOtherShop: string;
  readonly failedResumable: string;
  readonly failedNoWorktree: string;
  /** Status Running, 80 days old, with checkpoint and worktree. */
  readonly crashedRunning: string;
  readonly paused: string;
  /** SIGTERM: metadata says interrupted, the session still Running. */
  readonly interrupted: string;
  readonly dirty: string;
  readonly untracked: string;
  /** With an ignored `.env`. */
  readonly precious: string;
  readonly locked: string;
  /** HEAD detached on a commit that its branch reaches. */
  readonly detached: string;
  /** HEAD detached on a commit that nothing else reaches. */
  readonly detachedCommit: string;
  /** Completed two days ago. */
  readonly recent: string;
  /** Completed five minutes ago, its merge workflow under way. */
  readonly merging: string;
  readonly truncated: string;
  /** Status `Archived`, which nobody knows. */
  readonly archived: string;
  /** Worktree directory deleted by hand: git still lists it. */
  readonly prunable: string;
  /** Metadata without directory. */
  readonly staleMetadata: string;
  /** `worktrees/shop/<id>` is a link to a real project. */
  readonly linked: string;
  /** A lock of another machine; its session is Failed, without checkpoint. */
  readonly foreignLock: string;
  /** A lock whose process is gone; its session is Completed. */
  readonly staleLock: string;
  /** Completed, merged and cleaned long ago: only records are left. */
  readonly cleaned: readonly string[];
};
