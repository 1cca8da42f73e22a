import { hash } from 'node:crypto';
import type { Event, ItemCondemned, ItemKept, PlannedItem, ScanCompleted, Tally } from '../journal/event.ts';
import type { Item, ItemId } from '../model/item.ts';
import type { Kind } from '../model/kind.ts';
import type { Look } from '../model/look.ts';
import type { KeepReason, Verdict } from '../model/reason.ts';
import { ageBasisMs } from '../policy/age.ts';
import { oddityKey, type LastOddity } from '../projections/last-oddity.ts';
import { planOrder } from '../policy/order.ts';
import type { LastVerdict } from '../projections/last-verdict.ts';
import { verdictKey } from '../projections/last-verdict.ts';
import type { Condemned } from './sweep.ts';

export type Judged = { readonly item: Item; readonly verdict: Verdict };

/** What one look came to: verdicts in the order of a cleanup, and what of them is not on record yet. */
export type Scan = {
  readonly judged: readonly Judged[];
  readonly condemned: readonly Condemned[];
  readonly outOfScope: Readonly<Record<Kind, number>>;
  readonly durationMs: number;
  readonly look: Look;
};

export function scanOf(
  look: Look,
  verdicts: ReadonlyMap<ItemId, Verdict>,
  outOfScope: Readonly<Record<Kind, number>>,
  durationMs: number,
): Scan {
  const judged = planOrder(look.items).flatMap((item) => {
    const verdict = verdicts.get(item.id);
    return verdict === undefined ? [] : [{ item, verdict }];
  });
  const goes = new Map(
    judged.flatMap(({ item, verdict }) => (verdict.type === 'remove' ? [[item.id, verdict]] : [])),
  );
  const leaving = judged.filter(({ verdict }) => verdict.type === 'remove').map(({ item }) => item);
  const condemned = planOrder(leaving).flatMap((item) => {
    const verdict = goes.get(item.id);
    return verdict === undefined ? [] : [{ item, verdict }];
  });
  return { judged, condemned, outOfScope, durationMs, look };
}

function eventOf({ item, verdict }: Judged): ItemKept | ItemCondemned {
  const repository = item.repository?.gitDir ?? item.repository?.name;
  const agedFromMs = ageBasisMs(item);
  const common = {
    item: item.id,
    kind: item.kind,
    name: item.name,
    path: item.path,
    ...(repository === undefined ? {} : { repository }),
    ...(item.size === undefined ? {} : { bytes: item.size.bytes }),
    ...(agedFromMs === undefined ? {} : { agedFromMs }),
    evidence: verdict.evidence,
  };
  return verdict.type === 'keep'
    ? { type: 'ItemKept', ...common, reason: verdict.reason }
    : { type: 'ItemCondemned', ...common, reason: verdict.reason, proof: verdict.proof };
}

/**
 * The entries a scan adds: a verdict that equals the last one journalled for its item is only counted in
 * `ScanCompleted` (JOURNAL 7.4), so that looking again and again does not make the journal grow.
 */
export function scanEvents(
  scan: Scan,
  kinds: readonly Kind[],
  last: ReadonlyMap<string, LastVerdict>,
  lastOddities: ReadonlyMap<string, LastOddity>,
): readonly Event[] {
  const events: Event[] = scan.look.oddities
    .filter((oddity) => {
      const known = lastOddities.get(oddityKey(oddity));
      return known?.reason !== oddity.reason || known.detail !== oddity.detail;
    })
    .map((oddity) => ({ type: 'OddityFound', ...oddity }));
  const perKind = new Map<Kind, { judged: Judged[]; lines: string[] }>(
    kinds.map((kind) => [kind, { judged: [], lines: [] }]),
  );
  for (const judged of scan.judged) {
    const event = eventOf(judged);
    const key = verdictKey(event);
    if (last.get(event.item)?.verdict !== key) events.push(event);
    const tally = perKind.get(event.kind);
    tally?.judged.push(judged);
    tally?.lines.push(`${event.item} ${key}`);
  }
  for (const [kind, { judged, lines }] of perKind) events.push(completed(kind, judged, lines, scan));
  return events;
}

function tally(judged: readonly Judged[]): Tally {
  return { items: judged.length, bytes: judged.reduce((sum, { item }) => sum + (item.size?.bytes ?? 0), 0) };
}

function completed(
  kind: Kind,
  judged: readonly Judged[],
  lines: readonly string[],
  scan: Scan,
): ScanCompleted {
  const byReason = new Map<KeepReason, Judged[]>();
  for (const one of judged) {
    if (one.verdict.type !== 'keep') continue;
    const group = byReason.get(one.verdict.reason);
    if (group === undefined) byReason.set(one.verdict.reason, [one]);
    else group.push(one);
  }
  return {
    type: 'ScanCompleted',
    kind,
    found: tally(judged),
    condemned: tally(judged.filter(({ verdict }) => verdict.type === 'remove')),
    kept: Object.fromEntries([...byReason].map(([reason, group]) => [reason, tally(group)])),
    outOfScope: scan.outOfScope[kind],
    durationMs: Math.round(scan.durationMs),
    digest: shortHash(lines.join('\n')),
  };
}

/** First 16 hex digits of SHA-256: an identifier, not a proof. */
export function shortHash(text: string): string {
  return hash('sha256', text).slice(0, 16);
}

/** The plan as it is put on record, and its id: the hash of the ordered list with every identity. */
export function planOf(condemned: readonly Condemned[]): {
  readonly plan: string;
  readonly items: PlannedItem[];
} {
  const items = condemned.map(({ item, verdict }) => plannedItem(item, verdict.deletes));
  return { plan: shortHash(JSON.stringify(items)), items };
}

export function plannedItem(item: Item, deletes?: PlannedItem['deletes']): PlannedItem {
  const head = item.detail.type === 'worktree' ? item.detail.facts.head : undefined;
  return {
    item: item.id,
    bytes: item.size?.bytes ?? 0,
    ...(head === undefined ? {} : { head }),
    parts: item.parts.map(({ path, identity, stamp }) => ({
      path,
      identity,
      ...(stamp === undefined ? {} : { stamp }),
    })),
    ...(deletes === undefined ? {} : { deletes }),
  };
}
