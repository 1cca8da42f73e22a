import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import { gitComplaint } from './git-complaint.ts';
import { placesAbove, type KeptMode, type KeptRef } from './git-kept.ts';
import { runGit } from './git.ts';
import { errorCode } from './see.ts';

/** What git does not keep of a directory tree. */
export type Shape = {
  /** Directories with nothing in them. */
  readonly directories: readonly KeptMode[];
  /** Tracked files whose permissions are not those that git would give them under any umask. */
  readonly modes: readonly KeptMode[];
  /** All others with their permissions: nobody knows what they will be made with. The worktree itself has no name. */
  readonly directoryModes: readonly KeptMode[];
};

type Found = { readonly [Field in keyof Shape]: KeptMode[] };

/**
 * Looks at all that is not ignored. Names that are not there any more are passed over.
 *
 * @param apart - paths that are not looked at: what git ignores, submodules, what is kept anyway
 * @param kept - paths of what is kept: the directories that lead to it matter, ignored or not
 * @returns `err` with a sentence for people when a part cannot be looked into, or is something that nothing can keep
 */
export async function shapeOf(
  workTree: string,
  apart: ReadonlySet<string>,
  kept: readonly string[],
): Promise<Result<Shape, string>> {
  const found: Found = { directories: [], modes: [], directoryModes: [] };
  try {
    const odd = await look(workTree, '', apart, found);
    if (odd !== undefined) return err(`it holds something that cannot be kept: ${odd}`);
    const known = new Set(found.directoryModes.map(({ path }) => path));
    for (const place of new Set(kept.flatMap((path) => [...placesAbove(path)]))) {
      if (!known.has(place)) note(place, await seen(join(workTree, place)), found);
    }
  } catch (cause) {
    return err(`it could not be looked into: ${errorCode(cause) ?? String(cause)}`);
  }
  const byPath = (a: KeptMode, b: KeptMode): number => (a.path < b.path ? -1 : 1);
  return ok({
    directories: found.directories.sort(byPath),
    modes: found.modes.sort(byPath),
    directoryModes: found.directoryModes.sort(byPath),
  });
}

function note(path: string, stats: Stats | undefined, { directoryModes }: Found): void {
  if (stats?.isDirectory() !== true) return;
  directoryModes.push({ path, mode: stats.mode & permissions });
}

/** @returns the first that is neither file, directory nor link: git sees none of those, and nothing could make it again */
async function look(
  workTree: string,
  directory: string,
  apart: ReadonlySet<string>,
  found: Found,
): Promise<string | undefined> {
  const full = join(workTree, directory);
  const names = await readdir(full).catch((cause: unknown) => {
    if (errorCode(cause) === 'ENOENT') return undefined;
    throw cause;
  });
  if (names === undefined) return undefined;
  const own = await seen(full);
  note(directory, own, found);
  if (names.length === 0) {
    if (own !== undefined) found.directories.push({ path: directory, mode: own.mode & permissions });
    return undefined;
  }
  const paths = names
    .filter((name) => name !== '.git')
    .map((name) => (directory === '' ? name : `${directory}/${name}`))
    .filter((path) => !apart.has(path));
  const stats = await Promise.all(paths.map((path) => seen(join(workTree, path))));
  for (const [index, path] of paths.entries()) {
    const one = stats[index];
    if (one === undefined || one.isSymbolicLink()) continue;
    if (one.isDirectory()) {
      const odd = await look(workTree, path, apart, found);
      if (odd !== undefined) return odd;
    } else if (!one.isFile()) return path;
    else if (!isUsual(one.mode & permissions)) {
      found.modes.push({ path, mode: one.mode & permissions });
    }
  }
  return undefined;
}

const permissions = 0o7777;

/**
 * Whether git would give it to a file, under the umask of now and under the common one: of permissions it keeps whether a
 * file can be executed. What only a closed umask gives would be open to all when it is made under another.
 */
function isUsual(mode: number): boolean {
  const whole = (mode & 0o100) === 0 ? 0o666 : 0o777;
  return [process.umask(), 0o022].every((mask) => mode === (whole & ~mask));
}

async function seen(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return undefined;
    throw cause;
  }
}

/** Refs that only this worktree has. */
export async function ownRefs(adminDir: string): Promise<Result<readonly KeptRef[], string>> {
  const format = '--format=%(refname)%00%(objectname)%00%(symref)';
  const listed = await runGit(['for-each-ref', format, 'refs/worktree/'], { gitDir: adminDir });
  if (listed.isErr()) return err(gitComplaint(listed.error));
  const refs: KeptRef[] = [];
  for (const line of listed.value.split('\n')) {
    const [name = '', object, symref] = line.split('\0');
    if (object !== undefined && symref === '') refs.push({ name, object });
  }
  return ok(refs);
}

/** Makes refs of one worktree again; those whose objects are gone, as nobody kept them, stay away. */
export async function giveRefs(at: string, refs: readonly KeptRef[]): Promise<void> {
  for (const { name, object } of refs) {
    if (name.startsWith('refs/worktree/')) {
      const made = ['update-ref', '--no-deref', name, object, '0'.repeat(object.length)];
      await runGit(made, { cwd: at, settings: ['core.fsync=all', 'core.fsyncMethod=fsync'] });
    }
  }
}
