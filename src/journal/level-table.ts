import { ByteReader, maskedCrc, unsnap } from './level-bytes.ts';

/** A key and its value as a file of LevelDB has them; an `undefined` value is a deletion. */
export type RawPair = { readonly key: string; readonly value: string | undefined };

const footerBytes = 48;
const trailerBytes = 5;
const magic = Buffer.from('57fb808b247547db', 'hex');
/** After the key: a number and whether it was put or deleted. */
const keyTailBytes = 8;

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

type Handle = { readonly offset: number; readonly size: number };

function handlesOf(bytes: Buffer): { readonly index?: Handle; readonly meta?: Handle } {
  const footer = bytes.subarray(bytes.length - footerBytes);
  if (footer.length < footerBytes || !footer.subarray(-magic.length).equals(magic)) return {};
  const reader = new ByteReader(footer);
  const meta = handleIn(reader);
  return { meta, index: handleIn(reader) };
}

function handleIn(reader: ByteReader): Handle {
  return { offset: reader.varint(), size: reader.varint() };
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

function isBlockWhole(bytes: Buffer, { offset, size }: Handle): boolean {
  const end = offset + size + 1;
  if (end + 4 > bytes.length) return false;
  return bytes.readUInt32LE(end) === maskedCrc(bytes, offset, end);
}

/** What is in a block, `undefined` when it is damaged. */
function blockAt(bytes: Buffer, handle: Handle): Buffer | undefined {
  if (!isBlockWhole(bytes, handle)) return undefined;
  const content = bytes.subarray(handle.offset, handle.offset + handle.size);
  return bytes[handle.offset + handle.size] === 0 ? content : unsnap(content);
}

/** Keys share their beginnings with the ones before. */
function* entriesOf(block: Buffer): Generator<readonly [key: Buffer, value: Buffer]> {
  const restarts = block.readUInt32LE(block.length - 4);
  const reader = new ByteReader(block.subarray(0, block.length - 4 - 4 * restarts));
  let key: Buffer = Buffer.alloc(0);
  while (!reader.isAtEnd) {
    const shared = reader.varint();
    const rest = reader.varint();
    const length = reader.varint();
    key = Buffer.concat([key.subarray(0, shared), reader.piece(rest)]);
    yield [key, reader.piece(length)];
  }
}
