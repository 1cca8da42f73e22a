import type { BranchKeptReason } from '../model/branch.ts';
import type { Kind } from '../model/kind.ts';
import type { Obstacle } from '../model/obstacle.ts';
import type { Evidence } from '../model/reason.ts';

/** One judged item as it is shown: times relative to the run's now, sizes in bytes. */
export type ItemView = {
  readonly id: string;
  readonly kind: Kind;
  readonly name: string;
  readonly path: string;
  /** Name, for people. */
  readonly repository: string | undefined;
  /** Its working directory, when it is known which of that name it is. */
  readonly repositoryPath?: string | undefined;
  readonly bytes: number;
  readonly ageMs: number | undefined;
  readonly verdict: 'remove' | 'keep';
  readonly reason: string;
  readonly proof: string | undefined;
  readonly evidence: Evidence;
  /** How many branches go with it. */
  readonly deletes: number;
  /** Why it cannot be undone if it goes, although the rest of it could; told of what is to go. */
  readonly obstacle?: Obstacle | undefined;
};

/** What became of a branch that was to go with its worktree. */
export type BranchView = {
  /** Full name. */
  readonly branch: string;
  readonly commit: string;
  readonly outcome: 'deleted' | 'kept';
  readonly reason?: BranchKeptReason;
};

export type ScopeView = {
  readonly repositories: readonly { readonly name: string; readonly path: string | undefined }[];
  readonly allRepositories: boolean;
  readonly roots: readonly string[];
  readonly kinds: readonly Kind[];
  /** By more than kind and repository: by a job, say. */
  readonly isNarrowed?: boolean;
};

/** What a run's screens are made of. */
export type RunView = {
  readonly run: string;
  readonly plan: string;
  readonly dryRun: boolean;
  /** The plan that is carried out, of which `plan` is what is left. */
  readonly applies?: string;
  readonly scope: ScopeView;
  readonly cutoffMs: Readonly<Partial<Record<Kind, number>>>;
  readonly retentionMs: Readonly<Partial<Record<Kind, number>>>;
  readonly items: readonly ItemView[];
  readonly outOfScope: number;
  readonly oddities: readonly { readonly detail: string; readonly path?: string }[];
};
