import { basename, dirname, join, sep } from 'node:path';
import type { Move, RemovalMode } from '../journal/event-removal.ts';
import { isOnlyNameOf } from '../disk/identity.ts';
import type { Item } from '../model/item.ts';
import type { OpenOperation } from '../projections/open-operations.ts';

/** Levels below a root that lead to this journal's quarantine. */
export function quarantineLevels(journalId: string): readonly string[] {
  return ['clean', 'quarantine', journalId];
}

/** Levels below a root that lead to what this journal keeps of freed worktrees for undo, and makes them again in. */
export function undoLevels(journalId: string): readonly string[] {
  return ['clean', 'undo', journalId];
}

/** Prefix of what is renamed beside its place, where the quarantine cannot be reached by a rename. */
export const trashPrefix = '.prodigy-trash-';

/**
 * Where each part of an item goes. Names are flat, `<op>.<part number>`, so that 100,000 log files cost no 100,000
 * directories; the operation's id alone tells whose it is.
 */
export function movesOf(
  item: Item,
  op: string,
  place: {
    readonly mode: RemovalMode;
    readonly quarantine: string;
    /** Where the lesser parts of a worktree stay for undo; none when there is to be none. */
    readonly keep: string | undefined;
  },
): readonly Move[] {
  const { mode, quarantine, keep } = place;
  return item.parts.map(({ role, path, identity }, index) => ({
    role,
    path,
    identity,
    to:
      mode === 'quarantine'
        ? // Written out: `join` would look at each letter, of a hundred thousand paths that are what they are.
          `${quarantine}${sep}${op}.${index}`
        : join(dirname(path), `${trashPrefix}${op}.${index}`),
    ...(keep === undefined || role === 'main' ? {} : { keptAt: join(keep, `${op}.${index}`) }),
  }));
}

/**
 * Tells whether an operation's only part surely lies in this journal's quarantine, and nowhere else: from its row, with
 * one call, for a hundred thousand may be held. `false` says nothing: whoever wants to know reads the intent and looks.
 */
export function lyingInPlace(
  roots: readonly string[],
  journalId: string,
): (operation: Pick<OpenOperation, 'op' | 'state' | 'mark'>) => boolean {
  const directories = roots.map((root) => join(root, ...quarantineLevels(journalId)));
  return ({ op, state, mark }) =>
    state === 'quarantined' &&
    mark !== undefined &&
    directories.some((directory) => isOnlyNameOf(join(directory, `${op}.0`), mark));
}

/** Where the settings that only this worktree has stay for undo. */
export function settingsOf(
  names: readonly string[],
  op: string,
  keep: string,
): readonly { readonly name: string; readonly keptAt: string }[] {
  return names.map((name) => ({ name, keptAt: join(keep, `${op}.${basename(name)}`) }));
}

/** The operation that an entry of a quarantine belongs to, or `undefined` when the name is not one of ours. */
export function operationOf(path: string): string | undefined {
  return /^(?:\.prodigy-trash-)?([A-Za-z0-9_-]{8,64})\.\d+$/.exec(basename(path))?.[1];
}
