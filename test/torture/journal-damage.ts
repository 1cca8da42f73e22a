import { cpSync, readdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Level } from 'level';
import type { JournalReader } from '../../src/journal/journal.ts';
import { entryKey } from '../../src/journal/key.ts';
import { openJournal } from '../../src/journal/open.ts';
import { repair } from '../../src/journal/repair.ts';
import { salvage } from '../../src/journal/salvage.ts';
import { openSnapshot } from '../../src/journal/snapshot.ts';
import { verifyJournal } from '../../src/journal/verify.ts';
import { inlineProjections } from '../../src/projections/inline.ts';
import { journalOptions, noonMs } from '../journal/journal-options.ts';
import { makeTemporaryDirectory, removeTemporaryDirectory } from '../helpers/temporary.ts';
import { runStory } from './journal-story.ts';
import { seeded, type Random } from './random.ts';
import { possible, type Suite, type Trial, type Violation } from './suite.ts';

/** A journal as it was before anything was done to it, and all that it says. */
type Healthy = {
  readonly name: string;
  readonly directory: string;
  readonly said: Said;
  readonly anchorSeq: number;
};

/** All that decisions are made of: entries to the letter, the head, and the rows. */
type Said = { readonly texts: readonly string[]; readonly head: string; readonly rows: readonly string[] };

/** What a reader got: what is `undefined` was refused. */
type Heard = {
  readonly forward: readonly string[];
  readonly backward: readonly string[];
  readonly isWhole: boolean;
  readonly head: string | undefined;
  readonly rows: readonly (string | undefined)[];
};

let made: Promise<readonly Healthy[]> | undefined;

/**
 * T8: one file of a journal is damaged. Opening or `verify` must say so, or everything that is read must be what it
 * was; whatever is read in any case must be. An opening that refuses must leave what there is as it is.
 */
export const suite: Suite = {
  id: 'T8',
  title: 'damage in any file of the journal',
  trials: 500,
  slice: 25,
  hindrance: possible,
  trial,
  close: async () => {
    for (const { directory } of (await made) ?? []) removeTemporaryDirectory(directory);
    made = undefined;
  },
};

async function trial(seed: number, directory: string): Promise<Trial> {
  const random = seeded(seed);
  const healthy = random.pick(await (made ??= makeAll()));
  cpSync(healthy.directory, directory, { recursive: true });
  const damage = random.chance(rewrites) ? await rewrite(directory, random) : doDamage(directory, random);
  const what = `${damage.what} of ${damage.file} (${healthy.name})`;
  const violations: Violation[] = [];
  const violate = (detail: string): unknown => violations.push({ rule: 'J13', detail: `${what}: ${detail}` });

  const verified = await readAndVerify(directory);
  if (verified.heard !== undefined) falsehoods(verified.heard, healthy.said).forEach(violate);
  if (!verified.isAlike) violate('a thread comes to another verdict');
  const before = contentsOf(directory);
  const opened = await openJournal(journalOptions(directory));
  const isReported = verified.isReported || opened.isErr();
  if (opened.isErr()) {
    // A sound database is the same one after it was opened, in other files.
    const isDatabase = damage.file.startsWith('db');
    if (isDatabase && contentsOf(directory) !== before)
      violate('an opening that refused changed the journal');
  } else {
    const heard = await hear(opened.value);
    falsehoods(heard, healthy.said).forEach(violate);
    const isUnanchored = healthy.anchorSeq < headSeqOf(healthy.said) && isUnanchoredTail(heard, healthy);
    // Nothing outside the database knows of the last second of a run that was killed.
    if (!isReported && !isSame(heard, healthy.said) && !isUnanchored) violate('went unnoticed');
    await opened.value.close();
  }
  const isRepaired = opened.isErr() && (await repairs(directory, healthy.said, violate));
  return {
    violations,
    counts: {
      damages: 1,
      reported: Number(isReported),
      harmless: Number(!isReported),
      repaired: Number(isRepaired),
    },
  };
}

