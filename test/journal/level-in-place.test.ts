import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, renameSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import test from 'ava';
import * as fc from 'fast-check';
import { openInPlace } from '../../src/journal/level-in-place.ts';
import { parseManifest } from '../../src/journal/level-manifest.ts';
import { openStore } from '../../src/journal/store.ts';
import type { KeyRange, Store, StoreReader, Write } from '../../src/journal/store.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

const names = [
  '',
  'a',
  'a\0',
  'aa',
  'ab',
  'b',
  'e!01',
  'e!02',
  'e!1',
  'z',
  '~',
  'ä',
  '\ud7ff',
  '\uffee',
  '😀',
];
const keys = names.flatMap((name) => ['!', '0', '~'].map((end) => `${name}${end}`));
const key = fc.constantFrom(...keys);

type Step = readonly Write[] | 'merge' | 'reopen';

const write = fc.oneof(
  fc.record({
    type: fc.constant('put' as const),
    key,
    // Long ones fill blocks and tables, short ones are compressed away.
    value: fc
      .tuple(fc.string({ unit: 'grapheme' }), fc.constantFrom(0, 1, 700, 20_000))
      .map(([text, more]) => `${text}${'long '.repeat(more)}${text}`),
  }),
  fc.record({ type: fc.constant('del' as const), key }),
);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.array(write, { minLength: 1, maxLength: 30 }) },
  { weight: 1, arbitrary: fc.constantFrom('merge' as const, 'reopen' as const) },
);
const range = fc
  .record(
    { gte: fc.oneof(fc.constant(''), key), lt: key, lte: key, limit: fc.integer({ min: 1, max: 9 }) },
    {
      requiredKeys: ['gte'],
    },
  )
  .map(({ gte, lt, lte, limit }): KeyRange => {
    const end = lt === undefined ? (lte === undefined ? {} : { lte }) : { lt };
    return { gte, ...end, ...(limit === undefined ? {} : { limit }) };
  });

async function allOf(store: StoreReader, asked: KeyRange, reverse: boolean): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const page of store.pages(asked, reverse)) found.push(...page._unsafeUnwrap());
  return found;
}

test('what is read in place is what LevelDB reads, after whatever was written, deleted and merged', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 25 }),
      fc.array(range, { maxLength: 10 }),
      async (steps: readonly Step[], ranges) => {
        const directory = join(temporaryDirectory(t), 'db');
        let store: Store = (await openStore(directory, { create: true }))._unsafeUnwrap();
        for (const one of steps) {
          if (one === 'merge') await store.compact();
          else if (one === 'reopen') {
            await store.close();
            store = (await openStore(directory, { create: false }))._unsafeUnwrap();
          } else (await store.write(one))._unsafeUnwrap();
        }
        const inPlace = (await openInPlace(directory, directory))._unsafeUnwrap();
        for (const asked of [{ gte: '' }, ...ranges]) {
          for (const reverse of [false, true])
            t.deepEqual(await allOf(inPlace, asked, reverse), await allOf(store, asked, reverse));
        }
        for (const one of keys)
          t.is(inPlace.get(one)._unsafeUnwrap(), store.get(one)._unsafeUnwrap(), JSON.stringify(one));
        t.true((await inPlace.check()).isOk());
        await inPlace.close();
        await store.close();
      },
    ),
    { numRuns: 40 },
  );
});

