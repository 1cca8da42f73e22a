import { join } from 'node:path';
import { clean, type Shop } from '../e2e/shop.ts';
import type { Ran } from '../helpers/run-prodigy.ts';
import { acknowledgedIn, removedIn } from './acknowledged.ts';
import { check, Snapshot } from './checker.ts';
import { readJournal } from './checker-journal.ts';
import { copyTemplate, makeTemplate, type Template } from './crash-storage.ts';
import { seeded, type Random } from './random.ts';
import { possible, type Suite, type Trial, type Violation } from './suite.ts';

const run = ['--all', '--all-repos', '--force', '--jsonl'];
/** Another run holds the lock (DESIGN 6). */
const locked = 11;

let making: Promise<Template> | undefined;
const cleanups: (() => void)[] = [];

/** A cleaner, started a moment later, that tells what it has acknowledged so far. */
async function start(
  shop: Shop,
  args: readonly string[],
  { env, afterMs, said }: { readonly env: Environment; readonly afterMs: number; readonly said: Said },
): Promise<Ran> {
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  let text = '';
  return clean(shop, args, {
    env,
    onStdout: (more) => {
      text += more;
      const end = text.lastIndexOf('\n') + 1;
      said.ids.push(...acknowledgedIn({ stdout: text.slice(0, end) }).map(({ id }) => id));
      text = text.slice(end);
    },
  });
}

type Environment = Readonly<Record<string, string>>;

/** Ids of the entries that anybody was told to be durable. */
type Said = { readonly ids: string[] };

type Read = {
  readonly ids: readonly string[];
  /** What had been acknowledged when the reader was started. */
  readonly saidBefore: readonly string[];
  readonly ran: Ran;
};

/** Readers, one after the other, as long as somebody writes, and one more. */
async function readWhile(
  shop: Shop,
  env: Environment,
  said: readonly Said[],
  isOver: () => boolean,
): Promise<readonly Read[]> {
  const reads: Read[] = [];
  for (let isLast = false; !isLast && reads.length < mostReads;) {
    isLast = isOver();
    const saidBefore = said.flatMap(({ ids }) => ids);
    const ran = await clean(shop, ['log', '--jsonl'], { env });
    reads.push({ ran, saidBefore, ids: acknowledgedIn(ran).map(({ id }) => id) });
  }
  return reads;
}
const mostReads = 30;

/** What a reader printed is a beginning of the journal, without a gap, and holds all that had been acknowledged. */
function gapsIn(reads: readonly Read[], ids: readonly string[]): Violation[] {
  const violations: Violation[] = [];
  for (const [index, { ran, ids: seen, saidBefore }] of reads.entries()) {
    if (ran.exitCode !== 0) {
      violations.push({ rule: 'J1', detail: `reader ${index}: exit ${ran.exitCode} ${ran.stderr}` });
      continue;
    }
    const at = seen.findIndex((id, position) => id !== ids[position]);
    if (at !== -1) violations.push({ rule: 'J1', detail: `reader ${index} has another entry ${at}` });
    const known = new Set(seen);
    const missing = saidBefore.filter((id) => !known.has(id)).length;
    if (missing > 0)
      violations.push({
        rule: 'J2',
        detail: `reader ${index} lacks ${missing} entries that were acknowledged`,
      });
  }
  return violations;
}

/** Two cleaners at once: one does the work, the other is refused or finds it done; no item goes twice. */
function rivalsOf(
  rivals: readonly Ran[],
  entries: readonly { readonly event: { readonly type: string } }[],
): Violation[] {
  const violations: Violation[] = [];
  for (const { exitCode, stdout, stderr } of rivals) {
    if (exitCode === 0 || exitCode === locked) continue;
    violations.push({ rule: 'P11', detail: `exit ${exitCode}: ${stdout.slice(-300)} ${stderr}` });
  }
  if (!rivals.some(({ exitCode }) => exitCode === 0))
    violations.push({ rule: 'P11', detail: 'nobody won: each was refused because of the other' });
  for (const { exitCode, stdout } of rivals) {
    if (exitCode === locked && removedIn({ stdout }).length > 0)
      violations.push({ rule: 'P11', detail: 'who was refused removed something all the same' });
  }
  const intents = entries.flatMap(({ event }) =>
    event.type === 'RemovalIntended' && 'item' in event ? [String(event.item)] : [],
  );
  const twice = intents.filter((item, index) => intents.indexOf(item) !== index);
  return [...violations, ...twice.map((item) => ({ rule: 'P11', detail: `${item} was removed twice` }))];
}

