/** So many at a time, in order; the last may be fewer. */
export function* slicesOf<T>(all: Iterable<T>, size: number): Generator<readonly T[]> {
  let slice: T[] = [];
  for (const one of all) {
    slice.push(one);
    if (slice.length < size) continue;
    yield slice;
    slice = [];
  }
  if (slice.length > 0) yield slice;
}
