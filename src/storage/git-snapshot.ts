import type { BigIntStats } from 'node:fs';
import { copyFile, lstat, readdir, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import { readStatus, readTracked } from './git-changes.ts';
import { gitComplaint } from './git-complaint.ts';
import { settingsOfWorktree } from './git-settings.ts';
import { canComeBack, snapshotNames, type Content, type KeptFile } from './git-kept.ts';
import { runGit, type GitOptions } from './git.ts';
import { findPrecious } from './precious.ts';
import { parentsOf } from './real-parents.ts';
import { errorCode, isNameable } from './see.ts';
import { ownRefs, shapeOf } from './worktree-shape.ts';

/** Where the worktree is now, which need not be where git believes it to be. */
export type Dirty = {
  readonly workTree: string;
  readonly adminDir: string;
  readonly mainGitDir: string;
};

const maxFiles = 20_000;
const maxBytes = 512 * 1024 * 1024;
/** Precious files are listed up to this many: then there may be more. */
const maxPrecious = 20;
const perCall = 200;
const durable = ['core.fsync=all', 'core.fsyncMethod=fsync', 'core.autocrlf=false'];

/**
 * What of a worktree is in no commit: changed, untracked and precious files, and the index. Nothing of it is changed;
 * with `keep` the objects are written into the repository.
 *
 * @param indexFile - a name of our own for a copy of the index; nothing is left there
 */
export async function contentOf(
  { workTree, adminDir, mainGitDir }: Dirty,
  indexFile: string,
  keep: boolean,
): Promise<Result<Content, string>> {
  const settings = await settingsOfWorktree({ adminDir, mainGitDir });
  if (settings.isErr()) return err(gitComplaint(settings.error));
  const checkout = { workTree, gitDir: adminDir, settings: settings.value.quiet };
  const status = await readStatus(checkout);
  if (status.isErr()) return err(gitComplaint(status.error));
  const tracked = await readTracked(checkout);
  if (tracked.isErr()) return err(gitComplaint(tracked.error));
  const names = await namesIn(workTree, status.value, tracked.value);
  if (names.isErr()) return err(names.error);

  const where: GitOptions = { gitDir: mainGitDir, cwd: workTree, settings: durable };
  try {
    const { size } = await lstat(join(adminDir, 'index'));
    const found = await filesOf(workTree, names.value, size, keep, where);
    if (found.isErr()) return err(found.error);
    const ignored = status.value.ignored.map((path) => path.replace(/\/$/u, ''));
    const apart = new Set([...names.value, ...ignored, ...tracked.value.submodules]);
    const shape = await shapeOf(workTree, apart, names.value);
    if (shape.isErr()) return err(shape.error);
    const refs = await ownRefs(adminDir);
    if (refs.isErr()) return err(refs.error);
    await copyFile(join(adminDir, 'index'), indexFile);
    const index = await hashAll([indexFile], keep, where);
    return index.map(([object = '']) => ({
      ...found.value,
      index: object,
      ...shape.value,
      refs: refs.value,
    }));
  } catch (cause) {
    return err(cause instanceof Error ? cause.message : String(cause));
  } finally {
    await rm(indexFile, { force: true });
  }
}

async function namesIn(
  workTree: string,
  status: { uncommitted: readonly string[]; untracked: readonly string[]; ignored: readonly string[] },
  { hiddenEdits, stray }: { hiddenEdits: readonly string[]; stray: readonly string[] },
): Promise<Result<readonly string[], string>> {
  const names = new Set([...status.untracked, ...hiddenEdits, ...stray]);
  for (const record of status.uncommitted) {
    const [, submodule = '', path] = /^1 \S{2} (\S)\S{3} (?:\S+ ){5}(.+)$/su.exec(record) ?? [];
    if (path === undefined) return err('it has conflicts that are not resolved');
    if (submodule !== 'N') return err(`it has a submodule with changes: ${path}`);
    names.add(path);
  }
  const { precious, nested } = await findPrecious(workTree, status.ignored);
  if (nested.length > 0) return err(`it holds another repository: ${nested[0] ?? ''}`);
  if (precious.length >= maxPrecious) return err('it has more precious ignored files than are listed');
  for (const path of precious) {
    if (/\/ \(.*\)$/su.test(path)) return err(`it could not be looked into: ${path}`);
    if (!path.endsWith('/')) names.add(path);
    else await addFilesBelow(workTree, path.slice(0, -1), names);
  }
  const odd = [...names].find((name) => !isNameable(name) || name.endsWith('/'));
  if (odd !== undefined) return err(`it holds something that cannot be kept: ${odd}`);
  return names.size > maxFiles
    ? err(`more than ${maxFiles} files would have to be kept`)
    : ok([...names].sort());
}

async function addFilesBelow(workTree: string, directory: string, names: Set<string>): Promise<void> {
  for (const entry of await readdir(join(workTree, directory), { withFileTypes: true })) {
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory()) await addFilesBelow(workTree, path, names);
    else names.add(path);
  }
}

