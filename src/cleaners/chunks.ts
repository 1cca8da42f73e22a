import type { Condemned } from './sweep.ts';

const treesPerChunk = 64;
const filesPerChunk = 2_000;
const itemsPerChunkWhenShort = 8;

/**
 * Cuts a plan into chunks that share their syncs (JOURNAL 3.3): of one kind and one root, up to 64 trees or some
 * thousand single files, 8 when the disk is nearly full. Order is kept, so that what depends on a worktree comes in
 * a later chunk than the worktree.
 */
export function* chunksOf(
  plan: readonly Condemned[],
  isShortOfSpace: boolean,
): Generator<readonly Condemned[]> {
  let chunk: Condemned[] = [];
  let first: Condemned | undefined;
  for (const condemned of plan) {
    const isFull = chunk.length >= limitFor(chunk, isShortOfSpace);
    const isOther =
      first !== undefined &&
      (first.item.kind !== condemned.item.kind ||
        first.item.root !== condemned.item.root ||
        isSingleFile(first) !== isSingleFile(condemned));
    if (isFull || isOther) {
      yield chunk;
      chunk = [];
    }
    if (chunk.length === 0) first = condemned;
    chunk.push(condemned);
  }
  if (chunk.length > 0) yield chunk;
}

function limitFor(chunk: readonly Condemned[], isShortOfSpace: boolean): number {
  if (isShortOfSpace) return itemsPerChunkWhenShort;
  const [first] = chunk;
  return first !== undefined && isSingleFile(first) ? filesPerChunk : treesPerChunk;
}

function isSingleFile({ item }: Condemned): boolean {
  return item.parts.length === 1 && item.parts[0]?.identity.type === 'file';
}
