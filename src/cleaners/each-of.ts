/**
 * Runs `work` over `values` with at most `atOnce` under way; order of completion is not promised. When one throws,
 * no further one begins, and the throw is passed on only after those under way have ended.
 */
export async function eachOf<Value>(
  values: Iterable<Value>,
  atOnce: number,
  work: (value: Value) => Promise<void>,
): Promise<void> {
  const iterator = values[Symbol.iterator]();
  let hasFailed = false;
  async function worker(): Promise<void> {
    for (let next = iterator.next(); next.done !== true && !hasFailed; next = iterator.next()) {
      try {
        await work(next.value);
      } catch (cause) {
        hasFailed = true;
        throw cause;
      }
    }
  }
  const ended = await Promise.allSettled(Array.from({ length: atOnce }, worker));
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
}
