import { identify } from '../disk/identity.ts';
import type { EventOf } from '../journal/event.ts';
import { unreachable } from '../model/invariant.ts';
import { pathOf, type Item, type ItemId } from '../model/item.ts';
import type { Look } from '../model/look.ts';
import { obstacleWords, type Obstacle } from '../model/obstacle.ts';
import { explains } from '../policy/order.ts';
import { usersOf } from '../storage/liveness.ts';
import type { ProcessTable } from '../storage/processes.ts';
import type { Held } from './bundle-locks.ts';
import {
  changedUntilMoved,
  isOneFile,
  lastLook,
  livingOwner,
  lookAround,
  seenByRename,
  type Drift,
  type LastLookContext,
} from './last-look.ts';
import type { Operation } from './intent.ts';
import { settleKept, stillKept } from './kept-move.ts';
import { moveOut, putBackDurably } from './move-out.ts';
import { letGo, snapshotFor } from './snapshot.ts';
import type { Fact } from './run-record.ts';
import type { Sweeping } from './sweep-chunk.ts';

/**
 * Looks at an item a last time and renames it into quarantine.
 *
 * @param refused - why a lock could not be had, by its id
 */
export async function moveOne(
  operation: Operation,
  refused: Held['refused'],
  now: Pick<LastLookContext, 'table' | 'own'>,
  context: Sweeping,
): Promise<Fact | 'moved'> {
  const { op, item, intent, attempt, unheld } = operation;
  if (unheld !== undefined) return { op, event: unkeptPromise(operation, unheld) };
  const locked = intent.locks.find((id) => refused.has(id));
  if (locked !== undefined) {
    const { why = locked, isHeld = true } = refused.get(locked) ?? {};
    const reason = isHeld ? 'active' : 'unreadable';
    return { op, event: { type: 'ItemDrifted', item: item.id, reason, evidence: { lock: why } } };
  }
  const explained = stillExplained(item, context.gone);
  if (explained !== undefined) {
    const reason = item.kind === 'state' ? 'dead-letters-pending' : 'has-worktree';
    return { op, event: { type: 'ItemDrifted', item: item.id, reason, evidence: { stays: explained } } };
  }
  const isSeenByRename = isOneFile(item);
  const drift = await (isSeenByRename ? lookAround : lastLook)(item, context.look, {
    expectedAbsent: context.expectedAbsent,
    ownLocks: context.locks.paths(),
    nowMs: context.clock(),
    host: context.host,
    ownPid: context.ownPid,
    ...now,
  });
  if (drift !== undefined) return { op, event: { type: 'ItemDrifted', item: item.id, ...drift } };

  // Whatever the intent says, from whichever run: what goes because it is kept in a snapshot goes with one.
  if (operation.verdict.proof === 'snapshot' && intent.snapshot === undefined) {
    return { op, event: { ...unkept(operation), detail: 'no snapshot, no removal: none was intended' } };
  }
  const taken =
    intent.snapshot === undefined ? undefined : await snapshotFor(intent, op, context.journalId, item);
  if (taken?.isErr() === true) {
    await letGo(intent);
    return { op, event: { ...unkept(operation), detail: `no snapshot, no removal: ${taken.error}` } };
  }
  if (taken?.isOk() === true) {
    const { ref, commit } = taken.value;
    const told = await context.record.facts([
      { op, event: { type: 'SnapshotTaken', item: item.id, ref, commit } },
    ]);
    // The journal is dead, and says so as soon as it is told anything.
    if (told.isErr()) return { op, event: { ...unkept(operation), detail: 'the journal failed' } };
  }

  const moved = await moveOut(intent.moves, context.hold);
  const seen = isSeenByRename ? seenByRename(moved, item.path) : undefined;
  if (seen !== undefined) return { op, event: { type: 'ItemDrifted', item: item.id, ...seen } };
  if (taken?.isOk() === true) {
    const settled = await settleKept(operation, context.journalId, taken.value, moved);
    if (settled !== undefined) return { op, event: settled };
  }
  switch (moved.type) {
    case 'moved': {
      const late = taken === undefined ? await lateWork(operation) : undefined;
      return late === undefined ? 'moved' : takeBack(operation, late);
    }
    case 'vanished':
      return { op, event: { type: 'ItemVanished', item: item.id } };
    case 'changed': {
      const evidence = { path: moved.path, observed: moved.observed?.ino ?? 'absent' };
      return {
        op,
        event: { type: 'ItemDrifted', item: item.id, reason: 'changed-since-decision', evidence },
      };
    }
    case 'failed': {
      const { code, syscall, path } = moved.failure;
      return {
        op,
        event: { type: 'ItemFailed', item: item.id, code, syscall, path, attempt, retryable: true },
      };
    }
    case 'stuck': {
      const { code, path } = moved.failure;
      return { op, event: { type: 'PutBackBlocked', item: item.id, path, code } };
    }
    default:
      return unreachable(moved);
  }
}

