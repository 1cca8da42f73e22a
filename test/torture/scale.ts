import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { execa } from 'execa';
import type { ScaleReport } from './scale-process.ts';
import { possible, type Suite, type Trial, type Violation } from './suite.ts';

const program = fileURLToPath(new URL('scale-process.js', import.meta.url));
/** DESIGN 9: resident, on a million entries. */
const mostBytes = 300 * 1024 * 1024;

const sizes = [20_000, 1_000_000] as const;

async function ask(mode: 'write' | 'read', directory: string, entries: number): Promise<ScaleReport> {
  const { stdout } = await execa(process.execPath, [program, mode, directory, `${entries}`], {
    // Watching what is covered takes memory of its own.
    env: { NODE_V8_COVERAGE: undefined },
  });
  return JSON.parse(stdout) as ScaleReport;
}

async function trial(seed: number, directory: string): Promise<Trial> {
  const entries = sizes[seed % sizes.length] ?? sizes[0];
  const journal = join(directory, 'journal');
  const written = await ask('write', journal, entries);
  const read = await ask('read', journal, entries);
  const violations: Violation[] = [];
  if (read.entries !== entries + 1)
    violations.push({ rule: 'J1', detail: `${read.entries} entries were read, ${entries + 1} written` });
  if (read.findings !== 0) violations.push({ rule: 'J10', detail: `verify has ${read.findings} findings` });
  for (const [what, { peakBytes }] of [
    ['writing', written],
    ['reading', read],
  ] as const) {
    if (peakBytes <= mostBytes) continue;
    const detail = `${what} ${entries} entries took ${Math.round(peakBytes / 1024 ** 2)} MiB`;
    violations.push({ rule: 'DESIGN 9', detail });
  }
  // Told, never asserted: a busy machine is no defect.
  const counts = {
    entries,
    'most MiB, writing': Math.round(written.peakBytes / 1024 ** 2),
    'most MiB, reading': Math.round(read.peakBytes / 1024 ** 2),
    'most ms to replay and verify': read.ms,
  };
  return { violations, counts };
}

/** T11: a million entries are replayed and verified within bounds. Seed 0 is a small one, for every day. */
export const suite: Suite = {
  id: 'T11',
  title: 'scale: a million entries',
  trials: sizes.length,
  slice: 1,
  hindrance: possible,
  trial,
};
