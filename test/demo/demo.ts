import { existsSync, lstatSync, mkdirSync, readdirSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { binary, runProdigy, type Ran, type RunOptions } from '../helpers/run-prodigy.ts';
import { makeTemporaryDirectory, removeTemporaryDirectory } from '../helpers/temporary.ts';
import { makeDemoStorage, type DemoStorage } from './storage.ts';
import { addOldItems } from './traces.ts';

/**
 * `npm run demo [-- --keep DIR] [-- --scale N]`: makes a storage as a year of work leaves it, in a directory of its
 * own, and lets the real binary loose on it; kills one run half-way and resumes it. Touches nothing else.
 */
async function demo(directory: string, keep: boolean, scale: number): Promise<number> {
  say(`Making a storage below ${directory} ...`);
  const storage = await makeDemoStorage(directory, { scale });
  const failures: string[] = [];
  const run = (args: readonly string[], options: RunOptions = {}): Promise<Ran> =>
    prodigy(storage, directory, args, options);
  const expectDone = async (...args: readonly string[]): Promise<void> => {
    const { exitCode, signal } = await run(args);
    if (exitCode === 0) return;
    failures.push(`prodigy ${args.join(' ')}: ${signal ?? `exit code ${exitCode}`}`);
    say(`FAILED: ${failures.at(-1)}`);
  };

  heading('1. What is there, what could go, and why the rest stays');
  await expectDone('clean');
  heading('2. What a run would do');
  await expectDone('clean', '--all', '--dry-run');
  heading('3. The run');
  await expectDone('clean', '--all', '--force');
  failures.push(...checkPromises(storage));

  heading('4. A run that is killed half-way, and resumed');
  failures.push(...(await killAndResume(storage, scale, run, expectDone)));
  failures.push(...checkPromises(storage));

  heading('5. What the journal says');
  await expectDone('clean', 'log', '--limit', '40');
  await expectDone('clean', 'log', 'verify');

  if (keep) {
    say(`\nTo play on:\n  cd ${storage.repository}\n  HOME=${storage.home} node ${binary()} clean`);
  } else say('\nTo play on with such a storage: npm run demo -- --keep DIR');
  const distinct = [...new Set(failures)];
  if (distinct.length === 0) return 0;
  say(`\nThe demo FAILED, in ${distinct.length} points:`);
  for (const failure of distinct) say(`  - ${failure}`);
  return 1;
}

async function killAndResume(
  storage: DemoStorage,
  scale: number,
  run: (args: readonly string[], options?: RunOptions) => Promise<Ran>,
  expectDone: (...args: readonly string[]) => Promise<void>,
): Promise<readonly string[]> {
  for (let count = 200 * scale, attempt = 1; attempt <= 5; attempt += 1, count *= 3) {
    say(`Adding ${count} old sessions with their checkpoints, events and logs ...`);
    const beforeAdding = countEntries(storage);
    await addOldItems(storage.prodigy, storage.repository, count);
    const full = countEntries(storage);
    const target = beforeAdding + Math.floor((full - beforeAdding) * 0.6);
    const ran = await run(['clean', '--all', '--force'], { killWhen: () => countEntries(storage) <= target });
    const left = countEntries(storage);
    if (!ran.killed) {
      if (ran.exitCode !== 0) {
        say(`FAILED: it ended by itself with exit code ${ran.exitCode}.`);
        return [`prodigy clean --all --force, to be killed: exit code ${ran.exitCode}`];
      }
      say('It was done before it could be killed. Once more, with more to do.');
      continue;
    }
    say(
      `Killed with SIGKILL: ${full - left} of ${full - beforeAdding} added entries were gone, the rest was not.`,
    );
    await expectDone('clean', 'resume');
    const after = countEntries(storage);
    if (after <= beforeAdding) {
      say(`Nothing of what was added is left.`);
      return [];
    }
    say(`FAILED: ${after - beforeAdding} of the added entries are still there after resume.`);
    return [`clean resume left ${after - beforeAdding} entries`];
  }
  say('FAILED: no run could be killed half-way; each was done too soon.');
  return ['no run could be killed half-way'];
}

/** Events, logs and session records of the repository that are in their places. */
function countEntries({ root }: DemoStorage): number {
  const areas = [join('events', 'shop'), join('logs', 'claude-streaming'), 'sessions'];
  return areas
    .map((area) => join(root, area))
    .filter((path) => existsSync(path))
    .reduce((sum, path) => sum + readdirSync(path).length, 0);
}

/** Says, and answers, what is gone that had to stay and what stayed that had to go. */
function checkPromises(storage: DemoStorage): readonly string[] {
  const { mustStay, mayGo } = storage;
  const lost = mustStay.filter((path) => !isThere(path));
  const left = mayGo.filter(isThere);
  say(`\n${mustStay.length - lost.length} of ${mustStay.length} protected things are still there;`);
  say(`${mayGo.length - left.length} of ${mayGo.length} finished ones are gone.`);
  const complaints = [
    ...lost.map((path) => `LOST, and had to stay: ${told(storage, path)}`),
    ...left.map((path) => `still there, and had to go: ${told(storage, path)}`),
  ];
  for (const complaint of complaints) say(`FAILED: ${complaint}`);
  return complaints;
}

/** The path with the name of the part it plays in the demo. */
function told({ ids }: DemoStorage, path: string): string {
  const role = Object.entries(ids).find(([, id]) => typeof id === 'string' && path.includes(id))?.[0];
  return role === undefined ? path : `${role} (${path})`;
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function prodigy(
  storage: DemoStorage,
  directory: string,
  args: readonly string[],
  options: RunOptions,
): Promise<Ran> {
  say(`\n$ prodigy ${args.join(' ')}`);
  const passed = ['TERM', 'COLUMNS', 'LANG', 'LC_ALL', 'TZ', 'NO_COLOR', 'FORCE_COLOR'];
  return runProdigy(storage, args, {
    cwd: storage.repository,
    env: Object.fromEntries(passed.map((name) => [name, process.env[name]])),
    timeoutMs: 600_000,
    show: true,
    below: directory,
    ...options,
  });
}

function heading(text: string): void {
  say(`\n${'='.repeat(78)}\n${text}\n${'='.repeat(78)}`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** The directory for `--keep`: new or empty. */
function keptDirectory(asked: string): string {
  const path = resolve(asked);
  mkdirSync(path, { recursive: true });
  if (readdirSync(path).length > 0)
    throw new Error(`--keep wants a new or empty directory, and ${path} is not`);
  return realpathSync(path);
}

const { values } = parseArgs({
  options: { keep: { type: 'string' }, scale: { type: 'string', default: '1' } },
});
const scale = Number(values.scale);
if (!Number.isInteger(scale) || scale < 1) throw new Error('--scale wants a whole number, 1 or more');
const keep = values.keep !== undefined;
const directory =
  values.keep === undefined ? makeTemporaryDirectory('prodigy-clean-demo-') : keptDirectory(values.keep);
const tidy = (): void => {
  if (!keep) removeTemporaryDirectory(directory);
};
process.once('SIGINT', () => {
  tidy();
  process.exit(130);
});
try {
  process.exitCode = await demo(directory, keep, scale);
} finally {
  tidy();
}
