import type { Stats } from 'node:fs';
import { chmod, lstat, mkdir, readdir, rm, rmdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import * as v from 'valibot';
import { gitComplaint } from './git-complaint.ts';
import { placesAbove, snapshotNames, type Content } from './git-kept.ts';
import { runGit } from './git.ts';
import { parentsOf } from './real-parents.ts';
import { errorCode } from './see.ts';
import { readGitFile } from './worktree-link.ts';

const shape = v.object({
  files: v.array(v.object({ path: v.string(), mode: v.number(), mtimeNs: v.string(), object: v.string() })),
  deleted: v.array(v.string()),
  index: v.string(),
});

const linkType = 0o120000;
const typeBits = 0o170000;
const objectsAtOnce = 100;

/** Lays a snapshot over a worktree that was just made from its commit: files, what was deleted, and the index. */
export async function unpackSnapshot(
  mainGitDir: string,
  commit: string,
  at: string,
): Promise<Result<void, string>> {
  try {
    const named = await runGit(['cat-file', 'blob', `${commit}:${snapshotNames.manifest}`], {
      gitDir: mainGitDir,
    });
    if (named.isErr()) return err(`its snapshot cannot be read: ${gitComplaint(named.error)}`);
    const content: Content = v.parse(shape, JSON.parse(named.value));
    const odd = [...content.files.map(({ path }) => path), ...content.deleted].find(
      (path) => !isInside(path),
    );
    if (odd !== undefined) return err(`its snapshot has an odd path: ${odd}`);
    const names = new Set(content.files.map(({ path }) => path));
    const below = content.files.find(({ path }) => placesAbove(path).some((place) => names.has(place)));
    if (below !== undefined) return err(`its snapshot has something below a file: ${below.path}`);
    for (const path of content.deleted) await drop(at, path);
    for (let from = 0; from < content.files.length; from += objectsAtOnce) {
      const some = content.files.slice(from, from + objectsAtOnce);
      const blobs = await blobsOf(
        mainGitDir,
        some.map(({ object }) => object),
      );
      if (blobs.isErr()) return err(blobs.error);
      for (const [index, file] of some.entries()) await put(at, file, blobs.value[index] ?? Buffer.alloc(0));
    }
    const adminDir = await readGitFile(join(at, '.git'));
    if (adminDir.isErr()) return err(adminDir.error.detail);
    const index = await blobsOf(mainGitDir, [content.index]);
    if (index.isErr()) return err(index.error);
    await writeFile(join(adminDir.value, 'index'), index.value[0] ?? Buffer.alloc(0));
    return ok(undefined);
  } catch (cause) {
    return err(`its snapshot cannot be laid out: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

async function put(
  at: string,
  { path, mode, mtimeNs }: Content['files'][number],
  bytes: Buffer,
): Promise<void> {
  const full = join(at, path);
  for (const place of placesAbove(path)) await ensureReal(join(at, place));
  await clear(full);
  if ((mode & typeBits) === linkType) {
    await symlink(bytes, full);
    return;
  }
  await writeFile(full, bytes, { flag: 'wx' });
  await chmod(full, mode & 0o7777);
  const seconds = Number(BigInt(mtimeNs) / 1_000n) / 1e6;
  await utimes(full, seconds, seconds);
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

/** Objects in the order asked for. */
async function blobsOf(
  gitDir: string,
  objects: readonly string[],
): Promise<Result<readonly Buffer[], string>> {
  const asked = await runGit(['cat-file', '--batch'], {
    gitDir,
    input: `${objects.join('\n')}\n`,
    encoding: 'latin1',
    maxOutputBytes: 1024 * 1024 * 1024,
  });
  if (asked.isErr()) return err(`its snapshot cannot be read: ${gitComplaint(asked.error)}`);
  const blobs: Buffer[] = [];
  let at = 0;
  for (const object of objects) {
    const end = asked.value.indexOf('\n', at);
    const [, name, size] = /^(\S+) blob (\d+)$/.exec(asked.value.slice(at, end)) ?? [];
    if (name !== object || size === undefined) return err('its snapshot is not whole');
    const from = end + 1;
    blobs.push(Buffer.from(asked.value.slice(from, from + Number(size)), 'latin1'));
    at = from + Number(size) + 1;
  }
  return ok(blobs);
}

function isInside(path: string): boolean {
  return (
    path !== '' &&
    !path.startsWith('/') &&
    path.split('/').every((name) => name !== '' && name !== '.' && name !== '..' && name !== '.git')
  );
}