/** What was refused is repaired: then all that is told is true, and opens. Only a segment that is lost is beyond help. */
async function repairs(
  directory: string,
  said: Said,
  violate: (detail: string) => unknown,
): Promise<boolean> {
  const salvaged = await salvage(directory);
  if (salvaged.isErr()) return false;
  const repaired = await repair(directory, salvaged.value, () => [], journalOptions(directory));
  if (repaired.isErr()) {
    violate(`it could not be repaired: ${JSON.stringify(repaired.error)}`);
    return false;
  }
  const { isReported, heard, isAlike } = await readAndVerify(directory);
  if (isReported || heard === undefined || !isAlike) violate('what was repaired is not sound');
  const kept = heard?.forward.filter((_, index) => index <= repaired.value.head.seq) ?? [];
  if (kept.some((text, index) => text !== said.texts[index])) violate('the repair tells another story');
  const opened = await openJournal(journalOptions(directory));
  if (opened.isErr()) violate(`what was repaired does not open: ${JSON.stringify(opened.error)}`);
  else await opened.value.close();
  return true;
}

function isUnanchoredTail({ forward }: Heard, { said, anchorSeq }: Healthy): boolean {
  return forward.length > anchorSeq && said.texts.slice(0, forward.length).join() === forward.join();
}

async function readAndVerify(
  directory: string,
): Promise<{ readonly isReported: boolean; readonly heard: Heard | undefined; readonly isAlike: boolean }> {
  const opened = await openSnapshot(directory);
  if (opened.isErr()) return { isReported: true, heard: undefined, isAlike: true };
  await using reader = opened.value;
  const heard = await hear(reader);
  const verified = await verifyJournal(reader, inlineProjections);
  const aside = await verifyJournal(reader, inlineProjections, { leastAside: 0 });
  return {
    isReported: verified.isErr() || verified.value.findings.length > 0,
    heard,
    isAlike: isDeepStrictEqual(aside, verified),
  };
}

async function hear(reader: JournalReader): Promise<Heard> {
  const read = async (reverse: boolean): Promise<{ texts: string[]; isWhole: boolean }> => {
    const texts: string[] = [];
    for await (const page of reader.stored({ reverse })) {
      if (page.isErr()) return { texts, isWhole: false };
      texts.push(...page.value.map(({ text }) => text));
    }
    return { texts, isWhole: true };
  };
  const forward = await read(false);
  const backward = await read(true);
  const rows: (string | undefined)[] = [];
  for (const projection of inlineProjections) {
    const found = await reader.rows(projection);
    rows.push(found.isErr() ? undefined : rowsText(found.value));
  }
  const { seq, hash, runs } = reader.head;
  return {
    forward: forward.texts,
    backward: backward.texts,
    isWhole: forward.isWhole && backward.isWhole,
    head: `${seq} ${hash} ${runs}`,
    rows,
  };
}

/** By key: rows that are stored and rows that are folded come in different orders. */
function rowsText(rows: ReadonlyMap<string, unknown>): string {
  return JSON.stringify(
    [...rows].map(([key, row]) => `${key} ${JSON.stringify(row)}`).sort((a, b) => (a < b ? -1 : 1)),
  );
}

function headSeqOf({ texts }: Said): number {
  return texts.length - 1;
}

/** What was read and is not true. What is missing at the end may not have been reported yet. */
function falsehoods(heard: Heard, said: Said): readonly string[] {
  const found: string[] = [];
  const isPrefix = heard.forward.every((text, index) => text === said.texts[index]);
  if (!isPrefix) found.push('another story was read');
  const from = heard.backward.length === 0 ? 0 : said.texts.indexOf(heard.backward[0] ?? '');
  const isBackward = heard.backward.every((text, index) => text === said.texts[from - index]);
  if (!isBackward) found.push('another story was read backwards');
  const isShort = heard.head !== said.head;
  heard.rows.forEach((rows, index) => {
    // Of a shorter journal the rows are those of its entries.
    if (rows !== undefined && rows !== said.rows[index] && !isShort)
      found.push(`other rows of ${inlineProjections[index]?.name} were read`);
  });
  return found;
}

function isSame(heard: Heard, said: Said): boolean {
  return (
    heard.isWhole &&
    heard.head === said.head &&
    heard.forward.join('\n') === said.texts.join('\n') &&
    heard.backward.length === said.texts.length &&
    heard.rows.every((rows, index) => rows === said.rows[index])
  );
}

type Damage = { readonly file: string; readonly what: string };

/** So often an entry is changed as LevelDB itself would: every checksum is right, and the chain alone tells. */
const rewrites = 0.1;

/** One letter of one entry's text becomes another. */
async function rewrite(directory: string, random: Random): Promise<Damage> {
  const level = new Level(join(directory, 'db'));
  try {
    const entries = await level.iterator({ gte: entryKey(0), lt: 'e"' }).all();
    const [key, text] = random.pick(entries);
    const at = random.below(text.length);
    const letter = text[at] === 'x' ? 'y' : 'x';
    await level.put(key, text.slice(0, at) + letter + text.slice(at + 1));
    return { file: 'db', what: `an entry rewritten at letter ${at}` };
  } finally {
    await level.close();
  }
}

