import { join } from 'node:path';
import type { RemovalIntended, RemovalMode } from '../journal/event-removal.ts';
import type { Item, ItemId } from '../model/item.ts';
import type { Obstacle } from '../model/obstacle.ts';
import type { OwnerId } from '../model/owner.ts';
import { registrationOf } from '../storage/git-registration.ts';
import type { Quarantined } from './free.ts';
import { movesOf, settingsOf, undoLevels } from './quarantine-place.ts';
import type { Fact } from './run-record.ts';
import type { Condemned } from './judged.ts';

/** An intent that an earlier run journalled and did not carry out: it is carried out, not written again. */
export type OpenIntent = { readonly op: string; readonly run: string; readonly intent: RemovalIntended };

export type Operation = Quarantined & {
  readonly item: Item;
  readonly verdict: Condemned['verdict'];
  readonly isNew: boolean;
  /** Undo was promised, and cannot be kept: it stays in its place. */
  readonly unheld?: Obstacle;
};

type Context = {
  readonly openIntents: ReadonlyMap<ItemId, OpenIntent>;
  /** How often an item was tried before, over runs. */
  readonly attempts: ReadonlyMap<ItemId, number>;
  readonly newId: () => string;
  readonly holdMs: (item: Item) => number;
  readonly undoMs: (item: Item) => number;
  /** There was no room to move them to the quarantine: they are freed at once. */
  readonly noRoom: ReadonlySet<ItemId>;
  readonly journalId: string;
  readonly record: { readonly id: string };
  readonly short: boolean;
  /** Owners that stand and fall together with an owner: Prodigy must not resume any of them meanwhile. */
  readonly bundleOf: (owner: OwnerId) => readonly OwnerId[];
};

/** Where an item is renamed to. */
export type Way = {
  readonly mode: RemovalMode;
  readonly quarantine: string;
  /** This run has tried another way, in vain. */
  readonly isAgain: boolean;
};

/** Whether an item goes only if it can be held for undo, or a worktree be made again. */
export function isPromised(
  item: Item,
  { holdMs, undoMs, short, noRoom }: Pick<Context, 'holdMs' | 'undoMs' | 'short' | 'noRoom'>,
): boolean {
  return !noRoom.has(item.id) && ((!short && holdMs(item) > 0) || undoMs(item) > 0);
}

/**
 * The operation for an item: the open one of an earlier run when it says the same as a new one would, a new one
 * otherwise; then the old one is given up, for one item has one operation at a time.
 */
export function operationFor(
  condemned: Condemned,
  { mode, quarantine, isAgain }: Way,
  context: Context,
): { readonly operation: Operation; readonly givenUp: Fact | undefined } {
  const { item, verdict } = condemned;
  // What was open has come to its end when it is tried again.
  const known = isAgain ? undefined : context.openIntents.get(item.id);
  const op = known?.op ?? context.newId();
  const attempt = (context.attempts.get(item.id) ?? 0) + (isAgain ? 2 : 1);
  const intent = intentFor(condemned, op, mode, quarantine, attempt, context);
  if (known === undefined) {
    return { operation: { op, intent, attempt, item, verdict, isNew: true }, givenUp: undefined };
  }
  if (isSame(known.intent, intent)) {
    const reused = { op, intent: known.intent, attempt: known.intent.attempt, item, verdict, isNew: false };
    return { operation: reused, givenUp: undefined };
  }
  const fresh = context.newId();
  const renewed = intentFor(condemned, fresh, mode, quarantine, attempt, context);
  return {
    operation: { op: fresh, intent: renewed, attempt, item, verdict, isNew: true },
    givenUp: {
      op,
      event: {
        type: 'ItemDrifted',
        item: item.id,
        reason: 'expectation-gone',
        evidence: { begunAgain: fresh },
      },
    },
  };
}

function intentFor(
  { item, verdict }: Condemned,
  op: string,
  mode: RemovalMode,
  quarantine: string,
  attempt: number,
  context: Context,
): RemovalIntended {
  const facts = item.detail.type === 'worktree' ? item.detail.facts : undefined;
  const worktree = facts === undefined ? undefined : registrationOf(facts);
  // What git does not know of it cannot make again; and without room for it nothing is kept.
  const undoMs = worktree !== undefined && !context.noRoom.has(item.id) ? context.undoMs(item) : 0;
  const keep = undoMs === 0 ? undefined : join(item.root, ...undoLevels(context.journalId));
  const settings = keep === undefined ? {} : { settings: settingsOf(facts?.settings ?? [], op, keep) };
  const repository = item.repository?.gitDir ?? item.repository?.name;
  return {
    type: 'RemovalIntended',
    item: item.id,
    kind: item.kind,
    name: item.name,
    root: item.root,
    ...(repository === undefined ? {} : { repository }),
    bytes: item.size?.bytes ?? 0,
    files: item.size?.files ?? 0,
    reason: verdict.reason,
    proof: verdict.proof,
    mode,
    moves: movesOf(item, op, { mode, quarantine, keep }),
    holdMs: mode === 'in-parent' || context.short ? 0 : context.holdMs(item),
    ...(undoMs === 0 ? {} : { undoMs }),
    attempt,
    locks: lockIds(item, context),
    ...(worktree === undefined ? {} : { worktree: { ...worktree, ...settings } }),
    ...(verdict.proof === 'snapshot' && worktree !== undefined
      ? { snapshot: { ref: `refs/prodigy-clean/${context.record.id}/${op}` } }
      : {}),
    ...(verdict.deletes === undefined ? {} : { deletes: verdict.deletes }),
  };
}

function lockIds(item: Item, { bundleOf }: Context): readonly string[] {
  // Of itself, too.
  const owners = new Set(item.owners.flatMap((owner) => bundleOf(owner)));
  return [...owners].map((owner) => owner.slice(owner.indexOf(':') + 1)).sort();
}

/**
 * Whether an old intent promises just what a new one would: the same parts, places, undo, registration, branches,
 * proof and locks, and a snapshot where one is needed.
 */
function isSame(old: RemovalIntended, now: RemovalIntended): boolean {
  const essence = (intent: RemovalIntended): string => {
    const { moves, holdMs, undoMs, mode, worktree, deletes, proof, locks, snapshot } = intent;
    const parts = moves.map(({ path, to, identity }) => [path, to, identity]);
    // Its name tells the run; what counts is that there is one.
    const isKept = snapshot !== undefined;
    return JSON.stringify([
      parts,
      holdMs,
      undoMs,
      mode,
      worktree,
      deletes,
      proof,
      locks.toSorted((a, b) => (a < b ? -1 : 1)),
      isKept,
    ]);
  };
  return essence(old) === essence(now);
}
