import type { Item, ItemId } from '../model/item.ts';
import type { Verdict } from '../model/reason.ts';

export type Judged<V extends Verdict = Verdict> = { readonly item: Item; readonly verdict: V };

/** An item with the verdict that condemned it. */
export type Condemned = Judged<Extract<Verdict, { type: 'remove' }>>;

/**
 * Items with their verdicts, in order. Pairs are made while it is walked: of a hundred thousand none is kept, and most
 * verdicts are one and the same.
 */
export class JudgedItems<V extends Verdict = Verdict> implements Iterable<Judged<V>> {
  readonly #items: readonly Item[];
  readonly #verdicts: readonly V[];

  /** @param verdicts - one for each of the items */
  constructor(items: readonly Item[], verdicts: readonly V[]) {
    this.#items = items;
    this.#verdicts = verdicts;
  }

  get length(): number {
    return this.#items.length;
  }

  get bytes(): number {
    return this.#items.reduce((sum, { size }) => sum + (size?.bytes ?? 0), 0);
  }

  *[Symbol.iterator](): Generator<Judged<V>> {
    for (const [index, verdict] of this.#verdicts.entries()) {
      const item = this.#items[index];
      if (item !== undefined) yield { item, verdict };
    }
  }

  *ids(): Generator<ItemId> {
    for (const { id } of this.#items) yield id;
  }
}
