import type { Item } from '../model/item.ts';
import type { Look } from '../model/look.ts';
import type { OwnerId } from '../model/owner.ts';
import { noPins, type Pins } from '../model/pin.ts';
import type { Evidence, KeepReason } from '../model/reason.ts';
import { heldBy, isAbandoned, withoutResuming } from './pinned.ts';
import { classify, hasEndedBeforeWindow, protectJob } from './protection.ts';
import type { Classification } from './protection.ts';

/** Why a bundle stays. `via` leads from the owner that protects to the one that was asked for, both included. */
export type Protection = {
  readonly reason: KeepReason;
  readonly evidence: Evidence;
  readonly via: readonly OwnerId[];
};

/** Who is protected, decided for everybody before anything is condemned. */
export type Guard = {
  of(owner: OwnerId): Protection | undefined;
  /** The strongest protection among the item's owners. An owner of whom nothing is known protects. */
  ofItem(item: Item): Protection | undefined;
  /** What is known of an owner, protected or not. */
  classOf(owner: OwnerId): Classification | undefined;
  /** Why the item stays because somebody said so of it alone. */
  holdOf(item: Item): Protection | undefined;
  /** Whether nobody will resume what its owners stand for. */
  isAbandoned(owner: OwnerId): boolean;
  /** As {@link Look.processesReadable}. */
  readonly processesReadable: boolean;
};

/** Protects whole bundles: what one owner's class protects, all that is linked to it keeps (PRODIGY-STORAGE 6.2). */
export function protect(look: Look, nowMs: number, windowMs: number, pins: Pins = noPins): Guard {
  const neighbours = neighboursOf(look.links);
  const classes = new Map<OwnerId, Classification>();
  for (const [id, facts] of look.owners) {
    if (facts.type === 'session') {
      classes.set(id, classify(facts, nowMs, windowMs));
      continue;
    }
    const sessions = (neighbours.get(id) ?? []).map((other) => look.owners.get(other));
    const sessionEnded = sessions.some(
      (other) => other?.type === 'session' && hasEndedBeforeWindow(other, nowMs, windowMs),
    );
    classes.set(id, protectJob(facts, nowMs, windowMs, sessionEnded));
  }

  for (const [id, found] of classes) {
    const facts = look.owners.get(id);
    if (facts !== undefined) classes.set(id, pinned(withoutResuming(found, facts, pins.get(id)), id, pins));
  }
  const protections = spread(classes, neighbours);
  const of = (owner: OwnerId): Protection | undefined =>
    protections.get(owner) ?? (classes.has(owner) ? undefined : strangers(owner));
  return {
    of,
    ofItem: (item) => strongest(item.owners.map(of).filter((protection) => protection !== undefined)),
    classOf: (owner) => classes.get(owner),
    holdOf: ({ id }) => {
      const keep = heldBy(pins.get(id));
      return keep === undefined ? undefined : { ...keep, via: [] };
    },
    isAbandoned: (owner) => {
      const facts = look.owners.get(owner);
      return facts !== undefined && isAbandoned(facts, pins.get(owner));
    },
    processesReadable: look.processesReadable,
  };
}

/** A hold is stronger than all that it could take the place of. */
function pinned(found: Classification, owner: OwnerId, pins: Pins): Classification {
  const hold = heldBy(pins.get(owner));
  if (hold === undefined || (found.keep !== undefined && rank(found.keep.reason) < rank('held')))
    return found;
  return { ...found, keep: { reason: 'held', evidence: { owner, ...hold.evidence } } };
}

/** Of several reasons the first is told; doubts come after all of them. */
const strongestFirst: readonly KeepReason[] = ['active', 'merge-in-progress', 'held', 'resumable'];

function rank(reason: KeepReason): number {
  const at = strongestFirst.indexOf(reason);
  return at === -1 ? strongestFirst.length : at;
}

/**
 * From the strongest reason to the weakest, breadth first: each owner gets the strongest that reaches it, by the
 * shortest way, and among equals by the way that sorts first. The result does not depend on any order of arrival.
 */
function spread(
  classes: ReadonlyMap<OwnerId, Classification>,
  neighbours: ReadonlyMap<OwnerId, readonly OwnerId[]>,
): ReadonlyMap<OwnerId, Protection> {
  const origins = [...classes]
    .flatMap(([id, { keep }]) => (keep === undefined ? [] : [{ ...keep, via: [id] }]))
    .toSorted((a, b) => compareText(a.via[0] ?? '', b.via[0] ?? ''));
  const reached = new Map<OwnerId, Protection>();
  for (const strength of new Set(origins.map(({ reason }) => rank(reason)).toSorted((a, b) => a - b))) {
    const queue: Protection[] = [];
    const reach = (protection: Protection): void => {
      const owner = protection.via.at(-1);
      if (owner === undefined || reached.has(owner)) return;
      reached.set(owner, protection);
      queue.push(protection);
    };
    for (const origin of origins) if (rank(origin.reason) === strength) reach(origin);
    // The queue grows while it is walked.
    for (const protection of queue) {
      const owner = protection.via.at(-1);
      const next = owner === undefined ? [] : (neighbours.get(owner) ?? []);
      for (const neighbour of next) reach({ ...protection, via: [...protection.via, neighbour] });
    }
  }
  return reached;
}

function neighboursOf(links: Look['links']): ReadonlyMap<OwnerId, readonly OwnerId[]> {
  const neighbours = new Map<OwnerId, Set<OwnerId>>();
  const connect = (from: OwnerId, to: OwnerId): void => {
    const known = neighbours.get(from);
    if (known === undefined) neighbours.set(from, new Set([to]));
    else known.add(to);
  };
  for (const [a, b] of links) {
    connect(a, b);
    connect(b, a);
  }
  return new Map([...neighbours].map(([id, others]) => [id, [...others].toSorted(compareText)]));
}

function strongest(protections: readonly Protection[]): Protection | undefined {
  if (protections.length < 2) return protections[0];
  const way = ({ via }: Protection): string => via.join('\n');
  return protections.toSorted(
    (a, b) => rank(a.reason) - rank(b.reason) || a.via.length - b.via.length || compareText(way(a), way(b)),
  )[0];
}

function strangers(owner: OwnerId): Protection {
  return {
    reason: 'unknown-format',
    evidence: { owner, doubt: 'nothing is known of its owner' },
    via: [owner],
  };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