test('a process that writes and merges all the time is read at one moment, never before what it has acknowledged', async (t) => {
  const directory = join(temporaryDirectory(t), 'db');
  const program = fileURLToPath(new URL('store-process.js', import.meta.url));
  const count = 150;
  const writer = spawn(process.execPath, [program, directory, `${count}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let acknowledged = -1;
  const lines = createInterface(writer.stdout);
  lines.on('line', (line) => (acknowledged = Number(line)));
  await once(lines, 'line');
  const before = acknowledged;
  for (let taken = 0; taken < 80; taken += 1) {
    const atLeast = acknowledged;
    const store = (await openInPlace(directory, directory))._unsafeUnwrap();
    const found = await allOf(store, { gte: 'key', lt: 'number' }, taken % 2 === 1);
    const batches = new Set(found.map((pair) => String((pair as string[])[1]).split(' ')[0]));
    t.is(found.length, count);
    t.is(batches.size, 1);
    const [batch] = batches;
    t.true(Number(batch) >= atLeast);
    // None of those before is missing.
    t.is((await allOf(store, { gte: 'number' }, false)).length, Number(batch) + 1);
    // Some time later it is the same still, though most of its files are gone.
    const later = store.get(`key ${taken % count}`)._unsafeUnwrap();
    t.true(batches.has(later?.split(' ')[0] ?? ''));
    t.true((await store.check()).isOk());
    await store.close();
  }
  t.true(acknowledged > before);
  writer.kill('SIGKILL');
  await once(writer, 'exit');
  const left = (await openStore(directory, { create: false }))._unsafeUnwrap();
  const found = await allOf(left, { gte: 'key', lt: 'number' }, false);
  t.is(new Set(found.map((pair) => (pair as string[])[1])).size, 1);
  await left.close();
});

/** Keys in tables of two levels, and in a log. */
async function written(directory: string): Promise<void> {
  const text = Array.from({ length: 600 }, (_, index) => `${index} ${(index * 7919) ** 3}`).join();
  const put = (from: number, to: number): Write[] =>
    Array.from({ length: to - from }, (_, index) => {
      const number = from + index;
      return { type: 'put', key: `key ${String(number).padStart(4, '0')}`, value: `${number} ${text}` };
    });
  let store = (await openStore(directory, { create: true }))._unsafeUnwrap();
  await store.write(put(0, 600).map((one) => ({ ...one, value: 'before' })));
  await store.write(put(0, 600));
  await store.compact();
  await store.close();
  store = (await openStore(directory, { create: false }))._unsafeUnwrap();
  await store.write(put(100, 150));
  await store.close();
  // What is in the log goes into a table of its own at opening.
  store = (await openStore(directory, { create: false }))._unsafeUnwrap();
  await store.write(put(600, 610));
  await store.close();
}

/** What else lies there was merged, and belongs to nothing any more. */
function liveIn(directory: string): readonly string[] {
  const [manifest = ''] = readdirSync(directory).filter((name) => name.startsWith('MANIFEST'));
  const live = parseManifest(readFileSync(join(directory, manifest)))?.tables;
  return readdirSync(directory).filter(
    (name) => name.endsWith('.ldb') && live?.has(Number.parseInt(name, 10)) === true,
  );
}

test('what is closed while it is read is read to its end, and not again', async (t) => {
  const directory = join(temporaryDirectory(t), 'db');
  await written(directory);
  const store = (await openInPlace(directory, directory))._unsafeUnwrap();
  let read = 0;
  for await (const page of store.pages({ gte: '' })) {
    await store.close();
    read += page._unsafeUnwrap().length;
  }
  t.is(read, 610);
  for await (const page of store.pages({ gte: '' })) t.is(page._unsafeUnwrapErr().type, 'journal-dead');
  t.is(store.get('key 0000')._unsafeUnwrapErr().type, 'journal-dead');
});

test('a log that is in the tables already does not count', async (t) => {
  const directory = join(temporaryDirectory(t), 'db');
  let store = (await openStore(directory, { create: true }))._unsafeUnwrap();
  await store.write([{ type: 'put', key: 'key', value: 'old' }]);
  const [log = ''] = readdirSync(directory).filter((name) => name.endsWith('.log'));
  const bytes = readFileSync(join(directory, log));
  await store.compact();
  await store.write([{ type: 'put', key: 'key', value: 'new' }]);
  await store.compact();
  await store.close();
  store = (await openStore(directory, { create: false }))._unsafeUnwrap();
  await store.close();
  writeFileSync(join(directory, log), bytes);
  const inPlace = (await openInPlace(directory, directory))._unsafeUnwrap();
  t.is(inPlace.get('key')._unsafeUnwrap(), 'new');
  t.deepEqual(await allOf(inPlace, { gte: '' }, false), [['key', 'new']]);
  await inPlace.close();
});

test('when another database takes its place meanwhile, one of the two is read, and never some of both', async (t) => {
  const top = temporaryDirectory(t);
  const [first, second, place] = [join(top, 'first'), join(top, 'second'), join(top, 'db')];
  for (const directory of [first, second]) {
    const store = (await openStore(directory, { create: true }))._unsafeUnwrap();
    const put = (key: string): Write => ({ type: 'put', key, value: directory });
    await store.write([put('in a table')]);
    await store.compact();
    await store.write([put('in a log')]);
    await store.close();
  }
  renameSync(first, place);
  // Whoever reads while the number stays the same has seen one exchange at most.
  const number = new Int32Array(new SharedArrayBuffer(8));
  const swaps = `const { renameSync } = require('fs');
    const { workerData: { number, first, second, place } } = require('worker_threads');
    for (;;) for (const [from, to] of [[first, second], [second, first]]) {
      renameSync(place, from);
      renameSync(to, place);
      Atomics.wait(number, 1, 0, 3);
      Atomics.add(number, 0, 1);
    }`;
  const worker = new Worker(swaps, { eval: true, workerData: { number, first, second, place } });
  await once(worker, 'online');
  const seen = new Set<string>();
  for (let tried = 0; tried < 2000 || seen.size < 2; tried += 1) {
    const before = Atomics.load(number, 0);
    const store = await openInPlace(place, place);
    const isSure = Atomics.load(number, 0) === before;
    // For a moment there is none.
    if (store.isErr()) continue;
    const values = isSure
      ? (await allOf(store.value, { gte: '' }, false)).map((pair) => (pair as string[])[1])
      : [];
    await store.value.close();
    if (!isSure) continue;
    t.is(values.length, 2);
    t.is(values[0], values[1]);
    seen.add(values[0] ?? '');
  }
  await worker.terminate();
  t.is(seen.size, 2);
});

test('a damaged table is found when its damaged part is read, or all of it is checked, and not before', async (t) => {
  const directory = join(temporaryDirectory(t), 'db');
  await written(directory);
  const tables = liveIn(directory);
  t.true(tables.length > 1);
  for (const name of tables) {
    const path = join(directory, name);
    const whole = readFileSync(path);
    const bytes = Buffer.from(whole);
    bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100);
    writeFileSync(path, bytes);
    const store = (await openInPlace(directory, 'here'))._unsafeUnwrap();
    const error = { type: 'journal-damaged', path: 'here', detail: `its file ${name} is damaged` };
    t.like((await store.check())._unsafeUnwrapErr(), error);
    for (const reverse of [false, true]) {
      let failure: unknown;
      for await (const page of store.pages({ gte: '' }, reverse)) {
        if (page.isErr()) failure = page.error;
        else for (const [at, value] of page.value) t.is(value.split(' ')[0], `${Number(at.slice(4))}`);
      }
      t.like(failure, error);
    }
    // Its newest entries lie in the log, and those before at the end of a table.
    t.is((await allOf(store, { gte: 'key 0590' }, true)).length, 20);
    const gets = Array.from({ length: 610 }, (_, index) =>
      store.get(`key ${String(index).padStart(4, '0')}`),
    );
    t.true(gets.some((got) => got.isErr()));
    t.true(gets.some((got) => got.isOk()));
    await store.close();
    writeFileSync(path, whole);
  }
});

test('what is cut, longer, missing or nonsense is refused, and named', async (t) => {
  const directory = join(temporaryDirectory(t), 'db');
  await written(directory);
  const before = new Map(
    readdirSync(directory).map((name) => [name, readFileSync(join(directory, name))] as const),
  );
  const [table = ''] = liveIn(directory);
  const [manifest = ''] = [...before.keys()].filter((name) => name.startsWith('MANIFEST'));
  const answer = async (): Promise<unknown> => {
    const store = await openInPlace(directory, 'here');
    if (store.isErr()) return store.error;
    const checked = await store.value.check();
    const first = store.value.get('key 0000');
    await store.value.close();
    return checked.isErr() ? checked.error : first.isErr();
  };
  const flipped = (file: string, at: number) => (): void => {
    const bytes = Buffer.from(before.get(file) ?? '');
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    writeFileSync(join(directory, file), bytes);
  };
  const cases: readonly (readonly [string, () => void, string | undefined])[] = [
    ['nothing', () => undefined, undefined],
    ['a table is cut', () => truncateSync(join(directory, table), 5000), `its file ${table} is damaged`],
    ['a table is emptied', () => truncateSync(join(directory, table), 0), `its file ${table} is damaged`],
    [
      'a table is longer',
      () => writeFileSync(join(directory, table), '.', { flag: 'a' }),
      `its file ${table} is damaged`,
    ],
    ['a table is missing', () => unlinkSync(join(directory, table)), `its file ${table} is missing`],
    ['the manifest is missing', () => unlinkSync(join(directory, manifest)), 'its manifest is missing'],
    ['the manifest is cut', () => truncateSync(join(directory, manifest), 20), 'its manifest is damaged'],
    ['CURRENT is missing', () => unlinkSync(join(directory, 'CURRENT')), 'its manifest is missing'],
    [
      'CURRENT leads away',
      () => writeFileSync(join(directory, 'CURRENT'), '../db\n'),
      'its manifest is missing',
    ],
    ['a bit of the manifest', flipped(manifest, 30), 'its manifest is damaged'],
  ];
  for (const [what, damage, detail] of cases) {
    damage();
    if (detail === undefined) t.is(await answer(), false, what);
    else t.like(await answer(), { type: 'journal-damaged', path: 'here', detail }, what);
    for (const name of [table, manifest, 'CURRENT'])
      writeFileSync(join(directory, name), before.get(name) ?? '');
  }
});

test('a manifest whose last change is damaged is refused, and one whose last change was not finished is not', async (t) => {
  const directory = join(temporaryDirectory(t), 'db');
  const store = (await openStore(directory, { create: true }))._unsafeUnwrap();
  for (const value of ['old', 'new']) {
    await store.write([{ type: 'put', key: 'key', value }]);
    await store.compact();
  }
  await store.close();
  const [manifest = ''] = readdirSync(directory).filter((name) => name.startsWith('MANIFEST'));
  const path = join(directory, manifest);
  const whole = readFileSync(path);
  const flipped = Buffer.from(whole);
  flipped.writeUInt8(flipped.readUInt8(whole.length - 5) ^ 1, whole.length - 5);
  writeFileSync(path, flipped);
  const refused = (await openInPlace(directory, 'here'))._unsafeUnwrapErr();
  t.like(refused, { type: 'journal-damaged', detail: 'its manifest is damaged' });
  // As it is while LevelDB writes the next one.
  writeFileSync(path, Buffer.concat([whole, whole.subarray(0, 20)]));
  const opened = (await openInPlace(directory, 'here'))._unsafeUnwrap();
  t.is(opened.get('key')._unsafeUnwrap(), 'new');
  await opened.close();
});
