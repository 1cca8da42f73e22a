import { errAsync, okAsync, type ResultAsync } from 'neverthrow';
import type { Draft, Entry } from '../journal/entry.ts';
import type { Event } from '../journal/event.ts';
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
 * A run's only way into the journal: commands are decided, facts are checked against the operation's story, both
 * are durable when the result is there. An illegal story is a defect, not an entry.
 */
export type RunRecord = {
  readonly id: string;
  readonly account: RunAccount;
  readonly run: () => Run;
  readonly command: (command: Command) => ResultAsync<readonly Entry[], JournalFailure>;
  /** One batch: all of them, or none. */
  readonly begin: (
    intents: readonly { op: string; command: Command }[],
  ) => ResultAsync<readonly Entry[], JournalFailure>;
  readonly facts: (facts: readonly Fact[]) => ResultAsync<readonly Entry[], JournalFailure>;
  /** Events that belong to no operation: locks replaced, orphans found. */
  readonly note: (events: readonly Event[]) => ResultAsync<readonly Entry[], JournalFailure>;
  readonly plan: (items: Iterable<ItemId>) => void;
  /** An operation that an earlier run began goes on in this one. */
  readonly adopt: (op: string, state: OperationState) => void;
};

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
    if (next.value === 'ended') operations.delete(op);
    else operations.set(op, next.value);
  }

  function append(drafts: readonly Draft[]): ResultAsync<readonly Entry[], JournalFailure> {
    if (drafts.length === 0) return okAsync([]);
    for (const { op, event } of drafts) {
      if (op !== undefined && concernsOperation(event)) advance(op, event);
    }
    return ledger.append(drafts.map((draft) => ({ ...draft, run: id }))).andThen((entries) => {
      for (const entry of entries) {
        run = evolve(run, entry.event);
        runAccount.apply(account, entry);
      }
      onEntries(entries);
      return okAsync(entries);
    });
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
