import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import { identify, isUnchanged, sameObject } from '../disk/identity.ts';
import { dropSecondName, moveInto, syncDirectories } from '../disk/quarantine.ts';
import type { Event, Move, PurgeStarted } from '../journal/event.ts';
import type { DiskFailure, JournalFailure } from '../model/failure.ts';
import { unreachable } from '../model/invariant.ts';
import type { ItemId } from '../model/item.ts';
import type { OpenOperation } from '../projections/open-operations.ts';
import { adopt } from '../projections/run-account.ts';
import { reconcile, type NextStep, type SeenPart } from '../run/reconcile.ts';
import { free, type Quarantined } from './free.ts';
import { putBack } from './move-out.ts';
import { operationOf, quarantineLevels } from './quarantine-place.ts';
import type { Fact, RunRecord } from './run-record.ts';
import type { OpenIntent } from './sweep.ts';

export type Recovery = {
  readonly record: RunRecord;
  readonly journalId: string;
  readonly roots: readonly string[];
  readonly clock: () => number;
};

export type Recovered = {
  /** Intents of which nothing is moved: to be judged again, and carried out only if the verdict is the same. */
  readonly openIntents: ReadonlyMap<ItemId, OpenIntent>;
  /** How many operations were brought to an end or a step further. */
  readonly settled: number;
  /** Still held for undo, oldest first. */
  readonly held: readonly OpenOperation[];
};

/**
 * Brings what earlier runs left half done to where it belongs (JOURNAL 3.4): looks at the quarantine first, finishes
 * what is in it, puts half-moved items back, and hands over the intents that were never begun.
 */
export async function recover(
  open: readonly OpenOperation[],
  context: Recovery,
): Promise<Result<Recovered, JournalFailure | DiskFailure>> {
  const openIntents = new Map<ItemId, OpenIntent>();
  const held: OpenOperation[] = [];
  const toPurge: OpenOperation[] = [];
  let settled = 0;

  for (const operation of open) {
    const { op, intent } = operation;
    const step = reconcile(operation.state, await see(intent.moves), mainOf(intent.moves));
    context.record.adopt(op, operation.state);
    const isHeld = operation.heldUntilMs !== undefined && operation.heldUntilMs > context.clock();
    if (step.type === 'purge' && isHeld && operation.state === 'quarantined') {
      held.push(operation);
      continue;
    }
    adopt(context.record.account, op, intent, step.type !== 'record-drifted');
    const done = await settle(step, operation, context);
    if (done.isErr()) return err(done.error);
    if (done.value === 'open') {
      openIntents.set(intent.item, { op, intent });
      adopt(context.record.account, op, intent, false);
    } else settled += 1;
    if (done.value === 'purge') toPurge.push(operation);
  }

  const purged = await purgeHeld(toPurge, 'resumed', context);
  if (purged.isErr()) return err(purged.error);
  const orphans = await reportOrphans(open, context);
  if (orphans.isErr()) return err(orphans.error);
  return ok({ openIntents, settled, held: held.sort((a, b) => a.atMs - b.atMs) });
}

/** Frees what lies in quarantine, saying first why it is now. */
export async function purgeHeld(
  operations: readonly OpenOperation[],
  why: PurgeStarted['why'],
  { record }: Pick<Recovery, 'record'>,
): Promise<Result<void, JournalFailure>> {
  if (operations.length === 0) return ok(undefined);
  const started = await record.facts(
    operations.map(({ op, intent }) => ({ op, event: { type: 'PurgeStarted', item: intent.item, why } })),
  );
  if (started.isErr()) return err(started.error);
  const quarantined: Quarantined[] = operations.map(({ op, intent, attempt }) => ({
    op,
    intent,
    attempt: attempt + 1,
  }));
  const told = await record.facts(await free(quarantined));
  return told.isErr() ? err(told.error) : ok(undefined);
}

function mainOf(moves: readonly Move[]): number {
  const main = moves.findIndex(({ role }) => role === 'main');
  return main === -1 ? moves.length - 1 : main;
}

async function see(moves: readonly Move[]): Promise<readonly SeenPart[]> {
  const seen: SeenPart[] = [];
  for (const { path, to, identity } of moves) {
    // Putting a file back gives it its old name before it takes the other away: a crash leaves both.
    await dropSecondName(to, path);
    const original = await identify(path);
    const quarantine = await identify(to);
    seen.push({
      // What cannot be looked at is not what was judged.
      original: original.isErr()
        ? 'other'
        : original.value === undefined
          ? 'absent'
          : isUnchanged(original.value, identity)
            ? 'same'
            : 'other',
      quarantine: quarantine.isErr()
        ? 'other'
        : quarantine.value === undefined
          ? 'absent'
          : sameObject(quarantine.value, identity)
            ? 'same'
            : 'other',
    });
  }
  return seen;
}

