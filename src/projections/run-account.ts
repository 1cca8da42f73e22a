import type { Entry } from '../journal/entry.ts';
import type { RemovalIntended } from '../journal/event-removal.ts';
import type { KindTotals, Tally } from '../journal/event-run.ts';
import type { Projection } from '../journal/projection.ts';
import type { ItemId } from '../model/item.ts';
import { kinds, type Kind } from '../model/kind.ts';
import type { GoneWorktree } from './gone-worktrees.ts';
import { ItemAccounts, type ItemAccount } from './item-accounts.ts';

/** One run's account: nothing in it was measured twice, all of it is folded from what was journalled. */
export type RunAccount = {
  readonly kinds: Map<Kind, { before: Tally; scanned: number; kept: number; condemned: number }>;
  readonly items: ItemAccounts;
};

/** Folds the entries of one run. Feed it those entries only. */
export const runAccount: Projection<RunAccount> = {
  initial: () => ({ kinds: new Map(), items: new ItemAccounts() }),
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
      const { op } = entry;
      if (event.type === 'RemovalIntended') account.items.begin(event.item, begun(event, op));
      else {
        const known = account.items.get(event.item);
        if (known !== undefined) account.items.set(event.item, accountOf(known, entry));
      }
    }
    return account;
  },
};

function accountOf(known: ItemAccount, { event, atMs }: Entry): ItemAccount {
  switch (event.type) {
    case 'ItemQuarantined':
      return event.heldUntilMs === undefined
        ? { ...known, outcome: 'removed' }
        : { ...known, outcome: 'removed', heldUntilMs: event.heldUntilMs };
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
      const { codes, paths, detail } = event;
      const failure = {
        code: codes[0] ?? 'EIO',
        path: paths[0] ?? known.path,
        ...(detail === undefined ? {} : { detail }),
      };
      return { ...known, outcome: 'failed', failure };
    }
    default:
      return known;
  }
}

function begun({ kind, name, bytes, moves, undoMs }: RemovalIntended, op: string): ItemAccount {
  const path = moves.at(-1)?.path ?? '';
  return undoMs === undefined
    ? { kind, name, path, bytes, op, outcome: 'under-way' }
    : { kind, name, path, bytes, op, outcome: 'under-way', undoMs };
}

type Sum = { items: number; bytes: number };

function add(sum: Sum, bytes: number): void {
  sum.items += 1;
  sum.bytes += bytes;
}

/** The account per kind, as `RunCompleted` and `--json` give it. */
export function totalsOf(account: RunAccount): Partial<Record<Kind, KindTotals>> {
  const sums = new Map<Kind, ReturnType<typeof newSums>>();
  for (const { kind, bytes, outcome, earlier, heldUntilMs } of account.items.values()) {
    const sum = sums.get(kind) ?? newSums();
    sums.set(kind, sum);
    if (earlier === 'taken-up') add(sum.takenUp, bytes);
    if (outcome === 'removed' && earlier !== 'expired') {
      add(sum.removed, bytes);
      if (heldUntilMs !== undefined) add(sum.held, bytes);
    }
    if (outcome === 'failed') sum.failed += 1;
    if (outcome === 'drifted' || outcome === 'vanished') sum.drifted += 1;
  }
  const totals: Partial<Record<Kind, KindTotals>> = {};
  for (const kind of kinds) {
    const scan = account.kinds.get(kind);
    if (scan === undefined && !sums.has(kind)) continue;
    const { takenUp, removed, held, failed, drifted } = sums.get(kind) ?? newSums();
    totals[kind] = {
      // What was taken up had been found and condemned before it was moved: it counts as found here, too.
      before: {
        items: (scan?.before.items ?? 0) + takenUp.items,
        bytes: (scan?.before.bytes ?? 0) + takenUp.bytes,
      },
      scanned: (scan?.scanned ?? 0) + takenUp.items,
      kept: scan?.kept ?? 0,
      condemned: (scan?.condemned ?? 0) + takenUp.items,
      removed,
      held,
      failed,
      drifted,
    };
  }
  return totals;
}

function newSums(): { takenUp: Sum; removed: Sum; held: Sum; failed: number; drifted: number } {
  const nothing = (): Sum => ({ items: 0, bytes: 0 });
  return { takenUp: nothing(), removed: nothing(), held: nothing(), failed: 0, drifted: 0 };
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
  account.items.begin(intent.item, { ...begun(intent, op), earlier });
}

/** An undo that an earlier run began could not be brought to its end: its failure is this run's to tell. */
export function failUndo(account: RunAccount, { op, intent }: GoneWorktree, why: string): void {
  adopt(account, op, intent, 'undone');
  const path = intent.moves[0]?.path ?? '';
  fail(account, intent.item, { code: 'ECONFLICT', path, detail: why });
}

/** What this run took up from earlier ones, beyond its own plan. */
export function takenUpBy(account: RunAccount): Tally {
  const sum: Sum = { items: 0, bytes: 0 };
  for (const { earlier, bytes } of account.items.values()) if (earlier === 'taken-up') add(sum, bytes);
  return sum;
}

/** What could not be brought further, with the cause: it is journalled, or will be by the run that can. */
export function fail(account: RunAccount, item: ItemId, failure: NonNullable<ItemAccount['failure']>): void {
  const known = account.items.get(item);
  if (known !== undefined) account.items.set(item, { ...known, outcome: 'failed', failure });
}
