import type { Entry } from '../journal/entry.ts';
import type { BranchDeleted, BranchKept, RemovalIntended } from '../journal/event-removal.ts';
import type { KindTotals, Tally } from '../journal/event-run.ts';
import type { Projection } from '../journal/projection.ts';
import type { ItemId } from '../model/item.ts';
import { kinds, type Kind } from '../model/kind.ts';
import type { GoneWorktree } from './gone-worktrees.ts';

/** What became of one item in this run (DESIGN 6, `outcome` of an item). */
export type ItemOutcome = 'removed' | 'failed' | 'drifted' | 'vanished' | 'under-way';

export type ItemAccount = {
  readonly kind: Kind;
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  readonly op: string;
  readonly outcome: ItemOutcome;
  /**
   * An earlier run began it. `taken-up`: it had moved it out of its place, so that this run's scan did not find it
   * there; `found`: it had not; `expired`: it had removed it, and now undo has ended; `undone`: it had
   * begun to make it again.
   */
  readonly earlier?: 'taken-up' | 'found' | 'expired' | 'undone';
  /** Still on disk, in quarantine, so that it can be put back until then. */
  readonly heldUntilMs?: number;
  /** Git can make it again for so long after it is gone; in milliseconds. */
  readonly undoMs?: number;
  /** Until then git can make it again. UTC milliseconds. */
  readonly undoUntilMs?: number;
  readonly failure?: {
    readonly code: string;
    readonly path: string;
    readonly detail?: string;
    readonly syscall?: string;
  };
  readonly drift?: string;
  /** What became of the branches that were to go with it. */
  readonly branches?: readonly (BranchDeleted | BranchKept)[];
};

/** One run's account: nothing in it was measured twice, all of it is folded from what was journalled. */
export type RunAccount = {
  readonly kinds: Map<Kind, { before: Tally; scanned: number; kept: number; condemned: number }>;
  /** By item; what went before an item that was made anew under its name, by its operation. */
  readonly items: Map<string, ItemAccount>;
};

/** Folds the entries of one run. Feed it those entries only. */
export const runAccount: Projection<RunAccount> = {
  initial: () => ({ kinds: new Map(), items: new Map() }),
  apply(account, entry) {
    const { event } = entry;
    if (event.type === 'ScanCompleted') {
      account.kinds.set(event.kind, {
        before: event.found,
        scanned: event.found.items,
        kept: event.found.items - event.condemned.items,
        condemned: event.condemned.items,
      });
    } else if ('item' in event && entry.op !== undefined) {
      const next = accountOf(account.items.get(event.item), entry);
      if (event.type === 'RemovalIntended') makeRoom(account, event.item);
      if (next !== undefined) account.items.set(event.item, next);
    }
    return account;
  },
};

/** A name can go twice in one run: what an earlier run had moved away, and what took its place since. */
function makeRoom({ items }: RunAccount, item: ItemId): void {
  const known = items.get(item);
  if (known?.outcome === 'removed' || known?.earlier === 'undone') items.set(known.op, known);
}

function accountOf(known: ItemAccount | undefined, { event, op = '', atMs }: Entry): ItemAccount | undefined {
  if (event.type === 'RemovalIntended') {
    return begun(event, op);
  }
  if (known === undefined) return undefined;
  switch (event.type) {
    case 'ItemQuarantined':
      return quarantined(known, event.heldUntilMs);
    case 'ItemRemoved': {
      const { heldUntilMs: _, failure: __, ...rest } = known;
      const { undoMs } = rest;
      return { ...rest, outcome: 'removed', ...(undoMs === undefined ? {} : { undoUntilMs: atMs + undoMs }) };
    }
    case 'ItemRestored':
    case 'ItemDrifted':
      return { ...known, outcome: 'drifted', drift: event.type === 'ItemDrifted' ? event.reason : event.why };
    case 'BranchDeleted':
    case 'BranchKept':
      return { ...known, branches: [...(known.branches ?? []), event] };
    case 'ItemVanished':
      return { ...known, outcome: 'vanished' };
    case 'ItemFailed': {
      const { code, path, detail, syscall } = event;
      const failure = {
        code,
        path,
        ...(detail === undefined ? {} : { detail }),
        ...(syscall === undefined ? {} : { syscall }),
      };
      return { ...known, outcome: 'failed', failure };
    }
    case 'PutBackBlocked':
      return { ...known, outcome: 'failed', failure: { code: event.code, path: event.path } };
    case 'PurgeBlocked': {
      const failure = { code: event.codes[0] ?? 'EIO', path: event.paths[0] ?? known.path };
      return { ...known, outcome: 'failed', failure };
    }
    default:
      return known;
  }
}

