import { ByteReader } from './level-bytes.ts';
import { recordsOf } from './level-log.ts';

const [comparator, logNumber, nextFile, lastSequence, compactPointer, deletedFile, newFile, previousLog] = [
  1, 2, 3, 4, 5, 6, 7, 9,
];

/**
 * The numbers of the tables that a manifest says make up the database: what else lies there was never finished, or is
 * of no use any more. `undefined` when it cannot be understood.
 */
export function tablesIn(manifest: Buffer): ReadonlySet<number> | undefined {
  const tables = new Set<number>();
  try {
    for (const record of recordsOf(manifest)) applyEdit(new ByteReader(record), tables);
    return tables;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function applyEdit(reader: ByteReader, tables: Set<number>): void {
  const skipText = (): unknown => reader.piece(reader.varint());
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    switch (tag) {
      case comparator:
        skipText();
        break;
      case logNumber:
      case nextFile:
      case lastSequence:
      case previousLog:
        reader.varint();
        break;
      case compactPointer:
        reader.varint();
        skipText();
        break;
      case deletedFile:
        reader.varint();
        tables.delete(reader.varint());
        break;
      case newFile:
        reader.varint();
        tables.add(reader.varint());
        reader.varint();
        skipText();
        skipText();
        break;
      default:
        throw new RangeError('no such field');
    }
  }
}
