import { createHash } from 'node:crypto';
import { lstat, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import type { GitFailure } from '../model/failure.ts';
import { strayFiles } from './git-gitlinks.ts';
import { runGit } from './git.ts';
import { versionOfFile } from './file-version.ts';
import { errorCode, isNameable } from './see.ts';

/** A working directory and the git directory that speaks for it. */
export type Checkout = {
  readonly workTree: string;
  readonly gitDir: string;
  /** What keeps its configuration from running anything: see `quietFilters`. */
  readonly settings: readonly string[];
};

export type Status = {
  /** The commit that is checked out; `undefined` when there is none yet. */
  readonly head: string | undefined;
  readonly isDetached: boolean;
  /** Tracked paths that are staged, changed, deleted or in conflict; submodules with changes of any kind too. */
  readonly uncommitted: readonly string[];
  readonly untracked: readonly string[];
  /** As git says it: directories end with `/`. */
  readonly ignored: readonly string[];
};

/** Every flag is given, so that no setting of the user's can make git see less. */
const statusArgs = [
  'status',
  '--porcelain=v2',
  '-z',
  '--no-renames',
  '--untracked-files=all',
  '--ignored=matching',
  // Another commit counts; inside, git would ask by a process that heeds the submodule's own settings: we look there.
  '--ignore-submodules=dirty',
  '--branch',
  '--no-ahead-behind',
];

/** Lets git find everything by itself, as it would for the user, so that its own refusals are heard. */
export async function findStatus({ workTree, settings }: Checkout): Promise<Result<Status, GitFailure>> {
  const asked = await runGit(statusArgs, { cwd: workTree, settings, complete: true });
  return asked.map(parseStatus);
}

export async function readStatus(checkout: Checkout): Promise<Result<Status, GitFailure>> {
  const asked = await runGit(statusArgs, { ...checkout, complete: true });
  return asked.map(parseStatus);
}

/** Porcelain v2 with `-z`. What is not understood counts as an uncommitted change. */
function parseStatus(text: string): Status {
  const status = { uncommitted: [] as string[], untracked: [] as string[], ignored: [] as string[] };
  let head: string | undefined;
  let isDetached = false;
  const records = text.split('\0');
  for (let index = 0; index < records.length; index += 1) {
    const record = records[index] ?? '';
    if (record.startsWith('# ')) {
      head = /^# branch\.oid ([0-9a-f]{40,64})$/u.exec(record)?.[1] ?? head;
      isDetached ||= record === '# branch.head (detached)';
      continue;
    }
    if (record === '') continue;
    if (record.startsWith('? ')) status.untracked.push(record.slice(2));
    else if (record.startsWith('! ')) status.ignored.push(record.slice(2));
    else status.uncommitted.push(record);
    // A rename is followed by where it came from.
    if (record.startsWith('2 ')) index += 1;
  }
  return { head, isDetached, ...status };
}

export type Tracked = {
  /** Paths of submodules, relative. */
  readonly submodules: readonly string[];
  /** Files that git was told not to look at (`skip-worktree`, `assume-unchanged`) and that differ all the same. */
  readonly hiddenEdits: readonly string[];
  /** What lies in the directories of submodules that are not initialised: see {@link strayFiles}. */
  readonly stray: readonly string[];
};

export async function readTracked(checkout: Checkout): Promise<Result<Tracked, GitFailure>> {
  const listed = await listTracked(checkout);
  if (listed.isErr()) return err(listed.error);
  const entries = listed.value;
  const hidden = entries.filter((entry) => entry.hidden && entry.mode !== gitlink);
  const edits = await hiddenEdits(checkout, hidden);
  if (edits.isErr()) return err(edits.error);
  const gitlinks = entries.filter((entry) => entry.mode === gitlink).map((entry) => entry.path);
  const submodules = [...new Set(gitlinks)];
  const stray = await strayFiles(checkout.workTree, submodules);
  return ok({ submodules, hiddenEdits: edits.value, stray });
}

const gitlink = '160000';
const symlink = '120000';

type Entry = {
  readonly path: string;
  readonly mode: string;
  readonly object: string;
  readonly hidden: boolean;
};

/** Otherwise git shows a file that is there as one to be looked at, until its settings say that it is not. */
const asTheIndexSays = ['sparse.expectFilesOutsideOfPatterns=true'];

type Listed = { readonly index: string; readonly entries: readonly Entry[] };

/** By git directory. Of most worktrees it is an empty list. */
const listedBefore = new Map<string, Listed>();

/**
 * What the index names and matters here. Read again only when the index is another file than it was: git never writes
 * into one, it puts a new one in its place. What lies in the working directory is looked at each time.
 */
async function listTracked(checkout: Checkout): Promise<Result<readonly Entry[], GitFailure>> {
  const { gitDir } = checkout;
  const index = await versionOfFile(join(gitDir, 'index'));
  const known = listedBefore.get(gitDir);
  if (index !== undefined && known?.index === index) return ok(known.entries);
  const listed = await runGit(['ls-files', '-v', '--stage', '-z'], {
    ...checkout,
    settings: [...checkout.settings, ...asTheIndexSays],
  });
  if (listed.isErr()) return err(listed.error);
  const entries = parseTracked(listed.value);
  if (index !== undefined) listedBefore.set(gitDir, { index, entries });
  return ok(entries);
}

/** `ls-files -v --stage -z`: tag, mode, object, stage, tab, path. Only what matters here is kept. */
function parseTracked(text: string): readonly Entry[] {
  const entries: Entry[] = [];
  for (const record of text.split('\0')) {
    // The fast way for nearly all of them.
    if (record === '' || (record.startsWith('H ') && !record.startsWith(gitlink, 2))) continue;
    const [, tag = '', mode = '', object = '', path = ''] =
      /^(\S) (\d+) ([0-9a-f]+) \d\t(.*)$/su.exec(record) ?? [];
    const hidden = tag === 'S' || tag !== tag.toUpperCase();
    if (hidden || mode === gitlink) entries.push({ path, mode, object, hidden });
  }
  return entries;
}

async function hiddenEdits(
  checkout: Checkout,
  entries: readonly Entry[],
): Promise<Result<readonly string[], GitFailure>> {
  const edited: string[] = [];
  const toHash: Entry[] = [];
  for (const entry of entries) {
    const look = await lookAt(checkout.workTree, entry);
    if (look === 'edited') edited.push(entry.path);
    if (look === 'hash') toHash.push(entry);
  }
  if (toHash.length === 0) return ok(edited);
  // With the filters of each path, as `git add` would apply them.
  const input = toHash.map((entry) => `${entry.path}\n`).join('');
  const hashed = await runGit(['hash-object', '--stdin-paths'], {
    ...checkout,
    cwd: checkout.workTree,
    input,
  });
  if (hashed.isErr()) return err(hashed.error);
  const objects = hashed.value.trim().split('\n');
  for (const [index, entry] of toHash.entries()) {
    if (objects[index] !== entry.object) edited.push(entry.path);
  }
  return ok(edited);
}

/** An absent file is fine: that is what a sparse checkout looks like, and nothing of it can be lost. */
async function lookAt(
  workTree: string,
  { path, mode, object }: Entry,
): Promise<'absent' | 'same' | 'edited' | 'hash'> {
  // Names that `--stdin-paths` would read as something else.
  if (!isNameable(path) || path.includes('\n') || path.startsWith('"')) return 'edited';
  const full = join(workTree, path);
  try {
    const stats = await lstat(full);
    if (mode === symlink) {
      return stats.isSymbolicLink() && (await linkObject(full, object.length)) === object ? 'same' : 'edited';
    }
    return stats.isFile() ? 'hash' : 'edited';
  } catch (cause) {
    const code = errorCode(cause);
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'absent' : 'edited';
  }
}

/** The name git would give to a link: that of a blob with its target. */
async function linkObject(path: string, digits: number): Promise<string> {
  const target = await readlink(path, { encoding: 'buffer' });
  const algorithm = digits === 64 ? 'sha256' : 'sha1';
  return createHash(algorithm).update(`blob ${target.length}\0`).update(target).digest('hex');
}
