import { openSnapshot } from '../../src/journal/snapshot.ts';
import { verifyJournal } from '../../src/journal/verify.ts';
import type { JournalReader } from '../../src/journal/journal.ts';
import { inlineProjections } from '../../src/projections/inline.ts';
import { isOwn, leftoversOf, placesOf, untouchedOf, type Untouched } from './checker-disk.ts';
import { readJournal } from './checker-journal.ts';
import { Snapshot } from './checker-snapshot.ts';
import { plansOf } from './checker-plan.ts';
import { endsOf, failuresOf, onlyMarkersAfter, promisesOf, storyOf, totalsOf } from './checker-story.ts';
import type { Violation } from './suite.ts';

export { Snapshot } from './checker-snapshot.ts';

/** A storage and its journal after something was done to them, and what was true before. */
export type World = {
  readonly roots: readonly string[];
  readonly journalDirectory: string;
  /** Made before, of whatever is to be compared: the roots, and what lies outside them. */
  readonly before?: Snapshot;
  /** Paths that must be byte-identical to `before` (J5, J6, J12, J14); a plain path is asked about by J5. */
  readonly untouched?: readonly Untouched[];
  /** Entries that were acknowledged to the caller (J2). */
  readonly acknowledged?: readonly { readonly id: string; readonly seq: number }[];
  /** Ids of items that were printed as removed (J2). */
  readonly saidRemoved?: readonly string[];
  /** The final resume has ended: J4 exactly one end, J8 nothing left over. */
  readonly final?: boolean;
  /** Paths, with all below them, that the trial itself made, changed or removed after `before`: not compared. */
  readonly except?: readonly string[];
  /** Ids of items that cannot be removed for good (an immutable file inside): their operations may stay open. */
  readonly blocked?: readonly string[];
  /** Sequence of the last entry before the second of two resumes in a row (J9). */
  readonly secondResumeAfter?: number;
};

/**
 * The one checker of J1-J14 (JOURNAL 5.4), and of P6 as far as the journal tells: everything in the world that breaks one of them. J13 is
 * {@link damageUnreported}, J14 is `untouched` with its rule. Works from outside, on the disk and a copy of the journal.
 */
export async function check(world: World): Promise<readonly Violation[]> {
  const { roots, before, final = false, except = [] } = world;
  const journal = await readJournal(world.journalDirectory);
  const violations: Violation[] = [...journal.violations];
  const own = { roots, except };
  const watched = [...new Set([...roots, ...(before?.paths ?? [])])];
  const now = Snapshot.take(watched);
  if (before !== undefined) {
    const isOurs = (path: string): boolean => isOwn(path, own) || roots.includes(path);
    violations.push(...untouchedOf(world.untouched ?? [], before, now, isOurs));
  }
  // Without its entries nothing more can be asked of a journal that is damaged.
  if (journal.violations.some(({ rule }) => rule === 'J1')) return violations;

  const { entries } = journal;
  const story = storyOf(entries);
  violations.push(...story.violations);
  violations.push(...promisesOf(entries, world.acknowledged ?? [], world.saidRemoved ?? []));
  violations.push(...failuresOf(entries), ...totalsOf(entries, story), ...plansOf(entries));
  if (before !== undefined) violations.push(...placesOf(story, before, now, own));
  if (final) {
    violations.push(...endsOf(story, new Set(world.blocked)), ...leftoversOf(story, now, before, own));
  }
  if (world.secondResumeAfter !== undefined)
    violations.push(...onlyMarkersAfter(entries, world.secondResumeAfter));
  return violations;
}

/** What a journal says of itself when it is read as the program reads it: all of it, or why not. */
export type Replay =
  | { readonly type: 'read'; readonly entries: readonly string[] }
  /** By opening it or by `verify`. */
  | { readonly type: 'reported'; readonly how: string };

export async function replay(journalDirectory: string): Promise<Replay> {
  const opened = await openSnapshot(journalDirectory);
  if (opened.isErr()) return { type: 'reported', how: JSON.stringify(opened.error) };
  const reader = opened.value;
  try {
    return await replayOf(reader);
  } finally {
    await reader.close();
  }
}

async function replayOf(reader: JournalReader): Promise<Replay> {
  const verified = await verifyJournal(reader, inlineProjections);
  if (verified.isErr()) return { type: 'reported', how: JSON.stringify(verified.error) };
  const { findings } = verified.value;
  if (findings.length > 0) return { type: 'reported', how: JSON.stringify(findings[0]) };
  const entries: string[] = [];
  for await (const entry of reader.entries()) {
    if (entry.isErr()) return { type: 'reported', how: JSON.stringify(entry.error) };
    entries.push(JSON.stringify(entry.value));
  }
  return { type: 'read', entries };
}

/** J13: a damaged journal is reported before its content is used; it never tells another story in silence. */
export function damageUnreported(healthy: Replay, damaged: Replay, what: string): readonly Violation[] {
  if (healthy.type !== 'read') return [{ rule: 'J13', detail: `it was not healthy before: ${healthy.how}` }];
  if (damaged.type === 'reported') return [];
  const at = healthy.entries.findIndex((entry, index) => entry !== damaged.entries[index]);
  const isSame = at === -1 && healthy.entries.length === damaged.entries.length;
  if (isSame) return [];
  const where = at === -1 ? `it has ${damaged.entries.length} entries` : `entry ${at} differs`;
  return [{ rule: 'J13', detail: `${what} went unnoticed: ${where}` }];
}
