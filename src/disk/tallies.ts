import { examplesKept, keepSmallest, newTally } from './walk.ts';
import type { Tally } from './walk.ts';
import type { Measurement, MeasureRequest } from './measure.ts';

/** An object with several names: how many of them each tree has. */
type Shared = { readonly nlink: number; readonly bytes: number; readonly seenIn: Map<number, number> };

/** What was counted of all trees so far, in whatever order it came in. */
export class Tallies {
  readonly #trees = new Map<number, Tally>();
  readonly #shared = new Map<string, Shared>();
  readonly #onProgress: ((entries: number, bytes: number) => void) | undefined;
  #bytes = 0;
  entries = 0;

  constructor(onProgress: ((entries: number, bytes: number) => void) | undefined) {
    this.#onProgress = onProgress;
  }

  add(tallies: readonly Tally[]): void {
    for (const tally of tallies) this.#addOne(tally);
    if (tallies.length > 0) this.#onProgress?.(this.entries, this.#bytes);
  }

  #addOne(more: Tally): void {
    const sum = this.#trees.get(more.tree) ?? newTally(more.tree);
    this.#trees.set(more.tree, sum);
    sum.bytes += more.bytes;
    sum.files += more.files;
    sum.special += more.special;
    sum.newestMtimeMs = Math.max(sum.newestMtimeMs, more.newestMtimeMs);
    sum.problemCount += more.problemCount;
    for (const problem of more.problems) keepSmallest(sum.problems, problem, ({ path }) => path);
    for (const path of more.nestedRepositories) keepSmallest(sum.nestedRepositories, path, String);
    this.entries += more.files;
    this.#bytes += more.bytes;
    for (const [key, { nlink, bytes, seen }] of more.links) {
      let shared = this.#shared.get(key);
      if (shared === undefined) {
        this.#shared.set(key, (shared = { nlink, bytes, seenIn: new Map() }));
        this.#bytes += bytes;
      }
      shared.seenIn.set(more.tree, (shared.seenIn.get(more.tree) ?? 0) + seen);
    }
  }

  /** @param trees - number of the tree of each request; what was counted of others counts for nobody */
  results(
    requests: readonly MeasureRequest[],
    trees: readonly number[],
    unfinished: ReadonlySet<number>,
  ): Map<string, Measurement> {
    const places = new Map(trees.map((tree, place) => [tree, place]));
    const bytesOfShared = new Map<number, number>();
    const countOfShared = new Map<number, number>();
    for (const { nlink, bytes, seenIn } of this.#shared.values()) {
      const first = firstOf(seenIn.keys(), places);
      if (first === undefined) continue;
      bytesOfShared.set(first, (bytesOfShared.get(first) ?? 0) + bytes);
      for (const [tree, seen] of seenIn) {
        if (seen < nlink) countOfShared.set(tree, (countOfShared.get(tree) ?? 0) + 1);
      }
    }
    const results = new Map<string, Measurement>();
    for (const [place, { key }] of requests.entries()) {
      const tree = trees[place];
      if (tree === undefined) continue;
      if (unfinished.has(tree)) continue;
      const { tree: _, links: __, ...tally } = this.#trees.get(tree) ?? newTally(tree);
      results.set(key, {
        ...tally,
        bytes: tally.bytes + (bytesOfShared.get(tree) ?? 0),
        hardLinksShared: countOfShared.get(tree) ?? 0,
        problems: tally.problems.slice(0, examplesKept),
      });
    }
    return results;
  }
}

/** The tree that was asked for first. */
function firstOf(trees: Iterable<number>, places: ReadonlyMap<number, number>): number | undefined {
  let first: number | undefined;
  let firstPlace = Infinity;
  for (const tree of trees) {
    const place = places.get(tree) ?? Infinity;
    if (place < firstPlace) [first, firstPlace] = [tree, place];
  }
  return first;
}
