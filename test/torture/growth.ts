import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Draft } from '../../src/journal/entry.ts';
import { clean } from '../e2e/shop.ts';
import { opened } from '../journal/journal-options.ts';
import { failed, intended, removed, started } from '../projections/entries.ts';
import { acknowledgedIn } from './acknowledged.ts';
import { readJournal } from './checker-journal.ts';
import { copyTemplate, makeTemplate } from './crash-storage.ts';
import { possible, type Suite, type Trial, type Violation } from './suite.ts';

/** DESIGN 9, after 2,000 runs over an unchanged storage. */
const mostFiles = 64;
const mostBytes = 10 * 1024 * 1024;

type Size = { readonly files: number; readonly bytes: number };

function sizeOf(directory: string): Size {
  const database = join(directory, 'db');
  const sizes = readdirSync(database).map((name) => statSync(join(database, name)).size);
  return { files: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

/** Whoever ends a run finds the journal small. */
function growthOf(runs: number, { files, bytes }: Size): Violation[] {
  const violations: Violation[] = [];
  if (files > mostFiles) violations.push({ rule: 'DESIGN 9', detail: `${files} files after ${runs} runs` });
  if (bytes > mostBytes) violations.push({ rule: 'DESIGN 9', detail: `${bytes} bytes after ${runs} runs` });
  return violations;
}

/**
 * What a run over an unchanged storage may add, however many items it looks at: it began, six kinds were scanned, it had
 * a plan and consent, it ended.
 */
const mostEntriesOfIdleRun = 12;

/** Ten entries, as a run that removes one item and fails at another leaves them. */
function tenOf(run: string, op: string): readonly Draft[] {
  const tally = { items: 2, bytes: 2 };
  const drafts: Draft[] = [
    { event: started },
    { event: { type: 'RunPlanned', plan: op, ...tally } },
    { event: { type: 'RunConfirmed', plan: op, how: 'force', ...tally } },
    { op: `${op}-a`, event: intended('a', 1) },
    { op: `${op}-b`, event: intended('b', 1) },
    { op: `${op}-a`, event: { type: 'ItemQuarantined', item: 'logs:/root/a', bytes: 1 } },
    { op: `${op}-b`, event: failed('b', true) },
    { op: `${op}-a`, event: { type: 'PurgeStarted', item: 'logs:/root/a', why: 'resumed' } },
    { op: `${op}-a`, event: removed('a', 1) },
    { event: { type: 'RunCompleted', outcome: 'partial', exitCode: 3, totals: {} } },
  ];
  return drafts.map((draft) => ({ ...draft, run }));
}

/** As many short runs, each of which opens the journal, appends ten entries and closes it. */
async function shortRuns(runs: number, directory: string): Promise<Trial> {
  const journalDirectory = join(directory, 'journal');
  const openings: number[] = [];
  const violations: Violation[] = [];
  let [files, bytes] = [0, 0];
  for (let run = 0; run < runs && violations.length === 0; run += 1) {
    const startedAtMs = performance.now();
    const journal = await opened(journalDirectory);
    openings.push(performance.now() - startedAtMs);
    const appended = await journal.append(tenOf(`run-${run}`, `op-${run}`));
    if (appended.isErr()) violations.push({ rule: 'J2', detail: JSON.stringify(appended.error) });
    await journal.close();
    const size = sizeOf(journalDirectory);
    violations.push(...growthOf(run + 1, size));
    files = Math.max(files, size.files);
    bytes = Math.max(bytes, size.bytes);
  }
  const { entries, violations: damage } = await readJournal(journalDirectory);
  violations.push(...damage);
  if (violations.length === 0 && entries.length !== 1 + 10 * runs)
    violations.push({ rule: 'J2', detail: `${entries.length} entries after ${runs} runs of ten` });
  return { violations, counts: countsOf(runs, { files, bytes }, openings) };
}

/** The program itself, again and again over a storage that nobody changes, seldom with something to do. */
async function realRuns(runs: number, directory: string): Promise<Trial> {
  const cleanups: (() => void)[] = [];
  const violations: Violation[] = [];
  let [files, bytes] = [0, 0];
  try {
    const template = await makeTemplate({ worktrees: false, split: false }, (undo) => cleanups.push(undo));
    const shop = await copyTemplate(template, join(directory, 'top'));
    for (let run = 0; run < runs && violations.length === 0; run += 1) {
      const how = run % 3 === 0 ? '--force' : '--dry-run';
      const isIdle = run > 1;
      const ran = await clean(shop, ['--all', '--all-repos', how, '--jsonl']);
      const added = acknowledgedIn(ran).length;
      if (isIdle && added > mostEntriesOfIdleRun)
        violations.push({
          rule: 'DESIGN 9',
          detail: `run ${run} changed nothing and added ${added} entries`,
        });
      if (ran.exitCode !== 0) violations.push({ rule: 'P8', detail: `run ${run}: ${ran.stderr}` });
      const size = sizeOf(join(shop.home.root, 'clean', 'journal'));
      violations.push(...growthOf(run + 1, size));
      files = Math.max(files, size.files);
      bytes = Math.max(bytes, size.bytes);
    }
    violations.push(...(await readJournal(join(shop.home.root, 'clean', 'journal'))).violations);
  } finally {
    for (const undo of cleanups) undo();
  }
  return { violations, counts: countsOf(runs, { files, bytes }, []) };
}

function countsOf(runs: number, { files, bytes }: Size, openings: readonly number[]): Trial['counts'] {
  const sorted = openings.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0);
  // Told, never asserted: a busy machine is no defect.
  const times =
    sorted.length === 0 ? {} : { 'most ms to open, median': at(0.5), 'most ms to open, p99': at(0.99) };
  return { runs, 'most files': files, 'most KiB': Math.ceil(bytes / 1024), ...times };
}

const kinds: readonly ((directory: string) => Promise<Trial>)[] = [
  (directory) => shortRuns(150, directory),
  (directory) => realRuns(40, directory),
  (directory) => shortRuns(2000, directory),
];

/** T10: a journal stays small, however often it is opened. Seeds 0 and 2 ask the journal alone, 1 the program. */
export const suite: Suite = {
  id: 'T10',
  title: 'growth: 2,000 runs, and real ones',
  trials: kinds.length,
  slice: 1,
  hindrance: possible,
  trial: (seed, directory) =>
    (kinds[seed % kinds.length] ?? kinds[0])?.(directory) ?? Promise.reject(new Error('no kind')),
};
