import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { join } from 'node:path';
import { repositoryTop } from '../test/helpers/run-prodigy.ts';
import { killChildren } from './child.ts';
import { growthPlot, measureGrowth, type GrowthReport } from './growth.ts';
import { readMachine, type Machine } from './machine.ts';
import { measureRow, type Result } from './measure.ts';
import { markdownOf, pageOf, textOf, type Report } from './report.ts';
import type { Row } from './row.ts';
import { rows } from './rows.ts';
import { freeBytes, makeStage, removeStage, type Stage } from './stage.ts';

/** A file of 3 KB takes a block of 4 KB and an inode. */
const bytesPerFile = 4_500;

const help = `npm run bench -- [options]

  --only ROW        only this work; repeatable, or a list with commas
  --quick           every work at a fiftieth of its size, two rounds: does it run at all
  --rounds N        rounds of each work (5)
  --scale X         sizes times X (1)
  --seed N          of the storages (1)
  --warm            drop no caches: nobody else on the machine is disturbed
  --dir DIR         where to measure: a directory of its own is made there (the temporary directory)
  --json FILE       write everything that was found out; - for standard output instead of the table
  --markdown FILE   write the table for bench/RESULTS.md
  --growth          instead of the table: time and memory from 10,000 files to the most, each size twice the last;
                    --json FILE.json then draws FILE.svg, too
  --max-files N     the most (2,000,000, which writes 8 GiB)
  --write           write bench/RESULTS.md, or with --growth bench/growth.json and bench/growth.svg
  --list            say what there is

A missed target is said, and no failure; a run that does not do its work is one (exit code 1).
`;

function read() {
  return parseArgs({
    options: {
      only: { type: 'string', multiple: true, default: [] },
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      scale: { type: 'string' },
      seed: { type: 'string', default: '1' },
      warm: { type: 'boolean', default: false },
      dir: { type: 'string', default: tmpdir() },
      json: { type: 'string' },
      markdown: { type: 'string' },
      growth: { type: 'boolean', default: false },
      'max-files': { type: 'string', default: '2000000' },
      write: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values;
}

type Values = ReturnType<typeof read>;

function number(text: string, name: string, least: number): number {
  const value = Number(text);
  if (text !== '' && Number.isFinite(value) && value >= least) return value;
  throw new Error(`--${name} takes a number of at least ${least}, not ${text}`);
}

function choose({ only }: Values): readonly Row[] {
  const names = only.flatMap((list) => list.split(',')).map((name) => name.trim());
  if (names.length === 0) return rows.filter(({ isByHand }) => isByHand !== true);
  const unknown = names.filter((wanted) => !rows.some(({ name }) => name === wanted));
  if (unknown.length === 0) return rows.filter(({ name }) => names.includes(name));
  throw new Error(`there is no ${unknown.join(', ')}: ${rows.map(({ name }) => name).join(', ')}`);
}

function checkSpace(needed: number, directory: string): void {
  const free = freeBytes(directory);
  const gib = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
  say(`${gib(needed)} at most are written at once below ${directory}, ${gib(free)} are free`);
  if (free < needed * 1.5) throw new Error(`too little space: ${gib(needed)} and a half more are needed`);
}

async function measure(chosen: readonly Row[], stage: Stage, rounds: number): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const row of chosen) {
    const result = await measureRow(row, stage, rounds, (done, of, who) =>
      progress(`${row.name}: ${done}/${of}, ${who}`),
    );
    progress('');
    say(`${row.name}: ${result.error === undefined ? 'done' : 'FAILED'} in ${result.seconds.toFixed(0)} s`);
    results.push(result);
  }
  return results;
}

async function grow(values: Values, stage: Stage, rounds: number, machine: Machine): Promise<number> {
  const most = number(values['max-files'], 'max-files', 20);
  checkSpace(most * bytesPerFile, stage.directory);
  const growth = await measureGrowth(stage, most, rounds, say);
  const { seed } = stage;
  const report: GrowthReport = { schema: 'prodigy-clean-growth/1', machine, rounds, seed, growth };
  const json = `${JSON.stringify(report, undefined, 2)}\n`;
  const file = values.write ? inBench('growth.json') : values.json;
  if (file === undefined || file === '-') process.stdout.write(json);
  else {
    writeFileSync(file, json);
    writeFileSync(`${file.replace(/\.json$/, '')}.svg`, growthPlot(growth));
  }
  return growth.some(({ sizes }) => sizes.some(({ result }) => result.error !== undefined)) ? 1 : 0;
}

/** The directory of the results, beside the sources. */
function inBench(name: string): string {
  return join(repositoryTop(), 'bench', name);
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}

async function main(): Promise<number> {
  const values = read();
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  if (values.list) {
    for (const { name, title, work, isByHand } of rows)
      process.stdout.write(
        `${name.padEnd(26)}${title}: ${work(1)}${isByHand === true ? ' (by hand)' : ''}\n`,
      );
    return 0;
  }
  const chosen = choose(values);
  const scale = number(values.scale ?? (values.quick ? '0.02' : '1'), 'scale', 0.0001);
  const rounds = Math.round(
    number(values.rounds ?? (values.quick || values.growth ? '2' : '5'), 'rounds', 1),
  );
  const seed = number(values.seed, 'seed', 0);
  const stage = makeStage(values.dir, scale, seed, values.warm);
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(signal, () => {
      killChildren();
      removeStage(stage);
      process.exit(code);
    });
  }
  try {
    const machine = readMachine(stage.directory, stage.canDropCaches);
    if (values.growth) return await grow(values, stage, rounds, machine);
    checkSpace(Math.max(...chosen.map(({ diskBytes }) => diskBytes)) * scale, stage.directory);
    const results = await measure(chosen, stage, rounds);
    const report: Report = { schema: 'prodigy-clean-bench/1', machine, scale, rounds, seed, results };
    const json = `${JSON.stringify(report, undefined, 2)}\n`;
    if (values.json === '-') process.stdout.write(json);
    else process.stdout.write(textOf(report));
    if (values.json !== undefined && values.json !== '-') writeFileSync(values.json, json);
    if (values.markdown !== undefined) writeFileSync(values.markdown, markdownOf(report));
    if (values.write) writeFileSync(inBench('RESULTS.md'), pageOf(report));
    return results.some(({ error }) => error !== undefined) ? 1 : 0;
  } finally {
    removeStage(stage);
  }
}

try {
  process.exitCode = await main();
} catch (cause) {
  process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n\n${help}`);
  process.exitCode = 2;
}
