import { ByteReader, maskedCrc, unsnap } from './level-bytes.ts';
import type { Room } from './level-bytes.ts';

/** Where a block lies in the file of its table. */
export type Handle = { readonly offset: number; readonly size: number };

/** After a block: how it is compressed, and its checksum. */
export const trailerBytes = 5;
/** After the key: a number and whether it was put or deleted. */
export const keyTailBytes = 8;

export function handleIn(reader: ByteReader): Handle {
  return { offset: reader.varint(), size: reader.varint() };
}

export function isBlockWhole(bytes: Buffer, { offset, size }: Handle): boolean {
  const end = offset + size + 1;
  if (end + 4 > bytes.length) return false;
  return bytes.readUInt32LE(end) === maskedCrc(bytes, offset, end);
}

/** What is in a block, `undefined` when it is damaged. In `room`, if there is one, it lasts until that is used again. */
export function blockAt(bytes: Buffer, handle: Handle, room?: Room): Buffer | undefined {
  if (!isBlockWhole(bytes, handle)) return undefined;
  const content = bytes.subarray(handle.offset, handle.offset + handle.size);
  return bytes[handle.offset + handle.size] === 0 ? content : unsnap(content, room);
}

/** Keys share their beginnings with the ones before. */
export function* entriesOf(block: Buffer): Generator<readonly [key: Buffer, value: Buffer]> {
  const reader = entryReader(block);
  let key: Buffer = Buffer.alloc(0);
  while (!reader.isAtEnd) {
    const shared = reader.varint();
    const rest = reader.varint();
    const length = reader.varint();
    key = Buffer.concat([key.subarray(0, shared), reader.piece(rest)]);
    yield [key, reader.piece(length)];
  }
}

function entryReader(block: Buffer): ByteReader {
  const restarts = block.readUInt32LE(block.length - 4);
  return new ByteReader(block.subarray(0, block.length - 4 - 4 * restarts));
}

/** Some pairs in LevelDB's order: by key, of the same key the newest first. */
export type Stretch = {
  /** Texts of bytes, which compare as the bytes do. */
  readonly keys: readonly string[];
  /** The higher, the newer. */
  readonly numbers: readonly number[];
  /** `undefined`: it was deleted. */
  readonly valueAt: (index: number) => Buffer | undefined;
};

/** The pairs of a block; values lie in it. */
export function stretchOf(block: Buffer): Stretch {
  const reader = entryReader(block);
  const keys: string[] = [];
  const numbers: number[] = [];
  const ends: number[] = [];
  const lengths: number[] = [];
  let key: Buffer = Buffer.allocUnsafe(256);
  let keyLength = 0;
  while (!reader.isAtEnd) {
    const shared = reader.varint();
    const rest = reader.varint();
    const length = reader.varint();
    if (shared > keyLength) throw new RangeError('no such beginning');
    keyLength = shared + rest;
    if (keyLength > key.length) key = Buffer.concat([key], 2 * keyLength);
    const from = reader.at;
    reader.skip(rest);
    block.copy(key, shared, from, reader.at);
    reader.skip(length);
    const tail = keyLength - keyTailBytes;
    keys.push(key.toString('latin1', 0, tail));
    numbers.push(key.readUIntLE(tail + 1, 6));
    ends.push(reader.at);
    lengths.push(key[tail] === 1 ? length : -1);
  }
  return {
    keys,
    numbers,
    valueAt: (index) => {
      const end = ends[index] ?? 0;
      const length = lengths[index] ?? -1;
      return length === -1 ? undefined : block.subarray(end - length, end);
    },
  };
}

/** Keys from `first` up to `end`, without it. */
export type Bounds = { readonly first: string; readonly end: string };

/** The place of the first that is not before `key`, in what is in order. */
export function firstFrom(keys: readonly string[], key: string): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? '') >= key) high = middle;
    else low = middle + 1;
  }
  return low;
}
