import { accessSync, constants, lstatSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errnoOf } from '../disk/failure.ts';
import { readMounts, type MountTable } from '../disk/mounts.ts';
import { isAncestorOrSelf, isInside } from '../disk/path.ts';
import type { Item, ItemId } from '../model/item.ts';
import { obstacleKey, type Obstacle } from '../model/obstacle.ts';
import { deviceOfFile } from './file-item.ts';

/** What stands in the way of holding items for undo, or of making worktrees again, as far as a look can tell. */
export type UndoObstacles = {
  /** Why it could not be put back if it went now; `undefined` when it could. */
  readonly to: (item: Item) => Obstacle | undefined;
  /** Why the quarantine is out of its reach: then it goes beside its place. */
  readonly beside: (item: Item) => Obstacle | undefined;
};

/**
 * Looks whether what goes can be held in the quarantines of these roots, and worktrees be made again in their undo
 * directories. Changes nothing, makes nothing. Of the items themselves only directories are looked at, and only for
 * somebody who is not root.
 *
 * @param journalId - `undefined` while there is no journal: then only what lies above its quarantine is looked at
 */
export async function findUndoObstacles(journalId: string | undefined): Promise<UndoObstacles> {
  const look = new Look(journalId, await readMounts());
  return {
    to: (item) => (item.kind === 'worktrees' ? look.atUndo(item) : look.atQuarantine(item)),
    beside: (item) => look.atQuarantine(item),
  };
}

type UnusablePlace = {
  readonly obstacle: Obstacle;
  /** It holds more than what is kept for undo: the storage itself, or the journal. */
  readonly isAbove: boolean;
};

/** Of what stands in the way only what was told before: nobody agreed to more being freed without undo. */
export function onlyTold({ to, beside }: UndoObstacles, told: readonly string[] = []): UndoObstacles {
  const known = new Set(told);
  return {
    to: (item) => {
      const obstacle = to(item);
      return obstacle !== undefined && known.has(obstacleKey(obstacle)) ? obstacle : undefined;
    },
    beside,
  };
}

/** Where nothing of a root can be held for undo, or made again, whatever it is. */
export function unusablePlaces(
  roots: readonly string[],
  journalId: string | undefined,
): readonly UnusablePlace[] {
  const look = new Look(journalId, undefined);
  const found = roots.flatMap((root) => {
    const above = [root, join(root, 'clean')];
    return (['quarantine', 'undo'] as const).flatMap((name): UnusablePlace[] => {
      const own = look.ownObstacle(root, name);
      if (own === undefined) return [];
      // A file system that is read-only is told by the highest place of the storage on it.
      const highest = own.code === 'EROFS' ? above.find((path) => closedTo(path) === 'EROFS') : undefined;
      const obstacle = highest === undefined ? own : { ...own, path: highest };
      return [{ obstacle, isAbove: above.includes(obstacle.path) }];
    });
  });
  // Both may fail for what lies above them.
  return [...new Map(found.map((place) => [obstacleKey(place.obstacle), place])).values()];
}

/** The file system that a directory is on, as far as renames are concerned. */
type Place = { readonly dev: string; readonly mount: string | undefined };

type PlaceName = 'quarantine' | 'undo';

