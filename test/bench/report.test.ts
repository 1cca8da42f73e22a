import test from 'ava';
import { sizesUpTo } from '../../bench/growth.ts';
import type { Result } from '../../bench/measure.ts';
import { plot } from '../../bench/plot.ts';
import { markdownOf, textOf, type Report } from '../../bench/report.ts';
import { summaryOf } from '../../bench/statistics.ts';

const machine = {
  date: '2026-01-02T12:00:00.000Z',
  processor: 'a processor',
  cores: 2,
  memoryBytes: 8 * 1024 ** 3,
  kernel: 'linux',
  fileSystem: 'ext4 on /dev/vda',
  node: '20.19.0',
  git: '2.39',
  coreutils: '9.1',
  tool: '0.1.0',
  caches: 'dropped' as const,
  load: 0,
};

function reportOf(results: readonly Result[], more: Partial<Report> = {}): Report {
  return { schema: 'prodigy-clean-bench/1', machine, scale: 1, rounds: 5, seed: 1, results, ...more };
}

const target = { type: 'ratio', of: 'ours', to: 'rm -rf', most: 0.45 } as const;

function resultOf(value: number, more: Partial<Result> = {}): Result {
  return {
    name: 'remove',
    title: 'remove worktrees',
    work: '40 worktrees',
    seconds: 1,
    contenders: [
      { name: 'ours', ms: summaryOf([4_000, 5_000, 6_000]) },
      { name: 'rm -rf', ms: summaryOf([10_000]) },
      { name: 'gdu', absent: 'gdu is not installed' },
    ],
    targets: [{ target, verdict: value <= 0.45 ? 'met' : 'missed', value: summaryOf([value]) }],
    ...more,
  };
}

test('a line says who, how long, how much of whom, and whether that is the target', (t) => {
  const line = textOf(reportOf([resultOf(0.4)]))
    .split('\n')
    .find((one) => one.includes('40 worktrees'));
  t.regex(line ?? '', /ours +5\.00 s +4\.00 s-6\.00 s +0\.40 \(0\.40-0\.40\) +of rm -rf <= 0\.45 +met$/);
});

test('a miss is shouted, who is absent and what failed is said', (t) => {
  const failed: Result = { ...resultOf(0, { error: 'it left 3', name: 'logs' }), targets: [] };
  const text = textOf(reportOf([resultOf(0.5), failed]));
  t.regex(text, /0\.50 .* MISSED\n/);
  t.regex(text, /gdu left out: gdu is not installed/);
  t.regex(text, /ERROR logs: it left 3/);
  t.regex(text, /0 targets met, 1 MISSED, 1 works failed/);
});

test('a busy machine, warm caches and other sizes are said', (t) => {
  const text = textOf(reportOf([], { scale: 0.1, machine: { ...machine, load: 3, caches: 'warm' } }));
  t.regex(text, /NOT idle/);
  t.regex(text, /WARM/);
  t.regex(text, /sizes times 0\.1/);
  t.notRegex(textOf(reportOf([])), /NOT idle|WARM|sizes times/);
});

test('the page has a table of as many columns in every line', (t) => {
  const lines = markdownOf(reportOf([resultOf(0.4)]))
    .split('\n')
    .filter((line) => line.startsWith('|'));
  t.is(lines.length, 4);
  t.deepEqual(new Set(lines.map((line) => line.split('|').length)), new Set([12]));
});

test('sizes double up to the most, which is always there', (t) => {
  t.deepEqual(sizesUpTo(100_000), [10_000, 20_000, 40_000, 100_000]);
  t.deepEqual(sizesUpTo(80_000), [10_000, 20_000, 40_000, 80_000]);
  t.deepEqual(sizesUpTo(500), [500]);
});

test('a picture has its title, its axes named and a point for each value, inside the frame', (t) => {
  const points = [
    [10_000, 1.2],
    [20_000, 2.5],
    [2_000_000, 250],
  ] as const;
  const svg = plot([
    {
      title: 'Time & more',
      xLabel: 'files',
      yLabel: 'seconds',
      series: [{ name: 'ours', points }],
      isLogarithmic: true,
    },
    {
      title: 'Memory',
      xLabel: 'files',
      yLabel: 'MiB',
      series: [{ name: 'ours', points }],
      isLogarithmic: false,
    },
  ]);
  for (const text of ['Time &amp; more', '>files<', '>seconds<', '>MiB<', '>2 M<'])
    t.true(svg.includes(text), text);
  const circles = [...svg.matchAll(/<circle cx="([\d.-]+)" cy="([\d.-]+)"/g)].map(([, x, y]) => [
    Number(x),
    Number(y),
  ]);
  t.is(circles.length, 6);
  t.true(circles.every(([x = 0, y = 0]) => x > 0 && x < 560 && y > 0 && y < 400));
});
