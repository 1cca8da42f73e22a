/** A line to type, and what it does, in a few words. */
export type Example = readonly [line: string, does: string];

/** Where the values of an option or argument come from, when a shell completes them. */
export type ValueSource =
  | 'kinds'
  | 'kinds-and-all'
  | 'events'
  | 'reasons'
  | 'shells'
  | 'ages'
  | 'times'
  | 'runs'
  | 'undoables'
  | 'pinned'
  | 'sessions'
  | 'items'
  | 'repositories'
  | 'worktrees'
  | 'plans'
  /** What the shell itself knows best. */
  | 'files'
  /** Free text: nothing can be offered. */
  | 'nothing';

export type OptionEntry = {
  /** `-n, --dry-run`, `--repo <name|path>`. */
  readonly flags: string;
  /** Each as it is typed: `-n`, `--dry-run`. */
  readonly names: readonly string[];
  readonly description: string;
  readonly heading: string;
  /** Not there: the option takes no value. */
  readonly values?: ValueSource;
};

export type ArgumentEntry = {
  readonly name: string;
  readonly description: string;
  readonly isVariadic: boolean;
  readonly values: ValueSource;
};

/**
 * One command as data: all that help, manual pages and completion are made of. The commander tree is told in this form
 * by `commands/tree/taught.ts`, and in no other.
 */
export type CommandPage = {
  /** `prodigy clean log`. */
  readonly path: string;
  /** `log`. */
  readonly name: string;
  /** `show <run>`, as a list of commands has it. */
  readonly term: string;
  /** `[options] [command] [kinds...]` */
  readonly usage: string;
  readonly summary: string;
  readonly description: string;
  readonly examples: readonly Example[];
  readonly arguments: readonly ArgumentEntry[];
  readonly options: readonly OptionEntry[];
  /** A paragraph before the exit codes, or nothing. */
  readonly promise: string;
  readonly exits: readonly { readonly code: number; readonly means: string }[];
  readonly commands: readonly CommandPage[];
};

/** The tree of commands as the build writes it down for `bin/at-once.cjs`, which is quicker than building it. */
export type Pages = {
  readonly root: CommandPage;
  /** What those sources offer that always offer the same. */
  readonly values: Partial<Record<ValueSource, readonly string[]>>;
};
