/** Of any number of values, however many: as arguments of `Math.min` a hundred thousand do not fit on the stack. `Infinity` of none. */
export function least(values: Iterable<number>): number {
  let found = Infinity;
  for (const value of values) found = Math.min(found, value);
  return found;
}
