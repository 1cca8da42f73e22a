import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { Level } from 'level';
import test from 'ava';
import type { JournalReader } from '../../src/journal/journal.ts';
import { openJournal } from '../../src/journal/open.ts';
import { openSnapshot } from '../../src/journal/snapshot.ts';
import { supportedFormat } from '../../src/journal/upcast.ts';
import { verifyJournal } from '../../src/journal/verify.ts';
import { inlineProjections } from '../../src/projections/inline.ts';
import { openOperations } from '../../src/projections/open-operations.ts';
import { repositoryTop } from '../helpers/run-prodigy.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import type { Teardown } from '../helpers/temporary.ts';
import { journalOptions, noonMs, opened, remark } from './journal-options.ts';
import { spawnJournal } from './spawn-journal.ts';

/** Every format that was ever written has a journal here, made by the version that wrote it, and what it said then. */
const fixtures = join(repositoryTop(), 'test', 'fixtures');

function fixture(
  t: Teardown,
  format: number,
): { readonly directory: string; readonly texts: readonly string[] } {
  const directory = temporaryDirectory(t);
  const from = join(fixtures, `journal-format-${format}`);
  cpSync(from, directory, { recursive: true });
  rmSync(join(directory, 'entries.jsonl'));
  const texts = readFileSync(join(from, 'entries.jsonl'), 'utf8').trimEnd().split('\n');
  return { directory, texts };
}

async function textsOf(reader: JournalReader): Promise<string[]> {
  const texts: string[] = [];
  for await (const page of reader.stored()) texts.push(...page._unsafeUnwrap().map(({ text }) => text));
  return texts;
}

const formats = Array.from({ length: supportedFormat }, (_, index) => index + 1);

test('there is a frozen journal of every format', (t) => {
  t.deepEqual(
    readdirSync(fixtures)
      .filter((name) => name.startsWith('journal-format-'))
      .sort(),
    formats.map((format) => `journal-format-${format}`),
  );
});

for (const format of formats) {
  test(`a journal of format ${format} is read as it is, to the letter`, async (t) => {
    const { directory, texts } = fixture(t, format);
    const snapshot = (await openSnapshot(directory))._unsafeUnwrap();
    t.deepEqual(await textsOf(snapshot), texts);
    t.deepEqual((await verifyJournal(snapshot, inlineProjections))._unsafeUnwrap(), {
      entries: texts.length,
      findings: [],
    });
    for await (const entry of snapshot.entries({ reverse: true })) t.true(entry.isOk());
    await snapshot.close();
  });
}

test('a journal of an older format is copied forward when it is opened, and keeps every entry', async (t) => {
  const { directory, texts } = fixture(t, 1);
  const before = (await openSnapshot(directory))._unsafeUnwrap();
  const open = (await before.rows(openOperations))._unsafeUnwrap();
  t.true(open.size > 0);
  await before.close();

  const journal = await opened(directory);
  t.deepEqual((await textsOf(journal)).slice(0, -1), texts);
  const last: unknown[] = [];
  for await (const entry of journal.entries({ from: texts.length })) last.push(entry._unsafeUnwrap().event);
  t.like(last, [{ type: 'JournalMigrated', from: 1, to: supportedFormat, count: texts.length }]);
  t.deepEqual(
    Object.fromEntries((await journal.rows(openOperations))._unsafeUnwrap()),
    Object.fromEntries(open),
  );
  t.is(journal.head.runs, before.head.runs);
  t.deepEqual((await verifyJournal(journal, inlineProjections))._unsafeUnwrap().findings, []);
  (await journal.append([remark('after')]))._unsafeUnwrap();
  await journal.close();

  t.deepEqual(databases(directory), ['db', 'db.old-1']);
  const again = await opened(directory);
  t.is(again.head.seq, texts.length + 1);
  await again.close();
});

const databases = (directory: string): string[] =>
  readdirSync(directory)
    .filter((name) => name.startsWith('db'))
    .sort();

test('the old database is kept for thirty days', async (t) => {
  const { directory } = fixture(t, 1);
  await (await opened(directory)).close();
  const days = (count: number) => ({ clock: () => noonMs + count * 24 * 60 * 60 * 1000 });
  const old = join(directory, 'db.old-1');
  utimesSync(old, noonMs / 1000, noonMs / 1000);
  await (await opened(directory, days(29))).close();
  t.true(existsSync(old));
  await (await opened(directory, days(31))).close();
  t.false(existsSync(old));
});

const steps = [
  'next-made',
  'next-filled',
  'next-closed',
  'next-synced',
  'next-ready',
  'old-aside',
  'swapped',
];

const killed = test.macro({
  exec: async (t, step: string) => {
    const { directory, texts } = fixture(t, 1);
    const migrating = spawnJournal('migrate', directory, step);
    await migrating.ended;
    t.deepEqual(migrating.lines, []);

    const reader = (await openSnapshot(directory))._unsafeUnwrap();
    t.deepEqual((await textsOf(reader)).slice(0, texts.length), texts);
    await reader.close();
    const journal = await opened(directory);
    const all = await textsOf(journal);
    t.deepEqual(all.slice(0, -1), texts);
    t.regex(all.at(-1) ?? '', /"JournalMigrated"/);
    t.deepEqual((await verifyJournal(journal, inlineProjections))._unsafeUnwrap().findings, []);
    await journal.close();
    t.deepEqual(
      databases(directory).filter((name) => name !== 'db.next'),
      ['db', 'db.old-1'],
    );
  },
  title: (_, step: string) => `a migration that is killed after ${step} ends the same`,
});
for (const step of steps) test(killed, step);

test('an older journal that is damaged is not copied forward', async (t) => {
  const { directory } = fixture(t, 1);
  const level = new Level(join(directory, 'db'));
  const value = (await level.get('e!0000000000000007')) ?? '';
  await level.put('e!0000000000000007', `${value.slice(0, -1)} }`);
  await level.close();
  const failed = (await openJournal(journalOptions(directory)))._unsafeUnwrapErr();
  t.like(failed, { type: 'journal-damaged', seq: 7 });
  t.deepEqual(databases(directory), ['db']);
});

test('a name that is taken is not overwritten', async (t) => {
  const { directory } = fixture(t, 1);
  mkdirSync(join(directory, 'db.old-1'));
  await (await opened(directory)).close();
  t.deepEqual(databases(directory), ['db', 'db.old-1', 'db.old-1.2']);
});
