import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { renameSync, statSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pretty } from './prodigy-home.ts';
import { nameStamp, stamp } from './stamps.ts';

/** Where a stand-in for Prodigy works: it does not ask what the storage is like, it writes. */
export type Ground = { readonly root: string; readonly dataRoot: string };

export type Taken = { readonly release: () => void };

/**
 * Prodigy's own resume lock, step by step (PRODIGY-STORAGE 4.6): O_EXCL, the content afterwards; a holder that
 * `kill -0` does not find is stale, whatever its host and age; what cannot be read blocks until a human comes.
 *
 * @returns why it is refused, as text
 */
export function acquireLock({ dataRoot }: Ground, id: string): Taken | string {
  const path = join(dataRoot, 'resume_locks', `${id}.lock`);
  mkdirSync(dirname(path), { recursive: true });
  for (;;) {
    try {
      const file = openSync(path, 'wx', 0o644);
      const content = {
        job_id: id,
        process_id: process.pid,
        hostname: hostname(),
        acquired_at: stamp(Date.now()),
      };
      writeSync(file, pretty(content));
      closeSync(file);
      return { release: () => unlinkSync(path) };
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    }
    let holder: { process_id: number; hostname: string };
    try {
      holder = JSON.parse(readFileSync(path, 'utf8')) as typeof holder;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') continue;
      return `lock cannot be read: ${path}`;
    }
    if (isAlive(holder.process_id)) return `locked by process ${holder.process_id} on ${holder.hostname}`;
    // Another one may have been as quick.
    if (existsSync(path)) unlinkSync(path);
  }
}

/** `kill -0`: a process of another user counts as dead, as upstream has it. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** What resuming needs (PRODIGY-STORAGE 4.4), asked in upstream's order once the lock is held. */
export function whyNotResumable(ground: Ground, id: string): string | undefined {
  const record = readRecord(ground, id);
  if (record?.['status'] === 'Completed' || record?.['status'] === 'Cancelled') return 'it is over';
  const checkpoint = newestCheckpoint(ground, id);
  if (checkpoint === undefined) return 'no checkpoint';
  if (typeof checkpoint['workflow_path'] !== 'string') return 'no workflow';
  if (worktreeOf(ground, id) === undefined) return 'no worktree';
  return record === undefined ? 'no session' : undefined;
}

export function recordPath({ dataRoot }: Ground, id: string): string {
  return join(dataRoot, 'sessions', `${id}.json`);
}

export function readRecord(ground: Ground, id: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(readFileSync(recordPath(ground, id), 'utf8')) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

export function worktreeOf({ root }: Ground, id: string): string | undefined {
  const worktrees = join(root, 'worktrees');
  return namesIn(worktrees)
    .map((repository) => join(worktrees, repository, id))
    .find((path) => existsSync(join(path, '.git')));
}

function newestCheckpoint({ dataRoot }: Ground, id: string): Record<string, unknown> | undefined {
  const directory = join(dataRoot, 'state', id, 'checkpoints');
  const [newest] = namesIn(directory)
    .filter((name) => name.endsWith('.checkpoint.json'))
    .map((name) => join(directory, name))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  return newest === undefined ? undefined : (JSON.parse(readFileSync(newest, 'utf8')) as never);
}

/** Everything that its own index leads to: each record parses, each checkpoint loads, each worktree is one. */
export function unresolved(ground: Ground): readonly string[] {
  const problems: string[] = [];
  for (const name of namesIn(join(ground.dataRoot, 'sessions'))) {
    const id = basename(name, '.json');
    if (readRecord(ground, id) === undefined) problems.push(`record of ${id} does not load`);
    try {
      newestCheckpoint(ground, id);
    } catch {
      problems.push(`checkpoint of ${id} does not load`);
    }
  }
  for (const repository of namesIn(join(ground.root, 'worktrees'))) {
    const container = join(ground.root, 'worktrees', repository);
    const trees = namesIn(container).filter((name) => !name.startsWith('.'));
    for (const name of trees) {
      const link = /^gitdir: (.*)\n$/.exec(readFileSync(join(container, name, '.git'), 'utf8'))?.[1];
      if (link === undefined || !existsSync(join(link, 'HEAD'))) problems.push(`${name} is no worktree`);
      if (!existsSync(join(container, '.metadata', `${name}.json`))) problems.push(`${name} has no metadata`);
    }
  }
  return problems;
}

/** The files that it wrote, and what it left in them: nobody else may have touched one. */
export type Ledger = Map<string, string>;

/** Truncated and written, in two goes: whoever reads meanwhile meets half of it, or nothing. */
export async function writeTorn(
  path: string,
  content: string,
  ledger: Ledger,
  tornMs: number,
): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, 'w');
  try {
    if (tornMs > 0) await sleep(tornMs / 2);
    writeSync(file, content.slice(0, content.length / 2));
    if (tornMs > 0) await sleep(tornMs / 2);
    writeSync(file, content.slice(Math.floor(content.length / 2)));
  } finally {
    closeSync(file);
  }
  ledger.set(path, content);
}

/** As metadata and checkpoints are written: beside, then renamed. */
export function writeWhole(path: string, temporary: string, content: string, ledger: Ledger): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(temporary, content);
  renameSync(temporary, path);
  ledger.set(path, content);
}

/** The event file that every run opens at its start and holds, empty, until its end. */
export function openEvents({ dataRoot }: Ground, holder: string): { path: string; file: number } {
  const directory = join(dataRoot, 'events', holder, `session-${randomUUID()}`);
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `events-${nameStamp(Date.now())}.jsonl`);
  return { path, file: openSync(path, 'a') };
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
