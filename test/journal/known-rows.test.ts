import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { err } from 'neverthrow';
import type { Draft, Entry } from '../../src/journal/entry.ts';
import type { Journal } from '../../src/journal/journal.ts';
import type { KeyedProjection, Projection } from '../../src/journal/projection.ts';
import type { JournalFailure } from '../../src/model/failure.ts';
import type { Store } from '../../src/journal/store.ts';
import { verifyJournal } from '../../src/journal/verify.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { opened } from './journal-options.ts';

/** How often a remark was made; one that is taken back is forgotten. */
const counts: KeyedProjection<{ readonly times: number; readonly padding: string }> = {
  name: 'count',
  version: 1,
  keyOf: ({ event }) => {
    if (event.type === 'OddityFound') return event.detail;
    return event.type === 'ItemVanished' ? event.item.slice('logs:'.length) : undefined;
  },
  apply: (row, { event }) =>
    event.type === 'ItemVanished' ? undefined : { times: (row?.times ?? 0) + 1, padding: 'x'.repeat(200) },
};

const folded: Projection<Map<string, number>> = {
  initial: () => new Map(),
  apply: (state, entry: Entry) => {
    const key = counts.keyOf(entry);
    if (key === undefined) return state;
    if (entry.event.type === 'ItemVanished') state.delete(key);
    else state.set(key, (state.get(key) ?? 0) + 1);
    return state;
  },
};

function said(from: number, to: number): Draft[] {
  return Array.from({ length: to - from }, (_, index) => ({
    event: { type: 'OddityFound', reason: 'unknown-format', detail: `${from + index}` },
  }));
}

function takenBack(from: number, to: number): Draft[] {
  return Array.from({ length: to - from }, (_, index) => ({
    event: { type: 'ItemVanished', item: `logs:${from + index}` },
  }));
}

async function stored(journal: Journal): Promise<Map<string, number>> {
  const rows = (await journal.rows(counts))._unsafeUnwrap();
  return new Map([...rows].map(([key, { times }]) => [key, times] as const).sort(byKey));
}

async function foldedAll(journal: Journal): Promise<Map<string, number>> {
  return new Map([...(await journal.fold(folded))._unsafeUnwrap()].sort(byKey));
}

function byKey([a]: readonly [string, number], [b]: readonly [string, number]): number {
  return a < b ? -1 : 1;
}

/** Opens with a count of what is asked of the store for rows of ours. */
async function counted(
  directory: string,
): Promise<{ journal: Journal; asked: { one: number; all: number } }> {
  const asked = { one: 0, all: 0 };
  const wrapStore = (store: Store): Store => ({
    ...store,
    get: (key) => {
      if (key.startsWith('p!count!')) asked.one += 1;
      return store.get(key);
    },
    keys: (range) => {
      if (range.gte === 'p!count!') asked.all += 1;
      return store.keys(range);
    },
  });
  const journal = await opened(directory, { inline: [counts], seams: { reserveBytes: 4096, wrapStore } });
  return { journal, asked };
}

test('rows are what their entries make of them, also of those that the writer had to learn of', async (t) => {
  const directory = temporaryDirectory(t);
  const first = await counted(directory);
  await first.journal.append(said(0, 20_000));
  await first.journal.append(said(0, 500));
  await first.journal.append(takenBack(100, 300));
  await first.journal.append(said(200, 250));
  // None was there: none is looked for, but those that were written long ago, and those that went.
  t.is(first.asked.one, 550);
  t.deepEqual(await stored(first.journal), await foldedAll(first.journal));
  await first.journal.close();

  const again = await counted(directory);
  await again.journal.append(said(19_000, 30_000));
  t.is(again.asked.all, 1);
  t.true(again.asked.one < 4000, `${again.asked.one} rows were read`);
  await again.journal.append(said(100, 400));
  await again.journal.append(takenBack(0, 50));
  await again.journal.append(said(25, 75));
  const found = await stored(again.journal);
  t.deepEqual(found, await foldedAll(again.journal));
  t.is(found.get('19500'), 2);
  t.deepEqual((await verifyJournal(again.journal, [counts]))._unsafeUnwrap().findings, []);
  await again.journal.close();
});

