/*
 * LevelDB's bytes, read without LevelDB: it checks no table on reading, forgives a damaged log, and ends the process
 * over some damages. Formats as in its doc/table_format.md and doc/log_format.md; they have not changed since 2011.
 */

const polynomial = 0x82f63b78;
const maskDelta = 0xa282ead8;

/** Eight tables, one for each place of a byte among eight: they are taken in at once. */
const crcTables = new Int32Array(8 * 256);
for (let byte = 0; byte < 256; byte += 1) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
  crcTables[byte] = crc;
}
for (let at = 256; at < crcTables.length; at += 1) {
  const before = crcTables[at - 256] ?? 0;
  crcTables[at] = (before >>> 8) ^ (crcTables[before & 0xff] ?? 0);
}

/** The checksum of `bytes` from `start` up to `end`, as LevelDB stores it: CRC-32C, masked. */
export function maskedCrc(bytes: Buffer, start: number, end: number): number {
  const t = crcTables;
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let crc = -1;
  let at = start;
  for (; at + 8 <= end; at += 8) {
    const low = crc ^ words.getInt32(at, true);
    const high = words.getInt32(at + 4, true);
    crc =
      (t[0x700 + (low & 0xff)] ?? 0) ^
      (t[0x600 + ((low >>> 8) & 0xff)] ?? 0) ^
      (t[0x500 + ((low >>> 16) & 0xff)] ?? 0) ^
      (t[0x400 + (low >>> 24)] ?? 0) ^
      (t[0x300 + (high & 0xff)] ?? 0) ^
      (t[0x200 + ((high >>> 8) & 0xff)] ?? 0) ^
      (t[0x100 + ((high >>> 16) & 0xff)] ?? 0) ^
      (t[high >>> 24] ?? 0);
  }
  for (; at < end; at += 1) crc = (t[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0) ^ (crc >>> 8);
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + maskDelta) >>> 0;
}

/** Reads numbers and pieces one after the other. Past the end it throws a `RangeError`. */
export class ByteReader {
  readonly #bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }

  get isAtEnd(): boolean {
    return this.at >= this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.at];
    if (byte === undefined) throw new RangeError('past the end');
    this.at += 1;
    return byte;
  }

  /** Seven bits a byte, least first. */
  varint(): number {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 49; factor *= 128) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw new RangeError('no number');
  }

  piece(length: number): Buffer {
    const start = this.at;
    this.skip(length);
    return this.#bytes.subarray(start, this.at);
  }

  skip(length: number): void {
    const end = this.at + length;
    if (end > this.#bytes.length) throw new RangeError('past the end');
    this.at = end;
  }
}

/** No block of ours is nearly as long; a length that damage made must not cost memory. */
const longestBlock = 1 << 28;

/** A buffer that is used again and again, and grows. */
export type Room = { buffer: Buffer };

/** What was compressed with Snappy (its raw format), made in `room` if there is one. Throws a `RangeError` when it was not. */
export function unsnap(bytes: Buffer, room?: Room): Buffer {
  const reader = new ByteReader(bytes);
  const length = reader.varint();
  if (length > longestBlock) throw new RangeError('too long');
  const out = roomFor(length, room);
  let at = reader.at;
  let end = 0;
  while (at < bytes.length) {
    const tag = bytes[at] ?? 0;
    const kind = tag & 3;
    let size = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    // The bytes behind the tag say how long a long literal is, or how far back a copy begins.
    const counted = kind === 0 ? Math.max(0, size - 60) : (countedBytes[kind] ?? 0);
    at += 1;
    if (at + counted > bytes.length) throw new RangeError('past the end');
    let number = 0;
    for (let shift = 0; shift < counted; shift += 1)
      number = (number | ((bytes[at + shift] ?? 0) << (8 * shift))) >>> 0;
    at += counted;
    if (kind === 0) {
      if (counted > 0) size = number + 1;
      if (at + size > bytes.length || end + size > length) throw new RangeError('too long');
      if (size > worthACall) out.set(bytes.subarray(at, at + size), end);
      else for (let done = 0; done < size; done += 1) out[end + done] = bytes[at + done] ?? 0;
      at += size;
      end += size;
      continue;
    }
    const offset = kind === 1 ? ((tag >> 5) << 8) | number : number;
    if (offset === 0 || offset > end || end + size > length) throw new RangeError('no such copy');
    if (size > worthACall && offset >= size) out.copyWithin(end, end - offset, end - offset + size);
    // Byte by byte: a copy may reach into what it makes.
    else for (let to = end; to < end + size; to += 1) out[to] = out[to - offset] ?? 0;
    end += size;
  }
  if (end !== length) throw new RangeError('too short');
  return out;
}

/** Of the three kinds of copies. */
const countedBytes = [0, 1, 2, 4];
/** A call costs more than so many bytes one by one. */
const worthACall = 40;

/** What lay there before is written over, to the last byte, or nobody is given it. */
function roomFor(length: number, room: Room | undefined): Buffer {
  if (room === undefined) return Buffer.allocUnsafe(length);
  if (room.buffer.length < length) room.buffer = Buffer.allocUnsafe(2 * length);
  return room.buffer.subarray(0, length);
}
