import fs from 'node:fs';
import { lstat, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { DiskFailure } from '../model/failure.ts';
import { invariant } from '../model/invariant.ts';
import type { Identity } from '../model/item.ts';
import { errnoOf, toDiskFailure } from './failure.ts';
import { hold, type Hold } from './held.ts';
import { identify, isUnchanged, sameObject } from './identity.ts';
import { inLanes } from './lanes.ts';
import { syncOpen } from './sync-file.ts';

/** What became of a move: done, nothing there to move, or another object under the name than expected. */
export type Moved = 'moved' | 'absent' | { readonly drifted: Identity };

function refusal(code: string, syscall: string, path: string): DiskFailure {
  return { type: 'disk', code, syscall, path };
}

/** Makes one level, or accepts the one that is there when it is a directory of our own and no link. */
async function ensureLevel(path: string): Promise<Result<void, DiskFailure>> {
  try {
    await mkdir(path, { mode: 0o700 });
    const synced = await syncDirectories([dirname(path)]);
    if (synced.isErr()) return err(synced.error);
  } catch (cause) {
    if (errnoOf(cause) !== 'EEXIST') return err(toDiskFailure(cause, path, 'mkdir'));
  }
  try {
    const stats = await lstat(path);
    if (stats.isSymbolicLink()) return err(refusal('ELOOP', 'lstat', path));
    if (!stats.isDirectory()) return err(refusal('ENOTDIR', 'lstat', path));
    if (process.geteuid !== undefined && stats.uid !== process.geteuid()) {
      return err(refusal('EPERM', 'lstat', path));
    }
    return ok();
  } catch (cause) {
    return err(toDiskFailure(cause, path, 'lstat'));
  }
}

/**
 * The directory `root/relative[0]/relative[1]/...`, each level made with mode 0700 and synced into its parent.
 *
 * @param root - exists, and is vouched for by the caller
 * @returns its path; `ELOOP`, `ENOTDIR` or `EPERM` when a level is a link, no directory, or not ours
 */
export async function ensureQuarantine(
  root: string,
  relative: readonly string[],
): Promise<Result<string, DiskFailure>> {
  let path = root;
  for (const name of relative) {
    invariant(name !== '' && name !== '.' && name !== '..' && !/[/\\\0]/u.test(name), 'one name a level');
    path = join(path, name);
    const level = await ensureLevel(path);
    if (level.isErr()) return err(level.error);
  }
  return ok(path);
}

/**
 * Renames `from` to the new name `to` if it is still the object that was judged. The look and the rename are two
 * calls: what was swapped in between is recognised afterwards and put back.
 *
 * `EXDEV`, `ENOSPC` and `EACCES` are answers the caller has another way for. Synchronous: these few calls on names that
 * were looked at a moment ago take microseconds, ten times more through a thread pool.
 *
 * @param to - absent; a name made for this move, in a directory that nobody else writes
 * @returns `EEXIST` with the path `to` when something lies there; it lies there afterwards too when another
 *   object was moved by mistake and its old name had been taken meanwhile
 */
export function moveInto(
  from: string,
  to: string,
  expected: Identity,
  holding: Hold = hold,
): Result<Moved, DiskFailure> {
  const occupant = identify(to);
  if (occupant.isErr()) return err(occupant.error);
  if (occupant.value !== undefined) return err(refusal('EEXIST', 'rename', to));

  const lastLook = identify(from);
  if (lastLook.isErr()) return err(lastLook.error);
  if (lastLook.value === undefined) return ok('absent');
  if (!isUnchanged(lastLook.value, expected)) return ok({ drifted: lastLook.value });

  const renamed = renameHeld(from, to, holding);
  if (renamed.isErr()) {
    // ENOENT is also the answer when the directory of `to` is missing: only a second look tells.
    if (renamed.error.code !== 'ENOENT') return err(renamed.error);
    const still = identify(from);
    return still.isOk() && still.value === undefined ? ok('absent') : err(renamed.error);
  }

  const arrived = identify(to);
  if (arrived.isErr()) return err(arrived.error);
  if (arrived.value !== undefined && sameObject(arrived.value, expected)) return ok('moved');
  if (arrived.value === undefined) return err(refusal('ENOENT', 'rename', to));
  const back = moveBack(to, from);
  if (back.isErr()) return err({ ...back.error, path: to });
  return ok({ drifted: arrived.value });
}

/** Through both directories: a parent that is swapped for a link must not make us move what lies behind it. */
function renameHeld(from: string, to: string, holding: Hold = hold): Result<void, DiskFailure> {
  const source = holding(from);
  if (source.isErr()) return err({ ...source.error, syscall: 'rename' });
  using heldSource = source.value;
  const target = holding(to);
  if (target.isErr()) return err({ ...target.error, path: from, syscall: 'rename' });
  using heldTarget = target.value;
  const renamed = renameOnto(heldSource.path, heldTarget.path);
  return renamed.mapErr((failure) => ({ ...failure, path: from }));
}

function renameOnto(from: string, to: string): Result<void, DiskFailure> {
  try {
    return ok(fs.renameSync(from, to));
  } catch (cause) {
    return err(toDiskFailure(cause, from, 'rename'));
  }
}

/** What file systems without hard links answer, and the kernel about files of somebody else. */
const noLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EACCES']);

/**
 * Renames `from` to `to` without ever overwriting: `EEXIST` when the name is taken, `ENOENT` when there is nothing.
 *
 * A file goes by link and unlink, which the system refuses by itself when the name is taken. For the rest Node
 * has no rename that refuses: the name is looked at, then renamed onto. Between the two somebody may take it; a
 * directory then still replaces nothing but an empty directory, a link (and a file on a volume without hard
 * links) whatever file was made in that moment.
 */
export function moveBack(from: string, to: string): Result<void, DiskFailure> {
  const source = identify(from);
  if (source.isErr()) return err(source.error);
  if (source.value === undefined) return err(refusal('ENOENT', 'rename', from));
  const occupant = identify(to);
  if (occupant.isErr()) return err(occupant.error);
  if (occupant.value !== undefined) return err(refusal('EEXIST', 'rename', to));
  if (source.value.type !== 'file') return renameHeld(from, to);

  const heldFrom = hold(from);
  if (heldFrom.isErr()) return err(heldFrom.error);
  using here = heldFrom.value;
  const heldTo = hold(to);
  if (heldTo.isErr()) return err(heldTo.error);
  using there = heldTo.value;
  try {
    fs.linkSync(here.path, there.path);
  } catch (cause) {
    if (noLinks.has(errnoOf(cause) ?? '')) return renameHeld(from, to);
    return err(toDiskFailure(cause, to, 'link'));
  }
  try {
    return ok(fs.unlinkSync(here.path));
  } catch (cause) {
    return err(toDiskFailure(cause, from, 'unlink'));
  }
}

/**
 * Ends what a crash in the middle of {@link moveBack} left: a file with both names. The name in quarantine goes, and
 * only when both are surely one file.
 *
 * @returns whether there were two names
 */
export function dropSecondName(quarantined: string, original: string): boolean {
  const [second, first] = [identify(quarantined), identify(original)];
  if (second.isErr() || first.isErr() || second.value === undefined || first.value === undefined)
    return false;
  if (second.value.type !== 'file' || !sameObject(second.value, first.value)) return false;
  try {
    fs.unlinkSync(quarantined);
    return true;
  } catch (cause) {
    if (errnoOf(cause) === undefined) throw cause;
    return false;
  }
}

/** File systems that cannot sync a directory say so; there is nothing more to be had from them. */
const cannotSync = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

async function syncDirectory(path: string): Promise<Result<void, DiskFailure>> {
  let at = path;
  for (;;) {
    try {
      // Only the sync waits for the disk: sessions have a directory each.
      const descriptor = fs.openSync(at, 'r');
      try {
        await syncOpen(descriptor);
      } finally {
        fs.closeSync(descriptor);
      }
      return ok();
    } catch (cause) {
      const code = errnoOf(cause);
      if (code !== undefined && cannotSync.has(code)) return ok();
      // A directory that is gone has left its trace in the one above.
      if (code !== 'ENOENT' || at === dirname(at)) return err(toDiskFailure(cause, at, 'fsync'));
      at = dirname(at);
    }
  }
}

/**
 * Makes the names in these directories durable, each directory once. A rename is lost in a power cut until
 * then (JOURNAL 3.2). Does nothing on Windows, where directories cannot be synced.
 */
export async function syncDirectories(paths: readonly string[]): Promise<Result<void, DiskFailure>> {
  if (process.platform === 'win32') return ok();
  const failures: DiskFailure[] = [];
  await inLanes(new Set(paths), 16, async (path) => {
    const synced = await syncDirectory(path);
    if (synced.isErr()) failures.push(synced.error);
  });
  const [first] = failures;
  return first === undefined ? ok() : err(first);
}