async function filesOf(
  workTree: string,
  names: readonly string[],
  indexBytes: number,
  keep: boolean,
  where: GitOptions,
): Promise<Result<Pick<Content, 'files' | 'deleted'>, string>> {
  const plain: Omit<KeptFile, 'object'>[] = [];
  const files: KeptFile[] = [];
  const deleted: string[] = [];
  let bytes = indexBytes;
  for (const path of names) {
    const full = join(workTree, path);
    const seen = await lookAt(workTree, path);
    if (seen.isErr()) return err(seen.error);
    const stats = seen.value;
    if (stats === undefined) {
      deleted.push(path);
      continue;
    }
    const one = { path, mode: Number(stats.mode), mtimeNs: String(stats.mtimeNs) };
    bytes += Number(stats.size);
    if (bytes > maxBytes) return err(`more than ${maxBytes / 1024 / 1024} MiB would have to be kept`);
    if (stats.isSymbolicLink()) {
      const input = (await readlink(full, { encoding: 'buffer' })).toString('latin1');
      const args = ['hash-object', ...(keep ? ['-w'] : []), '--stdin'];
      const hashed = await runGit(args, { ...where, input, encoding: 'latin1' });
      if (hashed.isErr()) return err(gitComplaint(hashed.error));
      files.push({ ...one, object: hashed.value.trim() });
    } else if (stats.isFile()) plain.push(one);
    else return err(`it holds something that cannot be kept: ${path}`);
  }
  const hashed = await hashAll(
    plain.map(({ path }) => path),
    keep,
    where,
  );
  if (hashed.isErr()) return err(hashed.error);
  for (const [index, one] of plain.entries()) files.push({ ...one, object: hashed.value[index] ?? '' });
  return ok({ files: files.sort((a, b) => (a.path < b.path ? -1 : 1)), deleted });
}

/**
 * `undefined` when nothing is there; what cannot be looked at may well be there. Behind a link that took the place of a
 * directory is nothing of the worktree's.
 */
async function lookAt(workTree: string, path: string): Promise<Result<BigIntStats | undefined, string>> {
  try {
    if ((await parentsOf(workTree, path)) !== 'real') return ok(undefined);
    return ok(await lstat(join(workTree, path), { bigint: true }));
  } catch (cause) {
    const code = errorCode(cause);
    if (code === 'ENOENT' || code === 'ENOTDIR') return ok(undefined);
    return err(`it could not be looked into: ${code ?? String(cause)}: ${path}`);
  }
}

/** Bytes as they are: no filter, no line endings. */
async function hashAll(
  paths: readonly string[],
  keep: boolean,
  where: GitOptions,
): Promise<Result<readonly string[], string>> {
  const objects: string[] = [];
  for (let from = 0; from < paths.length; from += perCall) {
    const some = paths.slice(from, from + perCall);
    const args = ['hash-object', ...(keep ? ['-w'] : []), '--no-filters', '--', ...some];
    const hashed = await runGit(args, where);
    if (hashed.isErr()) return err(gitComplaint(hashed.error));
    const lines = hashed.value.trim().split('\n');
    if (lines.length !== some.length) return err('git did not answer for every file');
    objects.push(...lines);
  }
  return ok(objects);
}

/**
 * Keeps what no commit holds under `ref`, and makes sure that all of it can be read again. Neither the worktree nor its
 * index nor its HEAD is touched.
 *
 * @param atLeast - how many names the verdict counted
 */
