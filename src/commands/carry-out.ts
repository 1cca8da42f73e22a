import { hostname } from 'node:os';
import { err, ok, type Result } from 'neverthrow';
import { openBundleLocks } from '../cleaners/bundle-locks.ts';
import { purgeByIds } from '../cleaners/purge-held.ts';
import type { HeldBefore, Recovered } from '../cleaners/recover.ts';
import type { RunRecord } from '../cleaners/run-record.ts';
import type { Condemned } from '../cleaners/judged.ts';
import type { Scan } from '../cleaners/scan.ts';
import type { UndoObstacles } from '../cleaners/undo-obstacles.ts';
import { expireUndos } from '../cleaners/undo-worktrees.ts';
import { sweep, type Sweep } from '../cleaners/sweep.ts';
import { freeBytes } from '../disk/volume.ts';
import type { Journal } from '../journal/journal.ts';
import { keptOfRows } from '../journal/kept-rows.ts';
import type { Tally } from '../journal/event-run.ts';
import type { JournalFailure } from '../model/failure.ts';
import type { Item } from '../model/item.ts';
import type { Kind } from '../model/kind.ts';
import { detachedHeads, goneWorktrees } from '../projections/gone-worktrees.ts';
import { openOperations } from '../projections/open-operations.ts';
import { ownPlaces } from '../storage/own-places.ts';
import type { Progress } from '../ui/progress.ts';
import { placesOf } from './journal-access.ts';
import type { Shell } from './shell.ts';

/** Below this the disk counts as full: small chunks, nothing held for undo (JOURNAL 3.5). */
const shortOfSpaceBytes = 64 * 1024 * 1024;

export type Work = {
  readonly journal: Journal;
  readonly record: RunRecord;
  readonly scan: Scan;
  readonly recovered: Recovered;
  readonly isUndoable: boolean;
  /** What of it cannot be undone, as it was told before consent; and what is out of the quarantine's reach. */
  readonly obstacles: UndoObstacles;
};

/** Acts on a confirmed plan, and frees what undo no longer needs. */
export async function carryOut(
  plan: Iterable<Condemned>,
  { journal, record, scan, recovered, isUndoable, obstacles }: Work,
  shell: Shell,
  progress: Progress,
): Promise<Result<void, JournalFailure>> {
  const { config } = shell;
  const told = tellsProgress(plan, progress);
  // What is held for undo goes first when the disk demands it (DESIGN 8).
  if (recovered.held.length > 0 && (await isShortOfSpace(config.firstRoot))) {
    const freed = await purgeByIds(recovered.held, 'disk-full', journal, { record });
    if (freed.isErr()) return err(freed.error);
  }
  const gone = await journal.rows(goneWorktrees);
  if (gone.isErr()) return err(gone.error);
  const { clock, readProcesses } = shell;
  const locks = await openBundleLocks(config.roots, { host: config.host, clock, readProcesses });
  try {
    const swept = await sweep(plan, {
      record,
      journalId: journal.journalId,
      look: scan.look,
      openIntents: recovered.openIntents,
      heads: detachedHeads(gone.value.values()),
      attempts: new Map([...recovered.openIntents].map(([item, { intent }]) => [item, intent.attempt])),
      locks,
      host: hostname(),
      ownPid: process.pid,
      clock,
      newId: shell.newId,
      holdMs: (item) => (obstacles.to(item) === undefined ? holdMs(item, isUndoable, shell) : 0),
      undoMs: (item) =>
        isUndoable && item.kind === 'worktrees' && obstacles.to(item) === undefined ? config.undoMs : 0,
      beside: (item) => obstacles.beside(item),
      isShortOfSpace: () => isShortOfSpace(config.firstRoot),
      readProcesses: () => readProcesses(config.roots),
      ownPlaces: async () => ownPlaces(config.roots, await placesOf(shell)),
      signal: shell.signal,
      onProgress: told,
    });
    if (swept.isErr()) return err(swept.error);
  } finally {
    await locks.close();
  }
  if (shell.signal.aborted) return ok(undefined);
  return mayExpire(record, recovered.heldBefore, shell)
    ? expireHeld(journal, record, shell)
    : expireGone(journal, record, shell.clock());
}

/**
 * Whether anything that is held can have to go: of a hundred thousand rows that were just written none is read again
 * when all that is held is too young and too little.
 */
