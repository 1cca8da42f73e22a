/*
 * LevelDB's bytes, read without LevelDB: it checks no table on reading, forgives a damaged log, and ends the process
 * over some damages. Formats as in its doc/table_format.md and doc/log_format.md; they have not changed since 2011.
 */

const polynomial = 0x82f63b78;
const maskDelta = 0xa282ead8;

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
  return crc >>> 0;
});

/** The checksum of `bytes` from `start` up to `end`, as LevelDB stores it: CRC-32C, masked. */
export function maskedCrc(bytes: Buffer, start: number, end: number): number {
  let crc = 0xffffffff;
  for (let at = start; at < end; at += 1)
    crc = (crcTable[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0) ^ (crc >>> 8);
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
    const end = this.at + length;
    if (end > this.#bytes.length) throw new RangeError('past the end');
    const piece = this.#bytes.subarray(this.at, end);
    this.at = end;
    return piece;
  }
}

/** No block of ours is nearly as long; a length that damage made must not cost memory. */
const longestBlock = 1 << 28;

/** What was compressed with Snappy (its raw format). Throws a `RangeError` when it was not. */
export function unsnap(bytes: Buffer): Buffer {
  const reader = new ByteReader(bytes);
  const length = reader.varint();
  if (length > longestBlock) throw new RangeError('too long');
  const out = Buffer.alloc(length);
  let end = 0;
  while (!reader.isAtEnd) {
    const tag = reader.byte();
    const kind = tag & 3;
    if (kind === 0) {
      const size = (tag >> 2) + 1;
      const literal = reader.piece(size <= 60 ? size : littleEndian(reader, size - 60) + 1);
      if (end + literal.length > length) throw new RangeError('too long');
      literal.copy(out, end);
      end += literal.length;
      continue;
    }
    const size = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const offset = kind === 1 ? ((tag >> 5) << 8) | reader.byte() : littleEndian(reader, kind === 2 ? 2 : 4);
    if (offset === 0 || offset > end || end + size > length) throw new RangeError('no such copy');
    // Byte by byte: a copy may reach into what it makes.
    for (let count = 0; count < size; count += 1, end += 1) out[end] = out[end - offset] ?? 0;
  }
  if (end !== length) throw new RangeError('too short');
  return out;
}

function littleEndian(reader: ByteReader, count: number): number {
  let value = 0;
  for (let factor = 1; count > 0; count -= 1, factor *= 256) value += reader.byte() * factor;
  return value;
}
