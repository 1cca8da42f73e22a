import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Level } from 'level';
import { ok } from 'neverthrow';
import test from 'ava';
import { readAnchor } from '../../src/journal/anchor.ts';
import { openJournal } from '../../src/journal/open.ts';
import type { JournalReader, JournalOptions } from '../../src/journal/journal.ts';
import { highHeadKey, lowHeadKey } from '../../src/journal/key.ts';
import { repair } from '../../src/journal/repair.ts';
import { salvage } from '../../src/journal/salvage.ts';
import { segmentRows } from '../../src/journal/segment.ts';
import { noRows, parseState, stateText, sumOf, type RowSums } from '../../src/journal/state.ts';
import { supportedFormat } from '../../src/journal/upcast.ts';
import { openSnapshot } from '../../src/journal/snapshot.ts';
import { verifyJournal } from '../../src/journal/verify.ts';
import { inlineProjections } from '../../src/projections/inline.ts';
import { lastOddity } from '../../src/projections/last-oddity.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { journalOptions, noonMs, opened, remark, remarks } from './journal-options.ts';
import { spawnJournal } from './spawn-journal.ts';

const soon: Partial<JournalOptions> = { sealing: { entries: 100 } };

/** Opens, appends remarks with these numbers, closes. */
async function write(
  directory: string,
  from: number,
  to: number,
  more: Partial<JournalOptions> = soon,
): Promise<void> {
  const journal = await opened(directory, more);
  (await journal.append(remarks(from, to)))._unsafeUnwrap();
  await journal.close();
}

async function told(reader: JournalReader, range?: object): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of reader.entries(range)) {
    const { event } = entry._unsafeUnwrap();
    if (event.type === 'OddityFound') found.push(event.detail);
  }
  return found;
}

const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `${from + index}`);

async function liveEntries(directory: string): Promise<number> {
  const level = new Level(join(directory, 'db'));
  const keys = await level.keys({ gte: 'e!', lt: 'e"' }).all();
  await level.close();
  return keys.length;
}

test('a full database is sealed by one run and trimmed by the next; readers read on as if nothing were', async (t) => {
  const directory = temporaryDirectory(t);
  await write(directory, 0, 250);
  t.deepEqual(readdirSync(join(directory, 'segments')).sort(), ['000001.jsonl', '000001.sha256']);
  t.is(await liveEntries(directory), 252);
  await write(directory, 250, 260);
  t.is(await liveEntries(directory), 11);

  const snapshot = (await openSnapshot(directory))._unsafeUnwrap();
  t.deepEqual(await told(snapshot), numbers(0, 260));
  t.deepEqual(await told(snapshot, { reverse: true }), numbers(0, 260).reverse());
  t.deepEqual(await told(snapshot, { from: 245, to: 255 }), numbers(244, 254));
  t.deepEqual(await told(snapshot, { from: 10, to: 12, reverse: true }), ['11', '10', '9']);
  t.is((await snapshot.fold({ initial: () => 0, apply: (sum) => sum + 1 }))._unsafeUnwrap(), 262);
  t.is((await snapshot.rows(lastOddity))._unsafeUnwrap().size, 260);
  t.deepEqual((await verifyJournal(snapshot, inlineProjections))._unsafeUnwrap(), {
    entries: 262,
    findings: [],
  });
  await snapshot.close();
});

test('a segment is plain JSON lines with its sum beside it', async (t) => {
  const directory = temporaryDirectory(t);
  await write(directory, 0, 150);
  const lines = readFileSync(join(directory, 'segments', '000001.jsonl'), 'utf8')
    .trimEnd()
    .split('\n');
  t.is(lines.length, 151);
  t.like(JSON.parse(lines[7] ?? ''), { entry: { seq: 7, type: 'OddityFound', data: { detail: '6' } } });
  const sum = spawnSync('sha256sum', ['--check', '000001.sha256'], { cwd: join(directory, 'segments') });
  if (sum.error === undefined) t.is(sum.status, 0);
});

