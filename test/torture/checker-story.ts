import type { Entry } from '../../src/journal/entry.ts';
import { removalOf, type RemovalIntended } from '../../src/journal/event-removal.ts';
import { terminalEvents, type Event } from '../../src/journal/event.ts';
import type { RunCompleted } from '../../src/journal/event-run.ts';
import type { ItemId } from '../../src/model/item.ts';
import { concernsOperation, evolveOperation, type OperationState } from '../../src/run/operation.ts';
import type { Violation } from './suite.ts';

/** What the journal says became of one item on its way out. */
export type Operation = {
  readonly op: string;
  readonly intent: RemovalIntended;
  readonly state: OperationState;
  /** Held for undo: it may stay in quarantine. */
  readonly isHeld: boolean;
  readonly events: readonly Event['type'][];
  /** The last of the events that end an operation. */
  readonly end: Event['type'] | undefined;
};

export type Story = {
  readonly operations: ReadonlyMap<string, Operation>;
  readonly violations: readonly Violation[];
};

/** J4: every operation goes from state to state as the table allows, and ends no more than once. */
export function storyOf(entries: readonly Entry[]): Story {
  const operations = new Map<string, Operation>();
  const violations: Violation[] = [];
  const j4 = (seq: number, detail: string): number =>
    violations.push({ rule: 'J4', detail: `entry ${seq}: ${detail}` });

  for (const { seq, event, op } of entries) {
    if (!concernsOperation(event)) continue;
    if (op === undefined) {
      j4(seq, `${event.type} belongs to no operation`);
      continue;
    }
    const known = operations.get(op);
    const next = evolveOperation(known?.state ?? 'none', event);
    if (next.isErr()) {
      j4(seq, `${event.type} of operation ${op} in state ${next.error.from}`);
      continue;
    }
    const before = known ?? operations.get(removalOf(op));
    const intent = event.type === 'RemovalIntended' ? event : before?.intent;
    if (intent === undefined) continue;
    if ('item' in event && event.item !== intent.item) j4(seq, `${event.type} of ${op} names ${event.item}`);
    const isHeld =
      event.type === 'ItemQuarantined' ? event.heldUntilMs !== undefined : (known?.isHeld ?? false);
    operations.set(op, {
      op,
      intent,
      state: next.value,
      isHeld: isHeld && next.value === 'quarantined',
      events: [...(known?.events ?? []), event.type],
      end: terminalEvents.includes(event.type) ? event.type : known?.end,
    });
  }
  return { operations, violations };
}

/** J4 after the final resume: what is not held for undo, and not blocked for good, has exactly one end. */
export function endsOf({ operations }: Story, blocked: ReadonlySet<string>): Violation[] {
  return [...operations.values()].flatMap(({ op, intent, state, isHeld, events }) => {
    const ends = events.filter((type) => terminalEvents.includes(type)).length;
    const expected = state === 'ended' ? 1 : 0;
    if (ends !== expected)
      return [{ rule: 'J4', detail: `operation ${op} has ${ends} ends: ${events.join(' ')}` }];
    if (state === 'ended' || isHeld || blocked.has(intent.item)) return [];
    const detail = `operation ${op} of ${intent.item} is unfinished: ${events.join(' ')}`;
    return [
      { rule: 'J4', detail },
      { rule: 'J8', detail },
    ];
  });
}

/** J2: what was acknowledged is there, in its place; what was said to be gone has its fact. */
export function promisesOf(
  entries: readonly Entry[],
  acknowledged: readonly { readonly id: string; readonly seq: number }[],
  saidRemoved: readonly string[],
): Violation[] {
  const seqs = new Map(entries.map(({ id, seq }) => [id, seq]));
  const gone = new Set<ItemId>();
  for (const { event } of entries) {
    if (event.type === 'ItemRemoved') gone.add(event.item);
    // Held for undo counts as removed: it has durably left its place.
    if (event.type === 'ItemQuarantined' && event.heldUntilMs !== undefined) gone.add(event.item);
  }
  return [
    ...acknowledged.flatMap(({ id, seq }) => {
      const found = seqs.get(id);
      if (found === seq) return [];
      const where = found === undefined ? 'is not there' : `is entry ${found}`;
      return [{ rule: 'J2', detail: `acknowledged entry ${seq} (${id}) ${where}` }];
    }),
    ...saidRemoved
      .filter((item) => !gone.has(item))
      .map((item) => ({ rule: 'J2', detail: `${item} was said to be removed; no entry says so` })),
  ];
}