/** Whoever wrote into a worktree while it was looked at a last time wrote into what lies in quarantine now. */
async function lateWork({ item, intent }: Operation): Promise<Drift | undefined> {
  const main = intent.moves.find(({ role }) => role === 'main');
  return main === undefined ? undefined : changedUntilMoved(item, main.to);
}

async function takeBack({ op, item, intent }: Operation, { reason, evidence }: Drift): Promise<Fact> {
  const back = await putBackDurably(intent.moves);
  if (back.isErr()) {
    const { path, code } = back.error;
    return { op, event: { type: 'PutBackBlocked', item: item.id, path, code } };
  }
  const whole = stillKept(await letGo(intent), intent.snapshot?.ref);
  return { op, event: { type: 'ItemDrifted', item: item.id, reason, evidence: { ...evidence, ...whole } } };
}

/** What could be undone when it was consented to goes in no way in which it cannot be. */
export function unkeptPromise({ item, attempt }: Operation, obstacle: Obstacle): EventOf<'ItemFailed'> {
  const detail = `it cannot be held for undo, and stays: ${obstacleWords(obstacle)}`;
  return {
    type: 'ItemFailed',
    item: item.id,
    code: 'ENOHOLD',
    path: obstacle.path,
    detail,
    attempt,
    retryable: true,
  };
}

function unkept({ item, attempt }: Operation): EventOf<'ItemFailed'> {
  const path = item.path;
  return { type: 'ItemFailed', item: item.id, code: 'ESNAPSHOT', path, attempt, retryable: false };
}

/** What the item explains and is still there, planned or not: the record of a worktree outlives it, never the reverse. */
function stillExplained(item: Item, gone: ReadonlySet<ItemId>): ItemId | undefined {
  for (const id of explains(item)) {
    if (gone.has(id)) continue;
    const there = identify(pathOf(id));
    if (there.isErr() || there.value !== undefined) return id;
  }
  return undefined;
}

/** Asks the process table once more, from behind the rename, and takes back what somebody uses or works on after all. */
export async function putBackIfUsed(
  operation: Operation,
  table: ProcessTable,
  held: Held,
  look: Look,
): Promise<Fact | 'moved'> {
  const { item, intent } = operation;
  const [user] = intent.moves.flatMap(({ to }) => usersOf(to, table));
  if (user !== undefined) {
    const evidence = { process: `${user.pid} (${user.name}) came in meanwhile` };
    return takeBack(operation, { reason: 'in-use', evidence });
  }
  const alive = await livingOwner(item, look, table);
  if (alive !== undefined) return takeBack(operation, alive);
  const lock = held.takenSince(intent.locks);
  if (lock === undefined) return 'moved';
  return takeBack(operation, { reason: 'active', evidence: { lock: `taken meanwhile: ${lock}` } });
}
