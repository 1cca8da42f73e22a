/** A branch that Prodigy made for a worktree (`prodigy-*`, `agent-*`) and that is not needed for anything in it. */
export type SpentBranch = {
  /** Full name. */
  readonly ref: string;
  readonly commit: string;
  /** Full name of the branch that holds its content. */
  readonly into: string;
};

/** Why a branch that was to be deleted with its worktree stays. */
export type BranchKeptReason =
  | 'moved'
  | 'checked-out'
  /** Its content is in no target, or not any more, or it cannot be told. */
  | 'not-in-target'
  | 'not-ours'
  /** A worktree, one that can be put back too, knows commits that only it reaches. */
  | 'needed'
  /** git would not delete it, or could not be asked. */
  | 'git';
