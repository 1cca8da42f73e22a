/** What a stored file is, and so what makes it understood. */
export type Form =
  | 'session'
  | 'checkpoint'
  | 'job-metadata'
  | 'job-checkpoint'
  | 'library-checkpoint'
  | 'reduce-checkpoint'
  | 'letter'
  | 'letter-index'
  | 'mapping'
  | 'lock'
  | 'run-lock'
  | 'metadata'
  | 'merge-checkpoint'
  | 'registry'
  | 'events'
  | 'log'
  | 'git-file'
  | 'git-pointer'
  | 'git-head'
  | 'git-locked'
  | 'git-operation'
  | 'git-index'
  | 'git-log';

/** One file that the product reads, in a storage made to be damaged. */
export type Stored = {
  readonly path: string;
  readonly form: Form;
  /** Main paths of the items that must stay while nobody can understand this file. */
  readonly keeps: readonly string[];
};

/** Files that speak for the same items: of each bundle one file is damaged at a time. */
export type Bundle = {
  readonly name: string;
  readonly files: readonly Stored[];
  /** Main paths of its items, whose verdicts may change when a file says something else and says it well. */
  readonly items: readonly string[];
};
