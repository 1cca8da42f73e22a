import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isAncestorOrSelf, isInside } from '../disk/path.ts';
import { readMounts, type Mount } from '../disk/mounts.ts';
import { otherSpellings, realNearest } from '../disk/spellings.ts';
import type { Part } from '../model/item.ts';
import { ownPlaceWords, type OwnPlace } from '../model/own-place.ts';
import type { Doubt } from '../model/reason.ts';
import { errorCode } from './see.ts';

/**
 * Where storage roots, journal, quarantine and this process lie, with every directory above them: an item that is one of
 * these holds what the run lives on.
 */
export class OwnPlaces {
  /** By path, and by device and inode, so that neither a link nor a mount hides what lies in an item. */
  readonly #holders = new Map<string, OwnPlace>();
  readonly #journals: readonly string[];
  readonly #roots: readonly string[];

  constructor(
    roots: readonly string[],
    places: readonly (OwnPlace & { readonly spellings: readonly string[] })[],
  ) {
    this.#roots = roots.filter((root) => roots.some((other) => isInside(root, other)));
    // Where it lies unless told, there are no items, and a hundred thousand need not be asked.
    const usual = roots.map((root) => join(root, 'clean'));
    this.#journals = places
      .filter(({ what }) => what === 'journal')
      .flatMap(({ spellings }) => spellings)
      .filter((path) => !usual.some((one) => isAncestorOrSelf(one, path)));
    for (const { what, path, spellings } of places) {
      for (const spelling of spellings) this.#climb(spelling, { what, path });
    }
  }

  #climb(from: string, place: OwnPlace): void {
    for (let at = from; ; at = dirname(at)) {
      for (const name of [at, objectAt(at)]) {
        if (name !== undefined && !this.#holders.has(name)) this.#holders.set(name, place);
      }
      if (dirname(at) === at) return;
    }
  }

  /**
   * Why a part of an item has to stay; `undefined`: it holds nothing of ours, and lies in nothing of ours.
   *
   * @param root - the storage root that the item was found in
   */
  doubtOf({ path, identity }: Pick<Part, 'path' | 'identity'>, root: string): Doubt | undefined {
    if (identity.type === 'directory') {
      const held = this.#holders.get(path) ?? this.#holders.get(objectOf(identity));
      if (held !== undefined) return doubt(held.what, held.path);
    }
    const journal = this.#journals.find((one) => isInside(path, one) && !isAncestorOrSelf(one, root));
    if (journal !== undefined) return doubt('beside-journal', journal);
    const other = this.#roots.find((one) => one !== root && isInside(one, root) && isInside(path, one));
    return other === undefined ? undefined : doubt('other-root', other);
  }
}

function doubt(what: OwnPlace['what'], path: string): Doubt {
  return { reason: 'in-use', detail: ownPlaceWords[what], path };
}

/**
 * @param roots - real paths
 * @param others - journal and current directory, as they are named
 */
export async function ownPlaces(
  roots: readonly string[],
  others: readonly OwnPlace[] = [],
  mounts?: readonly Mount[],
): Promise<OwnPlaces> {
  const shown = mounts ?? (await readMounts())?.mounts ?? [];
  const places: readonly OwnPlace[] = [
    ...roots.map((path) => ({ what: 'root', path }) as const),
    ...others,
    ...roots.map((root) => ({ what: 'quarantine', path: join(root, 'clean', 'quarantine') }) as const),
  ];
  return new OwnPlaces(
    roots,
    places.map((place) => ({ ...place, spellings: spellingsOf(place.path, shown) })),
  );
}

/** As it is named, its real path, and that by each mount that shows it. */
function spellingsOf(path: string, mounts: readonly Mount[]): readonly string[] {
  const real = realNearest(path);
  return [...new Set([path, real, ...otherSpellings(real, mounts)])];
}

function objectAt(path: string): string | undefined {
  try {
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
    return stats === undefined ? undefined : objectOf({ dev: String(stats.dev), ino: String(stats.ino) });
  } catch (cause) {
    if (errorCode(cause) === undefined) throw cause;
    return undefined;
  }
}

function objectOf({ dev, ino }: { readonly dev: string; readonly ino: string }): string {
  return `${dev}:${ino}`;
}
