import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { addOldItems } from '../demo/traces.ts';
import { fingerprint } from '../helpers/tree.ts';
import type { Teardown } from '../helpers/temporary.ts';
import { git } from '../helpers/git.ts';
import {
  clean,
  documentOf,
  finished,
  finishedWork,
  inQuarantine,
  journalOf,
  makeShop,
  type LoggedEntry,
  type Shop,
} from './shop.ts';

const sessions = 40;
const worktrees = 5;
const run = ['--all', '--all-repos', '--force', '--no-undo'];

/** The same storage each time but for times and the directory it is in: some 250 items, five of them worktrees. */
async function storage(t: Teardown): Promise<Shop> {
  const shop = await makeShop(t, { seed: 7 });
  for (let index = 0; index < worktrees; index += 1)
    await finishedWork(shop, `${60 + 3 * index}d`, { modules: 60 });
  await finishedWork(shop, '90d', { files: { 'untracked.txt': 'mine\n' } });
  for (const kind of ['state', 'dlq', 'events', 'logs']) await finished(shop, kind, '1d');
  await addOldItems(shop.home, shop.repository, sessions);
  return shop;
}

/** Paths that remain, with what in them depends on the clock and the ids taken out. */
function remains({ home, repository }: Shop): string[] {
  // The directory of Prodigy's resume locks was there when the killed one's successor came: it stays, empty.
  const paths = [...fingerprint(home.root, { except: ['clean'] }).keys()].filter(
    (path) => path !== 'resume_locks',
  );
  const admin = [...fingerprint(join(repository, '.git', 'worktrees')).keys()].map((path) => `git:${path}`);
  return [...paths, ...admin].map((path) => path.replaceAll(/\d{13}|\d{8}_\d{6}/g, 'T')).sort();
}

const terminal = new Set(['ItemRemoved', 'ItemRestored', 'ItemDrifted', 'ItemVanished', 'ItemFailed']);

function endsByOperation(entries: readonly LoggedEntry[]): Map<string, string[]> {
  const ends = new Map<string, string[]>();
  for (const { type, op } of entries) {
    if (op === undefined) continue;
    const list = ends.get(op) ?? [];
    if (terminal.has(type)) list.push(type);
    ends.set(op, list);
  }
  return ends;
}

/** Kills a run, and resumes of it, at moments spread over what they do; then lets it come to its end and compares. */
async function killAndResume(
  t: ExecutionContext,
  /** Parts of the work, growing, from 0 to 1. */
  moments: readonly number[],
): Promise<number> {
  const shop = await storage(t);
  const whole = progressOf(shop);
  let struck = 0;
  for (const [index, moment] of moments.entries()) {
    const ran = await clean(shop, index === 0 ? run : ['resume'], {
      killWhen: () => progressOf(shop) < whole - moment * (whole - 10),
    });
    if (ran.killed) struck += 1;
  }
  // A kill before consent was on record leaves nothing to resume: then the run is simply asked for again.
  const again = await clean(shop, run);
  const last = await clean(shop, ['resume']);
  t.is(again.exitCode, 0, again.stdout + again.stderr);
  t.is(last.exitCode, 0, last.stdout + last.stderr);
  t.deepEqual(remains(shop), expected);

  const entries = await journalOf(shop);
  const ends = endsByOperation(entries);
  t.deepEqual(
    [...ends.values()].filter((list) => list.length !== 1),
    [],
    'each operation has exactly one terminal event (P5)',
  );
  const removed = entries
    .filter(({ type }) => type === 'ItemRemoved')
    .map(({ data }) => String(data['item']));
  t.is(new Set(removed).size, removed.length, 'each item is removed once');
  t.is(removed.length, planned);
  const verified = await clean(shop, ['log', 'verify']);
  t.is(verified.exitCode, 0, verified.stdout);

  const count = entries.length;
  const nothing = await clean(shop, ['resume']);
  t.is(nothing.exitCode, 0);
  t.regex(nothing.stdout, /Nothing to resume/);
  t.is((await journalOf(shop)).length, count, 'and adds nothing');
  t.false(existsSync(join(shop.home.root, 'clean', 'run.lock')), 'no lock is left');
  t.deepEqual(
    [...fingerprint(shop.home.root).keys()].filter((path) => path.startsWith('resume_locks/')),
    [],
  );
  t.false((await git(shop.repository, 'worktree', 'list', '--porcelain')).includes('prunable'));
  return struck;
}

