import { pathIn } from '../disk/path.ts';
import type { Doubt } from '../model/reason.ts';
import type { Size } from '../model/item.ts';
import { fileType, isNameable, list, see, sizeOf, type Seen } from './see.ts';
import { stampOf } from './stamp.ts';
import { newest } from './time.ts';

/** One small directory tree, read whole: what is in it, and what in it was not expected. */
export type Tree = {
  readonly files: readonly TreeFile[];
  readonly doubts: readonly Doubt[];
  /** Newest modification of the directory and everything seen in it. */
  readonly youngestSignMs: number;
  readonly isEmpty: boolean;
  /** `undefined` when it must be measured: not all of it was seen, or files have other names. */
  readonly size: Size | undefined;
  /** As {@link stampOf}, of what was seen before any of it was read. */
  readonly stamp: string;
};

export type TreeFile = Seen & { readonly name: string; readonly segments: readonly string[] };

/** Deeper than anything Prodigy writes. */
const maxDepth = 8;

/**
 * Lists the tree below `top`, never through a link. Every directory and file for which `isExpected` answers false
 * is a doubt and not descended.
 */
export function readTree(
  top: Seen,
  isExpected: (segments: readonly string[], type: 'file' | 'directory') => boolean,
): Tree {
  if (top.identity.type !== 'directory') {
    const reason = top.identity.type === 'symlink' ? 'symlink' : 'unknown-format';
    const doubt: Doubt = { reason, detail: 'not a directory', path: top.path };
    return {
      files: [],
      doubts: [doubt],
      youngestSignMs: top.mtimeMs,
      isEmpty: false,
      size: undefined,
      stamp: '',
    };
  }
  const files: TreeFile[] = [];
  const doubts: Doubt[] = [];
  let youngestSignMs = top.mtimeMs;
  let entries = 0;
  const all: Seen[] = [top];
  const pending: { path: string; segments: readonly string[] }[] = [{ path: top.path, segments: [] }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const listed = list(next.path);
    if (listed.isErr()) doubts.push(listed.error);
    for (const entry of listed.unwrapOr([])) {
      entries += 1;
      const path = pathIn(next.path, entry.name);
      const segments = [...next.segments, entry.name];
      const type = fileType(entry);
      const isPlain = (type === 'file' || type === 'directory') && isNameable(entry.name);
      if (!isPlain || segments.length > maxDepth || !isExpected(segments, type)) {
        const reason = type === 'symlink' ? 'symlink' : 'unknown-format';
        doubts.push({ reason, detail: 'unknown entry', path });
        continue;
      }
      const looked = see(path);
      if (looked.isErr()) doubts.push(looked.error);
      const found = looked.unwrapOr(undefined);
      if (found === undefined) continue;
      all.push(found);
      youngestSignMs = newest(youngestSignMs, found.mtimeMs) ?? youngestSignMs;
      if (type === 'directory') pending.push({ path, segments });
      else files.push({ ...found, name: entry.name, segments });
    }
  }
  return {
    files,
    doubts,
    youngestSignMs,
    isEmpty: entries === 0,
    size: all.length === entries + 1 ? sizeOf(all) : undefined,
    stamp: stampOf(top.path, all),
  };
}
