import type { Entry } from '../journal/entry.ts';
import type {
  RunActor,
  RunCompleted,
  RunConfirmed,
  RunInterrupted,
  RunPlanned,
} from '../journal/event-run.ts';
import type { RunPolicy, RunScope, RunStarted, Tally } from '../journal/event-run.ts';
import type { KeyedProjection } from '../journal/projection.ts';

/** One run in numbers: what it set out to do, and how far it came. */
export type RunSummary = {
  readonly run: string;
  readonly command: string;
  /** Normalised arguments. */
  readonly argv: readonly string[];
  readonly dryRun: boolean;
  readonly startedSeq: number;
  readonly startedAtMs: number;
  readonly lastSeq: number;
  readonly lastAtMs: number;
  readonly scope: RunScope;
  readonly policy: RunPolicy;
  readonly actor: RunActor;
  /** The run whose remaining work it took up. */
  readonly resumeOf?: string;
  /** The plan that it carried out. */
  readonly applies?: string;
  /** Hash of its plan, once it had one. */
  readonly plan?: string;
  readonly planned: Tally;
  /** What its plan was shown not to be undoable for. */
  readonly shownNotUndoable?: RunPlanned['notUndoable'];
  readonly confirmed?: RunConfirmed['how'];
  /** What was told not to be undoable when it was consented to. */
  readonly notUndoable?: RunConfirmed['notUndoable'];
  readonly undoMs?: number;
  readonly undoBytes?: number;
  readonly intended: number;
  readonly removed: Tally;
  /** What it put in quarantine for undo; not lessened when that is freed. */
  readonly held: Tally;
  readonly failed: number;
  /** Those of the failed that may be tried again. */
  readonly retryable: number;
  readonly drifted: number;
  readonly vanished: number;
  readonly restored: number;
  readonly ended?: Pick<RunCompleted, 'outcome' | 'exitCode' | 'totals' | 'freeBefore' | 'freeAfter'> & {
    readonly atMs: number;
  };
  /** The safety rule that stopped it. */
  readonly refusedBy?: string;
  readonly interruptedBy?: RunInterrupted['by'];
};

/** One row for each run, by its id. */
export const runSummary: KeyedProjection<RunSummary> = {
  name: 'run',
  version: 3,
  keyOf: ({ event, run }) => (event.type === 'RunInterrupted' ? event.interrupted : run),
  apply: (row, entry, isOwn = false) => {
    const { event, run } = entry;
    if (event.type === 'RunStarted') return run === undefined ? row : begin(event, entry, run);
    if (row === undefined) return undefined;
    if (event.type === 'RunInterrupted') return { ...row, interruptedBy: event.by };
    return advance(row, entry, isOwn);
  },
};

const nothing: Tally = { items: 0, bytes: 0 };

function begin(event: RunStarted, { seq, atMs }: Entry, run: string): RunSummary {
  const { command, argv, dryRun, scope, policy, actor, resumeOf, applies } = event;
  return {
    run,
    command,
    argv,
    dryRun,
    startedSeq: seq,
    startedAtMs: atMs,
    lastSeq: seq,
    lastAtMs: atMs,
    scope,
    policy,
    actor,
    ...(resumeOf === undefined ? {} : { resumeOf }),
    ...(applies === undefined ? {} : { applies }),
    planned: nothing,
    intended: 0,
    removed: nothing,
    held: nothing,
    failed: 0,
    retryable: 0,
    drifted: 0,
    vanished: 0,
    restored: 0,
  };
}

type Open = { -readonly [Field in keyof RunSummary]: RunSummary[Field] };

/** Asked for each of three hundred thousand entries: a copy for each would be a tenth of what a run leaves to collect. */
function advance(row: RunSummary, { event, seq, atMs }: Entry, isOwn: boolean): RunSummary {
  const next: Open = isOwn ? row : { ...row };
  next.lastSeq = seq;
  next.lastAtMs = atMs;
  switch (event.type) {
    case 'RunPlanned':
      next.plan = event.plan;
      next.planned = { items: event.items, bytes: event.bytes };
      if (event.notUndoable !== undefined) next.shownNotUndoable = event.notUndoable;
      break;
    case 'RunConfirmed':
      next.confirmed = event.how;
      if (event.undoMs !== undefined) next.undoMs = event.undoMs;
      if (event.undoBytes !== undefined) next.undoBytes = event.undoBytes;
      if (event.notUndoable !== undefined) next.notUndoable = event.notUndoable;
      break;
    case 'RemovalIntended':
      next.intended += 1;
      break;
    case 'ItemQuarantined':
      if (event.heldUntilMs !== undefined) next.held = plus(next.held, event.bytes ?? 0);
      break;
    case 'ItemRemoved':
      next.removed = plus(next.removed, event.bytes);
      break;
    case 'ItemFailed':
      if (event.goesOn === true) break;
      next.failed += 1;
      next.retryable += event.retryable ? 1 : 0;
      break;
    case 'ItemDrifted':
      next.drifted += 1;
      break;
    case 'ItemVanished':
      next.vanished += 1;
      break;
    case 'ItemRestored':
      next.restored += 1;
      break;
    case 'RunDeclined':
      next.ended = { outcome: 'declined', exitCode: 5, totals: {}, atMs };
      break;
    case 'RunRefused':
      next.ended = { outcome: 'refused', exitCode: 4, totals: {}, atMs };
      next.refusedBy = event.rule;
      break;
    case 'RunCompleted': {
      const { type: _, ...ended } = event;
      next.ended = { ...ended, atMs };
      break;
    }
    default:
  }
  return next;
}

function plus({ items, bytes }: Tally, more: number): Tally {
  return { items: items + 1, bytes: bytes + more };
}
