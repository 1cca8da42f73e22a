import { groupBy } from '../model/groups.ts';
import { kinds, type Kind } from '../model/kind.ts';
import { countOf, formatAge, formatBytes, formatWhole, printable } from './format.ts';
import type { Colours } from './terminal.ts';
import type { ItemView, RunView } from './view.ts';
import { keepWords, removeWords } from './why-words.ts';
import { padEnd, padStart, widthOf, wrapped } from './width.ts';

export type PlanList = {
  readonly lines: readonly string[];
  /** Some of what stays is not told one by one. */
  readonly isByReason: boolean;
};

/** How a list is told. */
export type ListLook = { readonly colours: Colours; readonly columns: number; readonly isFull: boolean };

/** So many of a kind that go are told one by one; of more, so many of the largest, and the rest as a number. */
export const toldWhole = 30;
export const toldOfMore = 20;

/** Less room than this beside a name tells its reason badly. */
const narrowestReason = 30;

/** Longer names do not push the reasons of all others away. */
const widestName = 80;

/** One line of the list: an item, or several of which the same is to be said. */
type Line = {
  readonly verdict: 'remove' | 'keep';
  readonly size: string;
  readonly age: string;
  readonly name: string;
  readonly why: string;
  readonly isGroup?: true;
};

/** A heading, a line, or a number of items that are not told. */
type Row = { readonly heading: string } | { readonly folded: string } | Line;

/**
 * Every item of a run by repository and kind, with what becomes of it in words. What goes comes first, the largest
 * before the smaller; a worktree that goes is never folded away. What stays is told by reason, worktrees one by one.
 */
export function planList(view: RunView, look: ListLook): PlanList {
  const blocks = byRepository(view).flatMap(({ heading, items }) => [
    ...(heading === undefined ? [] : [[{ heading }] as const]),
    ...kinds.flatMap((kind) => {
      const of = items.filter((item) => item.kind === kind);
      return of.length === 0 ? [] : [kindRows(kind, of, look.isFull)];
    }),
  ]);
  const lines = blocks.flat().filter((row) => 'verdict' in row);
  const sizes = widest(lines, ({ size }) => size);
  const ages = widest(lines, ({ age }) => age);
  return {
    lines: blocks.flatMap((rows) => told(rows, { sizes, ages }, look)),
    isByReason: lines.some(({ isGroup }) => isGroup === true),
  };
}

type Group = { readonly heading: string | undefined; readonly items: readonly ItemView[] };

function byRepository({ items, scope }: RunView): readonly Group[] {
  if (!scope.allRepositories && scope.repositories.length === 1) return [{ heading: undefined, items }];
  const groups = new Map<string, ItemView[]>();
  for (const item of items) {
    const heading = repositoryOf(item);
    const group = groups.get(heading);
    if (group === undefined) groups.set(heading, [item]);
    else group.push(item);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([heading, of]) => ({ heading, items: of }));
}

function repositoryOf({ repository, repositoryPath }: ItemView): string {
  if (repository === undefined) return 'no repository known';
  const path = repositoryPath === undefined ? 'by its name only' : printable(repositoryPath);
  return `repository ${printable(repository)} (${path})`;
}

function kindRows(kind: Kind, items: readonly ItemView[], isFull: boolean): readonly Row[] {
  const going = items.filter(({ verdict }) => verdict === 'remove').toSorted(largestFirst);
  const staying = items.filter(({ verdict }) => verdict === 'keep');
  const parts = [
    ...(going.length === 0 ? [] : [`${tally(going)} to remove`]),
    ...(staying.length === 0 ? [] : [`${tally(staying)} kept`]),
  ];
  const isWhole = isFull || kind === 'worktrees' || going.length <= toldWhole;
  const shown = isWhole ? going : going.slice(0, toldOfMore);
  const rest = going.slice(shown.length);
  return [
    { heading: `${kind}: ${parts.join(', ')}` },
    ...shown.map(itemLine),
    ...(rest.length === 0
      ? []
      : [
          {
            folded: `... and ${countOf(kind, rest.length)} more, ${formatBytes(sum(rest))} (--full lists them)`,
          },
        ]),
    ...keptRows(kind, staying, isFull),
  ];
}

