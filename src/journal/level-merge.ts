import { firstFrom } from './level-block.ts';
import type { Bounds, Stretch } from './level-block.ts';

/** Pairs in LevelDB's order, or in its reverse, stretch by stretch. */
export type Source = AsyncGenerator<Stretch>;

type Pair = readonly [key: string, value: string];

/** Where one source is. */
type Place = { readonly source: Source; stretch: Stretch; at: number };

/** What is in the sources together, within bounds: of each key its newest value, if that is not a deletion. */
export async function* merged(
  sources: readonly Source[],
  bounds: Bounds,
  reverse: boolean,
  limit: number,
): AsyncGenerator<readonly Pair[]> {
  const places: Place[] = [];
  const taken = new Taken(limit);
  // The newest of a key comes first, and in reverse last: then only the next key tells that it was the newest.
  let key: string | undefined;
  let value: string | undefined;
  try {
    for (const source of sources) {
      const place = { source, stretch: nothing, at: 0 };
      if (await isAtSomething(place, bounds, reverse)) places.push(place);
    }
    while (!taken.isEnough) {
      const place = nearest(places, reverse);
      const found = place?.stretch.keys[place.at];
      if (place === undefined || found === undefined) break;
      if (reverse ? found < bounds.first : found >= bounds.end) break;
      if (found !== key || reverse) {
        if (reverse && found !== key) taken.add(key, value);
        key = found;
        value = place.stretch.valueAt(place.at)?.toString('utf8');
        if (!reverse) taken.add(key, value);
      }
      place.at += reverse ? -1 : 1;
      if (taken.isPage) yield taken.page();
      if (place.stretch.keys[place.at] === undefined && !(await isAtSomething(place, bounds, reverse)))
        places.splice(places.indexOf(place), 1);
    }
    if (reverse && !taken.isEnough) taken.add(key, value);
    yield taken.page();
  } finally {
    for (const source of sources) await source.return(undefined);
  }
}

const pageEntries = 1000;
const pageBytes = 1024 * 1024;

/** Pairs for the next page, up to a limit for all pages. */
class Taken {
  #left: number;
  #bytes = 0;
  #pairs: Pair[] = [];

  constructor(limit: number) {
    this.#left = limit;
  }

  get isEnough(): boolean {
    return this.#left <= 0;
  }

  get isPage(): boolean {
    return this.#pairs.length >= pageEntries || this.#bytes >= pageBytes;
  }

  /** What is `undefined` is not there. */
  add(key: string | undefined, value: string | undefined): void {
    if (key === undefined || value === undefined) return;
    this.#left -= 1;
    this.#bytes += key.length + value.length;
    this.#pairs.push([fromBytes(key), value]);
  }

  page(): readonly Pair[] {
    const pairs = this.#pairs;
    this.#pairs = [];
    this.#bytes = 0;
    return pairs;
  }
}

const nothing: Stretch = { keys: [], numbers: [], valueAt: () => undefined };

/** Moves on to the next stretch with something within the bounds. `false`: there is none. */
async function isAtSomething(place: Place, { first, end }: Bounds, reverse: boolean): Promise<boolean> {
  for (;;) {
    const next = await place.source.next();
    if (next.done === true) return false;
    const { keys } = next.value;
    place.stretch = next.value;
    place.at = reverse ? firstFrom(keys, end) - 1 : firstFrom(keys, first);
    if (keys[place.at] !== undefined) return true;
  }
}

/** The one that is next in the order of all, or in the reverse of it. */
function nearest(places: readonly Place[], reverse: boolean): Place | undefined {
  let best: Place | undefined;
  for (const place of places) if (best === undefined || isBefore(place, best) !== reverse) best = place;
  return best;
}

function isBefore({ stretch, at }: Place, other: Place): boolean {
  const [key = '', otherKey = ''] = [stretch.keys[at], other.stretch.keys[other.at]];
  if (key !== otherKey) return key < otherKey;
  return (stretch.numbers[at] ?? 0) > (other.stretch.numbers[other.at] ?? 0);
}

/** A key as a text of its bytes. */
export function toBytes(key: string): string {
  return Buffer.from(key, 'utf8').toString('latin1');
}

function fromBytes(key: string): string {
  for (let at = 0; at < key.length; at += 1)
    if (key.charCodeAt(at) > 127) return Buffer.from(key, 'latin1').toString('utf8');
  return key;
}
