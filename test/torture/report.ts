import { cpus, release, totalmem } from 'node:os';
import type { ControlResult } from './control-run.ts';
import type { SuiteResult } from './runner.ts';

/** Everything that one invocation found out, as `--json` has it. */
export type TortureReport = {
  readonly schema: 'prodigy-clean-torture/1';
  readonly date: string;
  readonly platform: string;
  readonly node: string;
  readonly processors: number;
  readonly memoryBytes: number;
  readonly root: boolean;
  readonly suites: readonly SuiteResult[];
  readonly controls: readonly ControlResult[];
};

export function reportOf(
  suites: readonly SuiteResult[],
  controls: readonly ControlResult[],
  nowMs: number,
): TortureReport {
  return {
    schema: 'prodigy-clean-torture/1',
    date: new Date(nowMs).toISOString().slice(0, 10),
    platform: `${process.platform} ${release()} ${process.arch}`,
    node: process.versions.node,
    processors: cpus().length,
    memoryBytes: totalmem(),
    root: process.getuid?.() === 0,
    suites,
    controls,
  };
}

/** Whether every rule held, every control was caught, and nothing of the proving ground itself failed. */
export function isWhole({ suites, controls }: TortureReport): boolean {
  return (
    suites.every(({ violations, defects }) => violations.length === 0 && defects.length === 0) &&
    controls.every(({ outcome }) => outcome === 'caught' || outcome === 'left-out')
  );
}

type Table = readonly (readonly string[])[];

function suiteTable(suites: readonly SuiteResult[]): Table {
  return [
    ['Suite', 'What', 'Seeds', 'Trials', 'Violations', 'Counts', 'Seconds'],
    ...suites.map(({ id, title, from, trials, violations, defects, counts, seconds, leftOut }) => [
      id,
      title,
      trials === 0 ? '-' : `${from}-${from + trials - 1}`,
      trials.toLocaleString('en-US'),
      defects.length > 0 ? `${violations.length}, ${defects.length} defects` : `${violations.length}`,
      leftOut === undefined ? countsText(counts) : `left out: ${leftOut}`,
      seconds.toFixed(1),
    ]),
  ];
}

function controlTable(controls: readonly ControlResult[]): Table {
  return [
    ['Control', 'Suite', 'Outcome', 'First seed', 'Rule', 'Seconds'],
    ...controls.map(({ name, suite, outcome, seed, rule, detail, seconds }) => [
      name,
      suite,
      outcome === 'caught' ? 'caught' : outcome === 'left-out' ? `left out: ${detail ?? ''}` : 'NOT CAUGHT',
      seed === undefined ? '-' : `${seed}`,
      rule ?? '-',
      seconds.toFixed(1),
    ]),
  ];
}

function countsText(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([name, count]) => `${count.toLocaleString('en-US')} ${name}`);
  return parts.length === 0 ? '-' : parts.join(', ');
}

/** The end of a run on a terminal. */
export function textOf(report: TortureReport): string {
  const parts: string[] = [];
  if (report.suites.length > 0) parts.push(aligned(suiteTable(report.suites)));
  if (report.controls.length > 0) parts.push(aligned(controlTable(report.controls)));
  const leftOut = report.suites.filter((suite) => suite.leftOut !== undefined);
  if (leftOut.length > 0) {
    const names = leftOut.map(({ id }) => id).join(', ');
    const remedy = report.root ? '' : ' Run as root, they can.';
    parts.push(`NOT RUN: ${names}. What they guard is not shown by this run.${remedy}\n`);
  }
  parts.push(isWhole(report) ? 'Every rule held.\n' : 'FAILED: see above.\n');
  return parts.join('\n');
}

/** The same for the manual. */
export function markdownOf(report: TortureReport): string {
  const { date, platform, node, processors, memoryBytes, root } = report;
  const memory = `${Math.round(memoryBytes / 1024 ** 3)} GiB`;
  const user = root ? 'as root' : 'not as root';
  const parts = [`${date}, ${platform}, Node ${node}, ${processors} processors, ${memory}, ${user}.\n`];
  if (report.suites.length > 0) parts.push(markdownTable(suiteTable(report.suites)));
  if (report.controls.length > 0) parts.push(markdownTable(controlTable(report.controls)));
  return parts.join('\n');
}

function widthsOf(table: Table): readonly number[] {
  return (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
}

function aligned(table: Table): string {
  const widths = widthsOf(table);
  return table
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** As prettier would lay it out. */
function markdownTable(table: Table): string {
  const escaped = table.map((row) => row.map((cell) => cell.replaceAll('|', String.raw`\|`)));
  const widths = widthsOf(escaped);
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |\n`;
  const [head = [], ...rows] = escaped;
  return line(head) + line(widths.map((width) => '-'.repeat(width))) + rows.map(line).join('');
}
