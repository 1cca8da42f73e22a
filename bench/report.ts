import { isBusy, type Machine } from './machine.ts';
import type { Measured, Result } from './measure.ts';
import type { Summary } from './statistics.ts';
import { mostOf, type Judged, type Target } from './target.ts';

/** Everything that one invocation found out, as `--json` has it. */
export type Report = {
  readonly schema: 'prodigy-clean-bench/1';
  readonly machine: Machine;
  readonly scale: number;
  readonly rounds: number;
  readonly seed: number;
  readonly results: readonly Result[];
};

type Cells = readonly string[];

const head: Cells = [
  'Work',
  'Size',
  'Who',
  'Median',
  'Spread',
  'CPU',
  'Memory',
  'Against target',
  'Target',
  'Verdict',
];

/** The table on a terminal. */
export function textOf(report: Report): string {
  return `${headerLines(report).join('\n')}\n\n${aligned(tableOf(report.results))}\n${notesOf(report).join('\n')}\n`;
}

/** The same for `bench/RESULTS.md`, as prettier would lay it out. */
export function markdownOf(report: Report): string {
  const header = headerLines(report).map((line) => `- ${line}`);
  return `${header.join('\n')}\n\n${markdownTable(tableOf(report.results))}\n${notesOf(report).join('\n')}\n`;
}

/** `bench/RESULTS.md`: what was measured, and how. */
export function pageOf(report: Report): string {
  return `# Results of the bench

Written by \`npm run bench -- --write\`. Each contender has its turn in every round and works on a storage made for it anew, the
same for all; times are those of a process from its start to its end, medians with the least and the most; a ratio is that of
the medians, its spread that of the rounds; memory is the highest resident size, CPU the processor time of the program itself. A run that did not remove everything
is an error, not a time. What was tried and did not help is in \`NOTES.md\`.

${markdownOf(report)}`;
}

export function headerLines({ machine, scale, rounds, seed }: Report): readonly string[] {
  const {
    date,
    processor,
    cores,
    memoryBytes,
    kernel,
    fileSystem,
    node,
    git,
    coreutils,
    tool,
    caches,
    load,
  } = machine;
  const busy = isBusy(machine) ? ': the machine is NOT idle, read ratios only' : '';
  return [
    `${date}, prodigy-clean ${tool}`,
    `${processor}, ${cores} cores, ${Math.round(memoryBytes / 1024 ** 3)} GiB, ${kernel}, ${fileSystem}`,
    `Node ${node}, git ${git}, coreutils ${coreutils}`,
    `${rounds} rounds (short works more), contenders in turn, seed ${seed}; load ${load.toFixed(2)} at the start${busy}`,
    caches === 'dropped'
      ? 'cold: written back and caches dropped before each run, unless the row says warm'
      : 'WARM: caches were not dropped, every "cold" is a warm one',
    ...(scale === 1 ? [] : [`sizes times ${scale}: the targets are made for 1`]),
  ];
}

export function notesOf({ results }: Report): readonly string[] {
  const absent = results.flatMap(({ contenders }) =>
    contenders.flatMap(({ name, absent: why }) => (why === undefined ? [] : [`${name} left out: ${why}`])),
  );
  const errors = results.flatMap(({ name, error }) =>
    error === undefined ? [] : [`ERROR ${name}: ${error}`],
  );
  const judged = results.flatMap(({ targets }) => targets);
  const missed = judged.filter(({ verdict }) => verdict === 'missed').length;
  const met = judged.filter(({ verdict }) => verdict === 'met').length;
  return [
    ...new Set(absent),
    ...errors,
    `${met} targets met, ${missed} MISSED, ${errors.length} works failed`,
  ];
}

/** A line for every contender and for every target, whichever are more. */
function tableOf(results: readonly Result[]): readonly Cells[] {
  return [head, ...results.flatMap(linesOf)];
}

function linesOf({ title, work, contenders, targets, error }: Result): readonly Cells[] {
  if (error !== undefined) return [[title, work, ...head.slice(3).map(() => ''), 'ERROR']];
  const present = contenders.filter(({ absent }) => absent === undefined);
  const lines = present.flatMap((measured) => {
    const own = targets.filter(({ target, value }) => target.of === measured.name && value !== undefined);
    return Array.from({ length: Math.max(1, own.length) }, (_, index) => [
      ...whoCells(index === 0 ? measured : undefined),
      ...targetCells(own[index]),
    ]);
  });
  return lines.map((line, index) => [index === 0 ? title : '', index === 0 ? work : '', ...line]);
}

function whoCells(measured: Measured | undefined): Cells {
  if (measured?.ms === undefined) return ['', '', '', '', ''];
  const { name, ms, peakBytes, cpuMs } = measured;
  return [
    name,
    timeText(ms.median),
    `${timeText(ms.least)}-${timeText(ms.most)}`,
    cpuMs === undefined ? '' : timeText(cpuMs.median),
    peakBytes === undefined ? '' : megabytes(peakBytes.most),
  ];
}

function targetCells(judged: Judged | undefined): Cells {
  if (judged?.value === undefined) return ['', '', ''];
  const { target, value, verdict } = judged;
  return [
    valueText(target, value),
    `${targetName(target)} <= ${amount(target, mostOf(target))}`,
    verdict === 'met' ? 'met' : 'MISSED',
  ];
}

function targetName(target: Target): string {
  switch (target.type) {
    case 'ratio':
      return `of ${target.to}`;
    case 'memory-ratio':
      return `memory of ${target.to}`;
    case 'count':
      return target.name;
    default:
      return target.type;
  }
}

function valueText(target: Target, { median, least, most }: Summary): string {
  return `${amount(target, median)} (${amount(target, least)}-${amount(target, most)})`;
}

function amount({ type }: Target, value: number): string {
  switch (type) {
    case 'time':
      return timeText(value);
    case 'memory':
      return megabytes(value);
    case 'count':
      return Math.round(value).toLocaleString('en-US');
    default:
      return value.toFixed(2);
  }
}

function timeText(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(2)} s`;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MiB`;
}

function widthsOf(table: readonly Cells[]): readonly number[] {
  return (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
}

function aligned(table: readonly Cells[]): string {
  const widths = widthsOf(table);
  const line = (row: Cells): string => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return table.map((row) => `${line(row).trimEnd()}\n`).join('');
}

function markdownTable(table: readonly Cells[]): string {
  const widths = widthsOf(table);
  const line = (cells: Cells): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |\n`;
  const [first = [], ...rest] = table;
  return line(first) + line(widths.map((width) => '-'.repeat(width))) + rest.map(line).join('');
}
