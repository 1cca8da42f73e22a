import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Level } from 'level';
import test from 'ava';
import type { JournalReader } from '../../src/journal/journal.ts';
import { openJournal } from '../../src/journal/open.ts';
import { repair } from '../../src/journal/repair.ts';
import { salvage } from '../../src/journal/salvage.ts';
import { openSnapshot } from '../../src/journal/snapshot.ts';
import { verifyJournal } from '../../src/journal/verify.ts';
import { inlineProjections } from '../../src/projections/inline.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { journalOptions, opened, remark, remarks } from './journal-options.ts';
import { spawnJournal } from './spawn-journal.ts';

async function told(reader: JournalReader): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of reader.entries()) {
    const { event } = entry._unsafeUnwrap();
    found.push(event.type === 'OddityFound' ? event.detail : event.type);
  }
  return found;
}

const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `${from + index}`);

async function write(directory: string, from: number, to: number, entries = 1_000_000): Promise<void> {
  const journal = await opened(directory, { sealing: { entries } });
  for (let next = from; next < to; next += 10)
    (await journal.append(remarks(next, Math.min(to, next + 10))))._unsafeUnwrap();
  await journal.close();
}

/** Entry 41 is lost, of those in the database. */
async function hole(directory: string): Promise<void> {
  const level = new Level(join(directory, 'db'));
  await level.del('e!0000000000000041');
  await level.compactRange('', '~');
  await level.close();
}

async function repaired(directory: string): Promise<void> {
  const salvaged = (await salvage(directory))._unsafeUnwrap();
  (await repair(directory, salvaged, () => [], journalOptions(directory)))._unsafeUnwrap();
}

async function isSound(directory: string): Promise<boolean> {
  await using reader = (await openSnapshot(directory))._unsafeUnwrap();
  return (await verifyJournal(reader, inlineProjections))._unsafeUnwrap().findings.length === 0;
}

declare module 'level' {
  interface Level {
    compactRange(start: string, end: string): Promise<void>;
  }
}

test('salvage finds every entry of a sound journal, without the help of LevelDB', async (t) => {
  const directory = temporaryDirectory(t);
  await write(directory, 0, 300);
  await write(directory, 300, 3000);
  const { kept, beyond, lastKnownSeq } = (await salvage(directory))._unsafeUnwrap();
  t.is(kept.length, 3001);
  t.deepEqual(beyond, []);
  t.is(lastKnownSeq, 3000);
});

test('what is before a hole is kept, what is behind it goes to a file, and the chain holds', async (t) => {
  const directory = temporaryDirectory(t);
  await write(directory, 0, 100);
  await hole(directory);
  t.like((await openJournal(journalOptions(directory)))._unsafeUnwrapErr(), {
    type: 'journal-damaged',
    seq: 41,
  });
  await repaired(directory);

  const journal = await opened(directory);
  t.deepEqual(await told(journal), ['JournalCreated', ...numbers(0, 40), 'JournalRepaired']);
  const events: unknown[] = [];
  for await (const entry of journal.entries({ from: 41 })) events.push(entry._unsafeUnwrap().event);
  t.like(events, [{ type: 'JournalRepaired', lost: 60, headSeq: 40, salvagedEntries: 59 }]);
  (await journal.append([remark('on')]))._unsafeUnwrap();
  await journal.close();
  t.true(await isSound(directory));

  const names = readdirSync(directory);
  t.is(names.filter((name) => name.startsWith('db.damaged-')).length, 1);
  const file = names.find((name) => name.startsWith('salvaged-')) ?? '';
  const lines = readFileSync(join(directory, file), 'utf8').trimEnd().split('\n');
  t.deepEqual(
    lines.map((line) => (JSON.parse(line) as { entry: { seq: number } }).entry.seq),
    Array.from({ length: 59 }, (_, index) => 42 + index),
  );
});

const losses: Readonly<Record<string, (directory: string) => void>> = {
  CURRENT: (directory) => unlinkSync(join(directory, 'db', 'CURRENT')),
  'the manifest': (directory) => {
    for (const name of readdirSync(join(directory, 'db')))
      if (name.startsWith('MANIFEST')) writeFileSync(join(directory, 'db', name), '');
  },
  'identity.json': (directory) => unlinkSync(join(directory, 'identity.json')),
  'anchor.json': (directory) => writeFileSync(join(directory, 'anchor.json'), '{'),
};
const lossless = test.macro({
  exec: async (t, what: string) => {
    const directory = temporaryDirectory(t);
    await write(directory, 0, 200, 100);
    await write(directory, 200, 230);
    const before = (await openSnapshot(directory))._unsafeUnwrap();
    const all = await told(before);
    await before.close();
    losses[what]?.(directory);
    await repaired(directory);
    const journal = await opened(directory);
    t.deepEqual(await told(journal), [...all, 'JournalRepaired']);
    t.is(journal.journalId, before.journalId);
    await journal.close();
    t.true(await isSound(directory));
  },
  title: (_, what: string) => `without ${what} not one entry is lost, sealed ones included`,
});
for (const what of Object.keys(losses)) test(lossless, what);

