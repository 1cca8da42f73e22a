import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { homeIn } from '../../test/helpers/prodigy-home.ts';
import { session } from '../../test/helpers/session-artefacts.ts';
import { claudeLog } from '../../test/helpers/trace-artefacts.ts';
import { endOf, runOurs, runPeer } from '../child.ts';
import type { Row, Sample } from '../row.ts';
import { scaled, type Stage } from '../stage.ts';
import { median } from '../statistics.ts';
import type { OpeningTimes } from '../storages/idle-runs-process.ts';

const program = fileURLToPath(new URL('../storages/idle-runs-process.js', import.meta.url));
/** The last openings, or those afterwards, are those of a grown journal. */
const openings = 50;

async function openingTimes(
  stage: Stage,
  mode: 'write' | 'open',
  directory: string,
  times: number,
): Promise<readonly number[]> {
  const ran = await runPeer(stage, process.execPath, [program, mode, directory, `${times}`]);
  return (JSON.parse(ran.stdout) as OpeningTimes).openMs;
}

/** Everything but the reserve, which is not of the journal's growth. */
function sizeOf(directory: string): { readonly files: number; readonly kib: number } {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && !entry.name.startsWith('reserve'),
  );
  const bytes = files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
  return { files: files.length, kib: Math.ceil(bytes / 1024) };
}

async function sampleOf(directory: string, openMs: readonly number[], ms: number): Promise<Sample> {
  const counts = { ...sizeOf(directory), 'ms to open': median(openMs.slice(-openings)) };
  rmSync(directory, { recursive: true });
  return Promise.resolve({ ms, counts });
}

async function journalAlone(stage: Stage, runs: number): Promise<Sample> {
  const directory = join(stage.directory, 'journal');
  mkdirSync(directory);
  const startedAtMs = performance.now();
  const openMs = await openingTimes(stage, 'write', directory, runs);
  return sampleOf(directory, openMs, performance.now() - startedAtMs);
}

/** Sessions that can be resumed and logs of yesterday: all of it stays, again and again. */
async function realRuns(stage: Stage, runs: number): Promise<Sample> {
  const home = await homeIn(join(stage.directory, 'home'), { seed: stage.seed });
  for (let index = 0; index < 20; index += 1) {
    await session(home, { status: 'Paused', startedAgo: `${50 * 1_440 + index}m` });
    await claudeLog(home, { startedAgo: `${index + 1}h` });
  }
  const startedAtMs = performance.now();
  for (let run = 0; run < runs; run += 1) {
    const ran = await runOurs(stage, home.home, ['clean', '--all', '--all-repos', '--force', '--json']);
    const { outcome } = JSON.parse(ran.stdout) as { readonly outcome?: unknown };
    if (ran.exitCode !== 0 || outcome !== 'nothing-to-do') throw new Error(`run ${run}: ${endOf(ran)}`);
  }
  const ms = performance.now() - startedAtMs;
  const directory = join(home.root, 'clean', 'journal');
  return sampleOf(directory, await openingTimes(stage, 'open', directory, openings), ms);
}

function idleRuns(
  name: string,
  who: string,
  isByHand: boolean,
  run: (stage: Stage, runs: number) => Promise<Sample>,
): Row {
  return {
    name,
    title: 'unchanged storage',
    isByHand,
    targets: [
      { type: 'count', of: who, name: 'files', most: 64 },
      { type: 'count', of: who, name: 'kib', most: 10 * 1024 },
      { type: 'count', of: who, name: 'ms to open', most: 50 },
    ],
    diskBytes: 50 * 1024 ** 2,
    work: (scale) => `${scaled({ scale }, 2_000, 60).toLocaleString('en-US')} runs`,
    contenders: (stage) =>
      // Once is enough: it is a sum of thousands, and all of them are in it.
      Promise.resolve([{ name: who, share: 0, run: () => run(stage, scaled(stage, 2_000, 60)) }]),
  };
}

export const idle: readonly Row[] = [
  idleRuns('idle-runs', 'the journal alone', false, journalAlone),
  idleRuns('idle-runs-real', 'the program', true, realRuns),
];