/** J11: failures tell what is needed to act on them, and nothing else is left undone because of them. */
export function failuresOf(entries: readonly Entry[]): Violation[] {
  const violations: Violation[] = [];
  const runs = byRun(entries);
  for (const { seq, event } of entries) {
    const lacks = whatFailureLacks(event);
    if (lacks.length > 0)
      violations.push({ rule: 'J11', detail: `entry ${seq}: ${event.type} without ${lacks.join(', ')}` });
  }
  for (const [run, own] of runs) {
    const ended = own.map(({ event }) => event).find((event) => event.type === 'RunCompleted');
    // A run that was stopped leaves the rest to `resume`.
    if (ended?.type !== 'RunCompleted' || !['completed', 'partial'].includes(ended.outcome)) continue;
    const confirmed = own.map(({ event }) => event).find((event) => event.type === 'RunConfirmed');
    const items = new Set<ItemId>();
    const answered = new Set<string>();
    for (const { event, op } of own) {
      if (op === undefined || !concernsOperation(event)) continue;
      if ('item' in event) items.add(event.item);
      if (event.type !== 'RemovalIntended') answered.add(op);
    }
    for (const { event, op = '' } of own) {
      if (event.type === 'RemovalIntended' && !answered.has(op))
        violations.push({ rule: 'J11', detail: `run ${run} ended and never came back to ${event.item}` });
    }
    if (confirmed?.type === 'RunConfirmed' && items.size < confirmed.items) {
      const detail = `run ${run} was to remove ${confirmed.items} items and tried ${items.size}`;
      violations.push({ rule: 'J11', detail });
    }
  }
  return violations;
}

function whatFailureLacks(event: Event): string[] {
  const lacks = (wanted: Readonly<Record<string, boolean>>): string[] =>
    Object.entries(wanted).flatMap(([name, isThere]) => (isThere ? [] : [name]));
  switch (event.type) {
    case 'ItemFailed':
      return lacks({ code: event.code !== '', path: event.path !== '', attempt: event.attempt >= 1 });
    case 'PurgeBlocked':
      return lacks({
        code: event.codes.length > 0 && !event.codes.includes(''),
        path: event.paths.length > 0 && !event.paths.includes(''),
        attempt: event.attempt >= 1,
      });
    case 'PutBackBlocked':
      return lacks({ code: event.code !== '', path: event.path !== '' });
    default:
      return [];
  }
}

/** J10: the bytes that a run says it removed are those of the operations that it brought out of their place. */
export function totalsOf(entries: readonly Entry[], { operations }: Story): Violation[] {
  const violations: Violation[] = [];
  for (const [run, own] of byRun(entries)) {
    const ended = own.map(({ event }) => event).find((event) => event.type === 'RunCompleted');
    if (ended?.type !== 'RunCompleted' || Object.keys(ended.totals).length === 0) continue;
    const said = sumOf(ended.totals);
    const counted = { items: 0, bytes: 0 };
    for (const op of removedBy(own)) {
      counted.items += 1;
      counted.bytes += operations.get(op)?.intent.bytes ?? 0;
    }
    if (said.items !== counted.items || said.bytes !== counted.bytes) {
      const detail = `run ${run} says ${said.items} items, ${said.bytes} bytes removed; its entries say ${counted.items}, ${counted.bytes}`;
      violations.push({ rule: 'J10', detail });
    }
  }
  return violations;
}

/** Operations that this run's own entries leave out of their place, but for those that an earlier run had removed. */
function removedBy(own: readonly Entry[]): ReadonlySet<string> {
  const removed = new Set<string>();
  const earlier = new Set<string>();
  for (const { event, op } of own) {
    if (op === undefined || !concernsOperation(event)) continue;
    if (event.type === 'PurgeStarted' && event.why !== 'resumed' && !removed.has(op)) earlier.add(op);
    if (event.type === 'ItemQuarantined' || (event.type === 'ItemRemoved' && !earlier.has(op)))
      removed.add(op);
    if (['PurgeBlocked', 'ItemRestored', 'ItemFailed', 'PutBackBlocked'].includes(event.type))
      removed.delete(op);
  }
  return removed;
}

function sumOf(totals: RunCompleted['totals']): { items: number; bytes: number } {
  const sum = { items: 0, bytes: 0 };
  for (const { removed } of Object.values(totals)) {
    sum.items += removed.items;
    sum.bytes += removed.bytes;
  }
  return sum;
}

function byRun(entries: readonly Entry[]): ReadonlyMap<string, readonly Entry[]> {
  const runs = new Map<string, Entry[]>();
  for (const entry of entries) {
    if (entry.run === undefined) continue;
    const own = runs.get(entry.run);
    if (own === undefined) runs.set(entry.run, [entry]);
    else own.push(entry);
  }
  return runs;
}

const markers: ReadonlySet<string> = new Set(['RunStarted', 'RunCompleted', 'RunInterrupted']);

/** J9: what a second resume in a row may add. */
export function onlyMarkersAfter(entries: readonly Entry[], seq: number): Violation[] {
  return entries
    .filter((entry) => entry.seq > seq && !markers.has(entry.event.type))
    .map((entry) => ({
      rule: 'J9',
      detail: `a second resume added entry ${entry.seq}: ${entry.event.type}`,
    }));
}
