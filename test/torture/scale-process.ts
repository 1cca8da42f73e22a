import { mkdirSync, readFileSync } from 'node:fs';
import type { Draft } from '../../src/journal/entry.ts';
import { openSnapshot } from '../../src/journal/snapshot.ts';
import { verifyJournal } from '../../src/journal/verify.ts';
import { inlineProjections } from '../../src/projections/inline.ts';
import { storageStats } from '../../src/projections/storage-stats.ts';
import { opened } from '../journal/journal-options.ts';
import { started } from '../projections/entries.ts';

/*
 * A process of its own, so that its memory is its own: `write` makes a journal of so many entries, `read` replays and
 * verifies it. Says in the end, as JSON, what it found and how much memory it took at most.
 */

/** What `read` found out; `write` says only what memory it took. */
export type ScaleReport = {
  readonly peakBytes: number;
  readonly entries?: number;
  readonly findings?: number;
  readonly ms: number;
};

const [, , mode, directory = '', wanted = '0'] = process.argv;
const perRun = 500;
/** Distinct items: a storage has so many at most, and is looked at again and again. */
const items = 20_000;

function runOf(number: number): readonly Draft[] {
  const run = `run-${number}`;
  const looks = Array.from({ length: perRun - 2 }, (_, index): Draft => {
    const name = `${(number * perRun + index) % items}.jsonl`;
    const path = `/home/user/.prodigy/logs/claude-streaming/${name}`;
    const evidence = { keptFor: '7d', agedFrom: 'mtime', run: number };
    return {
      run,
      event: {
        type: 'ItemKept',
        item: `logs:${path}`,
        kind: 'logs',
        name,
        path,
        bytes: 4096,
        reason: 'young',
        evidence,
      },
    };
  });
  const completed = { type: 'RunCompleted', outcome: 'nothing-to-do', exitCode: 0, totals: {} } as const;
  return [{ run, event: started }, ...looks, { run, event: completed }];
}

async function write(): Promise<Partial<ScaleReport>> {
  mkdirSync(directory, { recursive: true });
  const journal = await opened(directory);
  // The first entry is the journal's own.
  const runs = Math.floor(Number(wanted) / perRun);
  for (let run = 0; run < runs; run += 1) (await journal.append(runOf(run)))._unsafeUnwrap();
  await journal.close();
  return {};
}

async function read(): Promise<Partial<ScaleReport>> {
  await using reader = (await openSnapshot(directory))._unsafeUnwrap();
  (await reader.fold(storageStats))._unsafeUnwrap();
  const { entries, findings } = (await verifyJournal(reader, inlineProjections))._unsafeUnwrap();
  return { entries, findings: findings.length };
}

/** What `getrusage` says is no less than what the process that started this one took: Linux keeps it over `exec`. */
function peakBytes(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  const [, kib = '0'] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kib) * 1024;
}

const startedAtMs = performance.now();
const found = await (mode === 'write' ? write() : read());
const report: ScaleReport = {
  ...found,
  peakBytes: peakBytes(),
  ms: Math.round(performance.now() - startedAtMs),
};
process.stdout.write(`${JSON.stringify(report)}\n`);
