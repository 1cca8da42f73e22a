import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { identify } from '../disk/identity.ts';
import type { OwnOddity } from '../model/oddity.ts';
import type { GoneWorktree } from '../projections/gone-worktrees.ts';
import type { WholeOperation } from '../projections/open-operations.ts';
import { isTrash } from '../storage/odd-places.ts';
import { checkQuarantine } from './quarantine-check.ts';
import { operationOf, quarantineLevels, undoLevels } from './quarantine-place.ts';

/** What the journal knows of things that are not in their place. */
export type Kept = {
  readonly journalId: string;
  readonly open: readonly WholeOperation[];
  /** Ids of further operations that are open, and seen to be as the journal says. */
  readonly inPlace: ReadonlySet<string>;
  readonly gone: readonly GoneWorktree[];
};

/** Where quarantine and keepsakes are not as the journal has them. Only while no run is under way. */
export async function oddQuarantine(
  kept: Kept,
  roots: readonly string[],
  nowMs: number,
): Promise<readonly OwnOddity[]> {
  const { journalId, open, inPlace, gone } = kept;
  const compared = await checkQuarantine([open], roots, journalId, inPlace);
  return [
    ...compared.map((finding): OwnOddity => {
      const { type, path } = finding;
      return type === 'quarantine-unknown' ? { type, path } : { type, path, item: finding.item };
    }),
    ...missingKeepsakes(gone, nowMs),
    ...(await unknownKeepsakes(kept, roots)),
    ...(await foreignQuarantines(roots, journalId)),
  ];
}

/** Left beside its place by a removal that no open operation tells of. */
export function oddTrash(path: string, { open }: Pick<Kept, 'open'>): readonly OwnOddity[] {
  const isKnown = open.some(({ op }) => op === operationOf(path));
  return isTrash(path) && !isKnown ? [{ type: 'quarantine-unknown', path }] : [];
}

/** What waits in quarantines and undo directories of other journals. @param journalId - the one that is here, if any */
export async function foreignQuarantines(
  roots: readonly string[],
  journalId: string | undefined,
): Promise<readonly OwnOddity[]> {
  const found: OwnOddity[] = [];
  for (const levels of [quarantineLevels('*'), undoLevels('*')]) {
    for (const top of roots.map((root) => dirname(join(root, ...levels)))) {
      for (const name of await namesIn(top)) {
        if (name === journalId) continue;
        const path = join(top, name);
        const entries = (await namesIn(path)).length;
        if (entries > 0) found.push({ type: 'quarantine-foreign', path, entries });
      }
    }
  }
  return found;
}

function missingKeepsakes(gone: readonly GoneWorktree[], nowMs: number): readonly OwnOddity[] {
  // Of what somebody else removed, nothing may have been kept yet.
  const waiting = gone.filter(
    ({ untilMs = 0, undo, isLeftBehind }) => undo === undefined && isLeftBehind !== true && untilMs > nowMs,
  );
  return waiting.flatMap(({ intent }) =>
    intent.moves.flatMap(({ keptAt }): OwnOddity[] => {
      if (keptAt === undefined) return [];
      const there = identify(keptAt);
      const isGone = there.isOk() && there.value === undefined;
      return isGone ? [{ type: 'undo-missing', path: keptAt, item: intent.item }] : [];
    }),
  );
}

async function unknownKeepsakes(
  { journalId, open, inPlace, gone }: Kept,
  roots: readonly string[],
): Promise<readonly OwnOddity[]> {
  const known = new Set([...open, ...gone].map(({ op }) => op));
  const found: OwnOddity[] = [];
  for (const directory of roots.map((root) => join(root, ...undoLevels(journalId)))) {
    for (const name of await namesIn(directory)) {
      // `<op>.<part>`, `<op>.<file of its settings>`, and `<op>.tree` in which a worktree is made again.
      const [op = ''] = name.split('.');
      if (!known.has(op) && !inPlace.has(op))
        found.push({ type: 'undo-unknown', path: join(directory, name) });
    }
  }
  return found;
}

async function namesIn(directory: string): Promise<readonly string[]> {
  return readdir(directory).then(
    (names) => names.toSorted(),
    () => [],
  );
}
