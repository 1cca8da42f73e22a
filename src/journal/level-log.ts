import { ByteReader, maskedCrc } from './level-bytes.ts';
import type { RawPair } from './level-table.ts';

const blockBytes = 32_768;
const headerBytes = 7;
const [full, first, middle, last] = [1, 2, 3, 4];
/** Of a batch: its number and how much is in it. */
const batchHeaderBytes = 12;

/** Everything in those batches of a log that are what was written, in order. */
export function* pairsOfLog(bytes: Buffer): Generator<RawPair> {
  for (const batch of recordsOf(bytes)) {
    try {
      yield* pairsOfBatch(batch);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
}

function* pairsOfBatch(batch: Buffer): Generator<RawPair> {
  for (const { key, value } of changesOfBatch(batch))
    yield { key: key.toString('utf8'), value: value?.toString('utf8') };
}

/** What one batch puts, and deletes where the value is `undefined`. */
export function* changesOfBatch(
  batch: Buffer,
): Generator<{ readonly key: Buffer; readonly value: Buffer | undefined; readonly number: number }> {
  const reader = new ByteReader(batch, batchHeaderBytes);
  for (let number = batch.readUIntLE(0, 6); !reader.isAtEnd; number += 1) {
    const isPut = reader.byte() === 1;
    const key = reader.piece(reader.varint());
    yield { key, value: isPut ? reader.piece(reader.varint()) : undefined, number };
  }
}

/**
 * Records are cut into fragments where a block ends. One whose checksum does not fit is passed over.
 *
 * @param onDamage - called with each damage but a torn end; the rest of its block is then passed over, as LevelDB does
 */
export function* recordsOf(bytes: Buffer, onDamage?: () => void): Generator<Buffer> {
  let parts: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += blockBytes) {
    const block = bytes.subarray(start, start + blockBytes);
    for (let at = 0; at + headerBytes <= block.length;) {
      const length = block.readUInt16LE(at + 4);
      const type = block[at + 6] ?? 0;
      // What some file systems leave after a power cut, and LevelDB passes over, too.
      if (type === 0 && length === 0) break;
      const end = at + headerBytes + length;
      if (end > block.length) {
        if (block.length === blockBytes) onDamage?.();
        break;
      }
      const isWhole =
        type >= full && type <= last && block.readUInt32LE(at) === maskedCrc(block, at + 6, end);
      const part = block.subarray(at + headerBytes, end);
      if (!isWhole || type === full || type === first) parts = [];
      if (!isWhole && onDamage !== undefined) {
        onDamage();
        break;
      }
      if (isWhole && type === full) yield part;
      if (isWhole && type === first) parts = [part];
      if (isWhole && (type === middle || type === last) && parts.length > 0) parts.push(part);
      if (isWhole && type === last && parts.length > 1) yield Buffer.concat(parts);
      if (type === last) parts = [];
      at = end;
    }
  }
}
