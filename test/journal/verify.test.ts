import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Level } from 'level';
import test from 'ava';
import type { KeyedProjection } from '../../src/journal/projection.ts';
import { openJournal } from '../../src/journal/open.ts';
import { repair } from '../../src/journal/repair.ts';
import { salvage } from '../../src/journal/salvage.ts';
import { openSnapshot } from '../../src/journal/snapshot.ts';
import { verifyJournal } from '../../src/journal/verify.ts';
import { inlineProjections } from '../../src/projections/inline.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { journalOptions, opened, remarks, written } from './journal-options.ts';

/** Counts remarks by their last digit. */
const counts = (version: number, step = 1): KeyedProjection<number> => ({
  name: 'count',
  version,
  keyOf: ({ event }) => (event.type === 'OddityFound' ? event.detail.slice(-1) : undefined),
  apply: (row, { seq }) => (seq === 13 ? undefined : (row ?? 0) + step),
});
const inline = (version: number, step?: number): readonly KeyedProjection<unknown>[] => [
  counts(version, step),
];

async function edit(directory: string, key: string, change: (value: string) => string): Promise<void> {
  const level = new Level(join(directory, 'db'));
  await level.put(key, change((await level.get(key)) ?? ''));
  await level.close();
}

test('rows made anew equal the stored ones, deleted ones included', async (t) => {
  const journal = await opened(temporaryDirectory(t), { inline: inline(1) });
  for (let from = 0; from < 100; from += 7) await journal.append(remarks(from, from + 7));
  const rows = (await journal.rows(counts(1)))._unsafeUnwrap();
  t.is(rows.get('0'), 11);
  t.is(rows.get('2'), 9);
  t.is((await journal.row(counts(1), '0'))._unsafeUnwrap(), 11);
  t.is((await journal.row(counts(1), 'x'))._unsafeUnwrap(), undefined);
  t.deepEqual((await verifyJournal(journal, inline(1)))._unsafeUnwrap().findings, []);
  await journal.close();
});

test('rows of another version are made anew at opening', async (t) => {
  const directory = temporaryDirectory(t);
  const first = await opened(directory, { inline: inline(1) });
  await first.append(remarks(0, 50));
  await first.close();
  const second = await opened(directory, { inline: inline(2, 10) });
  t.is((await second.row(counts(2, 10), '0'))._unsafeUnwrap(), 50);
  t.deepEqual((await verifyJournal(second, inline(2, 10)))._unsafeUnwrap().findings, []);
  await second.close();
});

test('rows that missed entries are made anew', async (t) => {
  const directory = temporaryDirectory(t);
  await (await opened(directory, { inline: inline(1) })).close();
  const without = await opened(directory, { inline: [] });
  await without.append(remarks(0, 20));
  t.is((await without.row(counts(1), '0'))._unsafeUnwrap(), 2);
  await without.close();
  const snapshot = (await openSnapshot(directory))._unsafeUnwrap();
  t.is((await snapshot.rows(counts(1)))._unsafeUnwrap().get('0'), 2);
  await snapshot.close();
  const again = await opened(directory, { inline: inline(1) });
  t.is((await again.row(counts(1), '0'))._unsafeUnwrap(), 2);
  await again.close();
});

test('a stored row that was tampered with is found', async (t) => {
  const directory = temporaryDirectory(t);
  const journal = await opened(directory, { inline: inline(1) });
  await journal.append(remarks(0, 20));
  await journal.close();
  await edit(directory, 'p!count!5', () => '99');
  t.true((await openJournal(journalOptions(directory, { inline: inline(1) }))).isErr());
  const again = (await openSnapshot(directory))._unsafeUnwrap();
  t.like((await verifyJournal(again, inline(1)))._unsafeUnwrap().findings, [
    { type: 'rows-damaged', projection: 'count' },
  ]);
  t.like((await again.rows(counts(1)))._unsafeUnwrapErr(), { type: 'journal-damaged' });
  t.like((await again.row(counts(1), '0'))._unsafeUnwrapErr(), { type: 'journal-damaged' });
  await again.close();
});

test('a stored row that is lost is found at opening', async (t) => {
  const directory = temporaryDirectory(t);
  const journal = await opened(directory, { inline: inline(1) });
  await journal.append(remarks(0, 20));
  await journal.close();
  const level = new Level(join(directory, 'db'));
  await level.del('p!count!5');
  await level.close();
  const failed = (await openJournal(journalOptions(directory, { inline: inline(1) })))._unsafeUnwrapErr();
  t.like(failed, { type: 'journal-damaged' });
});

