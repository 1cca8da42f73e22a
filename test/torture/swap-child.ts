import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { seeded } from './random.ts';

// `swap-child.js PLAN`: takes names away from their owners and gives them to something else for a moment, as fast as it
// can, until the file `stop` exists. Makes `stop`.ready when it begins; prints how often it succeeded.
export type SwapPlan = {
  readonly seed: number;
  readonly stop: string;
  /** Where what was taken away waits, on the same volume. */
  readonly aside: string;
  /** Names to swap; what a link in the place of each leads to; a directory or file that takes its place. */
  readonly targets: readonly { readonly path: string; readonly decoy: string; readonly precious?: string }[];
  readonly mayMount: boolean;
};

const plan = JSON.parse(fs.readFileSync(process.argv[2] ?? '', 'utf8')) as SwapPlan;
const random = seeded(plan.seed);
const parent = process.ppid;
let swaps = 0;
let mounts = 0;
let number = 0;

function tries(act: () => void): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}

function pause(): void {
  const untilMs = performance.now() + random.next() * 0.4;
  while (performance.now() < untilMs);
}

function swapForLink(path: string, decoy: string, aside: string): void {
  if (!tries(() => fs.renameSync(path, aside))) return;
  if (tries(() => fs.symlinkSync(decoy, path))) swaps += 1;
  pause();
  tries(() => fs.unlinkSync(path));
  tries(() => fs.renameSync(aside, path));
}

function swapForPrecious(path: string, precious: string, aside: string): void {
  if (!tries(() => fs.renameSync(path, aside))) return;
  if (tries(() => fs.renameSync(precious, path))) swaps += 1;
  pause();
  // Not when it was taken out of its place meanwhile: then it waits where whoever took it put it.
  tries(() => fs.renameSync(path, precious));
  tries(() => fs.renameSync(aside, path));
}

function mountOver(path: string, decoy: string): void {
  if (spawnSync('mount', ['--bind', decoy, path]).status !== 0) return;
  mounts += 1;
  spawnSync('umount', ['-l', path]);
}

fs.writeFileSync(`${plan.stop}.ready`, '');
while (!fs.existsSync(plan.stop) && process.ppid === parent) {
  for (let turn = 0; turn < 20; turn += 1) {
    const { path, decoy, precious } = random.pick(plan.targets);
    number += 1;
    const aside = `${plan.aside}/${number}`;
    if (plan.mayMount && random.chance(0.02)) mountOver(path, decoy);
    else if (precious !== undefined && random.chance(0.5)) swapForPrecious(path, precious, aside);
    else swapForLink(path, decoy, aside);
  }
}
process.stdout.write(JSON.stringify({ swaps, mounts }));
