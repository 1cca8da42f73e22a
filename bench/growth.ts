import { readdirSync, existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { runPeer } from './child.ts';
import { measureRow, type Result } from './measure.ts';
import { plot, type Panel, type Series } from './plot.ts';
import type { Report } from './report.ts';
import type { Row, Sample } from './row.ts';
import { makeFiles, makeItems, removeAll } from './rows/memory.ts';
import type { Removable } from './rows/removal.ts';
import type { Stage } from './stage.ts';

export type Growth = {
  readonly of: 'files' | 'items';
  readonly sizes: readonly { readonly size: number; readonly result: Result }[];
};

export type GrowthReport = Omit<Report, 'schema' | 'results' | 'scale'> & {
  readonly schema: 'prodigy-clean-growth/1';
  readonly growth: readonly Growth[];
};

const ours = 'prodigy clean';
const peer = 'rm -rf';
/** So many small items for each file of worktrees: DESIGN 9 names 100,000 beside 2,000,000. */
const filesPerItem = 20;

/** 10,000 and its doubles, and at last the most. */
export function sizesUpTo(most: number, least = 10_000): readonly number[] {
  const sizes: number[] = [];
  for (let size = least; size < most * 0.75; size *= 2) sizes.push(size);
  return [...sizes, most];
}

/** Removes more and more files of worktrees, and more and more logs: twice as much, twice the time, the same memory. */
export async function measureGrowth(
  stage: Stage,
  mostFiles: number,
  rounds: number,
  onSize: (text: string) => void,
): Promise<readonly Growth[]> {
  const growth: Growth[] = [];
  for (const { of, make, sizes } of [
    { of: 'files', make: makeFiles, sizes: sizesUpTo(mostFiles) },
    { of: 'items', make: makeItems, sizes: sizesUpTo(mostFiles / filesPerItem, 1_000) },
  ] as const) {
    const measured: { size: number; result: Result }[] = [];
    for (const size of sizes) {
      const result = await measureRow(rowOf(of, size, make), stage, rounds);
      const { error, contenders } = result;
      onSize(
        `${size.toLocaleString('en-US')} ${of}: ${error ?? `${contenders[0]?.ms?.median.toFixed(0)} ms`}`,
      );
      measured.push({ size, result });
    }
    growth.push({ of, sizes: measured });
  }
  return growth;
}

function rowOf(of: string, size: number, make: (stage: Stage, size: number) => Promise<Removable>): Row {
  return {
    name: `growth-${of}`,
    title: `remove ${of}`,
    targets: [],
    diskBytes: 0,
    work: () => `${size.toLocaleString('en-US')} ${of}`,
    contenders: (stage) =>
      Promise.resolve([
        { name: ours, run: async () => removeAll(stage, await make(stage, size)) },
        { name: peer, run: async () => removeByPeer(stage, await make(stage, size)) },
      ]),
  };
}

async function removeByPeer(stage: Stage, { home, directories }: Removable): Promise<Sample> {
  stage.goCold();
  const ran = await runPeer(stage, 'rm', ['-rf', '--', ...directories]);
  for (const directory of directories)
    if (existsSync(directory) && readdirSync(directory).length > 0) throw new Error(`left: ${directory}`);
  await rm(home.home, { recursive: true, force: true, maxRetries: 3 });
  return ran;
}

/** Time and memory against the number of files, and against that of items. */
export function growthPlot(growth: readonly Growth[]): string {
  return plot(growth.flatMap(panelsOf));
}

function panelsOf({ of, sizes }: Growth): readonly Panel[] {
  const what = of === 'files' ? 'files in worktrees' : 'log files, an item each';
  const series = (name: string, what: 'ms' | 'peakBytes', unit: number): Series => ({
    name,
    points: sizes.flatMap(({ size, result }) => {
      const value = result.contenders.find((one) => one.name === name)?.[what]?.median;
      return value === undefined ? [] : [[size, value / unit] as const];
    }),
  });
  return [
    {
      title: `Time to remove ${of}`,
      xLabel: what,
      yLabel: 'seconds',
      series: [series(ours, 'ms', 1_000), series(peer, 'ms', 1_000)],
      isLogarithmic: true,
    },
    {
      title: `Peak resident memory, ${of}`,
      xLabel: what,
      yLabel: 'MiB',
      series: [series(ours, 'peakBytes', 1024 ** 2)],
      isLogarithmic: false,
    },
  ];
}
