import { readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { clean, type Shop } from '../e2e/shop.ts';
import type { Ran, RunOptions } from '../helpers/run-prodigy.ts';
import { check, Snapshot, type World } from './checker.ts';
import { readJournal } from './checker-journal.ts';
import { acknowledgedIn, removedIn } from './acknowledged.ts';
import { copyTemplate, makeTemplate, type Template } from './crash-storage.ts';
import { seeded, type Random } from './random.ts';
import type { Suite, Trial, Violation } from './suite.ts';

/** A template with what an unbroken run makes of it: what remains, and how much there is to interrupt. */
type Measured = Template & {
  readonly remains: readonly string[];
  readonly journalBytes: number;
  readonly things: { readonly before: number; readonly after: number };
  readonly ms: number;
};

/** Worktrees take most of the time of a run: every second trial goes without. */
const variants = [
  { worktrees: false, split: false },
  { worktrees: false, split: true },
  { worktrees: true, split: false },
  { worktrees: true, split: true },
] as const;

const measured = new Map<number, Promise<Measured>>();
const cleanups: (() => void)[] = [];
const run = ['--all', '--all-repos', '--force', '--jsonl'];

async function measure(variant: number, directory: string): Promise<Measured> {
  const options = variants[variant];
  if (options === undefined) throw new Error(`no variant ${variant}`);
  const template = await makeTemplate(options, (undo) => cleanups.push(undo));
  const shop = await copyTemplate(template, join(directory, 'unbroken'));
  const before = thingsIn(shop);
  const startedAtMs = performance.now();
  const ran = await clean(shop, [...run, '--no-undo']);
  const ms = performance.now() - startedAtMs;
  if (ran.exitCode !== 0) throw new Error(`the unbroken run is not whole: ${ran.stdout}${ran.stderr}`);
  const journalBytes = logBytes(shop);
  return {
    ...template,
    remains: remainsOf(shop),
    journalBytes,
    things: { before, after: thingsIn(shop) },
    ms,
  };
}

/** Everything outside the program's own places, by its path. */
function remainsOf({ top, home }: Shop): readonly string[] {
  const own = [home.root, home.dataRoot].flatMap((root) => [join(root, 'clean'), join(root, 'resume_locks')]);
  return [...Snapshot.take([top]).prints.keys()]
    .filter((path) => !own.some((place) => path === place || path.startsWith(`${place}/`)))
    .map((path) => relative(top, path))
    .sort();
}

/** How many entries the directories have that a run empties. */
function thingsIn({ home }: Shop): number {
  const directories = [
    ...['sessions', 'state/shop/mapreduce/jobs', 'dlq/shop'].map((path) => join(home.dataRoot, path)),
    ...['logs/claude-streaming', 'worktrees/shop'].map((path) => join(home.root, path)),
  ];
  return directories.reduce((sum, directory) => sum + namesIn(directory).length, 0);
}

/** What LevelDB has logged since it was opened: grows with every entry. */
function logBytes({ home }: Shop): number {
  const directory = join(home.dataRoot, 'clean', 'journal', 'db');
  return namesIn(directory)
    .filter((name) => name.endsWith('.log'))
    .reduce((sum, name) => sum + (statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0), 0);
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** A moment to strike: by the clock, by how far the journal is, or by how much has left its place; or a little later. */
function moment(shop: Shop, { journalBytes, things, ms }: Measured, random: Random): RunOptions {
  const way = random.below(5);
  const share = random.next();
  const later = random.chance(0.5) ? 0 : random.next() * 8;
  if (way === 0) return { killAfter: share * ms };
  const isReached =
    way < 3
      ? () => logBytes(shop) > share * journalBytes
      : () => thingsIn(shop) < things.before - share * (things.before - things.after);
  let reachedAtMs: number | undefined;
  return {
    killWhen: () => {
      if (reachedAtMs === undefined && isReached()) reachedAtMs = performance.now();
      return reachedAtMs !== undefined && performance.now() - reachedAtMs >= later;
    },
  };
}

async function trial(seed: number, directory: string): Promise<Trial> {
  const random = seeded(seed);
  const variant = random.below(variants.length);
  let making = measured.get(variant);
  if (making === undefined) measured.set(variant, (making = measure(variant, directory)));
  const template = await making;
  const shop = await copyTemplate(template, join(directory, 'top'));
  const first = random.chance(0.5) ? run : [...run, '--no-undo'];
  const before = Snapshot.take([shop.top]);
  const told: Ran[] = [];
  const violations: Violation[] = [];
  const world = (): World => ({
    roots: [...new Set([shop.home.dataRoot, shop.home.root])],
    journalDirectory: join(shop.home.dataRoot, 'clean', 'journal'),
    before,
    untouched: template.kept.map((path) => join(shop.top, path)),
    acknowledged: told.flatMap(acknowledgedIn),
    saidRemoved: told.flatMap(removedIn),
  });
  const step = async (args: readonly string[], how: RunOptions = {}): Promise<Ran> => {
    const ran = await clean(shop, args, how);
    told.push(ran);
    if (!ran.killed && ran.exitCode !== 0) {
      const detail = `prodigy clean ${args.join(' ')}: exit ${ran.exitCode}\n${ran.stdout.slice(-500)}${ran.stderr}`;
      violations.push({ rule: 'P5', detail });
    }
    return ran;
  };

  const strikes = random.pick([1, 1, 1, 2, 2, 3]);
  let crashes = 0;
  for (let strike = 0; strike < strikes; strike += 1) {
    const isFirst = strike === 0;
    const { killed } = await step(isFirst ? first : ['resume', '--jsonl'], moment(shop, template, random));
    if (killed) crashes += 1;
    violations.push(...(await check(world())));
  }
  await step(['resume', '--jsonl']);
  const { entries } = await readJournal(world().journalDirectory);
  // Killed before consent was on record there is nothing to resume: the run is asked for again.
  if (!entries.some(({ event }) => event.type === 'RunConfirmed')) await step(first);
  const secondResumeAfter = await resumeTwice(random, shop, step);
  violations.push(...(await check({ ...world(), final: true, ...secondResumeAfter })));
  violations.push(...unlike(template.remains, remainsOf(shop)));
  const operations = entries.filter(({ event }) => event.type === 'RemovalIntended').length;
  return { violations, counts: { crashes, operations } };
}

/** A second resume in a row, now and then (J9). */
async function resumeTwice(
  random: Random,
  { home }: Shop,
  step: (args: readonly string[]) => Promise<Ran>,
): Promise<Pick<World, 'secondResumeAfter'>> {
  if (!random.chance(0.25)) return {};
  const { entries } = await readJournal(join(home.dataRoot, 'clean', 'journal'));
  await step(['resume', '--jsonl']);
  return { secondResumeAfter: entries.at(-1)?.seq ?? -1 };
}

function unlike(should: readonly string[], is: readonly string[]): Violation[] {
  const [wanted, found] = [new Set(should), new Set(is)];
  return [
    ...is
      .filter((path) => !wanted.has(path))
      .map((path) => ({ rule: 'P5', detail: `${path} is still there` })),
    ...should.filter((path) => !found.has(path)).map((path) => ({ rule: 'P5', detail: `${path} is gone` })),
  ];
}

/** T3: the real process, killed at any moment, and its resumes; then it must end where an unbroken run ends. */
export const suite: Suite = {
  id: 'T3',
  title: 'kill -9 of the real process, and of its resumes',
  trials: 200,
  slice: 4,
  hindrance: () =>
    Promise.resolve(process.platform === 'win32' ? 'there is no SIGKILL on Windows' : undefined),
  trial,
  close: () => {
    for (const undo of cleanups.splice(0)) undo();
    measured.clear();
    return Promise.resolve();
  },
};