function doDamage(directory: string, random: Random): Damage {
  const files = filesBelow(directory);
  // The reserve, and what LevelDB says in words, are there in number and of no account.
  const telling = files.filter((name) => !/reserve|\/LO(CK|G.*)$/.test(name));
  const path = random.pick(random.chance(0.05) ? files : telling);
  const file = relative(directory, path);
  const bytes = readFileSync(path);
  const ways = [
    'deleted',
    ...(bytes.length === 0 ? [] : ['bit', 'bits', 'cut', 'emptied', 'zeros', 'noise', 'longer']),
  ];
  const what = random.pick(ways);
  if (what === 'deleted') unlinkSync(path);
  else writeFileSync(path, damagedBytes(bytes, what, random));
  return { file, what };
}

function damagedBytes(bytes: Buffer, what: string, random: Random): Buffer {
  const copy = Buffer.from(bytes);
  const flip = (): void => {
    const at = random.below(copy.length);
    copy.writeUInt8(copy.readUInt8(at) ^ (1 << random.below(8)), at);
  };
  const length = Math.min(copy.length, random.pick([16, 512, 4096]));
  const start = Math.floor(random.below(copy.length) / length) * length;
  switch (what) {
    case 'bit':
      flip();
      return copy;
    case 'bits':
      for (let count = 2 + random.below(20); count > 0; count -= 1) flip();
      return copy;
    case 'cut':
      return copy.subarray(0, random.below(copy.length));
    case 'emptied':
      return Buffer.alloc(0);
    case 'zeros':
      copy.fill(0, start, Math.min(copy.length, start + length));
      return copy;
    case 'noise':
      for (let at = start; at < Math.min(copy.length, start + length); at += 1)
        copy.writeUInt8(random.below(256), at);
      return copy;
    default:
      return Buffer.concat([copy, Buffer.alloc(1 + random.below(100), random.below(256))]);
  }
}

function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile())
    .sort();
}

/** What matters of the journal, byte for byte. LevelDB's text log and lock say nothing. */
function contentsOf(directory: string): string {
  return filesBelow(directory)
    .filter((path) => !/^LO(CK|G.*)$/.test(basename(path)))
    .map((path) => `${relative(directory, path)} ${readFileSync(path, 'base64')}`)
    .join('\n');
}

/** Journals of several shapes: never reopened, reopened often, sealed in part, left by a kill. */
async function makeAll(): Promise<readonly Healthy[]> {
  return [
    await make('young', 1, 40, {}),
    await make('in tables', 6, 30, {}),
    await make('long', 2, 400, {}),
    await make('sealed', 9, 30, { sealing: { entries: 80 } }),
    await make('killed', 3, 40, { killed: true }),
    await make('sealed and killed', 6, 30, { sealing: { entries: 80 }, killed: true }),
  ];
}

async function make(
  name: string,
  runs: number,
  items: number,
  {
    sealing = {},
    killed = false,
  }: { readonly sealing?: { readonly entries?: number }; readonly killed?: boolean },
): Promise<Healthy> {
  const directory = makeTemporaryDirectory('torture-t8-journal-');
  const working = makeTemporaryDirectory('torture-t8-working-');
  const random = seeded(runs * 1000 + items);
  let nowMs = noonMs;
  const options = journalOptions(working, { sealing, clock: () => (nowMs += 10) });
  for (let run = 0; run < runs; run += 1) {
    const journal = (await openJournal(options))._unsafeUnwrap();
    const story = runStory(`run${run}`, items, random);
    for (let from = 0; from < story.length; from += 64)
      (await journal.append(story.slice(from, from + 64)))._unsafeUnwrap();
    // What a kill leaves is what is on the disk now.
    if (killed && run === runs - 1) cpSync(working, directory, { recursive: true });
    await journal.close();
  }
  if (!killed) cpSync(working, directory, { recursive: true });
  removeTemporaryDirectory(working);

  await using reader = (await openSnapshot(directory))._unsafeUnwrap();
  const { forward, head = '', rows } = await hear(reader);
  return {
    name,
    directory,
    anchorSeq: reader.anchor?.seq ?? -1,
    said: { texts: forward, head, rows: rows.map((text) => text ?? '') },
  };
}
