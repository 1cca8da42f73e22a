import fs from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { DiskFailure } from '../model/failure.ts';
import { markOf, type FileType, type Identity } from '../model/item.ts';
import { errnoOf, toDiskFailure } from './failure.ts';

function typeOf(stats: BigIntStats): FileType {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  return stats.isSymbolicLink() ? 'symlink' : 'other';
}

export function toIdentity(stats: BigIntStats): Identity {
  return {
    dev: String(stats.dev),
    ino: String(stats.ino),
    type: typeOf(stats),
    mtimeNs: String(stats.mtimeNs),
    birthtimeNs: String(stats.birthtimeNs),
    size: Number(stats.size),
  };
}

/** A trailing separator would make the system follow a link. */
function withoutTrailingSeparator(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.replace(/(?<=.)\/+$/u, '') : path;
}

const exact = { bigint: true, throwIfNoEntry: false } as const;

/**
 * Which object the name stands for now; `undefined` when there is none. A link is itself, never its target.
 * Synchronous: asked several times for each of 100,000 files, which a thread pool answers five times slower.
 */
export function identify(path: string): Result<Identity | undefined, DiskFailure> {
  try {
    const stats = fs.lstatSync(withoutTrailingSeparator(path), exact);
    return ok(stats === undefined ? undefined : toIdentity(stats));
  } catch (cause) {
    const code = errnoOf(cause);
    if (code === 'ENOENT' || code === 'ENOTDIR') return ok(undefined);
    return err(toDiskFailure(cause, path, 'lstat'));
  }
}

/**
 * Whether both looks saw one object, whatever its name and contents by now. Inode numbers are used again:
 * where the file system keeps birth times, they must agree.
 */
export function sameObject(a: Identity, b: Identity): boolean {
  const bornTogether = a.birthtimeNs === b.birthtimeNs || a.birthtimeNs === '0' || b.birthtimeNs === '0';
  return a.dev === b.dev && a.ino === b.ino && a.type === b.type && bornTogether;
}

/**
 * The same, within one private directory, where nothing but renames brings objects: the number of the device may have
 * changed with a reboot or a new mount, and says nothing there.
 */
export function isSameWithin(a: Identity, b: Identity): boolean {
  return sameObject({ ...a, dev: b.dev }, b);
}

/**
 * Whether the name stands for the object with this mark, which has no other name: what a crash leaves of a file that is
 * put back has two. When it cannot be looked at, `false`.
 */
export function isOnlyNameOf(path: string, mark: string): boolean {
  try {
    const stats = fs.lstatSync(path, exact);
    if (stats === undefined || (stats.nlink !== 1n && !stats.isDirectory())) return false;
    return markOf(toIdentity(stats)) === mark;
  } catch {
    return false;
  }
}

/** Whether it is the same object and was not written to. A directory's size says nothing, its time does. */
export function isUnchanged(a: Identity, b: Identity): boolean {
  return sameObject(a, b) && a.mtimeNs === b.mtimeNs && (a.type !== 'file' || a.size === b.size);
}
