import { ByteReader } from './level-bytes.ts';
import { blockAt, entriesOf, handleIn, isBlockWhole, keyTailBytes, trailerBytes } from './level-block.ts';
import type { Handle } from './level-block.ts';

/** A key and its value as a file of LevelDB has them; an `undefined` value is a deletion. */
export type RawPair = { readonly key: string; readonly value: string | undefined };

export const footerBytes = 48;
const magic = Buffer.from('57fb808b247547db', 'hex');

/** Whether every block of a table is what was written, by its checksum. */
export function isTableWhole(bytes: Buffer): boolean {
  try {
    const { index, meta } = handlesOf(bytes);
    if (index === undefined || meta === undefined) return false;
    for (const block of [index, meta]) {
      const content = blockAt(bytes, block);
      if (content === undefined) return false;
      for (const [, value] of entriesOf(content))
        if (!isBlockWhole(bytes, handleIn(new ByteReader(value)))) return false;
    }
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** Everything in those blocks of a table that are what was written. Without its index nothing can be found in it. */
export function* pairsOfTable(bytes: Buffer): Generator<RawPair> {
  for (const handle of dataBlocks(bytes)) {
    try {
      const content = blockAt(bytes, handle);
      if (content === undefined) continue;
      for (const [key, value] of entriesOf(content)) {
        const isPut = key[key.length - keyTailBytes] === 1;
        yield {
          key: key.toString('utf8', 0, key.length - keyTailBytes),
          value: isPut ? value.toString('utf8') : undefined,
        };
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
}

function dataBlocks(bytes: Buffer): readonly Handle[] {
  try {
    const { index } = handlesOf(bytes);
    const content = index === undefined ? undefined : blockAt(bytes, index);
    if (content === undefined) return blocksInARow(bytes);
    return [...entriesOf(content)].map(([, value]) => handleIn(new ByteReader(value)));
  } catch (error) {
    if (error instanceof RangeError) return blocksInARow(bytes);
    throw error;
  }
}

/** Where a table's index is, and the index of what is beside its pairs: from its last bytes. */
export function handlesOf(bytes: Buffer): { readonly index?: Handle; readonly meta?: Handle } {
  const footer = bytes.subarray(bytes.length - footerBytes);
  if (footer.length < footerBytes || !footer.subarray(-magic.length).equals(magic)) return {};
  const reader = new ByteReader(footer);
  const meta = handleIn(reader);
  return { meta, index: handleIn(reader) };
}

/**
 * Without an index: blocks lie one after the other, and where one ends its checksum fits. Only the first of them that
 * is damaged is in the way.
 */
function blocksInARow(bytes: Buffer): readonly Handle[] {
  const found: Handle[] = [];
  let offset = 0;
  const longest = 1 << 16;
  for (let size = 1; offset + size + trailerBytes <= bytes.length && size < longest; size += 1) {
    // Cheap first: the type of a block is 0 or 1.
    if ((bytes[offset + size] ?? 2) > 1 || !isBlockWhole(bytes, { offset, size })) continue;
    found.push({ offset, size });
    offset += size + trailerBytes;
    size = 0;
  }
  return found;
}
