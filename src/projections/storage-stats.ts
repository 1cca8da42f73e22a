import type { Entry } from '../journal/entry.ts';
import type { Tally } from '../journal/event-run.ts';
import type { Projection } from '../journal/projection.ts';
import { kindOfId, type ItemId } from '../model/item.ts';
import type { Kind } from '../model/kind.ts';

/** One kind in one run. What it found, less what it removed and what it put on hold, is what it left. */
export type KindStats = {
  readonly before: Tally;
  readonly removed: Tally;
  readonly held: Tally;
  readonly after: Tally;
  /** Freed for operations that an earlier run had begun: not part of what this run found. */
  readonly earlier: Tally;
};

export type StorageStats = {
  /** By run in order, then by kind. */
  readonly runs: Map<string, Map<Kind, KindStats>>;
  /** Operations that have not ended: the bytes to move when they do. */
  readonly open: Map<string, OpenBytes>;
};

export type OpenBytes = {
  readonly run: string;
  readonly kind: Kind;
  readonly bytes: number;
  readonly held: boolean;
  /** The run that began it put it on hold itself: then it is part of its account. */
  readonly counted?: boolean;
};

const nothing: Tally = { items: 0, bytes: 0 };
const unknown: KindStats = {
  before: nothing,
  removed: nothing,
  held: nothing,
  after: nothing,
  earlier: nothing,
};

/** Items and bytes of each kind before and after each run. */
export const storageStats: Projection<StorageStats> = {
  initial: () => ({ runs: new Map(), open: new Map() }),
  apply: (stats, entry) => {
    const { event, run, op } = entry;
    if (run === undefined) return stats;
    switch (event.type) {
      case 'ScanCompleted':
        change(stats, run, event.kind, () => ({ before: event.found }));
        break;
      case 'RemovalIntended':
        if (op !== undefined) stats.open.set(op, { run, kind: event.kind, bytes: event.bytes, held: false });
        break;
      case 'ItemQuarantined':
        if (event.heldUntilMs !== undefined) hold(stats, entry);
        break;
      case 'ItemRemoved':
        remove(stats, entry, event.item, event.bytes);
        break;
      case 'ItemRestored':
      case 'ItemDrifted':
      case 'ItemVanished':
      case 'ItemFailed':
        letGo(stats, entry);
        break;
    }
    return stats;
  },
};

function hold(stats: StorageStats, { run = '', op }: Entry): void {
  const open = op === undefined ? undefined : stats.open.get(op);
  if (op === undefined || open === undefined || open.held) return;
  // Who takes up what another run had begun did not find it.
  const counted = open.run === run;
  stats.open.set(op, { ...open, held: true, counted });
  if (!counted) return;
  change(stats, run, open.kind, ({ held }) => ({ held: add(held, open.bytes) }));
}

function remove(stats: StorageStats, entry: Entry, item: ItemId, bytes: number): void {
  const open = entry.op === undefined ? undefined : stats.open.get(entry.op);
  const kind = open?.kind ?? kindOfId(item);
  letGo(stats, entry);
  if (kind === undefined || entry.run === undefined) return;
  const isOwn = open?.run === entry.run;
  change(stats, entry.run, kind, ({ removed, earlier }) =>
    isOwn ? { removed: add(removed, bytes) } : { earlier: add(earlier, bytes) },
  );
}

/** The operation ended. What its own run had on hold is not on hold any more. */
function letGo(stats: StorageStats, { op, run }: Entry): void {
  const open = op === undefined ? undefined : stats.open.get(op);
  if (op === undefined || open === undefined) return;
  stats.open.delete(op);
  if (open.counted !== true || open.run !== run) return;
  change(stats, run, open.kind, ({ held }) => ({ held: add(held, -open.bytes, -1) }));
}

function change(
  { runs }: StorageStats,
  run: string,
  kind: Kind,
  how: (stats: KindStats) => Partial<Omit<KindStats, 'after'>>,
): void {
  const kinds = runs.get(run) ?? new Map<Kind, KindStats>();
  runs.set(run, kinds);
  const old = kinds.get(kind) ?? unknown;
  const { before, removed, held, earlier } = { ...old, ...how(old) };
  const after = {
    items: before.items - removed.items - held.items,
    bytes: before.bytes - removed.bytes - held.bytes,
  };
  kinds.set(kind, { before, removed, held, after, earlier });
}

function add({ items, bytes }: Tally, moreBytes: number, moreItems = 1): Tally {
  return { items: items + moreItems, bytes: bytes + moreBytes };
}

/** The run that was the last to look at each kind. */
export const lastScans: Projection<Map<Kind, string>> = {
  initial: () => new Map(),
  apply: (scans, { event, run }) =>
    event.type === 'ScanCompleted' && run !== undefined ? scans.set(event.kind, run) : scans,
};
