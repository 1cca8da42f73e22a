import { kinds, type Kind } from '../model/kind.ts';
import { formatBytes, formatWhole } from './format.ts';
import { table } from './table.ts';
import type { Colours } from './terminal.ts';
import type { ItemView } from './view.ts';
import { padStart, widthOf, wrapped } from './width.ts';

/** One line of the overview. */
type Row = {
  readonly kind: Kind | 'total';
  readonly total: number;
  readonly active: number;
  readonly bytes: number;
  readonly going: number;
  readonly staying: number;
  /** Why something stays, most frequent first. */
  readonly why: string;
};

/** Less room than this tells the reasons badly: they get lines of their own. */
const narrowestReasons = 30;

const head = ['KIND', 'TOTAL', 'ACTIVE', 'ON DISK', 'RECLAIMABLE', 'PROTECTED'];
const numbers = [1, 2, 3, 4, 5];

/**
 * What there is, per kind: reasons beside the numbers where there is room, below them where there is less, and
 * everything below each other where even the numbers find none. No number is ever broken.
 */
export function overviewTable(
  items: readonly ItemView[],
  colours: Colours,
  columns: number,
): readonly string[] {
  // The largest come first: the other order is that in which a run removes.
  const rows = [...kinds.toReversed().map((kind) => rowOf(kind, items)), rowOf('total', items)];
  const [title = '', ...lines] = table([head, ...rows.map(cells)], numbers, '');
  const width = Math.max(...[title, ...lines].map(widthOf));
  if (width > columns) return rows.flatMap((row) => stacked(row, colours, columns));

  const beside = columns - width - 2;
  const told: string[] = [colours.bold(title)];
  for (const [index, row] of rows.entries()) {
    const line = lines[index] ?? '';
    if (row.why === '') {
      told.push(line);
    } else if (beside >= narrowestReasons) {
      const hanging = ' '.repeat(width + 2);
      told.push(...wrapped(row.why, columns, `${line}  `, hanging));
    } else {
      told.push(line, ...wrapped(row.why, columns, '  kept: ', '        '));
    }
  }
  return told;
}

function rowOf(kind: Kind | 'total', all: readonly ItemView[]): Row {
  const items = kind === 'total' ? all : all.filter((item) => item.kind === kind);
  const staying = items.filter(({ verdict }) => verdict === 'keep');
  const bytes = sum(items);
  const kept = sum(staying);
  return {
    kind,
    total: items.length,
    active: items.filter(({ reason }) => reason === 'active' || reason === 'in-use').length,
    bytes,
    going: bytes - kept,
    staying: kept,
    why: kind === 'total' ? '' : reasonsText(staying.map(({ reason }) => reason)),
  };
}

function sum(items: readonly ItemView[]): number {
  return items.reduce((total, { bytes }) => total + bytes, 0);
}

function cells({ kind, total, active, bytes, going, staying }: Row): readonly string[] {
  const count = (number: number): string => (number === 0 ? '-' : formatWhole(number));
  return [kind, count(total), count(active), formatBytes(bytes), share(going, bytes), formatBytes(staying)];
}

function share(going: number, bytes: number): string {
  // Lined up whatever the number, and never 100% while something stays.
  const percent = bytes === 0 ? 0 : Math.floor((going / bytes) * 100);
  return `${formatBytes(going)} ${padStart(`(${percent}%)`, 6)}`;
}

function stacked(row: Row, colours: Colours, columns: number): readonly string[] {
  const [kind = '', total = '', active = '', bytes = '', going = '', staying = ''] = cells(row);
  return [
    `${colours.bold(kind)}: ${total === '-' ? 'none' : total}${active === '-' ? '' : `, ${active} active`}`,
    ...(row.total === 0
      ? []
      : [
          `  on disk      ${bytes}`,
          `  reclaimable  ${going.replace(/ +\(/, ' (')}`,
          `  protected    ${staying}`,
          ...(row.why === '' ? [] : wrapped(row.why, columns, '  kept: ', '    ')),
        ]),
  ];
}

/** `3 dirty, 2 active`, most frequent first. */
export function reasonsText(reasons: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts]
    .sort(([a, m], [b, n]) => n - m || a.localeCompare(b))
    .map(([reason, count]) => `${formatWhole(count)} ${reason}`)
    .join(', ');
}