test('a table with a damaged block loses that block, not the others', async (t) => {
  const directory = temporaryDirectory(t);
  await write(directory, 0, 3000);
  await (await opened(directory)).close();
  const tables = readdirSync(join(directory, 'db')).filter((name) => name.endsWith('.ldb'));
  const paths = tables.map((name) => join(directory, 'db', name));
  // The one with the entries of the run; that of the birth lies beside it until they are merged.
  const [path = ''] = paths.sort((a, b) => statSync(b).size - statSync(a).size);
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
  writeFileSync(path, bytes);
  const detail = `its file ${basename(path)} is damaged`;
  t.like((await openJournal(journalOptions(directory)))._unsafeUnwrapErr(), { detail });
  const snapshot = (await openSnapshot(directory))._unsafeUnwrap();
  const { findings } = (await verifyJournal(snapshot, inlineProjections))._unsafeUnwrap();
  t.deepEqual(findings, [{ type: 'database-damaged', seq: undefined, detail }]);
  let read = 0;
  let failure: unknown;
  for await (const page of snapshot.stored()) {
    if (page.isErr()) failure = page.error;
    else read += page.value.length;
  }
  t.like(failure, { type: 'journal-damaged', detail });
  t.true(read < 3000);
  await snapshot.close();
  const { kept, beyond } = (await salvage(directory))._unsafeUnwrap();
  t.true(kept.length > 500 && beyond.length > 500 && kept.length + beyond.length > 2800);
  await repaired(directory);
  t.true(await isSound(directory));
});

test('without a database every entry that lies sealed is kept, and the next sealing goes on from there', async (t) => {
  const directory = temporaryDirectory(t);
  await write(directory, 0, 200, 100);
  await write(directory, 200, 230);
  const segment = join(directory, 'segments', '000001.jsonl');
  const content = readFileSync(segment, 'utf8');
  rmSync(join(directory, 'db'), { recursive: true });
  const { segments, base, ignored } = (await salvage(directory))._unsafeUnwrap();
  t.like({ count: segments.length, seq: base.seq, ignored }, { count: 1, seq: 200, ignored: [] });
  await repaired(directory);
  await write(directory, 500, 620, 100);
  await write(directory, 620, 625, 1000);
  t.is(readFileSync(segment, 'utf8'), content);
  t.true(readdirSync(join(directory, 'segments')).includes('000002.jsonl'));
  const journal = await opened(directory);
  t.deepEqual((await told(journal)).slice(0, 201), ['JournalCreated', ...numbers(0, 200)]);
  await journal.close();
  t.true(await isSound(directory));
});

test('what is sealed and was not yet removed from the database fills its holes', async (t) => {
  const directory = temporaryDirectory(t);
  await write(directory, 0, 100, 100);
  await hole(directory);
  await repaired(directory);
  const journal = await opened(directory);
  t.deepEqual((await told(journal)).slice(0, 102), ['JournalCreated', ...numbers(0, 100), 'SegmentSealed']);
  await journal.close();
  t.true(await isSound(directory));
});

test('a segment that the database contradicts is no base without a state, and keeps its content', async (t) => {
  const directory = temporaryDirectory(t);
  await write(directory, 0, 100, 100);
  const path = join(directory, 'segments', '000001.jsonl');
  const stale = readFileSync(path, 'utf8');
  rmSync(join(directory, 'segments'), { recursive: true });
  await hole(directory);
  await repaired(directory);
  mkdirSync(join(directory, 'segments'));
  writeFileSync(path, stale);
  const level = new Level(join(directory, 'db'));
  const heads = (await level.keys().all()).filter((key) => !key.startsWith('e!'));
  await level.batch(heads.map((key) => ({ type: 'del', key })));
  await level.compactRange('', '~');
  await level.close();
  const { segments, kept, ignored } = (await salvage(directory))._unsafeUnwrap();
  t.deepEqual(segments, []);
  t.regex(kept[41]?.text ?? '', /JournalRepaired/);
  t.deepEqual(ignored, ['segments/000001.jsonl']);
  await repaired(directory);
  await write(directory, 100, 200, 100);
  const names = readdirSync(join(directory, 'segments'));
  const aside = names.find((name) => /^000001\.replaced-.*\.jsonl$/.test(name)) ?? '';
  t.is(readFileSync(join(directory, 'segments', aside), 'utf8'), stale);
  await write(directory, 200, 210);
  t.true(await isSound(directory));
});

test('a damaged segment cannot be repaired, and nothing is touched', async (t) => {
  const directory = temporaryDirectory(t);
  await write(directory, 0, 200, 100);
  await write(directory, 200, 230);
  unlinkSync(join(directory, 'segments', '000001.jsonl'));
  const before = readdirSync(directory);
  t.like((await salvage(directory))._unsafeUnwrapErr(), { type: 'journal-damaged', seq: 0 });
  t.deepEqual(readdirSync(directory), before);
});

const steps = [
  'salvage-written',
  'next-made',
  'next-filled',
  'next-closed',
  'next-synced',
  'anchor-aside',
  'next-ready',
  'old-aside',
  'swapped',
  'anchored',
];
const killed = test.macro({
  exec: async (t, step: string) => {
    const directory = temporaryDirectory(t);
    await write(directory, 0, 100);
    await hole(directory);
    const repairing = spawnJournal('repair', directory, step);
    await repairing.ended;
    // What a crash left is repaired once more where that is needed, and only there.
    const isRepaired = (await openJournal(journalOptions(directory)))
      .map((journal) => journal.close())
      .isOk();
    if (!isRepaired) await repaired(directory);
    const journal = await opened(directory);
    t.deepEqual(await told(journal), ['JournalCreated', ...numbers(0, 40), 'JournalRepaired']);
    await journal.close();
    t.true(await isSound(directory));
    const databases = readdirSync(directory).filter((name) => /^db(?!\.next$)/.test(name));
    t.is(databases.length, 2, databases.join());
  },
  title: (_, step: string) => `a repair that is killed after ${step} ends the same`,
});
for (const step of steps) test(killed, step);