function mayExpire({ account }: RunRecord, before: HeldBefore, { clock, config }: Shell): boolean {
  let { bytes, untilMs } = before;
  for (const item of account.items.values()) {
    if (item.heldUntilMs === undefined) continue;
    bytes += item.bytes;
    untilMs = Math.min(untilMs, item.heldUntilMs);
  }
  return untilMs <= clock() || bytes > config.undoBytes;
}

/** Counts what is done, per kind and of the whole plan, and tells it. */
function tellsProgress(plan: Iterable<Condemned>, progress: Progress): Sweep['onProgress'] {
  const totals = new Map<Kind, number>();
  let ofWork = 0;
  for (const { item } of plan) {
    totals.set(item.kind, (totals.get(item.kind) ?? 0) + 1);
    ofWork += workOf(item.kind, item.size?.bytes ?? 0);
  }
  const done = new Map<Kind, Tally>();
  let all = { items: 0, bytes: 0, work: 0 };
  const tell = (kind: Kind): void => {
    const { items, bytes } = done.get(kind) ?? { items: 0, bytes: 0 };
    progress.cleaning({ kind, items, ofItems: totals.get(kind) ?? 0, bytes }, { ...all, ofWork });
  };
  const [first] = plan;
  if (first !== undefined) tell(first.item.kind);
  return (kind, items, bytes) => {
    const sum = done.get(kind) ?? { items: 0, bytes: 0 };
    done.set(kind, { items: sum.items + items, bytes: sum.bytes + bytes });
    all = { items: all.items + items, bytes: all.bytes + bytes, work: all.work + workOf(kind, bytes) };
    tell(kind);
  };
}

/** What an item costs, whatever its size, in bytes of a worktree. */
const itemWorkBytes = 64 * 1024;

/** How long it takes, in no unit: only worktrees are read through, the others are renamed. */
function workOf(kind: Kind, bytes: number): number {
  return itemWorkBytes + (kind === 'worktrees' ? bytes : 0);
}

function holdMs(item: Item, isUndoable: boolean, { config }: Shell): number {
  const isSmall = item.kind !== 'worktrees' && (item.size?.bytes ?? 0) <= config.undoBytes;
  return isUndoable && isSmall ? config.undoMs : 0;
}

/** Whether the disk counts as full: nothing is held for undo then, and what is held goes. */
export async function isShortOfSpace(path: string): Promise<boolean> {
  const free = await freeBytes(path);
  return free !== undefined && free < shortOfSpaceBytes;
}

/** Frees what was held for undo long enough, and the oldest of it beyond the cap (DESIGN 8). */
export async function expireHeld(
  journal: Journal,
  record: RunRecord,
  { clock, config }: Pick<Shell, 'clock' | 'config'>,
): Promise<Result<void, JournalFailure>> {
  const now = clock();
  const living: { op: string; seq: number; bytes: number }[] = [];
  const expired = await keptOfRows(journal, openOperations, (row) => {
    const { op, state, heldUntilMs, intentSeq: seq, bytes } = row;
    if (state !== 'quarantined' || heldUntilMs === undefined) return undefined;
    if (heldUntilMs <= now) return { op, seq };
    living.push({ op, seq, bytes });
    return undefined;
  });
  if (expired.isErr()) return err(expired.error);

  let bytes = living.reduce((sum, held) => sum + held.bytes, 0);
  const beyond: string[] = [];
  for (const held of living.sort(oldestFirst)) {
    if (bytes <= config.undoBytes) break;
    bytes -= held.bytes;
    beyond.push(held.op);
  }
  const ended = expired.value.sort(oldestFirst).map(({ op }) => op);
  const first = await purgeByIds(ended, 'undo-expired', journal, { record });
  if (first.isErr()) return err(first.error);
  const second = await purgeByIds(beyond, 'undo-cap', journal, { record });
  if (second.isErr()) return err(second.error);
  return expireGone(journal, record, now);
}

/** What git can make again no longer. */
async function expireGone(
  journal: Journal,
  record: RunRecord,
  nowMs: number,
): Promise<Result<void, JournalFailure>> {
  const gone = await journal.rows(goneWorktrees);
  return gone.isErr() ? err(gone.error) : expireUndos(gone.value.values(), { record, nowMs });
}

function oldestFirst(a: { readonly seq: number }, b: { readonly seq: number }): number {
  return a.seq - b.seq;
}
