import { err, errAsync, ok, okAsync, ResultAsync, type Result } from 'neverthrow';
import type { Draft, Entry } from '../journal/entry.ts';
import type { Event } from '../journal/event.ts';
import { batchEntries } from '../journal/writer.ts';
import { invariant } from '../model/invariant.ts';
import type { JournalFailure } from '../model/failure.ts';
import type { ItemId } from '../model/item.ts';
import type { RunAccount } from '../projections/run-account.ts';
import { runAccount } from '../projections/run-account.ts';
import type { Command } from '../run/command.ts';
import { decide } from '../run/decide.ts';
import { concernsOperation, evolveOperation, type OperationState } from '../run/operation.ts';
import { evolve, newRun, withPlannedItems, type Run } from '../run/run.ts';

/** What accepts entries: the journal, or the memory of a dry run that cannot write one. */
export type Ledger = { append(drafts: readonly Draft[]): ResultAsync<readonly Entry[], JournalFailure> };

/** An operation's fact, told after the act. */
export type Fact = { readonly op: string; readonly event: Event };

/**
 * What a chunk intends is written before what is told of the chunk before it, if it is handed over as one: moving can
 * begin, and the rest is written beside.
 */
const entriesInTurn = 4 * batchEntries;

/**
 * A run's only way into the journal: commands are decided, facts are checked against the operation's story, both
 * are durable when the result is there. An illegal story is a defect, not an entry.
 */
export type RunRecord = {
  readonly id: string;
  readonly account: RunAccount;
  readonly run: () => Run;
  readonly command: (command: Command) => ResultAsync<void, JournalFailure>;
  /** All of them are durable when it resolves. */
  readonly begin: (intents: readonly { op: string; command: Command }[]) => ResultAsync<void, JournalFailure>;
  readonly facts: (facts: readonly Fact[]) => ResultAsync<void, JournalFailure>;
  /** Events that belong to no operation: locks replaced, orphans found. */
  readonly note: (events: readonly Event[]) => ResultAsync<void, JournalFailure>;
  readonly plan: (items: Iterable<ItemId>) => void;
  /** An operation that an earlier run began goes on in this one. */
  readonly adopt: (op: string, state: OperationState) => void;
};

/**
 * @param onEntries - called with the entries of each batch, which are not kept: there are up to three for each of
 *   100,000 items
 */
export function runRecord(
  id: string,
  ledger: Ledger,
  onEntries: (entries: readonly Entry[]) => void = () => undefined,
): RunRecord {
  let run = newRun;
  const account = runAccount.initial();
  const operations = new Map<string, OperationState>();

  function advance(op: string, event: Event): void {
    const next = evolveOperation(operations.get(op) ?? 'none', event);
    invariant(next.isOk(), next.isErr() ? `operation ${op}: ${event.type} in state ${next.error.from}` : '');
    // What is held waits for the end of undo: whoever frees it adopts it again.
    const isHeld = event.type === 'ItemQuarantined' && event.heldUntilMs !== undefined;
    if (next.value === 'ended' || isHeld) operations.delete(op);
    else operations.set(op, next.value);
  }

  async function appendAll(drafts: readonly Draft[]): Promise<Result<void, JournalFailure>> {
    for (const { op, event } of drafts) {
      if (op !== undefined && concernsOperation(event)) advance(op, event);
    }
    for (let from = 0; from < drafts.length; from += entriesInTurn) {
      const batch = drafts.slice(from, from + entriesInTurn).map((draft) => ofRun(draft, id));
      const appended = await ledger.append(batch);
      if (appended.isErr()) return err(appended.error);
      for (const entry of appended.value) {
        run = evolve(run, entry.event);
        runAccount.apply(account, entry);
      }
      onEntries(appended.value);
    }
    return ok(undefined);
  }

  function append(drafts: readonly Draft[]): ResultAsync<void, JournalFailure> {
    return new ResultAsync(appendAll(drafts));
  }

  function decided(command: Command): readonly Event[] {
    const decision = decide(command, run);
    invariant(decision.isOk(), decision.isErr() ? `${command.type} refused: ${decision.error.type}` : '');
    return decision.value;
  }

  return {
    id,
    account,
    run: () => run,
    command: (command) => append(decided(command).map((event) => ({ event }))),
    begin: (intents) =>
      append(intents.flatMap(({ op, command }) => decided(command).map((event) => ({ event, op })))),
    facts: (facts) => append(facts),
    note: (events) => append(events.map((event) => ({ event }))),
    plan: (items) => {
      run = withPlannedItems(run, items);
    },
    adopt: (op, state) => {
      operations.set(op, state);
    },
  };
}

/** Written out for those that are many: they share their shape with no copy in between. */
function ofRun({ event, op, cause }: Draft, run: string): Draft {
  if (cause !== undefined) return op === undefined ? { event, run, cause } : { event, run, op, cause };
  return op === undefined ? { event, run } : { event, run, op };
}

/** A ledger for a dry run whose journal cannot be written: entries get numbers, and are forgotten. */
export function memoryLedger(newId: () => string, clock: () => number, uid: number, tool: string): Ledger {
  let seq = -1;
  return {
    append: (drafts) => {
      if (drafts.some(({ event }) => event.type === 'RemovalIntended')) {
        return errAsync({
          type: 'journal-unavailable',
          path: '',
          code: 'ENOJOURNAL',
          detail: 'no journal, no removal',
        });
      }
      return okAsync(
        drafts.map((draft) => ({ ...draft, seq: ++seq, id: newId(), atMs: clock(), actor: { uid, tool } })),
      );
    },
  };
}
