import { link, lstat, readdir, rename, rmdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import * as v from 'valibot';
import { errnoOf, toDiskFailure } from '../disk/failure.ts';
import { makeDirectories } from '../disk/make-directories.ts';
import { existingRefuges, makeRefuge } from '../disk/refuge.ts';
import { makeWholeFile, scratchPid, sweepScratchFiles } from '../disk/whole-file.ts';
import type { DiskFailure, RunLocked } from '../model/failure.ts';
import { readRegular } from '../regular-file.ts';
import { holderShape, isAlive, ourselves, whereabouts, type Holder } from './lock-holder.ts';
import { parseStrictly } from './strict-json.ts';

export type LockTaker = {
  readonly host: string;
  readonly command: string;
  readonly nowIso: string;
  /** Where the lock of a root may lie on other volumes, while the root's has no room for it. */
  readonly refugesOf: (root: string) => Promise<readonly string[]>;
};

export type RunLock = { readonly release: () => Promise<void> };

/** `clean/run.lock` in a root: held by whoever may remove something there (DESIGN 3). */
export function runLockPath(root: string): string {
  return join(root, 'clean', 'run.lock');
}

/**
 * Takes `clean/run.lock` in every root, all or none. A lock of this host whose process is gone, was another process,
 * or ran before the last boot is stale and replaced; one that cannot be understood, or whose holder is or may be elsewhere
 * (another host, container or kernel), is respected.
 */
export async function takeRunLock(
  roots: readonly string[],
  who: LockTaker,
): Promise<Result<RunLock, RunLocked | DiskFailure>> {
  const content: Holder = {
    ...(await ourselves()),
    host: who.host,
    command: who.command,
    since: who.nowIso,
  };
  const text = `${JSON.stringify(content, null, 2)}\n`;
  const taken: string[] = [];
  const release = async (): Promise<void> => {
    for (const path of taken.splice(0)) {
      if ((await readText(path)) !== text) continue;
      await unlink(path).catch(() => undefined);
      // A refuge goes with the last that is in it.
      if (!roots.some((root) => runLockPath(root) === path))
        await rmdir(dirname(path)).catch(() => undefined);
    }
  };
  for (const root of roots) {
    const mine = await takeWhereRoom(runLockPath(root), await who.refugesOf(root), text, who.host);
    taken.push(...mine.taken);
    if (mine.failure === undefined) continue;
    await release();
    return err(mine.failure);
  }
  return ok({ release });
}

/** A run lock as it lies there. `unknown` cannot be understood, `foreign` is or may be elsewhere: both are respected. */
export type RunLockSeen = {
  readonly path: string;
  readonly state: 'live' | 'stale' | 'abandoned' | 'foreign' | 'unknown';
  /** As far as it says. */
  readonly pid?: number;
  readonly host?: string;
};

/** Every run lock there is, in the roots and in their refuges: a look that takes none, and is as old as any look. */
export async function runLocksIn(
  roots: readonly string[],
  { host, refugesOf }: Pick<LockTaker, 'host' | 'refugesOf'>,
): Promise<readonly RunLockSeen[]> {
  const seen: RunLockSeen[] = [];
  for (const root of roots) {
    const refuges = await existingRefuges(await refugesOf(root));
    for (const path of [runLockPath(root), ...refuges.map((refuge) => join(refuge, 'run.lock'))]) {
      const holder = await readLock(path);
      if (holder === 'absent') continue;
      if (holder === 'abandoned' || holder === 'unknown') seen.push({ path, state: holder });
      else {
        const { content } = holder;
        seen.push({
          path,
          state: states[await whereabouts(content, host)],
          pid: content.pid,
          host: content.host,
        });
      }
    }
  }
  return seen;
}

const states = {
  here: 'live',
  gone: 'stale',
  host: 'foreign',
  namespace: 'foreign',
  kernel: 'foreign',
} as const;

/** Whether somebody works there now, or may. */
export async function isRunUnderWay(
  roots: readonly string[],
  who: Pick<LockTaker, 'host' | 'refugesOf'>,
): Promise<boolean> {
  return (await runLocksIn(roots, who)).some(isHeld);
}

export function isHeld({ state }: RunLockSeen): boolean {
  return state === 'live' || state === 'foreign' || state === 'unknown';
}

type Taken = { readonly taken: readonly string[]; readonly failure?: RunLocked | DiskFailure };

/**
 * Takes the lock in its root, or in a refuge when the root has no room for it. Whoever took it in one place then looks
 * at the others: of two who took it in different places at least one sees the other, and withdraws.
 */
async function takeWhereRoom(
  path: string,
  refuges: readonly string[],
  text: string,
  host: string,
): Promise<Taken> {
  const places = [path, ...refuges.map((refuge) => join(refuge, 'run.lock'))];
  const mine = await takeOne(path, text, host);
  let place = path;
  if (mine.isErr()) {
    const isFull = mine.error.type === 'disk' && ['ENOSPC', 'EDQUOT'].includes(mine.error.code);
    const refuge = isFull ? await makeRefuge(refuges) : undefined;
    if (refuge === undefined) return { taken: [], failure: mine.error };
    place = join(refuge, 'run.lock');
    const there = await takeOne(place, text, host);
    if (there.isErr()) return { taken: [], failure: there.error };
  }
  const known = new Set(await existingRefuges(refuges));
  for (const other of places) {
    if (other === place || (other !== path && !known.has(dirname(other)))) continue;
    const holder = await readLock(other);
    if (holder === 'absent' || holder === 'abandoned') continue;
    if (holder === 'unknown') return { taken: [place], failure: lockedBy(other, undefined) };
    const where = await whereabouts(holder.content, host);
    if (where !== 'gone') return { taken: [place], failure: lockedBy(other, holder.content, where) };
    await putAside(other, holder.text);
    if (other !== path) await rmdir(dirname(other)).catch(() => undefined);
  }
  return { taken: [place] };
}

function lockedBy(path: string, known: Holder | undefined, where: RunLocked['where'] = 'unknown'): RunLocked {
  return {
    type: 'run-locked',
    path,
    where,
    pid: known?.pid,
    host: known?.host,
    since: known?.since,
    command: known?.command,
  };
}

async function takeOne(
  path: string,
  text: string,
  host: string,
): Promise<Result<void, RunLocked | DiskFailure>> {
  const made = await makeDirectories(dirname(path), 0o700).then(
    () => undefined,
    (cause: unknown) => toDiskFailure(cause, path),
  );
  if (made !== undefined) return err(made);
  for (let attempt = 0; attempt < 5; attempt += 1) {
    try {
      // A lock that says nothing, which a crash could leave, would lock everybody out.
      await makeWholeFile(path, text, 0o600);
      await sweepLeftovers(dirname(path));
      return ok(undefined);
    } catch (cause) {
      const failure = toDiskFailure(cause, path);
      if (failure.code !== 'EEXIST') return err(failure);
    }
    const holder = await readLock(path);
    if (holder === 'absent') continue;
    if (holder === 'abandoned') {
      await unlink(path).catch(() => undefined);
      continue;
    }
    if (holder === 'unknown') return err(lockedBy(path, undefined));
    const where = await whereabouts(holder.content, host);
    if (where !== 'gone') return err(lockedBy(path, holder.content, where));
    await putAside(path, holder.text);
  }
  return err(lockedBy(path, undefined));
}

/** A lock is written within milliseconds: one that still says nothing after this was left by a crash. */
const abandonedAfterMs = 60_000;

/** Reads who holds a lock; an empty file is one being written, and is looked at again. */
async function readLock(
  path: string,
): Promise<'absent' | 'unknown' | 'abandoned' | { content: Holder; text: string }> {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    try {
      const bytes = await readRegular(path);
      const parsed = v.safeParse(holderShape, parseStrictly(bytes).unwrapOr(undefined));
      if (parsed.success) return { content: parsed.output, text: bytes.toString('utf8') };
    } catch (cause) {
      // Anything else, and above all what is no JSON, is a lock that cannot be understood.
      if (errnoOf(cause) === 'ENOENT') return 'absent';
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const age = await lstat(path).then(
    (found) => (found.isFile() && found.size === 0 ? Date.now() - found.mtimeMs : 0),
    () => 0,
  );
  return age > abandonedAfterMs ? 'abandoned' : 'unknown';
}

/** `undefined` of what is not there, or is no file. */
async function readText(path: string): Promise<string | undefined> {
  return readRegular(path).then(
    (bytes) => bytes.toString('utf8'),
    () => undefined,
  );
}

/** Takes a stale lock out of the way; when it is not the one that was judged, it is put back. */
async function putAside(path: string, text: string): Promise<void> {
  const aside = `${path}.stale-${process.pid}`;
  try {
    await rename(path, aside);
    const moved = await readText(aside);
    // Back without replacing what a third may have put there since.
    if (moved !== text) await link(aside, path);
    await unlink(aside);
  } catch {
    // Somebody else was quicker: the next round sees what they left.
  }
}

/** What a stale lock is called while it is taken out of the way. */
const staleName = /^run\.lock\.stale-(\d+)$/;

/** Whether a name is a scratch file of a lock, and the process that made it is no more. */
export function isOwnScratch(name: string): boolean {
  const pid = scratchPid(name) ?? staleName.exec(name)?.[1];
  return pid !== undefined && !isAlive(Number(pid));
}

/** What processes that are no more left beside the lock. */
async function sweepLeftovers(directory: string): Promise<void> {
  await sweepScratchFiles(directory, (pid) => !isAlive(pid));
  for (const name of await readdir(directory).catch(() => [])) {
    const pid = staleName.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid)))
      await unlink(join(directory, name)).catch(() => undefined);
  }
}
