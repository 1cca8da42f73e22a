/** Where in the journal the entries of one sort are: not each of them, but the stretches that hold them all. */
export type Stretches = {
  count: number;
  /** In order, and apart from each other; others may be in them, too. */
  readonly ranges: Range[];
};

type Range = { readonly from: number; to: number };

/** So many others in a row are read, too, rather than jumped over: each stretch begins with a search. */
const widestGap = 4096;

export function noStretches(): Stretches {
  return { count: 0, ranges: [] };
}

/** Numbers come in order. */
export function include(stretches: Stretches, seq: number): void {
  stretches.count += 1;
  extend(stretches.ranges, seq, seq);
}

/** Those of several sorts. */
export function together(all: readonly Stretches[]): Stretches {
  const ranges: Range[] = [];
  for (const { from, to } of all.flatMap((each) => each.ranges).sort((a, b) => a.from - b.from))
    extend(ranges, from, to);
  return { count: all.reduce((sum, { count }) => sum + count, 0), ranges };
}

function extend(ranges: Range[], from: number, to: number): void {
  const last = ranges.at(-1);
  if (last === undefined || from - last.to > widestGap) ranges.push({ from, to });
  else last.to = Math.max(last.to, to);
}
