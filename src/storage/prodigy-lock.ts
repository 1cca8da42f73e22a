import { randomUUID } from 'node:crypto';
import { fstatSync, openSync, readFileSync, unlinkSync } from 'node:fs';
import { link, readdir, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import * as v from 'valibot';
import { toDiskFailure } from '../disk/failure.ts';
import { makeDirectories } from '../disk/make-directories.ts';
import { syncDirectories } from '../disk/quarantine.ts';
import { makeWholeFile, sweepScratchFiles } from '../disk/whole-file.ts';
import type { DiskFailure } from '../model/failure.ts';
import type { ProcessInfo, ProcessTable } from './processes.ts';
import { openFlags } from '../regular-file.ts';
import { closeRead, errorCode } from './see.ts';
import { parseStrictly } from './strict-json.ts';
import { instantMs } from './time.ts';

/** Who a lock names as its holder. */
export type LockHolder = { readonly pid: number; readonly host: string; readonly acquiredAt: string };

export type LockReading =
  | { readonly state: 'absent' }
  /** `live`: the holder runs; `foreign`: another host, nobody can tell; `stale`: it is dead; `ours`: this process. */
  | ({ readonly state: 'live' | 'foreign' | 'stale' | 'ours' } & LockHolder)
  /** Not understood. A young one may be half written, so somebody is at work. */
  | { readonly state: 'broken-young' | 'broken'; readonly detail: string };

export type LockContext = {
  readonly host: string;
  readonly nowMs: number;
  readonly table: ProcessTable;
  readonly ownPid: number;
};

const youngMs = 3_600_000;
const maxBytes = 64 * 1024;
/** Clocks of processes are counted from boot, those of locks are on the wall. */
const startMarginMs = 2_000;

const lockShape = v.object({
  job_id: v.string(),
  process_id: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(0xffff_ffff)),
  hostname: v.pipe(v.string(), v.minLength(1)),
  acquired_at: v.pipe(
    v.string(),
    v.check((text) => instantMs(text) !== undefined),
  ),
});

/** What a resume lock of Prodigy's says of its session or job. Never through a link. */
export async function readLock(path: string, context: LockContext): Promise<LockReading> {
  const file = readLockFile(path);
  if (file.state === 'absent') return file;
  const holder = file.bytes === undefined ? undefined : parseHolder(file.bytes, basename(path, '.lock'));
  if (holder === undefined) {
    const isYoung = file.mtimeMs === undefined || context.nowMs - file.mtimeMs < youngMs;
    return { state: isYoung ? 'broken-young' : 'broken', detail: file.detail ?? 'not a lock of Prodigy' };
  }
  return { state: holderState(holder, context), ...holder };
}

function holderState(holder: LockHolder, context: LockContext): 'live' | 'foreign' | 'stale' | 'ours' {
  const { table, ownPid } = context;
  if (holder.host.toLowerCase() !== context.host.toLowerCase()) return 'foreign';
  const process = table.processes.find(({ pid }) => pid === holder.pid);
  const acquiredAtMs = instantMs(holder.acquiredAt) ?? 0;
  const startedLater = process !== undefined && process.startedAtMs > acquiredAtMs + startMarginMs;
  if (holder.pid === ownPid) return startedLater ? 'stale' : 'ours';
  // Asked now: the table may be older than the lock.
  if (!isAlive(holder.pid)) return 'stale';
  if (process === undefined || couldBeHolder(process)) return 'live';
  // The pid was given out again: to a process that is younger than the lock, or to another program.
  return startedLater || process.executable !== undefined ? 'stale' : 'live';
}

/** Prodigy, or this program run by node. The clock may have been set since it started: its start is not held against it. */
function couldBeHolder({ name, executable, script }: ProcessInfo): boolean {
  return [name, executable ?? '', script ?? ''].some((text) => basename(text).startsWith('prodigy'));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    // Only this means that there is none; another user's process may not be signalled, but lives.
    return errorCode(cause) !== 'ESRCH';
  }
}

type LockFile =
  | { readonly state: 'absent' }
  | {
      readonly state: 'present';
      readonly bytes: Uint8Array | undefined;
      readonly mtimeMs: number | undefined;
      readonly detail?: string;
      /** The system's answer, when it could not be read. */
      readonly code?: string;
    };

/** Synchronous: some hundred bytes, read for each of 10,000 sessions. */
function readLockFile(path: string): LockFile {
  let file: number | undefined;
  try {
    file = openSync(path, openFlags);
    const stats = fstatSync(file);
    const { mtimeMs } = stats;
    if (!stats.isFile()) return { state: 'present', bytes: undefined, mtimeMs, detail: 'not a regular file' };
    if (stats.size > maxBytes) return { state: 'present', bytes: undefined, mtimeMs, detail: 'too long' };
    if (stats.size === 0) return { state: 'present', bytes: undefined, mtimeMs, detail: 'empty' };
    return { state: 'present', bytes: readFileSync(file), mtimeMs };
  } catch (cause) {
    const code = errorCode(cause);
    if (code === 'ENOENT') return { state: 'absent' };
    const detail = code ?? 'cannot be read';
    return {
      state: 'present',
      bytes: undefined,
      mtimeMs: undefined,
      detail,
      ...(code === undefined ? {} : { code }),
    };
  } finally {
    if (file !== undefined) closeRead(file);
  }
}