test('only what the entries of a batch made is given them to change in place', async (t) => {
  let batch = 0;
  const madeIn = new WeakMap<object, number>();
  const given = { own: 0, others: 0, foreign: 0 };
  const marks: KeyedProjection<{ readonly times: number }> = {
    name: 'mark',
    version: 1,
    keyOf: ({ event }) => ('detail' in event || event.type === 'QuarantineOrphanFound' ? 'one' : undefined),
    apply: (row, { event }, isOwn = false) => {
      if (row === undefined) given.others += 1;
      else if (!isOwn) given.others += 1;
      else if (madeIn.get(row) === batch) given.own += 1;
      else given.foreign += 1;
      if (row !== undefined && event.type === 'QuarantineOrphanFound') return row;
      const next = { times: (row?.times ?? 0) + 1 };
      madeIn.set(next, batch);
      return next;
    },
  };
  const journal = await opened(temporaryDirectory(t), { inline: [marks], seams: { reserveBytes: 4096 } });
  const leftAsItWas: Draft = { event: { type: 'QuarantineOrphanFound', path: '/q' } };
  for (const drafts of [said(0, 3), [leftAsItWas, leftAsItWas, ...said(0, 2)], said(0, 1)]) {
    batch += 1;
    await journal.append(drafts);
  }
  t.deepEqual(given, { own: 3, others: 5, foreign: 0 });
  t.deepEqual((await journal.row(marks, 'one'))._unsafeUnwrap(), { times: 6 });
  await journal.close();
});

test('a few entries on top of many rows do not read them all', async (t) => {
  const directory = temporaryDirectory(t);
  const first = await counted(directory);
  await first.journal.append(said(0, 2000));
  await first.journal.close();
  const again = await counted(directory);
  for (let next = 2000; next < 2050; next += 1) await again.journal.append(said(next, next + 1));
  t.deepEqual(again.asked, { one: 50, all: 0 });
  await again.journal.close();
});

test('keys that cannot be read are a failed append, and it is made up for', async (t) => {
  const directory = temporaryDirectory(t);
  const first = await counted(directory);
  await first.journal.append(said(0, 20));
  await first.journal.close();
  const broken: JournalFailure = { type: 'journal-unavailable', path: '/', code: 'EIO', detail: 'broken' };
  let failed = 0;
  const wrapStore = (store: Store): Store => ({
    ...store,
    keys: async function* (range) {
      failed += 1;
      if (failed > 1) yield* store.keys(range);
      else yield err(broken);
    },
  });
  const journal = await opened(directory, { inline: [counts], seams: { reserveBytes: 4096, wrapStore } });
  await journal.append(said(0, 5));
  t.is((await journal.append(said(0, 20)))._unsafeUnwrap().length, 20);
  t.true(failed > 0);
  t.deepEqual(await stored(journal), await foldedAll(journal));
  t.deepEqual((await verifyJournal(journal, [counts]))._unsafeUnwrap().findings, []);
  await journal.close();
});

test('what is left in the log after closing needs no more room to be opened than ever', async (t) => {
  const directory = temporaryDirectory(t);
  const { journal } = await counted(directory);
  // Less than what is merged while it is written.
  await journal.append(said(0, 2500));
  const logBytes = (): number =>
    readdirSync(join(directory, 'db'))
      .filter((name) => name.endsWith('.log'))
      .reduce((sum, name) => sum + statSync(join(directory, 'db', name)).size, 0);
  t.true(logBytes() > 1024 * 1024, `${logBytes()} bytes`);
  await journal.close();
  t.true(logBytes() < 64 * 1024, `${logBytes()} bytes`);
  const again = await counted(directory);
  t.is((await stored(again.journal)).size, 2500);
  await again.journal.close();
});