/** One by one where that is short or asked for, else a line for each reason. */
function keptRows(kind: Kind, staying: readonly ItemView[], isFull: boolean): readonly Row[] {
  if (isFull || (kind === 'worktrees' && staying.length <= toldWhole)) {
    return staying.toSorted(byReason).map(itemLine);
  }
  return [...groupBy(staying, ({ reason }) => reason).values()]
    .sort((a, b) => b.length - a.length || byReason(a[0] as ItemView, b[0] as ItemView))
    .map((of) => (of.length === 1 ? itemLine(of[0] as ItemView) : groupLine(kind, of)));
}

function itemLine(item: ItemView): Line {
  const { verdict, bytes, ageMs } = item;
  return {
    verdict,
    size: formatBytes(bytes),
    age: ageMs === undefined ? '?' : formatAge(ageMs),
    name: printable(item.name),
    why: verdict === 'keep' ? keepWords(item) : removeWords(item),
  };
}

/** Several that stay for one reason; what is said of all of them alike is said once. */
function groupLine(kind: Kind, items: readonly ItemView[]): Line {
  const words = new Set(items.map(keepWords));
  const [only = ''] = words;
  return {
    verdict: 'keep',
    size: formatBytes(sum(items)),
    age: '',
    name: countOf(kind, items.length),
    isGroup: true,
    why: words.size === 1 ? only : printable(items[0]?.reason ?? ''),
  };
}

type Widths = { readonly sizes: number; readonly ages: number };

function widest(lines: readonly Line[], of: (line: Line) => string): number {
  return lines.reduce((most, line) => Math.max(most, widthOf(of(line))), 0);
}

/** One kind's rows; numbers stand below those of the other kinds, reasons where the names of this one let them. */
function told(
  rows: readonly Row[],
  { sizes, ages }: Widths,
  { colours, columns }: ListLook,
): readonly string[] {
  const lines = rows.filter((row) => 'verdict' in row);
  const lead = 2 + 8 + 2 + sizes + 2 + ages + 2;
  const beside = namesBeside(lines, columns - lead);

  return rows.flatMap((row) => {
    if ('heading' in row)
      return ['', ...wrapped(row.heading, columns, '', '  ').map((line) => colours.bold(line))];
    if ('folded' in row) return wrapped(row.folded, columns, '  ', '      ');
    const word = row.verdict === 'remove' ? colours.red('- remove') : padEnd(colours.dim('= keep'), 8);
    const first = `  ${word}  ${padStart(row.size, sizes)}  ${padStart(row.age, ages)}`.trimEnd();
    const indent = ' '.repeat(lead);
    if (widthOf(row.name) <= beside)
      return wrapped(row.why, columns, `${padEnd(first, lead)}${padEnd(row.name, beside)}  `, `${indent}  `);
    // A name is there to be copied: it is not broken, but gets a line of its own.
    if (lead + widthOf(row.name) <= columns)
      return [`${padEnd(first, lead)}${row.name}`, ...wrapped(row.why, columns, indent, `${indent}  `)];
    return [first, `      ${row.name}`, ...wrapped(row.why, columns, '      ', '        ')];
  });
}

/** How wide the names are that have their reason beside them: 0 when that is not the lot of most. */
function namesBeside(lines: readonly Line[], room: number): number {
  const widths = lines.map(({ name }) => widthOf(name));
  const most = Math.min(widestName, room - 2 - narrowestReason);
  const fitting = widths.filter((width) => width <= most);
  return fitting.length * 2 < widths.length ? 0 : fitting.reduce((so, width) => Math.max(so, width), 0);
}

function tally(items: readonly ItemView[]): string {
  return `${formatWhole(items.length)} (${formatBytes(sum(items))})`;
}

function sum(items: readonly ItemView[]): number {
  return items.reduce((total, { bytes }) => total + bytes, 0);
}

function largestFirst(a: ItemView, b: ItemView): number {
  return b.bytes - a.bytes || (b.ageMs ?? 0) - (a.ageMs ?? 0) || compareText(a.name, b.name);
}

function byReason(a: ItemView, b: ItemView): number {
  return compareText(a.reason, b.reason) || largestFirst(a, b);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
