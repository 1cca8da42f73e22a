import type { Entry } from '../journal/entry.ts';
import type { RunActor, RunCompleted, RunConfirmed, RunInterrupted } from '../journal/event-run.ts';
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
  readonly confirmed?: RunConfirmed['how'];
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
  apply: (row, entry) => {
    const { event, run } = entry;
    if (event.type === 'RunStarted') return run === undefined ? row : begin(event, entry, run);
    if (row === undefined) return undefined;
    if (event.type === 'RunInterrupted') return { ...row, interruptedBy: event.by };
    return advance(row, entry);
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

function advance(row: RunSummary, { event, seq, atMs }: Entry): RunSummary {
  const last = { lastSeq: seq, lastAtMs: atMs };
  switch (event.type) {
    case 'RunPlanned':
      return { ...row, ...last, plan: event.plan, planned: { items: event.items, bytes: event.bytes } };
    case 'RunConfirmed':
      return { ...row, ...last, confirmed: event.how };
    case 'RemovalIntended':
      return { ...row, ...last, intended: row.intended + 1 };
    case 'ItemQuarantined':
      if (event.heldUntilMs === undefined) return { ...row, ...last };
      return { ...row, ...last, held: plus(row.held, event.bytes ?? 0) };
    case 'ItemRemoved':
      return { ...row, ...last, removed: plus(row.removed, event.bytes) };
    case 'ItemFailed':
      return {
        ...row,
        ...last,
        failed: row.failed + 1,
        retryable: row.retryable + (event.retryable ? 1 : 0),
      };
    case 'ItemDrifted':
      return { ...row, ...last, drifted: row.drifted + 1 };
    case 'ItemVanished':
      return { ...row, ...last, vanished: row.vanished + 1 };
    case 'ItemRestored':
      return { ...row, ...last, restored: row.restored + 1 };
    case 'RunDeclined':
      return { ...row, ...last, ended: { outcome: 'declined', exitCode: 5, totals: {}, atMs } };
    case 'RunRefused':
      return {
        ...row,
        ...last,
        ended: { outcome: 'refused', exitCode: 4, totals: {}, atMs },
        refusedBy: event.rule,
      };
    case 'RunCompleted': {
      const { type: _, ...ended } = event;
      return { ...row, ...last, ended: { ...ended, atMs } };
    }
    default:
      return { ...row, ...last };
  }
}

function plus({ items, bytes }: Tally, more: number): Tally {
  return { items: items + 1, bytes: bytes + more };
}
