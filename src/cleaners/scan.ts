import { createHash, hash, type Hash } from 'node:crypto';
import type { Event } from '../journal/event.ts';
import type { ItemCondemned, ItemKept } from '../journal/event-verdict.ts';
import type { PlannedItem } from '../journal/event-run.ts';
import type { Item, ItemId } from '../model/item.ts';
import type { Kind } from '../model/kind.ts';
import type { Look } from '../model/look.ts';
import type { KeepReason, Verdict } from '../model/reason.ts';
import { ageBasisMs } from '../policy/age.ts';
import { oddityKey, type LastOddity } from '../projections/last-oddity.ts';
import { planOrder } from '../policy/order.ts';
import { verdictKey } from '../projections/last-verdict.ts';
import type { PlanPiece } from '../run/command.ts';
import { JudgedItems, type Condemned, type Judged } from './judged.ts';
import { slicesOf } from './slices.ts';

/** What one look came to: verdicts in the order of a cleanup, and what of them is not on record yet. */
export type Scan = {
  readonly judged: JudgedItems;
  readonly condemned: JudgedItems<Condemned['verdict']>;
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
  const verdictOf = ({ id }: Item): Verdict | undefined => verdicts.get(id);
  const judged = planOrder(look.items).filter(({ id }) => verdicts.has(id));
  const condemned = planOrder(judged.filter((item) => verdictOf(item)?.type === 'remove'));
  return {
    judged: new JudgedItems(
      judged,
      judged.map(verdictOf).filter((verdict) => verdict !== undefined),
    ),
    condemned: new JudgedItems(condemned, condemned.map(verdictOf).filter(condemns)),
    outOfScope,
    durationMs,
    look,
  };
}

function condemns(verdict: Verdict | undefined): verdict is Condemned['verdict'] {
  return verdict?.type === 'remove';
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
 * The entries a scan adds, one after the other: a verdict that equals the last one journalled for its item is only
 * counted in `ScanCompleted` (JOURNAL 7.4), so that looking again and again does not make the journal grow.
 *
 * @param last - the {@link verdictKey} last journalled for an item
 */
export function* scanEvents(
  scan: Scan,
  kinds: readonly Kind[],
  last: ReadonlyMap<string, string>,
  lastOddities: ReadonlyMap<string, LastOddity>,
): Generator<Event> {
  for (const oddity of scan.look.oddities) {
    const known = lastOddities.get(oddityKey(oddity));
    if (known?.reason !== oddity.reason || known.detail !== oddity.detail) {
      yield { type: 'OddityFound', ...oddity };
    }
  }
  const perKind = new Map(kinds.map((kind) => [kind, newCount()]));
  for (const judged of scan.judged) {
    const event = eventOf(judged);
    const key = verdictKey(event);
    if (last.get(event.item) !== key) yield event;
    const count = perKind.get(event.kind);
    if (count === undefined) continue;
    const bytes = event.bytes ?? 0;
    add(count.found, bytes);
    if (event.type === 'ItemCondemned') add(count.condemned, bytes);
    else add(tallyOf(count.kept, event.reason), bytes);
    count.digest.update(count.found.items === 1 ? `${event.item} ${key}` : `\n${event.item} ${key}`);
  }
  for (const [kind, { found, condemned, kept, digest }] of perKind) {
    yield {
      type: 'ScanCompleted',
      kind,
      found,
      condemned,
      kept: Object.fromEntries(kept),
      outOfScope: scan.outOfScope[kind],
      durationMs: Math.round(scan.durationMs),
      digest: digest.digest('hex').slice(0, shortDigits),
    };
  }
}

type Counted = { items: number; bytes: number };

type Count = {
  readonly found: Counted;
  readonly condemned: Counted;
  readonly kept: Map<KeepReason, Counted>;
  readonly digest: Hash;
};

function newCount(): Count {
  const nothing = (): Counted => ({ items: 0, bytes: 0 });
  return { found: nothing(), condemned: nothing(), kept: new Map(), digest: createHash('sha256') };
}

function tallyOf(kept: Map<KeepReason, Counted>, reason: KeepReason): Counted {
  const known = kept.get(reason) ?? { items: 0, bytes: 0 };
  kept.set(reason, known);
  return known;
}

function add(counted: Counted, bytes: number): void {
  counted.items += 1;
  counted.bytes += bytes;
}

const shortDigits = 16;

/** First 16 hex digits of SHA-256: an identifier, not a proof. */
export function shortHash(text: string): string {
  return hash('sha256', text).slice(0, shortDigits);
}

/** Longer texts would be collected late. */
const hashedAtOnce = 32;

/** The plan's id: the hash of the ordered list with every identity, as one JSON array. */
export function planId(condemned: Iterable<Condemned>): string {
  const sum = createHash('sha256');
  let before = '[';
  for (const slice of slicesOf(condemned, hashedAtOnce)) {
    const items = slice.map(({ item, verdict }) => plannedItem(item, verdict.deletes));
    sum.update(before + JSON.stringify(items).slice(1, -1));
    before = ',';
  }
  sum.update(before === '[' ? '[]' : ']');
  return sum.digest('hex').slice(0, shortDigits);
}

/** How many items one `PlanRecorded` lists: a batch stays small, however long the plan. */
export const planPieceItems = 256;

/** The plan as it is put on record. */
export function* planPieces(plan: string, condemned: Scan['condemned']): Generator<PlanPiece> {
  const pieces = Math.ceil(condemned.length / planPieceItems);
  let piece = 0;
  for (const of of slicesOf(condemned, planPieceItems)) {
    const items = of.map(({ item, verdict }) => plannedItem(item, verdict.deletes));
    yield { plan, piece, pieces, items };
    piece += 1;
  }
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
