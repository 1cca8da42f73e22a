import type { SpentBranch } from './branch.ts';
import type { Doubt } from './reason.ts';

/**
 * The work of a branch is in another one without its commits: as one commit with the same change (`squash`), or each
 * of its commits by itself (`rebase`; `cherry-pick` when there is only one); or a merge would add nothing to what is
 * there now (`contained`); or its commits cancel each other out (`no-change`).
 */
export type Landed = {
  readonly how: 'squash' | 'rebase' | 'cherry-pick' | 'contained' | 'no-change';
  /** The branch, as people call it, and its full ref. */
  readonly into: string;
  readonly ref: string;
  /** The commit that brought it there, the last one when there are several. */
  readonly commit?: string | undefined;
};

/** Texts of the small files that tie a worktree to its repository, without their last line break. */
export type Pointers = {
  /** `<worktree>/.git`. */
  readonly gitFile: string;
  /** `gitdir` and `commondir` of the admin directory; they can be relative. */
  readonly gitdir: string;
  readonly commondir: string;
  /** The patterns of a sparse checkout. */
  readonly sparse?: string;
};

/** What git and the directory say of one worktree; every field is an observation, none a decision. */
export type WorktreeFacts = {
  /** Real path of the main git directory (`/src/app/.git`, or a bare repository). */
  readonly mainGitDir: string | undefined;
  /** `<mainGitDir>/worktrees/<id>`: read from the `.git` file, never computed. */
  readonly adminDir: string | undefined;
  /** Full ref name, `undefined` when HEAD is detached. */
  readonly branch: string | undefined;
  readonly head: string | undefined;
  /** Branch it was made from, as recorded by Prodigy's metadata. */
  readonly originalBranch: string | undefined;
  /** The reason given to `git worktree lock`, empty when none; `undefined` when it is not locked. */
  readonly locked: string | undefined;
  /** Merge, rebase, cherry-pick, revert, bisect, am: what is under way. */
  readonly operation: string | undefined;
  /** `undefined` when git could not say; then `doubts` says why. */
  readonly changes:
    | {
        /** Staged or unstaged changes of tracked files, `skip-worktree` and `assume-unchanged` ones included. */
        readonly uncommitted: number;
        readonly untracked: number;
        /** Ignored files that look irreplaceable, at most 20 paths relative to the worktree. */
        readonly precious: readonly string[];
      }
    | undefined;
  /** Commits of HEAD, its reflog and per-worktree refs that no surviving ref reaches; `undefined`: not known. */
  readonly unreachable: { readonly count: number; readonly example: string | undefined } | undefined;
  /** The target branch that contains HEAD; `undefined` when none does or it is not known. */
  readonly mergedInto: string | undefined;
  /** How the work of HEAD arrived in a target that does not contain HEAD itself; `undefined`: it did not, or not known. */
  readonly landed: Landed | undefined;
  /** Its branches whose content is in a target, and which no other worktree uses; none while nobody asks. */
  readonly spentBranches: readonly SpentBranch[];
  /** What its registration says beside all that, to make it again; `undefined`: not known. */
  readonly pointers: Pointers | undefined;
  /** Files of settings that no other worktree has, by their names below the admin directory. */
  readonly settings: readonly string[];
  /** Relative paths of submodules and nested repositories found inside, at most 20. */
  readonly nested: readonly string[];
  /** Those of them that the worktree's own index knows as submodules. */
  readonly submodules: readonly string[];
  /** Everything that could not be read or is not understood. */
  readonly doubts: readonly Doubt[];
  /** Youngest of index, HEAD, logs/HEAD, ORIG_HEAD mtimes and HEAD's commit time. UTC milliseconds. */
  readonly lastGitSignMs: number | undefined;
};
