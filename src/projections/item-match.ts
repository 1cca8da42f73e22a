import type { Entry } from '../journal/entry.ts';
import type { Projection } from '../journal/projection.ts';
import { pathOf, type ItemId } from '../model/item.ts';
import type { Kind } from '../model/kind.ts';

/** What somebody typed for an item, and the absolute paths that it may stand for. */
export type ItemQuery = {
  readonly text: string;
  readonly paths: readonly string[];
  /** Only items of this kind are meant. */
  readonly kind?: Kind;
};

/** What an item can be known by. The first path is its main part's. */
export type Known = { readonly id: ItemId; readonly name: string; readonly paths: readonly string[] };

/** Better answers have smaller ranks; `undefined`: it is not meant at all. */
export function rankOf(
  { id, name, paths }: Known,
  { text, paths: asked, kind }: ItemQuery,
): number | undefined {
  if (kind !== undefined && !id.startsWith(`${kind}:`)) return undefined;
  if (id === text) return 0;
  const [main = ''] = paths;
  if (asked.includes(main)) return 1;
  if (asked.some((path) => paths.includes(path))) return 2;
  // The deeper the part in which it lies, the more it is meant.
  const around = paths.filter((path) => asked.some((inner) => inner.startsWith(`${path}/`)));
  if (around.length > 0) return 3 + 1 / (1 + Math.max(...around.map((path) => path.length)));
  if (name === text) return 5;
  return lastNames(name, main).includes(text) ? 6 : undefined;
}

/** `session-1` of `api/session-1`, and of `sessions/session-1.json`. */
function lastNames(name: string, path: string): readonly string[] {
  const last = (text: string): string => text.slice(text.lastIndexOf('/') + 1);
  const file = last(path);
  return [last(name), file, file.replace(/\.[a-z]{1,5}$/i, '')];
}

/** The items that are meant best, and some that may have been meant. */
export type Matches = {
  rank: number;
  readonly items: Map<ItemId, Known>;
  /** Ids of items that are only similar: at most a few, the newest. */
  readonly similar: Set<ItemId>;
};

export function noMatches(): Matches {
  return { rank: Infinity, items: new Map(), similar: new Set() };
}

const similarShown = 5;

/** Takes one more item into account. */
export function consider(matches: Matches, known: Known, query: ItemQuery): void {
  const rank = rankOf(known, query);
  if (rank === undefined) {
    if (!isSimilar(known, query)) return;
    matches.similar.delete(known.id);
    matches.similar.add(known.id);
    const [oldest] = matches.similar;
    if (matches.similar.size > similarShown && oldest !== undefined) matches.similar.delete(oldest);
    return;
  }
  if (rank > matches.rank) return;
  if (rank < matches.rank) matches.items.clear();
  matches.rank = rank;
  matches.items.set(known.id, known);
}

function isSimilar({ id, name }: Known, { text, paths }: ItemQuery): boolean {
  const typed = text.toLowerCase();
  if (typed.length >= 3 && (id.toLowerCase().includes(typed) || typed.includes(name.toLowerCase())))
    return true;
  return paths.some((path) => pathOf(id).startsWith(`${path}/`));
}

/** Which items of the journal are meant. */
export function itemMatches(query: ItemQuery): Projection<Matches> {
  return {
    initial: noMatches,
    apply: (matches, entry) => {
      const known = knownBy(entry);
      if (known !== undefined) consider(matches, known, query);
      return matches;
    },
  };
}

function knownBy({ event }: Entry): Known | undefined {
  switch (event.type) {
    case 'ItemKept':
    case 'ItemCondemned':
      return { id: event.item, name: event.name, paths: [event.path] };
    case 'RemovalIntended': {
      const main = pathOf(event.item);
      const parts = event.moves.map(({ path }) => path).filter((path) => path !== main);
      return { id: event.item, name: event.name, paths: [main, ...parts] };
    }
    default:
      return undefined;
  }
}
