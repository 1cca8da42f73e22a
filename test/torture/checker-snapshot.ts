import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint, type Print } from '../helpers/tree.ts';

/** Where a root, or the home that holds it, has its journal: it is read in its own way, and has a large reserve. */
const journals = ['clean/journal', '.prodigy/clean/journal'];

/** All but journals at and below some paths at one moment, by absolute path: bytes, modes, times, targets of links. */
export type Snapshot = {
  readonly paths: readonly string[];
  readonly prints: ReadonlyMap<string, Print>;
};

export const Snapshot = {
  /** A path that is not there is part of it, as absent. */
  take(paths: readonly string[]): Snapshot {
    const prints = new Map<string, Print>();
    for (const path of paths) {
      if (lstatSync(path, { throwIfNoEntry: false }) === undefined) continue;
      for (const [name, print] of fingerprint(path, { except: journals }))
        prints.set(name === '.' ? path : join(path, name), print);
    }
    return { paths, prints };
  },
};

export function isAtOrBelow(path: string, top: string): boolean {
  return path === top || path.startsWith(top.endsWith('/') ? top : `${top}/`);
}

const aspects = ['type', 'mode', 'size', 'mtimeNs', 'content'] as const;

/** What differs; empty when both are the same. A directory's own time may be left out of it. */
export function changesOf(was: Print, is: Print, withTime = true): string[] {
  return aspects.filter((aspect) => was[aspect] !== is[aspect] && (withTime || aspect !== 'mtimeNs'));
}

/** One line for each path at or below `top` that is not as it was. */
export function differencesBelow(top: string, before: Snapshot, now: Snapshot): readonly string[] {
  const below = ({ prints }: Snapshot): string[] =>
    [...prints.keys()].filter((path) => isAtOrBelow(path, top));
  return [...new Set([...below(before), ...below(now)])].sort().flatMap((path) => {
    const [was, is] = [before.prints.get(path), now.prints.get(path)];
    if (was === undefined) return [`${path} appeared`];
    if (is === undefined) return [`${path} is gone`];
    const changed = changesOf(was, is);
    return changed.length === 0 ? [] : [`${path} changed (${changed.join(', ')})`];
  });
}