export async function takeSnapshot(
  dirty: Dirty,
  { head, ref, atLeast }: { readonly head: string; readonly ref: string; readonly atLeast: number },
  indexFile: string,
): Promise<Result<{ readonly commit: string; readonly content: Content }, string>> {
  const { adminDir, mainGitDir } = dirty;
  const shared = await readdir(adminDir).then(
    (names) => names.some((name) => name.startsWith('sharedindex.')),
    () => true,
  );
  if (shared) return err('its index is split');
  const content = await contentOf(dirty, indexFile, true);
  if (content.isErr()) return err(content.error);
  const { files, deleted } = content.value;
  if (files.length + deleted.length < atLeast) return err('less of it can be seen than when it was judged');
  const where: GitOptions = { gitDir: mainGitDir, settings: [...durable, ...identity], indexFile };
  try {
    const commit = await commitOf(content.value, adminDir, head, indexFile, where);
    if (commit.isErr()) return err(commit.error);
    const all = [...new Set([commit.value, content.value.index, ...files.map(({ object }) => object)])];
    const read = await runGit(['cat-file', '--batch-check'], { ...where, input: `${all.join('\n')}\n` });
    if (read.isErr()) return err(gitComplaint(read.error));
    const lines = read.value.trim().split('\n');
    if (lines.length !== all.length || lines.some((line) => !/ (?:blob|commit) \d+$/.test(line))) {
      return err('what was kept cannot be read again');
    }
    const held = await canComeBack(content.value, commit.value, head, where);
    if (held.isErr()) return err(held.error);
    const set = await runGit(['update-ref', ref, commit.value], where);
    if (set.isErr()) return err(gitComplaint(set.error));
    return ok({ commit: commit.value, content: content.value });
  } finally {
    await rm(indexFile, { force: true });
    await rm(`${indexFile}.lock`, { force: true });
  }
}

const identity = ['user.name=prodigy-clean', 'user.email=prodigy-clean@localhost'];

async function commitOf(
  content: Content,
  adminDir: string,
  head: string,
  indexFile: string,
  where: GitOptions,
): Promise<Result<string, string>> {
  // What is staged must not be swept away: its objects may be in no commit yet.
  await copyFile(join(adminDir, 'index'), indexFile);
  const staged = await runGit(['write-tree'], where);
  if (staged.isErr()) return err(gitComplaint(staged.error));
  await rm(indexFile, { force: true });
  const manifest = await runGit(['hash-object', '-w', '--stdin'], {
    ...where,
    input: JSON.stringify(content),
  });
  if (manifest.isErr()) return err(gitComplaint(manifest.error));
  const entry = (mode: string, object: string, path: string): string => `${mode} ${object}\t${path}\0`;
  const lines = [
    entry('100644', manifest.value.trim(), snapshotNames.manifest),
    entry('100644', content.index, snapshotNames.index),
    ...content.files.map(({ object, path }) => entry('100644', object, `${snapshotNames.files}/${path}`)),
  ];
  const added = await runGit(['update-index', '-z', '--index-info'], { ...where, input: lines.join('') });
  if (added.isErr()) return err(gitComplaint(added.error));
  const read = await runGit(['read-tree', `--prefix=${snapshotNames.staged}/`, staged.value.trim()], where);
  if (read.isErr()) return err(gitComplaint(read.error));
  const tree = await runGit(['write-tree'], where);
  if (tree.isErr()) return err(gitComplaint(tree.error));
  const message = 'Work in a worktree that its owner had removed, kept by prodigy clean for undo';
  const made = await runGit(['commit-tree', tree.value.trim(), '-p', head, '-m', message], where);
  return made.isErr() ? err(gitComplaint(made.error)) : ok(made.value.trim());
}

/** Lets go of a snapshot: git frees its objects in time. */
export async function dropSnapshot(mainGitDir: string, ref: string): Promise<void> {
  await runGit(['update-ref', '-d', ref], { gitDir: mainGitDir });
}

/** The snapshots that a repository has, by ref: the commits they are. */
export async function listSnapshots(mainGitDir: string): Promise<ReadonlyMap<string, string>> {
  const format = '--format=%(refname)%00%(objectname)%00%(symref)';
  const listed = await runGit(['for-each-ref', format, 'refs/prodigy-clean/'], { gitDir: mainGitDir });
  const found = new Map<string, string>();
  for (const line of listed.unwrapOr('').split('\n')) {
    const [ref = '', commit, symref] = line.split('\0');
    if (commit !== undefined && symref === '') found.set(ref, commit);
  }
  return found;
}

/** Lets go of one that is still what was seen, by compare-and-swap. */
export async function dropSpent(mainGitDir: string, ref: string, commit: string): Promise<void> {
  await runGit(['update-ref', '--no-deref', '-d', ref, commit], { gitDir: mainGitDir });
}