test('rows that say something else than the entries are found, though they add up', async (t) => {
  const directory = temporaryDirectory(t);
  const journal = await opened(directory, { inline: inline(1) });
  await journal.append(remarks(0, 20));
  t.deepEqual((await verifyJournal(journal, inline(1, 2)))._unsafeUnwrap().findings.length, 9);
  await journal.close();
});

test('an edited entry far from the end is found, and named', async (t) => {
  const directory = temporaryDirectory(t);
  await written(directory, 3000);
  await edit(directory, 'e!0000000000000042', (value) => value.replace('"41"', '"14"'));
  t.like((await openJournal(journalOptions(directory)))._unsafeUnwrapErr(), { seq: 42 });
  const again = (await openSnapshot(directory))._unsafeUnwrap();
  const { entries, findings } = (await verifyJournal(again, []))._unsafeUnwrap();
  t.is(entries, 42);
  t.like(findings, [{ type: 'entry-damaged', seq: 42 }]);
  t.true((await again.fold({ initial: () => 0, apply: (sum) => sum + 1 })).isErr());
  await again.close();
});

test('an identity that does not say what the journal began with is found, byte by byte, and repaired', async (t) => {
  const directory = temporaryDirectory(t);
  await (await opened(directory)).close();
  const path = join(directory, 'identity.json');
  const whole = readFileSync(path, 'utf8');
  const changes: Readonly<Record<string, (text: string) => string>> = {
    createdAt: (text) => text.replace('2026-', '2126-'),
    format: (text) => text.replace('"format":2', '"format":3'),
    host: (text) => text.replace('"here"', '"hera"'),
  };
  for (const [what, change] of Object.entries(changes)) {
    t.not(change(whole), whole, what);
    writeFileSync(path, change(whole));
    await using snapshot = (await openSnapshot(directory))._unsafeUnwrap();
    const { findings } = (await verifyJournal(snapshot, inlineProjections))._unsafeUnwrap();
    t.like(findings, [{ type: 'identity-differs' }], what);
    const salvaged = (await salvage(directory))._unsafeUnwrap();
    (await repair(directory, salvaged, () => [], journalOptions(directory)))._unsafeUnwrap();
    t.is(readFileSync(path, 'utf8'), whole, what);
    await using again = (await openSnapshot(directory))._unsafeUnwrap();
    t.deepEqual((await verifyJournal(again, inlineProjections))._unsafeUnwrap().findings, [], what);
  }
});

test('a flipped bit in any file of the database is found, or changed nothing', async (t) => {
  const whole = temporaryDirectory(t);
  await written(whole, 3000);
  await (await opened(whole)).close();
  const database = join(whole, 'db');
  const files = readdirSync(database).filter((name) => /\.(ldb|log)$|^MANIFEST/.test(name));
  let found = 0;
  for (const name of files) {
    const bytes = readFileSync(join(database, name));
    for (let part = 1; part < 10 && bytes.length > 0; part += 1) {
      const at = Math.floor((bytes.length * part) / 10);
      const flipped = Buffer.from(bytes);
      flipped.writeUInt8(flipped.readUInt8(at) ^ 4, at);
      writeFileSync(join(database, name), flipped);
      if (!(await isSound(whole))) found += 1;
    }
    writeFileSync(join(database, name), bytes);
  }
  t.true(found > 0);
  t.true(await isSound(whole));
});

/** `false` when the damage is told. What is read as sound must be what was written. */
async function isSound(directory: string): Promise<boolean> {
  const snapshot = await openSnapshot(directory);
  if (snapshot.isErr()) return false;
  await using reader = snapshot.value;
  const verified = await verifyJournal(reader, []);
  if (verified.isErr() || verified.value.findings.length > 0) return false;
  const texts: string[] = [];
  for await (const entry of reader.entries({ from: 1 })) {
    const event = entry.isOk() ? entry.value.event : undefined;
    if (event?.type === 'OddityFound') texts.push(event.detail);
  }
  if (texts.length !== 3000 || texts.some((text, index) => text !== `${index}`))
    throw new Error('damage not told');
  return true;
}
