/**
 * A build of the product with one safeguard off. The suite named for it must report a violation; one that does not
 * proves nothing about the safeguard. A file `<noun>-controls.ts` beside a suite exports its `controls`.
 */
export type Control = {
  /** The safeguard that is off, as a sentence says it: `directories are not synced`. */
  readonly name: string;
  readonly suite: string;
  /** How many trials it has to be caught in, from seed 0. */
  readonly seeds: number;
  /** Applied to the compiled product, `file` relative to `build/`. `find` must occur exactly once. */
  readonly patch: Patch | readonly Patch[];
};

export type Patch = { readonly file: string; readonly find: string; readonly replace: string };