/**
 * Held items are the many: written out, they share their shape. An object that is spread and then extended by
 * conditions gets one of its own, which is larger than itself.
 */
function quarantined(known: ItemAccount, heldUntilMs: number | undefined): ItemAccount {
  const isPlain =
    known.earlier === undefined &&
    known.undoMs === undefined &&
    known.failure === undefined &&
    known.drift === undefined &&
    known.branches === undefined;
  if (!isPlain || heldUntilMs === undefined) {
    return { ...known, outcome: 'removed', ...(heldUntilMs === undefined ? {} : { heldUntilMs }) };
  }
  const { kind, name, path, bytes, op } = known;
  return { kind, name, path, bytes, op, outcome: 'removed', heldUntilMs };
}

function begun({ kind, name, bytes, moves, undoMs }: RemovalIntended, op: string): ItemAccount {
  const path = moves.at(-1)?.path ?? '';
  return undoMs === undefined
    ? { kind, name, path, bytes, op, outcome: 'under-way' }
    : { kind, name, path, bytes, op, outcome: 'under-way', undoMs };
}

const nothing: Tally = { items: 0, bytes: 0 };

function plus(tally: Tally, bytes: number): Tally {
  return { items: tally.items + 1, bytes: tally.bytes + bytes };
}

/** The account per kind, as `RunCompleted` and `--json` give it. */
export function totalsOf(account: RunAccount): Partial<Record<Kind, KindTotals>> {
  const totals: Partial<Record<Kind, KindTotals>> = {};
  for (const kind of kinds) {
    const scan = account.kinds.get(kind);
    const items = [...account.items.values()].filter((item) => item.kind === kind);
    if (scan === undefined && items.length === 0) continue;
    const takenUp = items
      .filter((item) => item.earlier === 'taken-up')
      .reduce((sum, { bytes }) => plus(sum, bytes), nothing);
    const removed = items.filter((item) => item.outcome === 'removed' && item.earlier !== 'expired');
    totals[kind] = {
      // What was taken up had been found and condemned before it was moved: it counts as found here, too.
      before: {
        items: (scan?.before.items ?? 0) + takenUp.items,
        bytes: (scan?.before.bytes ?? 0) + takenUp.bytes,
      },
      scanned: (scan?.scanned ?? 0) + takenUp.items,
      kept: scan?.kept ?? 0,
      condemned: (scan?.condemned ?? 0) + takenUp.items,
      removed: removed.reduce((sum, { bytes }) => plus(sum, bytes), nothing),
      held: removed
        .filter(({ heldUntilMs }) => heldUntilMs !== undefined)
        .reduce((sum, { bytes }) => plus(sum, bytes), nothing),
      failed: items.filter(({ outcome }) => outcome === 'failed').length,
      drifted: items.filter(({ outcome }) => outcome === 'drifted' || outcome === 'vanished').length,
    };
  }
  return totals;
}

/**
 * Takes an operation that an earlier run began into this run's account: it is this one that brings it to its end.
 *
 */
export function adopt(
  account: RunAccount,
  op: string,
  intent: RemovalIntended,
  earlier: NonNullable<ItemAccount['earlier']>,
): void {
  makeRoom(account, intent.item);
  account.items.set(intent.item, { ...begun(intent, op), earlier });
}

/** An undo that an earlier run began could not be brought to its end: its failure is this run's to tell. */
export function failUndo(account: RunAccount, { op, intent }: GoneWorktree, why: string): void {
  adopt(account, op, intent, 'undone');
  const path = intent.moves[0]?.path ?? '';
  fail(account, intent.item, { code: 'ECONFLICT', path, detail: why });
}

/** What this run took up from earlier ones, beyond its own plan. */
export function takenUpBy(account: RunAccount): Tally {
  return [...account.items.values()]
    .filter(({ earlier }) => earlier === 'taken-up')
    .reduce((sum, { bytes }) => plus(sum, bytes), nothing);
}

/** What could not be brought further, with the cause: it is journalled, or will be by the run that can. */
export function fail(account: RunAccount, item: ItemId, failure: NonNullable<ItemAccount['failure']>): void {
  const known = account.items.get(item);
  if (known !== undefined) account.items.set(item, { ...known, outcome: 'failed', failure });
}