class Look {
  readonly #levels: readonly string[];
  readonly #mounts: MountTable | undefined;
  /** By root: asked for each of a hundred thousand items, several times. */
  readonly #own: Readonly<Record<PlaceName, Map<string, Place | Obstacle>>> = {
    quarantine: new Map(),
    undo: new Map(),
  };
  readonly #mountsAt = new Map<string, string | undefined>();
  readonly #devices = new Map<string, string | undefined>();
  readonly #inside = new Map<string, readonly string[]>();
  readonly #closed = new Map<ItemId, Obstacle>();
  readonly #isRoot: boolean = process.geteuid?.() === 0;

  constructor(journalId: string | undefined, mounts: MountTable | undefined) {
    this.#levels = journalId === undefined ? [] : [journalId];
    this.#mounts = mounts;
  }

  /** Where it is held. */
  atQuarantine(item: Item): Obstacle | undefined {
    return this.#between(item, 'quarantine') ?? this.#mayNotMove(item);
  }

  /** Where a worktree is made again, to be moved to its place, and what else belongs to it is kept. */
  atUndo(item: Item): Obstacle | undefined {
    return this.#between(item, 'undo');
  }

  /** A directory that gets another parent is written itself: its `..` changes. */
  #mayNotMove(item: Item): Obstacle | undefined {
    if (this.#isRoot) return undefined;
    if (deviceOfFile(item) !== undefined) return undefined;
    // Asked again when it is gone.
    const known = this.#closed.get(item.id);
    if (known !== undefined) return known;
    for (const { path, identity } of item.parts) {
      if (identity.type !== 'directory') continue;
      const code = closedTo(path);
      if (code === undefined || code === 'ENOENT') continue;
      // It cannot be moved at all, and stays.
      if (closedTo(dirname(path)) !== undefined) return undefined;
      const obstacle: Obstacle = { code, path: dirname(path), isOwn: true };
      this.#closed.set(item.id, obstacle);
      return obstacle;
    }
    return undefined;
  }

  #between(item: Item, name: PlaceName): Obstacle | undefined {
    const { root } = item;
    const places = this.#own[name];
    let own = places.get(root);
    if (own === undefined) {
      own = this.#lookAtOwn(root, name);
      places.set(root, own);
    }
    if ('code' in own) return own;
    const hasMounts = this.#mountsIn(root).length > 0;
    if (!hasMounts && deviceOfFile(item) === own.dev) return undefined;
    for (const { path, identity } of item.parts) {
      if (!hasMounts && identity.dev === own.dev) continue;
      const directory = dirname(path);
      // Where layers of several file systems lie over each other, a file has the number of its layer, and a rename asks
      // for that of the directory.
      const device = identity.type === 'directory' ? undefined : this.#deviceOf(directory);
      const isNear =
        (device ?? identity.dev) === own.dev && this.#cachedMountOf(directory, root) === own.mount;
      if (!isNear) return { code: 'EXDEV', path: directory };
    }
    return undefined;
  }

  /** What is wrong with the place itself. */
  ownObstacle(root: string, name: PlaceName): Obstacle | undefined {
    const own = this.#lookAtOwn(root, name);
    return 'code' in own ? own : undefined;
  }

  /** As `ensureQuarantine` would find it: a directory of ours at each level, or one that can be made. */
  #lookAtOwn(root: string, name: PlaceName): Place | Obstacle {
    let at = root;
    for (const level of ['clean', name, ...this.#levels]) {
      const path = join(at, level);
      try {
        const stats = lstatSync(path, { throwIfNoEntry: false });
        if (stats === undefined) break;
        if (stats.isSymbolicLink()) return { code: 'ELOOP', path };
        if (!stats.isDirectory()) return { code: 'ENOTDIR', path };
        if (process.geteuid !== undefined && stats.uid !== process.geteuid()) return { code: 'EPERM', path };
      } catch (cause) {
        return { code: errnoOf(cause) ?? 'EIO', path };
      }
      at = path;
    }
    const closed = closedTo(at);
    if (closed !== undefined) return { code: closed, path: at };
    try {
      return { dev: String(lstatSync(at).dev), mount: this.#mountOf(at, root) };
    } catch (cause) {
      return { code: errnoOf(cause) ?? 'EIO', path: at };
    }
  }

  /** `undefined` when it is gone, or may not be looked at. */
  #deviceOf(directory: string): string | undefined {
    if (this.#devices.has(directory)) return this.#devices.get(directory);
    const device = deviceAt(directory);
    this.#devices.set(directory, device);
    return device;
  }

  #cachedMountOf(directory: string, root: string): string | undefined {
    if (this.#mountsAt.has(directory)) return this.#mountsAt.get(directory);
    const mount = this.#mountOf(directory, root);
    this.#mountsAt.set(directory, mount);
    return mount;
  }

  /** A bind mount has the device number of what it shows, and no rename goes into it (JOURNAL 3.2). */
  #mountOf(directory: string, root: string): string | undefined {
    let longest: string | undefined;
    for (const point of this.#mountsIn(root)) {
      if (point.length > (longest?.length ?? 0) && isAncestorOrSelf(point, directory)) longest = point;
    }
    return longest;
  }

  /** Hardly ever any: what is mounted above the root is above all that is in it. */
  #mountsIn(root: string): readonly string[] {
    const known = this.#inside.get(root);
    if (known !== undefined) return known;
    const found = this.#mounts?.points.filter((point) => isInside(point, root)) ?? [];
    this.#inside.set(root, found);
    return found;
  }
}

function deviceAt(directory: string): string | undefined {
  try {
    return String(statSync(directory).dev);
  } catch {
    return undefined;
  }
}

function closedTo(directory: string): string | undefined {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (cause) {
    return errnoOf(cause) ?? 'EIO';
  }
}
