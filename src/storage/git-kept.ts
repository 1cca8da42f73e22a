import { err, ok, type Result } from 'neverthrow';
import { gitComplaint } from './git-complaint.ts';
import { runGit, type GitOptions } from './git.ts';

export type KeptFile = {
  readonly path: string;
  /** As `stat` has it, type included. */
  readonly mode: number;
  readonly mtimeNs: string;
  readonly object: string;
};

export type KeptMode = { readonly path: string; readonly mode: number };
export type KeptRef = { readonly name: string; readonly object: string };

/** Everything of a worktree that its commit does not hold, by content. */
export type Content = {
  readonly files: readonly KeptFile[];
  /** Tracked paths that are not there. */
  readonly deleted: readonly string[];
  /** The bytes of the index, as an object. */
  readonly index: string;
  /** What git does not keep; earlier versions did not either. */
  readonly directories?: readonly KeptMode[];
  readonly modes?: readonly KeptMode[];
  /** The worktree itself has no name. */
  readonly directoryModes?: readonly KeptMode[];
  readonly refs?: readonly KeptRef[];
};

/** Names in the tree of a snapshot. */
export const snapshotNames = {
  manifest: 'manifest.json',
  index: 'index',
  files: 'files',
  staged: 'staged',
} as const;

/** The directories that lead to it, from the top. */
export function placesAbove(path: string): readonly string[] {
  const names = path.split('/');
  return names.slice(1).map((_, index) => names.slice(0, index + 1).join('/'));
}

/**
 * Whether the snapshot can be laid over a checkout of `head`: it holds every file, where of a file and a directory of one
 * name git would take one and say nothing, and none stands in the way of a file that is to be there.
 */
export async function canComeBack(
  { files, deleted }: Content,
  snapshot: string,
  head: string,
  { gitDir, settings }: GitOptions,
): Promise<Result<void, string>> {
  const list = (commit: string, ...more: string[]): ReturnType<typeof runGit> =>
    runGit(['ls-tree', '-r', '-z', '--full-tree', ...more, commit], { gitDir, settings });
  const held = await list(`${snapshot}:${snapshotNames.files}`);
  // Without any file there is no such directory.
  if (held.isErr() && files.length > 0) return err(gitComplaint(held.error));
  const lines = new Set(held.unwrapOr('').split('\0'));
  const lost = files.find(({ object, path }) => !lines.has(`100644 blob ${object}\t${path}`));
  if (lost !== undefined) return err(`it holds something that cannot be kept: ${lost.path}`);

  const committed = await list(head, '--name-only');
  if (committed.isErr()) return err(gitComplaint(committed.error));
  const names = new Set(files.map(({ path }) => path));
  const gone = new Set(deleted);
  const hidden = committed.value
    .split('\0')
    .find((path) => !gone.has(path) && placesAbove(path).some((place) => names.has(place)));
  return hidden === undefined ? ok(undefined) : err(`it has a file in the place of a directory: ${hidden}`);
}

/** Whether a snapshot is there with all that it holds and that `head` does not: a prune may have been under way. */
export async function isHeld(
  commit: string,
  head: string,
  { gitDir, settings }: GitOptions,
): Promise<Result<void, string>> {
  const list = ['rev-list', '--objects', '--no-object-names', commit, '--not', head, '--'];
  const listed = await runGit(list, { gitDir, settings });
  if (listed.isErr()) return err(gitComplaint(listed.error));
  const args = ['cat-file', '--batch-check'];
  const read = await runGit(args, { gitDir, settings, input: listed.value });
  if (read.isErr()) return err(gitComplaint(read.error));
  const isWhole = read.value
    .trim()
    .split('\n')
    .every((line) => / (?:blob|tree|commit) \d+$/.test(line));
  return isWhole ? ok(undefined) : err('an object is missing');
}
