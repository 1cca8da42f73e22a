import { ByteReader } from './level-bytes.ts';
import { keyTailBytes } from './level-block.ts';
import { recordsOf } from './level-log.ts';

const [comparator, logNumber, nextFile, lastSequence, compactPointer, deletedFile, newFile, previousLog] = [
  1, 2, 3, 4, 5, 6, 7, 9,
];

/** A table of the database. Keys are texts of bytes, which compare as the bytes do. */
export type LiveTable = {
  readonly number: number;
  readonly level: number;
  readonly size: number;
  readonly smallest: string;
  /** Of the same key, the higher, the newer. */
  readonly smallestNumber: number;
  readonly largest: string;
};

/** What makes up a database: its tables, and the logs that are not in them yet. */
export type Manifest = {
  readonly tables: ReadonlyMap<number, LiveTable>;
  /** Logs with this number and higher ones count. */
  readonly logNumber: number;
  /** One more that counts; 0 is none. */
  readonly previousLog: number;
};

/**
 * What a manifest says makes up the database: what else lies there was never finished, or is of no use any more.
 * `undefined` when it cannot be understood, or is damaged anywhere but at a torn end.
 */
export function parseManifest(bytes: Buffer): Manifest | undefined {
  const tables = new Map<number, LiveTable>();
  const numbers = new Map<number, number>();
  const onDamage = (): never => {
    throw new RangeError('damaged');
  };
  try {
    for (const record of recordsOf(bytes, onDamage)) applyEdit(new ByteReader(record), tables, numbers);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  const log = numbers.get(logNumber);
  if (log === undefined || !numbers.has(nextFile) || !numbers.has(lastSequence)) return undefined;
  return { tables, logNumber: log, previousLog: numbers.get(previousLog) ?? 0 };
}

function applyEdit(reader: ByteReader, tables: Map<number, LiveTable>, numbers: Map<number, number>): void {
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    switch (tag) {
      case comparator:
        reader.skip(reader.varint());
        break;
      case logNumber:
      case nextFile:
      case lastSequence:
      case previousLog:
        numbers.set(tag, reader.varint());
        break;
      case compactPointer:
        reader.varint();
        reader.skip(reader.varint());
        break;
      case deletedFile:
        reader.varint();
        tables.delete(reader.varint());
        break;
      case newFile: {
        const [level, number, size] = [reader.varint(), reader.varint(), reader.varint()];
        const [smallest, smallestNumber] = keyIn(reader);
        const [largest] = keyIn(reader);
        tables.set(number, { number, level, size, smallest, smallestNumber, largest });
        break;
      }
      default:
        throw new RangeError('no such field');
    }
  }
}

function keyIn(reader: ByteReader): readonly [key: string, number: number] {
  const key = reader.piece(reader.varint());
  const end = key.length - keyTailBytes;
  if (end < 0) throw new RangeError('no key');
  return [key.toString('latin1', 0, end), key.readUIntLE(end + 1, 6)];
}
