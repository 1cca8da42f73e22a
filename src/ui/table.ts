import stringWidth from 'string-width';

/** Rows in columns as wide as they need to be; numbers, marked by `right`, are aligned at their end. */
export function table(
  rows: readonly (readonly string[])[],
  right: readonly number[],
  indent: string = '  ',
): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => stringWidth(row[column] ?? ''))),
  );
  return rows.map((row) =>
    (
      indent +
      row
        .map((cell, column) => {
          const space = ' '.repeat((widths[column] ?? 0) - stringWidth(cell));
          return right.includes(column) ? space + cell : cell + space;
        })
        .join('  ')
    ).trimEnd(),
  );
}
