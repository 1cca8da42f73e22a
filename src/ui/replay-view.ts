import { addTo } from '../model/groups.ts';
import type { EventOf } from '../journal/event.ts';
import type { PlannedItem } from '../journal/event-run.ts';
import type { RemovalIntended } from '../journal/event-removal.ts';
import type { ItemId } from '../model/item.ts';
import { isKind, type Kind } from '../model/kind.ts';
import type { Aftermath } from '../projections/aftermath.ts';
import type { OpenOperation } from '../projections/open-operations.ts';
import type { Act, RunReplay } from '../projections/run-replay.ts';
import type { RunSummary } from '../projections/run-summary.ts';
import { recoveryOf, type Fate, type Recovery } from './recovery.ts';

/** Everything about one run, of its own entries and of what came after. */
export type ReplayView = {
  readonly summary: RunSummary;
  readonly replay: RunReplay;
  readonly plan: readonly PlannedItem[];
  readonly aftermath: readonly Aftermath[];
  /** Those of its operations that have not ended. */
  readonly open: readonly OpenOperation[];
  /** The intents of those which other runs began. */
  readonly intents: ReadonlyMap<string, RemovalIntended>;
  readonly resumedBy: readonly string[];
  readonly isUnfinished: boolean;
};

/** What became of one item in this run, in the words of the run's own document. */
export type ActView = {
  readonly act: Act;
  readonly item: ItemId;
  readonly kind: Kind | undefined;
  readonly name: string;
  readonly bytes: number | undefined;
  readonly outcome: 'removed' | 'failed' | 'drifted' | 'restored' | 'remaining';
  readonly failure: EventOf<'ItemFailed' | 'PurgeBlocked' | 'PutBackBlocked'> | undefined;
  /** As things are now, not as the run left them. */
  readonly recovery: Recovery;
};

export function actViews({ replay, aftermath, open, intents }: ReplayView): readonly ActView[] {
  const stillOpen = new Map(open.map((operation) => [operation.op, operation]));
  const later = new Map<string, Aftermath[]>();
  for (const one of aftermath) addTo(later, one.op, one);
  return [...replay.acts.values()].map((act) => {
    const own = act.steps.map(({ event }) => event).find((event) => event.type === 'RemovalIntended');
    const operation = stillOpen.get(act.op);
    const intent = own ?? intents.get(act.op);
    const fate = fateOf([...act.steps, ...(later.get(act.op) ?? [])], intent, operation);
    const kind = act.item.slice(0, act.item.indexOf(':'));
    return {
      act,
      item: act.item,
      kind: isKind(kind) ? kind : undefined,
      name: intent?.name ?? act.item,
      bytes: intent?.bytes ?? bytesOf(act),
      outcome: outcomeOf(act),
      failure: failureOf(act),
      recovery: recoveryOf(intent, fate, act.item),
    };
  });
}

type Told = Pick<Act['steps'][number], 'atMs' | 'event'>;

/** Where the item of an operation is now, by all that was journalled of it. */
export function fateOf(
  told: readonly Told[],
  intent: RemovalIntended | undefined,
  operation: OpenOperation | undefined,
): Fate {
  if (operation !== undefined) {
    const { state, heldUntilMs } = operation;
    return state === 'quarantined' && heldUntilMs !== undefined
      ? { type: 'held', untilMs: heldUntilMs }
      : { type: 'unfinished' };
  }
  let isExpired = false;
  for (const { event, atMs } of told.toReversed()) {
    switch (event.type) {
      case 'UndoExpired':
        isExpired = true;
        break;
      case 'ItemRemoved': {
        const why = purgeReason(told) ?? (intent?.holdMs === 0 ? 'no-undo' : undefined);
        const isUndoable = !isExpired && intent?.undoMs !== undefined;
        return { type: 'freed', atMs, why, ...(isUndoable ? until(atMs, intent) : {}) };
      }
      case 'ItemRestored':
        return { type: 'back' };
      case 'ItemVanished':
        return { type: 'vanished', ...(isKept(told, isExpired) ? until(atMs, intent) : {}) };
      default:
    }
  }
  return { type: 'in-place' };
}

function until(atMs: number, intent: RemovalIntended | undefined): { readonly untilMs?: number } {
  return intent?.undoMs === undefined ? {} : { untilMs: atMs + intent.undoMs };
}

function isKept(told: readonly Told[], isExpired: boolean): boolean {
  return !isExpired && told.some(({ event }) => event.type === 'SnapshotTaken');
}

function purgeReason(told: readonly Told[]): string | undefined {
  const started = told.map(({ event }) => event).findLast((event) => event.type === 'PurgeStarted');
  return started?.type === 'PurgeStarted' ? started.why : undefined;
}

function outcomeOf({ steps }: Act): ActView['outcome'] {
  for (const { event } of steps.toReversed()) {
    switch (event.type) {
      case 'ItemRemoved':
      case 'ItemQuarantined':
        return 'removed';
      case 'ItemRestored':
        return event.why === 'undo' ? 'restored' : 'drifted';
      case 'ItemDrifted':
      case 'ItemVanished':
        return 'drifted';
      case 'ItemFailed':
      case 'PurgeBlocked':
      case 'PutBackBlocked':
        return 'failed';
      default:
    }
  }
  return 'remaining';
}

function failureOf(act: Act): ActView['failure'] {
  if (outcomeOf(act) !== 'failed') return undefined;
  for (const { event } of act.steps.toReversed()) {
    if (event.type === 'ItemFailed' || event.type === 'PurgeBlocked' || event.type === 'PutBackBlocked')
      return event;
  }
  return undefined;
}

function bytesOf({ steps }: Act): number | undefined {
  for (const { event } of steps) if ('bytes' in event) return event.bytes;
  return undefined;
}

/** The errno and the path that a failure is about, for its next step. */
export function causeIn(failure: NonNullable<ActView['failure']>): {
  readonly code: string;
  readonly path: string;
} {
  return failure.type === 'PurgeBlocked'
    ? { code: failure.codes[0] ?? 'EIO', path: failure.paths[0] ?? '' }
    : { code: failure.code, path: failure.path };
}
