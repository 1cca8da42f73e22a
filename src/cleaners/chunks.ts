import type { Condemned } from './judged.ts';

/** The process table is read for each chunk, which costs as much as moving some hundred files. */
const itemsPerChunk = 2_000;
/** Entries after which a chunk is full, so that an interrupted run has not long to finish what it began. */
const entriesPerChunk = 10_000;
/** Large trees are freed side by side: below this a chunk is never full by its entries. */
const treesPerChunk = 4;
const itemsPerChunkWhenShort = 8;

/**
 * Cuts a plan into chunks that share their syncs (JOURNAL 3.3): of one kind and one root, thousands of small items or
 * a few large trees, 8 when the disk is nearly full. Order is kept, so that what depends on a worktree comes in a
 * later chunk than the worktree.
 */
export function* chunksOf(
  plan: Iterable<Condemned>,
  isShortOfSpace: boolean,
): Generator<readonly Condemned[]> {
  let chunk: Condemned[] = [];
  let entries = 0;
  for (const condemned of plan) {
    const [first] = chunk;
    if (
      first !== undefined &&
      (isFull(chunk.length, entries, isShortOfSpace) || !isAlike(first, condemned))
    ) {
      yield chunk;
      chunk = [];
      entries = 0;
    }
    chunk.push(condemned);
    entries += condemned.item.size?.files ?? 1;
  }
  if (chunk.length > 0) yield chunk;
}

function isFull(items: number, entries: number, isShortOfSpace: boolean): boolean {
  if (isShortOfSpace) return items >= itemsPerChunkWhenShort;
  return items >= itemsPerChunk || (items >= treesPerChunk && entries >= entriesPerChunk);
}

function isAlike({ item: a }: Condemned, { item: b }: Condemned): boolean {
  return a.kind === b.kind && a.root === b.root;
}
