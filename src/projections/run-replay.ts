import type { Entry } from '../journal/entry.ts';
import type { EventOf } from '../journal/event.ts';
import type { RemovalIntended } from '../journal/event-removal.ts';
import type { ScanCompleted } from '../journal/event-run.ts';
import type { Projection } from '../journal/projection.ts';
import type { ItemId } from '../model/item.ts';
import type { Kind } from '../model/kind.ts';
import { follow, type Course } from './course.ts';
import type { OpenOperation } from './open-operations.ts';
import { Packed } from './packed.ts';
import { noStep, StepLog } from './step-log.ts';
import { include, noStretches, type Stretches } from './stretches.ts';

/** What is told of an intent after the run; the rest is long. */
export type ActIntent = Pick<
  RemovalIntended,
  'name' | 'bytes' | 'holdMs' | 'undoMs' | 'worktree' | 'snapshot'
>;

/** What an operation is about. The intent may be an earlier run's, or be gone with the operation. */
export type Begun = { readonly item: ItemId; readonly intent?: ActIntent };

/** One operation as a run carried it. There may be a hundred thousand: no more than what its end is told by. */
export type Act = Course & {
  readonly op: string;
  /** Where its {@link Begun} is packed. */
  begun: number;
  hasIntent: boolean;
  /** By what else says it first. */
  bytes: number | undefined;
  outcome: 'removed' | 'failed' | 'drifted' | 'restored' | 'remaining';
  /** The errno and the path that it is about, when it failed. */
  failure: { readonly code: string; readonly path: string } | undefined;
  /** As long as it has not ended. */
  state: OpenOperation['state'] | undefined;
  heldUntilMs: number | undefined;
  lastStep: number;
};

/** In which part of the story an entry is told by itself; the others are only summed up. */
export type Part = 'verdicts' | 'oddities' | 'notes' | 'steps';

/** One run from its first entry to its last: what is told of it as a whole, and where the rest stands. */
export type RunReplay = {
  readonly scans: Map<Kind, ScanCompleted>;
  planned?: EventOf<'RunPlanned'>;
  confirmed?: { readonly event: EventOf<'RunConfirmed'>; readonly atMs: number };
  readonly acts: Map<string, Act>;
  readonly begun: Packed<Begun>;
  readonly steps: StepLog;
  readonly parts: Readonly<Record<Part, Stretches>>;
};

export function partOf({ event, op }: Entry): Part | undefined {
  switch (event.type) {
    // Those that differ from the last ones on record for their items: the others are only counted.
    case 'ItemKept':
    case 'ItemCondemned':
      return 'verdicts';
    case 'OddityFound':
      return 'oddities';
    case 'RunStarted':
    case 'ScanCompleted':
    case 'RunPlanned':
    case 'RunConfirmed':
    case 'PlanRecorded':
    case 'RunCompleted':
      return undefined;
    default:
      // What belongs to no item: locks replaced, orphans found, other runs found dead, refusals.
      return op === undefined || !('item' in event) ? 'notes' : 'steps';
  }
}

/** Folds the entries of one run, and no others. */
export function runReplay(run: string): Projection<RunReplay> {
  return {
    initial: () => ({
      scans: new Map(),
      acts: new Map(),
      begun: new Packed(),
      steps: new StepLog(),
      parts: {
        verdicts: noStretches(),
        oddities: noStretches(),
        notes: noStretches(),
        steps: noStretches(),
      },
    }),
    apply: (replay, entry) => {
      if (entry.run !== run) return replay;
      const { event, atMs } = entry;
      const part = partOf(entry);
      if (part !== undefined) include(replay.parts[part], entry.seq);
      if (part === 'steps') step(replay, entry);
      else if (event.type === 'ScanCompleted') replay.scans.set(event.kind, event);
      else if (event.type === 'RunPlanned') replay.planned = event;
      else if (event.type === 'RunConfirmed') replay.confirmed = { event, atMs };
      return replay;
    },
  };
}

function step(replay: RunReplay, entry: Entry): void {
  const { event, op } = entry;
  if (op === undefined || !('item' in event)) return;
  const { item } = event;
  const act = replay.acts.get(op) ?? newAct(op);
  replay.acts.set(op, act);
  act.lastStep = replay.steps.add(entry, act.lastStep);
  if (event.type === 'RemovalIntended') intend(replay, act, item, event);
  else {
    if (act.begun === unknown) act.begun = replay.begun.add({ item });
    if ('bytes' in event) act.bytes ??= event.bytes;
  }
  judge(act, entry);
  follow(act, entry);
}

/** The first intent that is known counts. */
export function intend({ begun }: RunReplay, act: Act, item: ItemId, intended: RemovalIntended): void {
  if (act.hasIntent) return;
  const { name, bytes, holdMs, undoMs, worktree, snapshot } = intended;
  const intent = {
    name,
    bytes,
    holdMs,
    ...(undoMs === undefined ? {} : { undoMs }),
    ...(worktree === undefined ? {} : { worktree }),
    ...(snapshot === undefined ? {} : { snapshot }),
  };
  act.begun = begun.add({ item: act.begun === unknown ? item : begun.get(act.begun).item, intent });
  act.hasIntent = true;
}

const unknown = -1;

function newAct(op: string): Act {
  return {
    // Not spread: an object that is made so is not laid out as one that is written out.
    end: undefined,
    endedAtMs: 0,
    hasExpired: false,
    purgedFor: undefined,
    hasSnapshot: false,
    op,
    begun: unknown,
    hasIntent: false,
    bytes: undefined,
    outcome: 'remaining',
    failure: undefined,
    state: undefined,
    heldUntilMs: undefined,
    lastStep: noStep,
  };
}

function judge(act: Act, { event }: Entry): void {
  switch (event.type) {
    case 'ItemRemoved':
    case 'ItemQuarantined':
      return end(act, 'removed');
    case 'ItemRestored':
      return end(act, event.why === 'undo' ? 'restored' : 'drifted');
    case 'ItemDrifted':
    case 'ItemVanished':
      return end(act, 'drifted');
    case 'ItemFailed':
    case 'PurgeBlocked':
    case 'PutBackBlocked':
      return end(act, 'failed', causeIn(event));
    default:
  }
}

function end(act: Act, outcome: Act['outcome'], failure?: Act['failure']): void {
  act.outcome = outcome;
  act.failure = failure;
}

/** The errno and the path that a failure is about, for its next step. */
export function causeIn(failure: EventOf<'ItemFailed' | 'PurgeBlocked' | 'PutBackBlocked'>): {
  readonly code: string;
  readonly path: string;
} {
  return failure.type === 'PurgeBlocked'
    ? { code: failure.codes[0] ?? 'EIO', path: failure.paths[0] ?? '' }
    : { code: failure.code, path: failure.path };
}