/** Runs that began before another one ended: only one at a time may work. */
function overlapsOf(entries: readonly { readonly seq: number; readonly run?: string }[]): Violation[] {
  const last = new Map<string, number>();
  for (const { run: id, seq } of entries) if (id !== undefined) last.set(id, seq);
  const open: string[] = [];
  return entries.flatMap(({ run: id, seq }) => {
    if (id === undefined) return [];
    const others = open.filter((other) => other !== id && (last.get(other) ?? 0) > seq);
    if (!open.includes(id)) open.push(id);
    return others.length === 0
      ? []
      : [{ rule: 'P11', detail: `run ${id} writes entry ${seq} while ${others[0]} is under way` }];
  });
}

async function trial(seed: number, directory: string): Promise<Trial> {
  const random: Random = seeded(seed);
  const template = await (making ??= makeTemplate({ worktrees: false, split: false }, (undo) =>
    cleanups.push(undo),
  ));
  const shop = await copyTemplate(template, join(directory, 'top'));
  const before = Snapshot.take([shop.top]);
  const { root } = shop.home;
  // With a journal each, nothing but the lock in the root keeps them apart.
  const isApart = random.chance(0.5);
  const journals = isApart
    ? [join(directory, 'journal-0'), join(directory, 'journal-1')]
    : [join(root, 'clean', 'journal')];
  const environments = [journals[0] ?? '', journals.at(-1) ?? ''].map((path) =>
    isApart ? { PRODIGY_CLEAN_JOURNAL_DIR: path } : {},
  );

  let isOver = false;
  const undo = random.chance(0.5) ? [] : ['--no-undo'];
  const later = random.chance(0.5) ? 0 : random.next() * 400;
  const said: Said[] = environments.map(() => ({ ids: [] }));
  const working = Promise.all(
    environments.map((env, index) =>
      start(shop, [...run, ...undo], { env, afterMs: index * later, said: said[index] ?? { ids: [] } }),
    ),
  ).finally(() => {
    isOver = true;
  });
  // Readers read the first one's journal: where it is the only one, both write it.
  const watched = isApart ? said.slice(0, 1) : said;
  const [rivals, reads] = await Promise.all([
    working,
    readWhile(shop, environments[0] ?? {}, watched, () => isOver),
  ]);
  const stories = await Promise.all(journals.map(async (path) => (await readJournal(path)).entries));
  const active = stories.findIndex((story) => story.some(({ event }) => event.type === 'RemovalIntended'));
  const winner = Math.max(0, active);
  const last = await clean(shop, ['resume', '--jsonl'], { env: environments[winner] ?? {} });

  const journalDirectory = journals[winner] ?? '';
  const { entries } = await readJournal(journalDirectory);
  const told = isApart ? [...rivals.slice(winner, winner + 1), last] : [...rivals, last];
  const violations = [
    ...rivalsOf(rivals, stories.flat()),
    ...overlapsOf(entries),
    ...gapsIn(reads, isApart && winner !== 0 ? [] : entries.map(({ id }) => id)),
    ...(await check({
      roots: [root],
      journalDirectory,
      before,
      untouched: template.kept.map((path) => join(shop.top, path)),
      acknowledged: told.flatMap(acknowledgedIn),
      saidRemoved: told.flatMap(removedIn),
      final: true,
    })),
  ];
  const refused = rivals.filter(({ exitCode }) => exitCode === locked).length;
  return { violations, counts: { pairs: 1, refused, reads: reads.length, entries: entries.length } };
}

/** T9: a cleaner beside a cleaner, and readers beside them. */
export const suite: Suite = {
  id: 'T9',
  title: 'two cleaners at once, readers beside them',
  trials: 100,
  slice: 2,
  hindrance: possible,
  trial,
  close: () => {
    for (const undo of cleanups.splice(0)) undo();
    making = undefined;
    return Promise.resolve();
  },
};
