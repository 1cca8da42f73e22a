import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Draft } from '../../src/journal/entry.ts';
import { intentPages, withIntents } from '../../src/journal/intents.ts';
import type { Journal, JournalReader } from '../../src/journal/journal.ts';
import type { KeyedProjection } from '../../src/journal/projection.ts';
import { openSnapshot } from '../../src/journal/snapshot.ts';
import { verifyJournal } from '../../src/journal/verify.ts';
import { inlineProjections } from '../../src/projections/inline.ts';
import { openOperations, type OpenOperation } from '../../src/projections/open-operations.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { inOp, intended } from '../projections/entries.ts';
import { noonMs, opened, remarks } from './journal-options.ts';

const began = (from: number, to: number): Draft[] =>
  Array.from({ length: to - from }, (_, index) =>
    inOp('run', `${from + index}`, intended(`${from + index}`, 7)),
  );

async function operations(journal: Pick<JournalReader, 'rows'>): Promise<readonly OpenOperation[]> {
  return [...(await journal.rows(openOperations))._unsafeUnwrap().values()];
}

/** Names of the items that intents were found of, each with its operation's. */
async function foundOf(journal: JournalReader, of: readonly OpenOperation[]): Promise<readonly string[]> {
  const whole = (await withIntents(journal, of))._unsafeUnwrap();
  return whole.map(({ op, intent }) => `${op} ${intent.name}`);
}

const namesOf = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `op-${from + index} ${from + index}`);

test('an operation is told with the intent that it began with, in the order in which they began', async (t) => {
  const directory = temporaryDirectory(t);
  await using journal = await opened(directory);
  (await journal.append(began(0, 5)))._unsafeUnwrap();
  (await journal.append(remarks(0, 300)))._unsafeUnwrap();
  (await journal.append(began(5, 1500)))._unsafeUnwrap();
  const rows = await operations(journal);
  t.deepEqual(await foundOf(journal, rows.toReversed()), namesOf(0, 1500));
  t.deepEqual(await foundOf(journal, []), []);
  const some = rows.filter(({ op }) => op === 'op-3' || op === 'op-1207');
  t.deepEqual(await foundOf(journal, some), ['op-3 3', 'op-1207 1207']);
});

test('of intents that lie sealed each segment is read once', async (t) => {
  const directory = temporaryDirectory(t);
  const sealing = { entries: 1, segmentBytes: 40_000 };
  const mixed = async (from: number, to: number): Promise<void> => {
    const journal = await opened(directory, { sealing });
    for (let at = from; at < to; at += 1) {
      (await journal.append(began(at, at + 1)))._unsafeUnwrap();
      (await journal.append(remarks(at * 100, at * 100 + 90)))._unsafeUnwrap();
    }
    await journal.close();
  };
  await mixed(0, 5);
  await mixed(5, 8);
  await using reader = (await openSnapshot(directory))._unsafeUnwrap();
  const { segments } = reader;
  t.true(segments.length > 2);
  const ranges: { from?: number; to?: number }[] = [];
  const watched = {
    directory: reader.directory,
    segments,
    stored: (range: { from?: number; to?: number } = {}) => {
      ranges.push(range);
      return reader.stored(range);
    },
  };
  const rows = await operations(reader);
  t.is((await withIntents(watched, rows))._unsafeUnwrap().length, 8);
  for (const { from, to } of segments) {
    const within = ranges.filter((range) => (range.from ?? 0) <= to && (range.to ?? 0) >= from);
    t.true(within.length <= 1, `${from} to ${to}`);
  }
  t.deepEqual(await foundOf(reader, rows), namesOf(0, 8));
});

const wrong: Readonly<Record<string, (row: OpenOperation) => OpenOperation>> = {
  'the intent of another operation': (row) => ({ ...row, intentSeq: row.intentSeq - 1 }),
  'no intent': (row) => ({ ...row, intentSeq: row.intentSeq + 1 }),
  'not there': (row) => ({ ...row, intentSeq: 99 }),
};
for (const [what, alter] of Object.entries(wrong)) {
  test(`an operation whose intent's entry is ${what} is damage, not an operation without one`, async (t) => {
    await using journal = await opened(temporaryDirectory(t));
    (await journal.append([...began(0, 3), ...remarks(0, 3)]))._unsafeUnwrap();
    const rows = (await operations(journal)).map((row) => (row.op === 'op-2' ? alter(row) : row));
    const pages: unknown[] = [];
    for await (const page of intentPages(journal, rows)) {
      if (page.isOk()) for (const { op, intent } of page.value) t.is(op, `op-${intent.name}`);
      pages.push(page.isErr() ? page.error : 'found');
    }
    t.like(pages.at(-1), { type: 'journal-damaged', detail: 'it is not what operation op-2 began with' });
  });
}

test('an intent that was altered on the disk is not believed', async (t) => {
  const directory = temporaryDirectory(t);
  const sealing = { entries: 1 };
  for (const drafts of [began(0, 30), remarks(0, 1)]) {
    const journal = await opened(directory, { sealing });
    (await journal.append(drafts))._unsafeUnwrap();
    await journal.close();
  }
  await using reader = (await openSnapshot(directory))._unsafeUnwrap();
  const rows = await operations(reader);
  t.is((await withIntents(reader, rows))._unsafeUnwrap().length, 30);
  const segment = join(directory, 'segments', '000001.jsonl');
  writeFileSync(segment, readFileSync(segment, 'utf8').replace('"name":"17"', '"name":"18"'));
  const seventeen = rows.filter(({ op }) => op === 'op-17');
  t.like((await withIntents(reader, seventeen))._unsafeUnwrapErr(), { type: 'journal-damaged' });
});

/** As it was stored before: with the intent, and without its number of bytes. */
const version2: KeyedProjection<unknown> = {
  ...openOperations,
  version: 2,
  apply: (row, entry) => {
    const { event } = entry;
    const now = openOperations.apply(row as OpenOperation | undefined, entry);
    if (now === undefined) return undefined;
    const { bytes: _, ...rest } = now;
    const intent = event.type === 'RemovalIntended' ? event : (row as { intent: unknown }).intent;
    return { ...rest, intent };
  },
};
const old = inlineProjections.map((projection) => (projection === openOperations ? version2 : projection));

test('rows that hold the intent themselves are read and made anew as those that do not', async (t) => {
  const directory = temporaryDirectory(t);
  const drafts = [
    ...began(0, 40),
    inOp('run', '7', { type: 'ItemQuarantined', item: 'logs:/root/7', heldUntilMs: noonMs }),
  ];
  const before = await opened(directory, { inline: old });
  (await before.append(drafts))._unsafeUnwrap();
  t.true('intent' in ((await before.rows(version2))._unsafeUnwrap().get('op-7') as object));
  await before.close();

  const check = async (journal: JournalReader): Promise<void> => {
    const rows = await operations(journal);
    t.is(rows.length, 40);
    t.false(rows.some((row) => 'intent' in row));
    t.like(
      rows.find(({ op }) => op === 'op-7'),
      { state: 'quarantined', bytes: 7, heldUntilMs: noonMs },
    );
    t.deepEqual(await foundOf(journal, rows), namesOf(0, 40));
  };
  const snapshot = (await openSnapshot(directory))._unsafeUnwrap();
  await check(snapshot);
  await snapshot.close();
  const journal: Journal = await opened(directory);
  await check(journal);
  t.deepEqual((await verifyJournal(journal, inlineProjections))._unsafeUnwrap().findings, []);
  await journal.close();
});