test('a sealed entry may be longer than what is read of its segment at a time', async (t) => {
  const directory = temporaryDirectory(t);
  const details = ['short', 'x'.repeat(1024 * 1024), 'é'.repeat(2 * 1024 * 1024), 'last'];
  const journal = await opened(directory, soon);
  (await journal.append([...details.map(remark), ...remarks(0, 120)]))._unsafeUnwrap();
  await journal.close();
  await write(directory, 120, 121);
  await using snapshot = (await openSnapshot(directory))._unsafeUnwrap();
  t.is(snapshot.segments.length, 1);
  const found = await told(snapshot, { from: 1, to: 30 });
  t.deepEqual(found, [...details, ...numbers(0, 26)]);
  t.deepEqual((await told(snapshot, { from: 1, to: 30, reverse: true })).toReversed(), found);
});

test('many segments and runs keep the database small and everything readable', async (t) => {
  const directory = temporaryDirectory(t);
  for (let run = 0; run < 30; run += 1) await write(directory, run * 40, run * 40 + 40, soon);
  t.true((await liveEntries(directory)) <= 200);
  t.true(readdirSync(join(directory, 'segments')).length >= 10);
  const snapshot = (await openSnapshot(directory))._unsafeUnwrap();
  t.deepEqual(await told(snapshot), numbers(0, 1200));
  t.deepEqual((await verifyJournal(snapshot, inlineProjections))._unsafeUnwrap().findings, []);
  await snapshot.close();
});

test('a long stretch is sealed in several segments', async (t) => {
  const directory = temporaryDirectory(t);
  const small = { sealing: { entries: 100, segmentBytes: 20_000 } };
  await write(directory, 0, 500, small);
  await write(directory, 500, 510, small);
  t.true(readdirSync(join(directory, 'segments')).length >= 8);
  const journal = await opened(directory);
  t.deepEqual(await told(journal), numbers(0, 510));
  t.deepEqual((await verifyJournal(journal, inlineProjections))._unsafeUnwrap().findings, []);
  await journal.close();
});

test('entries of more than thirty days are sealed, however few', async (t) => {
  const directory = temporaryDirectory(t);
  await write(directory, 0, 3, {});
  const later = { clock: () => noonMs + 31 * 24 * 60 * 60 * 1000 };
  await write(directory, 3, 4, later);
  await write(directory, 4, 5, later);
  t.is(await liveEntries(directory), 2);
});

const busy: Partial<JournalOptions> = {
  inline: [
    {
      name: 'busy',
      version: 1,
      isWork: true,
      keyOf: ({ event }) => (event.type === 'OddityFound' ? 'one' : undefined),
      apply: () => true,
    },
  ],
};

test('while an operation is open sealing waits for ten times as many entries, but not for ever', async (t) => {
  const directory = temporaryDirectory(t);
  const more = { ...busy, sealing: { entries: 10 } };
  await write(directory, 0, 90, more);
  t.false(readdirSync(directory).includes('segments'));
  await write(directory, 90, 110, more);
  t.true(readdirSync(directory).includes('segments'));
});

test('while an operation is open sealing waits for twice as many days', async (t) => {
  const directory = temporaryDirectory(t);
  const after = (days: number): Partial<JournalOptions> => ({
    ...busy,
    clock: () => noonMs + days * 24 * 60 * 60 * 1000,
  });
  await write(directory, 0, 3, after(0));
  await write(directory, 3, 4, after(59));
  t.false(readdirSync(directory).includes('segments'));
  await write(directory, 4, 5, after(61));
  t.true(readdirSync(directory).includes('segments'));
});

test('rows that are made anew are made from sealed entries, too', async (t) => {
  const directory = temporaryDirectory(t);
  await write(directory, 0, 150, { ...soon, inline: [] });
  await write(directory, 150, 160, { ...soon, inline: [] });
  const journal = await opened(directory);
  t.is((await journal.rows(lastOddity))._unsafeUnwrap().size, 160);
  t.deepEqual((await verifyJournal(journal, inlineProjections))._unsafeUnwrap().findings, []);
  await journal.close();
});

test('a segment that is not what was sealed is not trimmed by, but made again', async (t) => {
  const directory = temporaryDirectory(t);
  await write(directory, 0, 150);
  const path = join(directory, 'segments', '000001.jsonl');
  const whole = readFileSync(path, 'utf8');
  writeFileSync(path, whole.replace('"77"', '"78"'));
  await write(directory, 150, 160);
  t.is(readFileSync(path, 'utf8'), whole);
  const [aside = ''] = readdirSync(join(directory, 'segments')).filter((name) => name.includes('.replaced-'));
  t.is(readFileSync(join(directory, 'segments', aside), 'utf8'), whole.replace('"77"', '"78"'));
  t.is(await liveEntries(directory), 11);
});

