import { closeSync, fstatSync, read as readCallback, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { ByteReader } from './level-bytes.ts';
import {
  blockAt,
  entriesOf,
  firstFrom,
  handleIn,
  keyTailBytes,
  stretchOf,
  trailerBytes,
} from './level-block.ts';
import type { Bounds, Handle, Stretch } from './level-block.ts';
import type { LiveTable } from './level-manifest.ts';
import { footerBytes, handlesOf, isTableWhole } from './level-table.ts';

const readAt = promisify(readCallback);

/** The blocks of a table: in each, no key is behind the one that it is indexed by, and in the next ones all are. */
type Index = { readonly keys: readonly string[]; readonly handles: readonly Handle[] };

const leastAhead = 32 * 1024;
const mostAhead = 512 * 1024;

/** A table, and its file, which is open: a number that means the same in all threads of the process. */
export type OpenTable = { readonly table: LiveTable; readonly name: string; readonly file: number };

/**
 * One table of a database, read where it lies and while whoever writes may unlink it: what is open stays there. Every
 * block is checked before it is used. What is damaged throws a `RangeError` that names the file.
 */
export class TableFile {
  readonly table: LiveTable;
  readonly #name: string;
  readonly #file: number;
  #index: Index | undefined;

  constructor({ table, name, file }: OpenTable) {
    this.table = table;
    this.#name = name;
    this.#file = file;
  }

  get open(): OpenTable {
    return { table: this.table, name: this.#name, file: this.#file };
  }

  close(): void {
    closeSync(this.#file);
  }

  /** Whether all of it is what was written, read into `room`: whatever in it is of use, and to whom. */
  async check(room: { buffer: Buffer }): Promise<void> {
    this.#checkSize();
    const { size } = this.table;
    if (room.buffer.length < size) room.buffer = Buffer.allocUnsafe(size);
    const bytes = await this.#read(0, size, room.buffer);
    if (!isTableWhole(bytes)) throw this.#damaged();
  }

  /** The newest value of a key in it; `undefined` when it has none. */
  find(
    key: string,
    load: (at: number) => Stretch,
  ): { number: number; value: Buffer | undefined } | undefined {
    const { keys } = this.#indexed();
    for (let at = firstFrom(keys, key); at < keys.length; at += 1) {
      const stretch = load(at);
      const found = firstFrom(stretch.keys, key);
      if (stretch.keys[found] === key)
        return { number: stretch.numbers[found] ?? 0, value: stretch.valueAt(found) };
      // A block may be indexed by a key that the next one begins with.
      if (keys[at] !== key) break;
    }
    return undefined;
  }

  /** One block, read at once. */
  blockNow(at: number): Stretch {
    const handle = this.#indexed().handles[at];
    if (handle === undefined) throw this.#damaged();
    const bytes = Buffer.allocUnsafe(handle.size + trailerBytes);
    const length = readSync(this.#file, bytes, 0, bytes.length, handle.offset);
    return this.#sound(() => {
      const block = blockAt(bytes.subarray(0, length), { offset: 0, size: handle.size });
      return block === undefined ? undefined : stretchOf(block);
    });
  }

  /**
   * The blocks that may hold keys from `first` up to `end`, in order or in reverse. Each lasts until the next one is
   * asked for.
   */
  async *blocks({ first, end: beyond }: Bounds, reverse: boolean): AsyncGenerator<Stretch> {
    const { keys, handles } = this.#indexed();
    const wanted = handles.slice(firstFrom(keys, first), firstFrom(keys, beyond) + 1);
    if (reverse) wanted.reverse();
    const room = { buffer: Buffer.alloc(0) };
    let ahead: Buffer = Buffer.alloc(0);
    let most = leastAhead;
    while (wanted.length > 0) {
      const together = wanted.splice(0, countWithin(wanted, most));
      most = Math.min(2 * most, mostAhead);
      const start = Math.min(...together.map(({ offset }) => offset));
      const end = Math.max(...together.map(({ offset, size }) => offset + size + trailerBytes));
      if (end > this.table.size) throw this.#damaged();
      if (ahead.length < end - start) ahead = Buffer.allocUnsafe(end - start);
      const bytes = await this.#read(start, end - start, ahead);
      for (const { offset, size } of together) {
        yield this.#sound(() => {
          const block = blockAt(bytes, { offset: offset - start, size }, room);
          return block === undefined ? undefined : stretchOf(block);
        });
      }
    }
  }

  #indexed(): Index {
    return (this.#index ??= this.#sound(() => this.#readIndex()));
  }

  #readIndex(): Index | undefined {
    this.#checkSize();
    const footer = Buffer.alloc(footerBytes);
    readSync(this.#file, footer, 0, footerBytes, this.table.size - footerBytes);
    const { index } = handlesOf(footer);
    if (index === undefined || index.offset + index.size + trailerBytes > this.table.size) return undefined;
    const bytes = Buffer.alloc(index.size + trailerBytes);
    readSync(this.#file, bytes, 0, bytes.length, index.offset);
    const block = blockAt(bytes, { offset: 0, size: index.size });
    if (block === undefined) return undefined;
    const keys: string[] = [];
    const handles: Handle[] = [];
    for (const [key, value] of entriesOf(block)) {
      keys.push(key.toString('latin1', 0, key.length - keyTailBytes));
      handles.push(handleIn(new ByteReader(value)));
    }
    return { keys, handles };
  }

  /** One that is longer than it was written is as little what was written as one that is shorter. */
  #checkSize(): void {
    if (this.table.size < footerBytes || fstatSync(this.#file).size !== this.table.size)
      throw this.#damaged();
  }

  async #read(position: number, length: number, into: Buffer): Promise<Buffer> {
    const { bytesRead } = await readAt(this.#file, into, 0, length, position);
    if (bytesRead !== length) throw this.#damaged();
    return into.subarray(0, length);
  }

  #sound<T>(work: () => T | undefined): T {
    let found: T | undefined;
    try {
      found = work();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
    if (found === undefined) throw this.#damaged();
    return found;
  }

  #damaged(): RangeError {
    return new RangeError(`its file ${this.#name} is damaged`);
  }
}

/** How many of the blocks, which lie one after the other, are no longer than `most` together; at least one. */
function countWithin(blocks: readonly Handle[], most: number): number {
  let count = 0;
  let bytes = 0;
  for (const { size } of blocks) {
    bytes += size + trailerBytes;
    if (count > 0 && bytes > most) break;
    count += 1;
  }
  return count;
}
