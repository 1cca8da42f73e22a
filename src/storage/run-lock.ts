import { constants } from 'node:fs';
import { link, mkdir, open, readFile, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { err, ok, type Result } from 'neverthrow';
import * as v from 'valibot';
import { errnoOf, toDiskFailure } from '../disk/failure.ts';
import type { DiskFailure, RunLocked } from '../model/failure.ts';
import { parseStrictly } from './strict-json.ts';

const lockShape = v.object({
  pid: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  /** Start of the process, in the platform's own words: compared, never parsed. */
  startTime: v.string(),
  bootId: v.string(),
  host: v.string(),
  command: v.string(),
  since: v.string(),
});

type LockContent = v.InferOutput<typeof lockShape>;

export type RunLock = { readonly release: () => Promise<void> };

/** `clean/run.lock` in a root: held by whoever may remove something there (DESIGN 3). */
export function runLockPath(root: string): string {
  return join(root, 'clean', 'run.lock');
}

/**
 * Takes `clean/run.lock` in every root, all or none. A lock of this host whose process is gone, was another process,
 * or ran before the last boot is stale and replaced; one that cannot be understood or is another host's is respected.
 */
export async function takeRunLock(
  roots: readonly string[],
  who: { readonly host: string; readonly command: string; readonly nowIso: string },
): Promise<Result<RunLock, RunLocked | DiskFailure>> {
  const content: LockContent = {
    pid: process.pid,
    startTime: (await startTimeOf(process.pid)) ?? '',
    bootId: await bootId(),
    host: who.host,
    command: who.command,
    since: who.nowIso,
  };
  const text = `${JSON.stringify(content, null, 2)}\n`;
  const taken: string[] = [];
  const release = async (): Promise<void> => {
    for (const path of taken.splice(0)) {
      if ((await readFile(path, 'utf8').catch(() => '')) === text) await unlink(path).catch(() => undefined);
    }
  };
  for (const root of roots) {
    const path = runLockPath(root);
    const mine = await takeOne(path, text, who.host);
    if (mine.isErr()) {
      await release();
      return err(mine.error);
    }
    taken.push(path);
  }
  return ok({ release });
}

async function takeOne(
  path: string,
  text: string,
  host: string,
): Promise<Result<void, RunLocked | DiskFailure>> {
  const made = await mkdir(join(path, '..'), { recursive: true, mode: 0o700 }).then(
    () => undefined,
    (cause: unknown) => toDiskFailure(cause, path),
  );
  if (made !== undefined) return err(made);
  for (let attempt = 0; attempt < 5; attempt += 1) {
    try {
      const file = await open(path, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600);
      try {
        await file.writeFile(text);
        await file.sync();
      } catch (cause) {
        // A lock that says nothing would lock everybody out.
        await unlink(path).catch(() => undefined);
        throw cause;
      } finally {
        await file.close();
      }
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
    if (holder === 'unknown' || !(await isStale(holder.content, host))) {
      const known = holder === 'unknown' ? undefined : holder.content;
      return err({
        type: 'run-locked',
        path,
        pid: known?.pid,
        host: known?.host,
        since: known?.since,
        command: known?.command,
      });
    }
    await putAside(path, holder.text);
  }
  return err({
    type: 'run-locked',
    path,
    pid: undefined,
    host: undefined,
    since: undefined,
    command: undefined,
  });
}

/** A lock is written within milliseconds: one that still says nothing after this was left by a crash. */
const abandonedAfterMs = 60_000;

/** Reads who holds a lock; an empty file is one being written, and is looked at again. */
async function readLock(
  path: string,
): Promise<'absent' | 'unknown' | 'abandoned' | { content: LockContent; text: string }> {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    try {
      const bytes = await readFile(path);
      const parsed = v.safeParse(lockShape, parseStrictly(bytes).unwrapOr(undefined));
      if (parsed.success) return { content: parsed.output, text: bytes.toString('utf8') };
    } catch (cause) {
      // Anything else, and above all what is no JSON, is a lock that cannot be understood.
      if (errnoOf(cause) === 'ENOENT') return 'absent';
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const age = await stat(path).then(
    ({ mtimeMs, size }) => (size === 0 ? Date.now() - mtimeMs : 0),
    () => 0,
  );
  return age > abandonedAfterMs ? 'abandoned' : 'unknown';
}

async function isStale(content: LockContent, host: string): Promise<boolean> {
  if (content.host !== host) return false;
  const boot = await bootId();
  if (boot !== '' && content.bootId !== '' && boot !== content.bootId) return true;
  const start = await startTimeOf(content.pid);
  if (start === undefined) return !isAlive(content.pid);
  return content.startTime !== '' && start !== content.startTime;
}

/** Takes a stale lock out of the way; when it is not the one that was judged, it is put back. */
async function putAside(path: string, text: string): Promise<void> {
  const aside = `${path}.stale-${process.pid}`;
  try {
    await rename(path, aside);
    const moved = await readFile(aside, 'utf8');
    // Back without replacing what a third may have put there since.
    if (moved !== text) await link(aside, path);
    await unlink(aside);
  } catch {
    // Somebody else was quicker: the next round sees what they left.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function bootId(): Promise<string> {
  return readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(
    (text) => text.trim(),
    () => '',
  );
}

/** When a process started, as the platform tells it; `undefined` when there is no such process or no way to know. */
async function startTimeOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
    // The command may hold spaces and parentheses: fields are counted after the last one. Field 22 is the start.
    return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  }
  const { stdout, exitCode } = await execa('ps', ['-o', 'lstart=', '-p', String(pid)], { reject: false });
  return exitCode === 0 && stdout.trim() !== '' ? stdout.trim() : undefined;
}
