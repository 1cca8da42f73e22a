/** So many groups are remembered: logs of so many sessions lie among each other. */
const mostGroups = 1024;

/** What thousands have in common is kept once: the value last given for a group, as long as the next ones say the same. */
export class Common<T> {
  readonly #isSame: (a: T, b: T) => boolean;
  readonly #lastOf = new Map<string, T>();

  constructor(isSame: (a: T, b: T) => boolean) {
    this.#isSame = isSame;
  }

  /** @returns `value`, or what was given before and says the same */
  of(group: string, value: T): T {
    const last = this.#lastOf.get(group);
    if (last !== undefined && this.#isSame(last, value)) return last;
    if (this.#lastOf.size >= mostGroups) this.#lastOf.clear();
    this.#lastOf.set(group, value);
    return value;
  }
}