type Settled = 'open' | 'settled' | 'purge';

async function settle(
  step: NextStep,
  { op, intent, atMs }: OpenOperation,
  { record }: Recovery,
): Promise<Result<Settled, JournalFailure | DiskFailure>> {
  const { item, moves } = intent;
  const tell = async (event: Event, then: Settled): Promise<Result<Settled, JournalFailure>> => {
    const fact: Fact = { op, event };
    const told = await record.facts([fact]);
    return told.isErr() ? err(told.error) : ok(then);
  };
  const pick = (parts: readonly number[]): readonly Move[] => parts.flatMap((part) => moves[part] ?? []);

  switch (step.type) {
    case 'decide-again':
      return ok('open');
    case 'purge':
      return ok('purge');
    case 'record-removed':
      return tell(
        { type: 'ItemRemoved', item, bytes: intent.bytes, files: 0, observed: 'absent' },
        'settled',
      );
    case 'record-vanished':
      return tell({ type: 'ItemVanished', item }, 'settled');
    case 'record-drifted':
      return tell({ type: 'ItemDrifted', item, reason: 'changed-since-decision', evidence: {} }, 'settled');
    case 'record-quarantined': {
      const synced = await syncMoves(moves);
      if (synced.isErr()) return err(synced.error);
      const heldUntilMs = intent.holdMs > 0 ? { heldUntilMs: atMs + intent.holdMs } : {};
      return tell(
        { type: 'ItemQuarantined', item, bytes: intent.bytes, recovered: true, ...heldUntilMs },
        intent.holdMs > 0 ? 'settled' : 'purge',
      );
    }
    case 'redo-rename': {
      // While it was held for undo, somebody put it back by hand: that is an undo, too.
      if (intent.holdMs > 0) return tell({ type: 'ItemRestored', item, why: 'put-back' }, 'settled');
      const parts = pick(step.parts);
      for (const { path, to, identity } of parts) {
        const moved = await moveInto(path, to, identity);
        if (moved.isErr()) return err(moved.error);
      }
      const synced = await syncMoves(parts);
      if (synced.isErr()) return err(synced.error);
      return tell({ type: 'RenameRedone', item }, 'purge');
    }
    case 'put-back': {
      const parts = pick(step.parts);
      const back = await putBack(parts);
      if (back.isErr()) {
        const { path, code } = back.error;
        return tell({ type: 'PutBackBlocked', item, path, code }, 'settled');
      }
      const synced = await syncMoves(parts);
      if (synced.isErr()) return err(synced.error);
      if (step.next === 'decide-again') return ok('open');
      return tell({ type: 'ItemDrifted', item, reason: 'changed-since-decision', evidence: {} }, 'settled');
    }
    case 'report-foreign': {
      const paths = pick(step.parts).map(({ to }) => to);
      const noted = await record.note(paths.map((path) => ({ type: 'QuarantineOrphanFound', path })));
      if (noted.isErr()) return err(noted.error);
      const path = paths[0] ?? '';
      const detail = 'something else lies in its place in quarantine';
      return tell(
        { type: 'ItemFailed', item, code: 'EFOREIGN', path, detail, attempt: 1, retryable: false },
        'settled',
      );
    }
    default:
      return unreachable(step);
  }
}

function syncMoves(moves: readonly Move[]): ReturnType<typeof syncDirectories> {
  return syncDirectories([...new Set(moves.flatMap(({ path, to }) => [dirname(to), dirname(path)]))]);
}

/** What lies in this journal's quarantine and belongs to no open operation is reported, and left alone. */
async function reportOrphans(
  open: readonly OpenOperation[],
  { record, roots, journalId }: Recovery,
): Promise<Result<void, JournalFailure>> {
  const known = new Set(open.map(({ op }) => op));
  const orphans: Event[] = [];
  for (const root of roots) {
    const directory = join(root, ...quarantineLevels(journalId));
    const names = await readdir(directory).catch(() => []);
    for (const name of names) {
      const path = join(directory, name);
      if (!known.has(operationOf(path) ?? '')) orphans.push({ type: 'QuarantineOrphanFound', path });
    }
  }
  const noted = await record.note(orphans);
  return noted.isErr() ? err(noted.error) : ok(undefined);
}
