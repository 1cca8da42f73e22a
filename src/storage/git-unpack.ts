import type { Stats } from 'node:fs';
import {
  chmod,
  constants,
  lstat,
  mkdir,
  open,
  readdir,
  rm,
  rmdir,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import * as v from 'valibot';
import { syncDirectories } from '../disk/quarantine.ts';
import { syncFile } from '../disk/sync-file.ts';
import { bytesOf, isLarge, lotsOf, sizesOf, writeBlob, type Blob } from './git-blobs.ts';
import { gitComplaint } from './git-complaint.ts';
import { placesAbove, snapshotNames, type KeptFile, type KeptMode } from './git-kept.ts';
import { runGit } from './git.ts';
import { parentsOf } from './real-parents.ts';
import { errorCode } from './see.ts';
import { readGitFile } from './worktree-link.ts';
import { giveRefs } from './worktree-shape.ts';

const shape = v.object({
  files: v.array(v.object({ path: v.string(), mode: v.number(), mtimeNs: v.string(), object: v.string() })),
  deleted: v.array(v.string()),
  index: v.string(),
  directories: v.optional(v.array(v.object({ path: v.string(), mode: v.number() })), []),
  modes: v.optional(v.array(v.object({ path: v.string(), mode: v.number() })), []),
  directoryModes: v.optional(v.array(v.object({ path: v.string(), mode: v.number() })), []),
  refs: v.optional(v.array(v.object({ name: v.string(), object: v.string() })), []),
});

type Manifest = v.InferOutput<typeof shape>;

const linkType = 0o120000;
const typeBits = 0o170000;

/** Lays a snapshot over a worktree that was just made from its commit, durably: files, what was deleted, and the index. */
export async function unpackSnapshot(
  mainGitDir: string,
  commit: string,
  at: string,
): Promise<Result<void, string>> {
  try {
    const read = await readManifest(mainGitDir, commit);
    if (read.isErr()) return err(read.error);
    const content = read.value;
    const { files, deleted, directories, modes } = content;
    const inner = content.directoryModes.filter(({ path }) => path !== '');
    const paths = [...files, ...directories, ...modes, ...inner].map(({ path }) => path);
    const odd = [...paths, ...deleted].find((path) => !isInside(path));
    if (odd !== undefined) return err(`its snapshot has an odd path: ${odd}`);
    const names = new Set(content.files.map(({ path }) => path));
    const below = content.files.find(({ path }) => placesAbove(path).some((place) => names.has(place)));
    if (below !== undefined) return err(`its snapshot has something below a file: ${below.path}`);
    for (const path of content.deleted) await drop(at, path);
    const laid = await layFiles(mainGitDir, content.files, at);
    if (laid.isErr()) return err(laid.error);
    for (const directory of directories) await makeEmpty(at, directory);
    for (const file of modes) await setMode(at, file);
    await giveRefs(at, content.refs);
    const adminDir = await readGitFile(join(at, '.git'));
    if (adminDir.isErr()) return err(adminDir.error.detail);
    const index = await writeAnew(mainGitDir, content.index, join(adminDir.value, 'index'));
    if (index.isErr()) return err(index.error);
    const places = new Set([...files, ...directories].flatMap(({ path }) => placesAbove(path)));
    const synced = await syncDirectories([
      at,
      adminDir.value,
      ...[...places].map((place) => join(at, place)),
    ]);
    if (synced.isErr()) return err(`it cannot be made durable: ${synced.error.code}`);
    // The deepest first, and last of all: nothing can be written any more below one that is closed.
    for (const { path, mode } of inner.toReversed()) await closeDirectory(at, path, mode);
    return ok(undefined);
  } catch (cause) {
    return err(`its snapshot cannot be laid out: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

/**
 * Gives a worktree in its place the permissions that it had itself, durably: one that may not be written could not have
 * been moved there.
 */
export async function closeTop(
  mainGitDir: string,
  commit: string,
  at: string,
): Promise<Result<void, string>> {
  try {
    const content = await readManifest(mainGitDir, commit);
    if (content.isErr()) return err(content.error);
    const top = content.value.directoryModes.find(({ path }) => path === '');
    if (top !== undefined) await closeDirectory(at, '', top.mode);
    return ok(undefined);
  } catch (cause) {
    return err(`its permissions cannot be given back: ${errorCode(cause) ?? String(cause)}`);
  }
}

/** Makes a directory one that its owner may work in. */
export async function openTop(at: string): Promise<void> {
  const { mode } = await lstat(at);
  if ((mode & 0o700) !== 0o700) await chmod(at, (mode & 0o7777) | 0o700);
}

/** By what is held open: a directory that cannot be read any more could not be made durable by its name. */
async function closeDirectory(at: string, path: string, mode: number): Promise<void> {
  if (path !== '' && (await parentsOf(at, path)) !== 'real') return;
  const full = join(at, path);
  const there = await lookAt(full);
  if (there?.isDirectory() !== true || (there.mode & 0o7777) === (mode & 0o7777)) return;
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
  const directory = await open(full, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    await directory.chmod(mode & 0o7777);
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Gives a worktree in its place the refs that only it has. */
export async function giveRefsOf(mainGitDir: string, commit: string, at: string): Promise<void> {
  const content = await readManifest(mainGitDir, commit);
  if (content.isOk()) await giveRefs(at, content.value.refs);
}

/** Writes the index that a snapshot holds. */
export async function writeIndexOf(
  mainGitDir: string,
  commit: string,
  path: string,
): Promise<Result<void, string>> {
  const content = await readManifest(mainGitDir, commit);
  return content.isErr() ? err(content.error) : writeAnew(mainGitDir, content.value.index, path);
}

async function readManifest(mainGitDir: string, commit: string): Promise<Result<Manifest, string>> {
  const args = ['cat-file', 'blob', `${commit}:${snapshotNames.manifest}`];
  const named = await runGit(args, { gitDir: mainGitDir });
  if (named.isErr()) return err(`its snapshot cannot be read: ${gitComplaint(named.error)}`);
  return ok(v.parse(shape, JSON.parse(named.value)));
}

type KeptBlob = Blob & { readonly file: KeptFile };

async function layFiles(
  mainGitDir: string,
  files: readonly KeptFile[],
  at: string,
): Promise<Result<void, string>> {
  const sizes = await sizesOf(
    mainGitDir,
    files.map(({ object }) => object),
  );
  if (sizes.isErr()) return err(sizes.error);
  const blobs: KeptBlob[] = [];
  for (const [index, file] of files.entries()) {
    const blob = sizes.value[index];
    if (blob !== undefined) blobs.push({ ...blob, file });
  }
  for (const lot of lotsOf(blobs)) {
    const laid = await layLot(mainGitDir, lot, at);
    if (laid.isErr()) return err(laid.error);
  }
  return ok(undefined);
}

async function layLot(
  mainGitDir: string,
  lot: readonly KeptBlob[],
  at: string,
): Promise<Result<void, string>> {
  const [first] = lot;
  if (first !== undefined && isLarge(first)) {
    const { path, mode } = first.file;
    if ((mode & typeBits) === linkType) return err(`its snapshot has a link that is none: ${path}`);
    const full = await makeRoom(at, path);
    const written = await writeBlob(mainGitDir, first, full);
    if (written.isOk()) await setSigns(full, first.file);
    return written;
  }
  const bytes = await bytesOf(mainGitDir, lot);
  if (bytes.isErr()) return err(bytes.error);
  for (const [index, { file }] of lot.entries()) await put(at, file, bytes.value[index] ?? Buffer.alloc(0));
  return ok(undefined);
}

/** A blob in the place of what git wrote there. */
async function writeAnew(gitDir: string, object: string, path: string): Promise<Result<void, string>> {
  const size = await sizesOf(gitDir, [object]);
  if (size.isErr()) return err(size.error);
  const [blob] = size.value;
  if (blob === undefined) return err('its snapshot is not whole');
  await rm(path, { force: true });
  const written = await writeBlob(gitDir, blob, path);
  if (written.isOk()) await syncFile(path);
  return written;
}

async function put(at: string, file: KeptFile, bytes: Buffer): Promise<void> {
  const full = await makeRoom(at, file.path);
  if ((file.mode & typeBits) === linkType) {
    await symlink(bytes, full);
    return;
  }
  await writeFile(full, bytes, { flag: 'wx' });
  await setSigns(full, file);
}

async function makeRoom(at: string, path: string): Promise<string> {
  const full = join(at, path);
  for (const place of placesAbove(path)) await ensureReal(join(at, place));
  await clear(full);
  return full;
}

async function setSigns(full: string, { mode, mtimeNs }: KeptFile): Promise<void> {
  await chmod(full, mode & 0o7777);
  const seconds = Number(BigInt(mtimeNs) / 1_000n) / 1e6;
  await utimes(full, seconds, seconds);
  // The ref goes as soon as it is told that this is back.
  await syncFile(full);
}

/** Where something else is by now, it stays. */
async function makeEmpty(at: string, { path, mode }: KeptMode): Promise<void> {
  for (const place of placesAbove(path)) await ensureReal(join(at, place));
  const full = join(at, path);
  if ((await lookAt(full)) !== undefined) return;
  await mkdir(full);
  await chmod(full, mode & 0o7777);
}

async function setMode(at: string, { path, mode }: KeptMode): Promise<void> {
  if ((await parentsOf(at, path)) !== 'real') return;
  const full = join(at, path);
  if ((await lookAt(full))?.isFile() === true) await chmod(full, mode & 0o7777);
}

/** Never through a link: what it leads to is somebody else's. */
async function ensureReal(directory: string): Promise<void> {
  const there = await lookAt(directory);
  if (there === undefined) await mkdir(directory);
  else if (!there.isDirectory()) throw new Error(`something is in the place of a directory: ${directory}`);
}

async function drop(at: string, path: string): Promise<void> {
  // Behind anything but real directories there is no such file to delete.
  if ((await parentsOf(at, path)) !== 'real') return;
  const there = await lookAt(join(at, path));
  if (there !== undefined && !there.isDirectory()) await rm(join(at, path));
}

/** Makes room for a file: takes away the one that git wrote, or directories that what was deleted has left empty. */
async function clear(full: string): Promise<void> {
  const there = await lookAt(full);
  if (there === undefined) return;
  if (!there.isDirectory()) return rm(full);
  for (const name of await readdir(full)) {
    const inner = join(full, name);
    if ((await lookAt(inner))?.isDirectory() !== true) {
      throw new Error(`a file is in the place of what was kept: ${inner}`);
    }
    await clear(inner);
  }
  await rmdir(full);
}

async function lookAt(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return undefined;
    throw cause;
  }
}

function isInside(path: string): boolean {
  return (
    path !== '' &&
    !path.startsWith('/') &&
    path.split('/').every((name) => name !== '' && name !== '.' && name !== '..' && name !== '.git')
  );
}
