import fs from 'node:fs';
import { realpath } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { DiskFailure, OutsideStorage } from '../model/failure.ts';
import type { Size } from '../model/item.ts';
import { Directory, OpenDirectories } from './directory.ts';
import { toDiskFailure } from './failure.ts';
import { mountsInside, readMounts } from './mounts.ts';
import type { MountTable } from './mounts.ts';
import { isInside, normalise } from './path.ts';
import { lookAt, Removal } from './removal.ts';

export type RemoveReport = {
  /** Names that were unlinked, the tree's own included. */
  readonly removedEntries: number;
  /** What could not be, at most 20. */
  readonly blocked: readonly DiskFailure[];
  readonly blockedCount: number;
  /** The name was looked for afterwards and is absent. */
  readonly gone: boolean;
};

export type RemoveOptions = {
  /** Read anew when absent. */
  readonly mounts?: MountTable | undefined;
  /** Told every few hundred entries. `bytes` is the share of `expected` that the entries are; 0 without it. */
  readonly onProgress?: ((entries: number, bytes: number) => void) | undefined;
  readonly expected?: Size | undefined;
  /** No further name is removed once it is aborted; the report tells how far it came. */
  readonly signal?: AbortSignal | undefined;
  /** `false`: by checked paths, as on systems without `/proc/self/fd`. */
  readonly byDescriptor?: boolean | undefined;
};

/**
 * Removes the tree at `path`; one that is already gone counts as removed. Symbolic links are unlinked, never
 * followed, on the way to the tree neither. A tree that holds a mount point, or is one, is refused as `EBUSY` of
 * `mount` with nothing touched, and so is every tree where mounts cannot be known on a system that has them.
 *
 * @param within - the storage root; `path` must lie strictly inside it
 * @returns failures of single names in the report; an error only when nothing was touched
 */
export async function removeTree(
  path: string,
  within: string,
  options: RemoveOptions = {},
): Promise<Result<RemoveReport, OutsideStorage | DiskFailure>> {
  const target = normalise(path);
  const root = normalise(within);
  if (target === undefined || root === undefined || !isInside(target, root)) {
    return err({ type: 'outside-storage', path });
  }
  const names = relative(root, target).split(sep);
  const mounted = await findMount(root, names, options.mounts);
  if (mounted !== undefined) return err(mounted);

  const byDescriptor = (options.byDescriptor ?? true) && isProcUsable();
  const open = new OpenDirectories(byDescriptor);
  try {
    const container = containerOf(root, names);
    const code = await open.pin(container);
    // Looked for by its own name, too: "removed" is said only of what is not there.
    if (code === 'ENOENT' && lookAt(target) === undefined) {
      return ok({ removedEntries: 0, blocked: [], blockedCount: 0, gone: true });
    }
    if (code !== undefined) return err({ type: 'disk', code, syscall: 'open', path: container.pathOf() });
    const report = await removeFrom(open, container, names.at(-1) ?? '', options);
    open.unpin(container);
    return ok(report);
  } finally {
    open.closeAll();
  }
}

/** The directory that holds the tree, reached name by name so that no link on the way is followed. */
function containerOf(root: string, names: readonly string[]): Directory {
  let at = new Directory(undefined, root);
  for (const name of names.slice(0, -1)) at = new Directory(at, name);
  return at;
}

async function removeFrom(
  open: OpenDirectories,
  container: Directory,
  name: string,
  { expected, onProgress, signal }: RemoveOptions,
): Promise<RemoveReport> {
  const bytesPerEntry = expected === undefined ? 0 : expected.bytes / Math.max(1, expected.files);
  const tell = (entries: number) =>
    onProgress?.(entries, Math.min(expected?.bytes ?? 0, Math.round(entries * bytesPerEntry)));
  const removal = new Removal(open, signal, (entries) => {
    if (entries % 256 === 0) tell(entries);
  });
  await removal.run(container, name);
  tell(removal.removedEntries);
  const { removedEntries, blocked, blockedCount } = removal;
  const remains = lookAt(open.at(container, name));
  if (typeof remains !== 'string') {
    return { removedEntries, blocked, blockedCount, gone: remains === undefined };
  }
  // Nobody can tell: then it is not said to be gone.
  const unseen: DiskFailure = { type: 'disk', code: remains, syscall: 'lstat', path: container.pathOf(name) };
  return { removedEntries, blocked: [...blocked, unseen], blockedCount: blockedCount + 1, gone: false };
}

async function findMount(
  root: string,
  names: readonly string[],
  given: MountTable | undefined,
): Promise<DiskFailure | undefined> {
  const target = join(root, ...names);
  const refused: DiskFailure = { type: 'disk', code: 'EBUSY', syscall: 'mount', path: target };
  const table = given ?? (await readMounts());
  // Windows shows mount points as links, and links are not followed.
  if (table === undefined) return process.platform === 'win32' ? undefined : refused;
  try {
    const [inside] = mountsInside(table, join(await realpath(root), ...names));
    return inside === undefined ? undefined : { ...refused, path: inside };
  } catch (cause) {
    const failure = toDiskFailure(cause, root, 'realpath');
    return failure.code === 'ENOENT' ? undefined : failure;
  }
}

/** A path through a descriptor that leads nowhere would make everything look removed. */
function isProcUsable(): boolean {
  if (process.platform !== 'linux') return false;
  const fd = fs.openSync('/', 'r');
  try {
    const through = fs.statSync(`/proc/self/fd/${fd}/.`, { throwIfNoEntry: false });
    const itself = fs.fstatSync(fd);
    return through !== undefined && through.dev === itself.dev && through.ino === itself.ino;
  } catch {
    return false;
  } finally {
    fs.closeSync(fd);
  }
}
