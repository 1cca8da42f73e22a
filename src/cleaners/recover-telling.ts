import { err, ok, type Result } from 'neverthrow';
import type { Event } from '../journal/event.ts';
import { batchEntries } from '../journal/writer.ts';
import type { DiskFailure, JournalFailure } from '../model/failure.ts';
import { unreachable } from '../model/invariant.ts';
import type { ItemId } from '../model/item.ts';
import type { WholeOperation } from '../projections/open-operations.ts';
import { fail } from '../projections/run-account.ts';
import type { NextStep } from '../run/reconcile.ts';
import { syncMoves } from './move-out.ts';
import type { RunRecord } from './run-record.ts';

/** What is only to be told of an operation that was left half done. */
export type Telling = {
  readonly operation: WholeOperation;
  readonly event: Event;
  /** Whoever was killed moved, put back or freed it, and may not have synced that: a power cut may take it back still. */
  readonly mustSync: boolean;
  /** Then its bytes are to be freed. */
  readonly isToGo: boolean;
};

/** Steps of which nothing is left to do but to tell them. */
export type ToldStep = Extract<NextStep, { type: `record-${string}` }>;

export function isOnlyTold(step: NextStep): step is ToldStep {
  return step.type.startsWith('record-');
}

export function tellingOf(step: ToldStep, operation: WholeOperation): Telling {
  const { intent, atMs, state, heldUntilMs } = operation;
  const { item, bytes, holdMs } = intent;
  const only = (event: Event): Telling => ({ operation, event, mustSync: true, isToGo: false });
  switch (step.type) {
    case 'record-removed':
      return only({ type: 'ItemRemoved', item, bytes, files: 0, observed: 'absent' });
    case 'record-vanished':
      // It went before anything was done to it.
      return { ...only({ type: 'ItemVanished', item }), mustSync: false };
    case 'record-drifted':
      return only({ type: 'ItemDrifted', item, reason: 'changed-since-decision', evidence: {} });
    case 'record-restored': {
      // Who put back what was held wanted it: a run that is resumed must not take it again.
      const isHeld = heldUntilMs !== undefined && state === 'quarantined';
      return only({ type: 'ItemRestored', item, why: isHeld ? 'undo' : 'put-back' });
    }
    case 'record-quarantined': {
      const held = holdMs > 0 ? { heldUntilMs: atMs + holdMs } : {};
      const event: Event = { type: 'ItemQuarantined', item, bytes, recovered: true, ...held };
      return { ...only(event), isToGo: holdMs === 0 };
    }
    default:
      return unreachable(step);
  }
}

/** Tells them for many operations at once, as a chunk of a sweep does: a killed run leaves up to two chunks of them. */
export class Tellings {
  readonly #record: RunRecord;
  readonly #waiting = new Map<ItemId, Telling>();

  constructor(record: RunRecord) {
    this.#record = record;
  }

  /** There is no room, or what waits is of the same item, and comes first. */
  mustBeTold(item: ItemId): boolean {
    return this.#waiting.size >= batchEntries || this.#waiting.has(item);
  }

  add(telling: Telling): void {
    this.#waiting.set(telling.operation.intent.item, telling);
  }

  /** @returns those that were told; of the others it is on the account why not */
  async tell(): Promise<Result<readonly Telling[], JournalFailure>> {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    const unsynced = await syncAll(waiting.filter(({ mustSync }) => mustSync));
    const durable: Telling[] = [];
    for (const telling of waiting) {
      const failure = unsynced.get(telling);
      if (failure === undefined) durable.push(telling);
      else {
        const { code, path } = failure;
        fail(this.#record.account, telling.operation.intent.item, { code, path });
      }
    }
    const told = await this.#record.facts(durable.map(({ operation: { op }, event }) => ({ op, event })));
    return told.isErr() ? err(told.error) : ok(durable);
  }
}

/** Makes durable what is to be told of them; where that fails for all together, for each. */
async function syncAll(tellings: readonly Telling[]): Promise<ReadonlyMap<Telling, DiskFailure>> {
  const unsynced = new Map<Telling, DiskFailure>();
  const together = await syncMoves(tellings.flatMap(({ operation }) => operation.intent.moves));
  if (together.isOk()) return unsynced;
  for (const telling of tellings) {
    const alone = await syncMoves(telling.operation.intent.moves);
    if (alone.isErr()) unsynced.set(telling, alone.error);
  }
  return unsynced;
}