/** @param named - the session or job whose lock it should be; one that speaks of another is not understood */
function parseHolder(bytes: Uint8Array, named?: string): LockHolder | undefined {
  const parsed = parseStrictly(bytes);
  const checked = v.safeParse(lockShape, parsed.unwrapOr(undefined));
  if (!checked.success) return undefined;
  const { job_id: id, process_id: pid, hostname: host, acquired_at: acquiredAt } = checked.output;
  return named === undefined || named === id ? { pid, host, acquiredAt } : undefined;
}

export type OwnLock = { readonly host: string; readonly pid: number; readonly nowIso: string };

/**
 * Takes Prodigy's resume lock for a session or job as Prodigy would, so that it cannot be resumed meanwhile.
 *
 * @param path - `<root>/resume_locks/<id>.lock`
 */
export async function takeLock(
  path: string,
  id: string,
  { host, pid, nowIso }: OwnLock,
): Promise<Result<'taken' | 'held', DiskFailure>> {
  const content = { job_id: id, process_id: pid, hostname: host, acquired_at: nowIso };
  // Prodigy's own writer: two spaces, no newline at the end. A lock without content, which a crash could leave, would
  // block Prodigy until a human removed it.
  const make = (): Promise<void> => makeWholeFile(path, JSON.stringify(content, undefined, 2), 0o644);
  try {
    await make().catch(async (cause: unknown) => {
      if (errorCode(cause) !== 'ENOENT') throw cause;
      // Only the first lock finds no directory.
      await makeDirectories(dirname(path));
      await make();
    });
    return ok('taken');
  } catch (cause) {
    if (errorCode(cause) === 'EEXIST') return ok('held');
    return err(toDiskFailure(cause, path));
  }
}

/**
 * Takes over a lock whose holder is dead. Whoever changes or takes it at the same time wins: then it is `held`.
 *
 * @param expected - the holder that was found to be dead
 */
export async function replaceStaleLock(
  path: string,
  expected: LockHolder,
  id: string,
  own: OwnLock,
): Promise<Result<'taken' | 'held', DiskFailure>> {
  const present = readLockFile(path);
  if (present.state === 'absent') return takeLock(path, id, own);
  if (!isHeldBy(present, expected)) return ok('held');
  const aside = join(dirname(path), `.${basename(path)}.${process.pid}-${randomUUID()}.old`);
  try {
    // A rename takes away exactly one file, and only one of two who try.
    await rename(path, aside);
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return takeLock(path, id, own);
    return err(toDiskFailure(cause, path));
  }
  let isNeeded = false;
  try {
    if (!isHeldBy(readLockFile(aside), expected)) {
      // Somebody replaced it between the two looks: it goes back, unless yet another one was made by now.
      isNeeded = !(await putBack(aside, path));
      return ok('held');
    }
    return await takeLock(path, id, own);
  } finally {
    if (!isNeeded) await unlink(aside).catch(() => undefined);
  }
}

/** Whether it is back, or has a successor: otherwise what is aside is the only lock there is. */
async function putBack(aside: string, path: string): Promise<boolean> {
  try {
    await link(aside, path);
    return true;
  } catch (cause) {
    if (errorCode(cause) === 'EEXIST') return true;
    // Where there are no hard links a rename must do.
    return rename(aside, path).then(
      () => true,
      () => false,
    );
  }
}

/**
 * Ends what killed runs of ours left in a lock directory: scratch files, and locks put aside, which go back to where
 * they were. To be called by whoever holds the run lock, so that nobody else is in the middle of it.
 */
export async function settleLockDirectory(directory: string): Promise<void> {
  let settled = await sweepScratchFiles(directory, (pid) => pid !== process.pid);
  for (const name of await readdir(directory).catch(() => [])) {
    const found = lockAside(name);
    if (found === undefined || found.pid === process.pid) continue;
    const aside = join(directory, name);
    if (!(await putBack(aside, join(directory, found.lock)))) continue;
    await unlink(aside).catch(() => undefined);
    settled += 1;
  }
  if (settled > 0) await syncDirectories([directory]);
}

/** What a lock is called while a process of ours has put it aside, and whose name it had. */
export function lockAside(name: string): { readonly lock: string; readonly pid: number } | undefined {
  const [, lock, pid] = /^\.(.+\.lock)\.(\d+)-[0-9a-f-]{36}\.old$/.exec(name) ?? [];
  return lock === undefined ? undefined : { lock, pid: Number(pid) };
}

function refusal(code: string, path: string): DiskFailure {
  return { type: 'disk', code, syscall: 'read', path };
}

/** Removes the lock when it is the one that this process took; any other is left alone. */
export async function releaseLock(
  path: string,
  { host, pid }: Pick<OwnLock, 'host' | 'pid'>,
): Promise<Result<'released' | 'not-ours' | 'absent', DiskFailure>> {
  const present = readLockFile(path);
  if (present.state === 'absent') return ok('absent');
  if (present.bytes === undefined && present.code !== undefined) return err(refusal(present.code, path));
  const holder = present.bytes === undefined ? undefined : parseHolder(present.bytes);
  if (holder?.pid !== pid || holder.host !== host) return ok('not-ours');
  try {
    unlinkSync(path);
    return ok('released');
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return ok('absent');
    return err(toDiskFailure(cause, path));
  }
}

function isHeldBy(file: LockFile, expected: LockHolder): boolean {
  const holder = file.state === 'present' && file.bytes !== undefined ? parseHolder(file.bytes) : undefined;
  return (
    holder !== undefined &&
    holder.pid === expected.pid &&
    holder.host === expected.host &&
    holder.acquiredAt === expected.acquiredAt
  );
}
