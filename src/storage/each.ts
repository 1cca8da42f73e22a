import { setImmediate as breathe } from 'node:timers/promises';

/**
 * Maps with at most `width` calls in flight, results in the order of `items`. Lets timers run now and then, so that a
 * long row of synchronous calls does not freeze the terminal.
 */
export async function mapEach<T, R>(
  items: readonly T[],
  width: number,
  act: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      // Before the next one is taken: what is done without waiting is done in the order of `items`.
      if (next % 512 === 511) await breathe();
      const index = next++;
      if (index >= items.length) return;
      results[index] = await act(items[index] as T, index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
  return results;
}
