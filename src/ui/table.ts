import { padEnd, padStart, widthOf } from './width.ts';

/** Rows in columns as wide as they need to be; numbers, marked by `right`, are aligned at their end. */
export function table(
  rows: readonly (readonly string[])[],
  right: readonly number[],
  indent: string = '  ',
): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    rows.reduce((widest, row) => Math.max(widest, widthOf(row[column] ?? '')), 0),
  );
  return rows.map((row) =>
    (
      indent +
      row
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return right.includes(column) ? padStart(cell, width) : padEnd(cell, width);
        })
        .join('  ')
    ).trimEnd(),
  );
}
