import type { BranchDeleted, BranchKept } from '../journal/event-removal.ts';
import { itemId, pathOf, type ItemId } from '../model/item.ts';
import type { Kind } from '../model/kind.ts';

/** What became of one item in this run (DESIGN 6, `outcome` of an item). */
export type ItemOutcome = 'removed' | 'failed' | 'drifted' | 'vanished' | 'under-way';

export type ItemAccount = {
  readonly kind: Kind;
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  readonly op: string;
  readonly outcome: ItemOutcome;
  /**
   * An earlier run began it. `taken-up`: it had moved it out of its place, so that this run's scan did not find it
   * there; `found`: it had not; `expired`: it had removed it, and now undo has ended; `undone`: it had
   * begun to make it again.
   */
  readonly earlier?: 'taken-up' | 'found' | 'expired' | 'undone';
  /** Still on disk, in quarantine, so that it can be put back until then. */
  readonly heldUntilMs?: number;
  /** Git can make it again for so long after it is gone; in milliseconds. */
  readonly undoMs?: number;
  /** Until then git can make it again. UTC milliseconds. */
  readonly undoUntilMs?: number;
  readonly failure?: {
    readonly code: string;
    readonly path: string;
    readonly detail?: string;
    readonly syscall?: string;
  };
  readonly drift?: string;
  /** What became of the branches that were to go with it. */
  readonly branches?: readonly (BranchDeleted | BranchKept)[];
};

const perBlock = 1024;
const opLength = 21;

/** Items that are held and of which there is nothing else to tell: numbers, but for their ids. */
class Block {
  readonly items: (ItemId | undefined)[] = [];
  /** The name; or how long it is, when the path ends with it. */
  readonly names: (string | number)[] = [];
  readonly bytes: Float64Array = new Float64Array(perBlock);
  readonly heldUntilMs: Float64Array = new Float64Array(perBlock);
  readonly ops: Buffer = Buffer.alloc(perBlock * opLength);
}

/**
 * What became of each item of a run. There may be a hundred thousand that were moved, are held, and that is all there
 * is to tell of them: these are kept small.
 */
export class ItemAccounts {
  readonly #told = new Map<string, ItemAccount>();
  readonly #blocks: Block[] = [];
  #held = 0;
  /** Where in the blocks an item is: made when one of them is asked for, which is seldom. */
  #places: Map<string, number> | undefined;

  /** The item begins, or begins anew: then what went under its name before is found by its operation. */
  begin(item: ItemId, account: ItemAccount): void {
    const known = this.#told.get(item);
    if (known?.outcome === 'removed' || known?.earlier === 'undone') this.#told.set(known.op, known);
    this.#told.set(item, account);
  }

  get(item: string): ItemAccount | undefined {
    const told = this.#told.get(item);
    if (told !== undefined) return told;
    const place = this.#placeOf(item);
    return place === undefined ? undefined : this.#heldAt(place);
  }

  /** What is known now of an item that has begun. */
  set(item: ItemId, account: ItemAccount): void {
    if (!this.#told.has(item)) this.#forget(item);
    if (this.#isHeld(item, account)) this.#told.delete(item);
    else this.#told.set(item, account);
  }

  delete(item: ItemId): void {
    this.#told.delete(item);
  }

  /** By item; what went before an item that was made anew under its name, by its operation. */
  *entries(): Generator<readonly [item: string, account: ItemAccount]> {
    yield* this.#told;
    for (let place = 0; place < this.#held; place += 1) {
      const item = this.#itemAt(place);
      const held = item === undefined ? undefined : this.#heldAt(place);
      if (item === undefined || held === undefined) continue;
      yield [this.#told.has(item) ? held.op : item, held];
    }
  }

  *values(): Generator<ItemAccount> {
    for (const [, account] of this.entries()) yield account;
  }

  /** Keeps it small, if it is one of the many. */
  #isHeld(item: ItemId, account: ItemAccount): boolean {
    const { kind, name, path, bytes, op, heldUntilMs } = account;
    if (heldUntilMs === undefined || !isPlain(account) || item !== itemId(kind, path)) return false;
    const at = this.#held % perBlock;
    const block = this.#blocks[Math.floor(this.#held / perBlock)] ?? new Block();
    if (!isWritten(op, block.ops, at * opLength)) return false;
    if (at === 0) this.#blocks.push(block);
    block.items[at] = item;
    block.names[at] = path.endsWith(name) ? name.length : name;
    block.bytes[at] = bytes;
    block.heldUntilMs[at] = heldUntilMs;
    this.#places?.set(item, this.#held);
    this.#held += 1;
    return true;
  }

  #placeOf(item: string): number | undefined {
    if (this.#held === 0) return undefined;
    if (this.#places === undefined) {
      this.#places = new Map();
      for (let place = 0; place < this.#held; place += 1) {
        const held = this.#itemAt(place);
        if (held !== undefined) this.#places.set(held, place);
      }
    }
    return this.#places.get(item);
  }

  /** There is something else to tell of it after all. */
  #forget(item: ItemId): void {
    const place = this.#placeOf(item);
    const block = place === undefined ? undefined : this.#blocks[Math.floor(place / perBlock)];
    if (place === undefined || block === undefined) return;
    block.items[place % perBlock] = undefined;
    this.#places?.delete(item);
  }

  #itemAt(place: number): ItemId | undefined {
    return this.#blocks[Math.floor(place / perBlock)]?.items[place % perBlock];
  }

  #heldAt(place: number): ItemAccount | undefined {
    const block = this.#blocks[Math.floor(place / perBlock)];
    const at = place % perBlock;
    const item = block?.items[at];
    if (block === undefined || item === undefined) return undefined;
    const path = pathOf(item);
    const name = block.names[at] ?? '';
    return {
      // It was put together of these two.
      kind: item.slice(0, -path.length - 1) as Kind,
      name: typeof name === 'string' ? name : path.slice(path.length - name),
      path,
      bytes: block.bytes[at] ?? 0,
      op: block.ops.toString('latin1', at * opLength, (at + 1) * opLength),
      outcome: 'removed',
      heldUntilMs: block.heldUntilMs[at] ?? 0,
    };
  }
}

function isPlain({ outcome, earlier, undoMs, undoUntilMs, failure, drift, branches }: ItemAccount): boolean {
  return (
    outcome === 'removed' &&
    earlier === undefined &&
    undoMs === undefined &&
    undoUntilMs === undefined &&
    failure === undefined &&
    drift === undefined &&
    branches === undefined
  );
}

/** Writes down an id as it is given today; `false` for any other. */
function isWritten(op: string, into: Uint8Array, at: number): boolean {
  if (op.length !== opLength) return false;
  for (let index = 0; index < opLength; index += 1) {
    const code = op.charCodeAt(index);
    if (code > 0x7f) return false;
    into[at + index] = code;
  }
  return true;
}
