import type { Mount } from '../disk/mounts.ts';
import { isAncestorOrSelf, normalise } from '../disk/path.ts';
import { otherSpellings, realNearest } from '../disk/spellings.ts';

/**
 * Where in the storage a path leads that somebody wrote down: with the home as it was called then, through links and
 * mounts, with `..` in it. What lies below a root as it stands costs nothing; each other path is asked for once.
 */
export class Placing {
  readonly #roots: readonly string[];
  /** Roots as the environment calls them, and their real paths. */
  readonly #named: readonly (readonly [given: string, real: string])[];
  readonly #mounts: readonly Mount[];
  readonly #known = new Map<string, readonly string[]>();

  constructor(roots: readonly string[], named: readonly string[], mounts: readonly Mount[]) {
    this.#roots = roots;
    this.#named = named
      .map((given) => [given, realNearest(given)] as const)
      .filter(([given, real]) => given !== real && roots.includes(real));
    this.#mounts = mounts;
  }

  /** Below the real paths of the roots; several when text and disk disagree, none for what lies elsewhere. */
  of(path: string): readonly string[] {
    const plain = normalise(path);
    if (plain === undefined) return [];
    // Nothing was resolved in the text, so nothing on the disk can contradict it.
    if (plain === path && this.#isInRoot(plain)) return [plain];
    const known = this.#known.get(path) ?? this.#find(path, plain);
    this.#known.set(path, known);
    return known;
  }

  #find(path: string, plain: string): readonly string[] {
    const named = this.#named
      .filter(([given]) => isAncestorOrSelf(given, plain))
      .map(([given, real]) => real + plain.slice(given.length));
    // A root may be named twice.
    const inText = [...new Set([plain, ...named])].filter((spelling) => this.#isInRoot(spelling));
    if (plain === path && inText.length > 0) return inText;
    // The kernel goes up from where a link leads, the text from where it lies.
    const real = [...new Set([realNearest(path), realNearest(plain)])];
    const shown = real.flatMap((one) => [one, ...otherSpellings(one, this.#mounts)]);
    return [...new Set([...inText, ...shown.filter((spelling) => this.#isInRoot(spelling))])];
  }

  #isInRoot(path: string): boolean {
    return this.#roots.some((root) => isAncestorOrSelf(root, path));
  }
}