const damages: Readonly<Record<string, (path: string) => void>> = {
  'an edited line': (path) => writeFileSync(path, readFileSync(path, 'utf8').replace('"77"', '"78"')),
  'a missing line': (path) => writeFileSync(path, readFileSync(path, 'utf8').replace(/^.*"77".*\n/m, '')),
  'a missing end': (path) => writeFileSync(path, readFileSync(path, 'utf8').slice(0, -2000)),
  'something after the end': (path) => writeFileSync(path, 'x\n', { flag: 'a' }),
  'a missing file': unlinkSync,
};
const damaged = test.macro({
  exec: async (t, what: string) => {
    const directory = temporaryDirectory(t);
    await write(directory, 0, 150);
    await write(directory, 150, 160);
    damages[what]?.(join(directory, 'segments', '000001.jsonl'));
    const snapshot = (await openSnapshot(directory))._unsafeUnwrap();
    const { findings } = (await verifyJournal(snapshot, inlineProjections))._unsafeUnwrap();
    t.like(findings[0], { type: 'segment-damaged', segment: 1, seq: 0 });
    const seen: string[] = [];
    for await (const entry of snapshot.entries()) {
      if (entry.isErr()) break;
      if (entry.value.event.type === 'OddityFound') seen.push(entry.value.event.detail);
    }
    t.deepEqual(seen, numbers(0, seen.length));
    await snapshot.close();
    const refused = (await openJournal(journalOptions(directory)))._unsafeUnwrapErr();
    t.like(refused, { type: 'journal-damaged', seq: 0 });
    t.regex(JSON.stringify(refused), /a backup of segments\/000001\.jsonl .* entries #0 to #150 are lost/);
    t.deepEqual(await readAnchor(directory).map((anchor) => anchor?.seq), ok(161));
  },
  title: (_, what: string) => `${what} of a segment is found, nothing false is read, and nothing is written`,
});
for (const what of Object.keys(damages)) test(damaged, what);

/** Lets the database tell of no segment, and of that as if it were in order. */
async function forgetSegments(directory: string, say: (rows: RowSums) => RowSums): Promise<void> {
  const level = new Level(join(directory, 'db'));
  const state = parseState(await level.get(lowHeadKey), supportedFormat);
  if (state === undefined) throw new Error('no state');
  const text = stateText({ ...state, rows: say(state.rows) }, supportedFormat);
  await level.clear({ gt: 'p!segment!', lt: 'p!segment"' });
  for (const key of [lowHeadKey, highHeadKey]) await level.put(key, text);
  await level.close();
}

const forgotten = test.macro({
  exec: async (t, say: (rows: RowSums) => RowSums) => {
    const directory = temporaryDirectory(t);
    await write(directory, 0, 150);
    await write(directory, 150, 160);
    await forgetSegments(directory, say);
    const segment = join(directory, 'segments', '000001.jsonl');
    const sealed = readFileSync(segment, 'utf8');
    const refused = (await openJournal(journalOptions(directory, soon)))._unsafeUnwrapErr();
    t.like(refused, { type: 'journal-damaged', seq: 0 });
    t.is(readFileSync(segment, 'utf8'), sealed);

    const snapshot = (await openSnapshot(directory))._unsafeUnwrap();
    for await (const entry of snapshot.entries())
      t.like(entry._unsafeUnwrapErr(), { type: 'journal-damaged', seq: 0 });
    t.like((await snapshot.fold({ initial: () => 0, apply: (sum) => sum + 1 }))._unsafeUnwrapErr(), {
      seq: 0,
    });
    t.deepEqual(await told(snapshot, { from: 155 }), numbers(153, 160));
    const anchor = { journalId: snapshot.journalId, seq: 70, hash: 'f'.repeat(64) };
    t.like((await verifyJournal(snapshot, inlineProjections, { kept: [anchor] }))._unsafeUnwrap(), {
      entries: 0,
      findings: [
        { type: 'kept-anchor-unread', anchorSeq: 70 },
        { type: 'entry-damaged', seq: 0 },
      ],
    });
    await snapshot.close();

    const salvaged = (await salvage(directory))._unsafeUnwrap();
    (await repair(directory, salvaged, () => [], journalOptions(directory)))._unsafeUnwrap();
    const journal = await opened(directory);
    t.deepEqual(await told(journal), numbers(0, 160));
    t.deepEqual((await verifyJournal(journal, inlineProjections))._unsafeUnwrap().findings, []);
    await journal.close();
  },
  title: (what) => `sealed entries of which ${what} are missing, not left out; and a repair finds them`,
});
test('no row tells', forgotten, (rows) => ({ ...rows, [segmentRows.name]: noRows(segmentRows.version) }));
test('not even a sum tells', forgotten, (rows) =>
  Object.fromEntries(Object.entries(rows).filter(([name]) => name !== segmentRows.name)),
);

test('a row of a segment that says something else than the entries is found', async (t) => {
  const directory = temporaryDirectory(t);
  await write(directory, 0, 150);
  const level = new Level(join(directory, 'db'));
  const key = 'p!segment!000001';
  const row = { ...(JSON.parse((await level.get(key)) ?? '') as object), lastHash: 'f'.repeat(64) };
  const state = parseState(await level.get(lowHeadKey), supportedFormat);
  if (state === undefined) throw new Error('no state');
  const sum = sumOf(segmentRows.version, [['000001', JSON.stringify(row)]]);
  const rows = { ...state.rows, [segmentRows.name]: sum };
  await level.put(key, JSON.stringify(row));
  for (const head of [lowHeadKey, highHeadKey])
    await level.put(head, stateText({ ...state, rows }, supportedFormat));
  await level.close();
  await using snapshot = (await openSnapshot(directory))._unsafeUnwrap();
  t.deepEqual((await verifyJournal(snapshot, inlineProjections))._unsafeUnwrap().findings, [
    { type: 'row-differs', projection: 'segment', key: '000001' },
  ]);
});

test('an anchor that was kept is compared with sealed entries, too', async (t) => {
  const directory = temporaryDirectory(t);
  await write(directory, 0, 150);
  await write(directory, 150, 160);
  const journal = await opened(directory);
  const own = { journalId: journal.journalId, seq: 70, hash: '' };
  for await (const page of journal.stored({ from: 70, to: 70 }))
    own.hash = page._unsafeUnwrap()[0]?.hash ?? own.hash;
  const found = async (hash: string): Promise<unknown> =>
    (await verifyJournal(journal, [], { kept: [{ ...own, hash }] }))._unsafeUnwrap().findings;
  t.deepEqual(await found(own.hash), []);
  t.deepEqual(await found('f'.repeat(64)), [{ type: 'kept-anchor-differs', seq: 70 }]);
  await journal.close();
});

test('an anchor vouches for segments as they are, and for those of a backup once they were read', async (t) => {
  const directory = temporaryDirectory(t);
  await write(directory, 0, 150);
  await write(directory, 150, 160);
  const path = join(directory, 'segments', '000001.jsonl');
  const sumOf = async (): Promise<string | undefined> =>
    (await readAnchor(directory))._unsafeUnwrap()?.segments;
  const first = await sumOf();
  t.is(typeof first, 'string');
  await write(directory, 160, 170);
  t.is(await sumOf(), first);
  const content = readFileSync(path);
  unlinkSync(path);
  t.true((await openJournal(journalOptions(directory))).isErr());
  writeFileSync(path, content);
  await write(directory, 170, 180);
  t.not(await sumOf(), first);
});

const killed = test.macro({
  exec: async (t, step: string) => {
    const directory = temporaryDirectory(t);
    await write(directory, 0, 150, {});
    // Seals at its closing, and what was sealed is trimmed at the next opening.
    for (let tries = 0; tries < 2; tries += 1) {
      const writer = spawnJournal('seal', directory, step);
      await writer.ended;
    }
    const journal = await opened(directory, soon);
    t.deepEqual((await verifyJournal(journal, inlineProjections))._unsafeUnwrap().findings, []);
    t.deepEqual((await told(journal)).slice(0, 150), numbers(0, 150));
    (await journal.append(remarks(500, 620)))._unsafeUnwrap();
    await journal.close();
    const again = await opened(directory, soon);
    t.deepEqual((await verifyJournal(again, inlineProjections))._unsafeUnwrap().findings, []);
    t.true((await told(again)).length >= 270);
    await again.close();
  },
  title: (_, step: string) => `a sealing that is killed after ${step} is whole before and after`,
});
test(killed, 'segment-written');
test(killed, 'segment-sealed');
test(killed, 'segment-verified');
test(killed, 'segment-trimmed');