/** How many entries the directories still have that a run empties. */
function progressOf({ home }: Shop): number {
  const directories = ['events/shop', 'logs/claude-streaming', 'sessions', 'worktrees/shop'];
  return directories.reduce((sum, directory) => sum + readdirSync(join(home.root, directory)).length, 0);
}

let expected: readonly string[];
let planned: number;
let unbroken: Shop;
const cleanups: (() => void | Promise<void>)[] = [];

test.before(async () => {
  unbroken = await storage({ teardown: (undo) => cleanups.push(undo) });
  const done = documentOf(await clean(unbroken, [...run, '--json']));
  if (done.outcome !== 'completed') throw new Error(`the unbroken run is not whole: ${done.outcome}`);
  planned = done.items.filter(({ outcome }) => outcome === 'removed').length;
  expected = remains(unbroken);
});

test.after.always(async () => {
  for (const undo of cleanups) await undo();
});

test('an unbroken run of this storage is worth killing', (t) => {
  t.true(planned > 200, `${planned}`);
  t.deepEqual(inQuarantine(unbroken), []);
});

for (const round of [1, 2]) {
  test(`killed at six moments and resumed (${round}), the storage is what an unbroken run leaves, and each item has one end (P5, stories 24 and 25)`, async (t) => {
    t.timeout(180_000);
    const random = seeded(20_260_101 + round);
    const moments = Array.from({ length: 6 }, random).sort((a, b) => a - b);
    const struck = await killAndResume(t, moments);
    t.true(struck >= 5, `${struck} of 6 kills struck`);
  });
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`${signal} once: the item at hand is finished, exit ${code}, and resume finishes the rest`, async (t) => {
    const shop = await storage(t);
    const planned = documentOf(await clean(shop, ['--all', '--all-repos', '--dry-run', '--json']));
    const going = planned.items.filter(({ verdict }) => verdict === 'remove');
    const ran = await clean(shop, run, {
      killWhen: () => inQuarantine(shop).length > 0,
      killSignal: signal,
    });
    t.is(ran.exitCode, code, ran.stdout + ran.stderr);
    t.regex(ran.stderr, /finishing the item at hand/);
    t.regex(ran.stdout + ran.stderr, /prodigy clean resume/);
    const left = going.filter(({ path }) => existsSync(path)).length;
    t.true(left > 0, 'it stopped');
    const ended = (await journalOf(shop)).findLast(({ type }) => type === 'RunCompleted');
    t.is(ended?.data['outcome'], 'interrupted');

    const resumed = await clean(shop, ['resume']);
    t.is(resumed.exitCode, 0, resumed.stdout + resumed.stderr);
    t.deepEqual(
      going.filter(({ path }) => existsSync(path)),
      [],
    );
    const entries = await journalOf(shop);
    const removed = entries.filter(({ type }) => type === 'ItemRemoved').map(({ data }) => data['item']);
    t.is(new Set(removed).size, removed.length);
    t.is(removed.length + inQuarantineItems(entries), going.length, 'each item once');
    t.is((await clean(shop, ['log', 'verify'])).exitCode, 0);
    t.regex((await clean(shop, ['resume'])).stdout, /Nothing to resume/);
  });
}

/** Items that are held for undo and not freed yet. */
function inQuarantineItems(entries: readonly LoggedEntry[]): number {
  const held = new Set<unknown>();
  for (const { type, data } of entries) {
    if (type === 'ItemQuarantined' && data['heldUntilMs'] !== undefined) held.add(data['item']);
    if (type === 'ItemRemoved') held.delete(data['item']);
  }
  return held.size;
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}
