/**
 * Which keys were added, in eight bytes for each: it may take a stranger for one of them, and never denies one that was
 * added.
 */
export class KeySet {
  /** Hashes where their lower bits put them, or in the next free slot; 0 is free. */
  #slots = new Uint32Array(leastSlots);
  #size = 0;

  add(key: string): void {
    if (!insert(this.#slots, hashOf(key))) return;
    this.#size += 1;
    if (this.#size * 2 <= this.#slots.length) return;
    const larger = new Uint32Array(this.#slots.length * 2);
    for (const hash of this.#slots) if (hash !== 0) insert(larger, hash);
    this.#slots = larger;
  }

  mayHave(key: string): boolean {
    const hash = hashOf(key);
    return this.#slots[slotOf(this.#slots, hash)] === hash;
  }
}

/** A power of two, as all sizes are. */
const leastSlots = 1024;

/** Whether it was not there. */
function insert(slots: Uint32Array, hash: number): boolean {
  const slot = slotOf(slots, hash);
  if (slots[slot] === hash) return false;
  slots[slot] = hash;
  return true;
}

/** Where the hash is, or would be. Half of the slots are free: there is an end to it. */
function slotOf(slots: Uint32Array, hash: number): number {
  const last = slots.length - 1;
  let slot = hash & last;
  while (slots[slot] !== 0 && slots[slot] !== hash) slot = (slot + 1) & last;
  return slot;
}

/** FNV-1a over the key's code units, its bits mixed once more, for the lower ones say where it goes. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1)
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0 || 1;
}
