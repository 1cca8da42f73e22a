import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pid, platform } from 'node:process';
import type { Worker } from 'node:worker_threads';
import { Level } from 'level';
import test from 'ava';
import { chainHash, hashLength } from '../../src/journal/chain.ts';
import type { JournalReader } from '../../src/journal/journal.ts';
import { highHeadKey, lowHeadKey } from '../../src/journal/key.ts';
import { openSnapshot } from '../../src/journal/snapshot.ts';
import { parseState, stateText } from '../../src/journal/state.ts';
import { supportedFormat } from '../../src/journal/upcast.ts';
import { verifyJournal } from '../../src/journal/verify.ts';
import type { Finding, KeptAnchor, Verified } from '../../src/journal/verify.ts';
import { inlineProjections } from '../../src/projections/inline.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { opened, remarks, written } from './journal-options.ts';

/** Entries 0 to 101 are in a segment, those up to 2,102 in the database. */
async function sealedInPart(directory: string): Promise<void> {
  const sealing = { entries: 100 };
  const first = await opened(directory, { sealing });
  await first.append(remarks(0, 101));
  await first.close();
  const second = await opened(directory);
  await second.append(remarks(101, 2101));
  await second.close();
}

async function inDatabase(directory: string, change: (level: Level) => Promise<void>): Promise<void> {
  const level = new Level(join(directory, 'db'));
  await change(level);
  await level.close();
}

const keyOf = (seq: number): string => `e!${String(seq).padStart(16, '0')}`;

async function edit(level: Level, seq: number, change: (value: string) => string): Promise<void> {
  await level.put(keyOf(seq), change((await level.get(keyOf(seq))) ?? ''));
}

const otherwise = (value: string): string => (value.startsWith('0') ? '1' : '0') + value.slice(1);

/** The text changed, and all hashes from there on, the head's too, made to follow. */
async function forge(level: Level, seq: number, change: (text: string) => string): Promise<void> {
  let previous = ((await level.get(keyOf(seq - 1))) ?? '').slice(0, hashLength);
  for (let at = seq; ; at += 1) {
    const value = await level.get(keyOf(at));
    if (value === undefined) break;
    const text = at === seq ? change(value.slice(hashLength)) : value.slice(hashLength);
    previous = chainHash(previous, text);
    await level.put(keyOf(at), previous + text);
  }
  const state = parseState(await level.get(lowHeadKey), supportedFormat);
  if (state === undefined) throw new Error('no state');
  const text = stateText({ ...state, head: { ...state.head, hash: previous } }, supportedFormat);
  for (const head of [lowHeadKey, highHeadKey]) await level.put(head, text);
}

const inSegment = (directory: string, change: (text: string) => string): void => {
  const path = join(directory, 'segments', '000001.jsonl');
  writeFileSync(path, change(readFileSync(path, 'utf8')));
};

type Damage = {
  readonly do: (directory: string) => Promise<void> | void;
  readonly first: Partial<Finding>;
  readonly entries: number;
};

const damages: Readonly<Record<string, Damage>> = {
  'an entry is edited': {
    do: (at) => inDatabase(at, (level) => edit(level, 1000, (value) => value.replace('"998"', '"899"'))),
    first: { type: 'entry-damaged', seq: 1000 },
    entries: 1000,
  },
  'its hash is edited': {
    do: (at) => inDatabase(at, (level) => edit(level, 900, otherwise)),
    first: { type: 'entry-damaged', seq: 900 },
    entries: 900,
  },
  'an entry is missing': {
    do: (at) => inDatabase(at, (level) => level.del(keyOf(700))),
    first: { type: 'entry-damaged', seq: 700 },
    entries: 700,
  },
  'the first entry after the segment is missing': {
    do: (at) => inDatabase(at, (level) => level.del(keyOf(103))),
    first: { type: 'entry-damaged', seq: 103 },
    entries: 103,
  },
  'an entry is forged that is none, and a later one is edited': {
    do: (at) =>
      inDatabase(at, async (level) => {
        await forge(level, 600, () => '{"v":1}');
        await edit(level, 650, (value) => value.replace('"648"', '"684"'));
      }),
    first: { type: 'entry-damaged', seq: 600, detail: 'type: no string' },
    entries: 600,
  },
  'a line of a segment is edited': {
    do: (at) => inSegment(at, (text) => text.replace('"49"', '"94"')),
    first: { type: 'segment-damaged', segment: 1 },
    entries: 50,
  },
  'a line of a segment is no entry': {
    do: (at) => inSegment(at, (text) => text.replace('{"hash":"', '{"hush":"')),
    first: { type: 'segment-damaged', segment: 1 },
    entries: 0,
  },
  'a segment ends early': {
    do: (at) => inSegment(at, (text) => text.slice(0, text.lastIndexOf('\n', text.length - 2) + 1)),
    first: { type: 'segment-damaged', segment: 1 },
    entries: 101,
  },
  'an anchor that was kept differs': {
    do: () => undefined,
    first: { type: 'kept-anchor-differs', seq: 60 },
    entries: 2103,
  },
};

/** Whoever opens it checks the last 1,024 entries: those are let be damaged behind its back. */
async function bothWays(reader: JournalReader, kept: readonly KeptAnchor[]): Promise<readonly Verified[]> {
  const verified: Verified[] = [];
  for (const leastAside of [Infinity, 0])
    verified.push((await verifyJournal(reader, inlineProjections, { kept, leastAside }))._unsafeUnwrap());
  return verified;
}

for (const [what, damage] of Object.entries(damages)) {
  test(`a thread comes to the same verdict: ${what}`, async (t) => {
    const directory = temporaryDirectory(t);
    await sealedInPart(directory);
    const sound = (await openSnapshot(directory))._unsafeUnwrap();
    const { journalId, head } = sound;
    await sound.close();
    await damage.do(directory);
    await using reader = (await openSnapshot(directory))._unsafeUnwrap();
    const kept = [head, { seq: 60, hash: 'f'.repeat(64) }];
    const [here, aside] = await bothWays(
      reader,
      kept.map(({ seq, hash }) => ({ journalId, seq, hash })),
    );
    t.is(here?.entries, damage.entries);
    t.like(
      here?.findings.find(({ type }) => type === damage.first.type),
      damage.first,
    );
    t.deepEqual(aside, here);
  });
}

test('a thread is started for many entries, and a small journal does without', async (t) => {
  const directory = temporaryDirectory(t);
  await written(directory, 3000);
  await using reader = (await openSnapshot(directory))._unsafeUnwrap();
  const threads: Worker[] = [];
  const count = (thread: Worker): unknown => threads.push(thread);
  process.on('worker', count);
  const verify = async (leastAside?: number): Promise<Verified> =>
    (
      await verifyJournal(reader, inlineProjections, leastAside === undefined ? {} : { leastAside })
    )._unsafeUnwrap();
  t.deepEqual(await verify(), { entries: 3001, findings: [] });
  t.is(threads.length, 0);
  t.deepEqual(await verify(2999), { entries: 3001, findings: [] });
  t.is(threads.length, 1);
  process.off('worker', count);
});

test('when the thread dies, the rest is walked without it', async (t) => {
  const directory = temporaryDirectory(t);
  await written(directory, 30_000);
  await using reader = (await openSnapshot(directory))._unsafeUnwrap();
  let thread: Worker | undefined;
  process.once('worker', (worker) => {
    thread = worker;
  });
  const seqs: number[] = [];
  let atDeath = 0;
  for await (const page of reader.storedAside?.(0) ?? []) {
    seqs.push(...page._unsafeUnwrap().map(({ seq }) => seq));
    if (atDeath > 0) continue;
    atDeath = seqs.length;
    await thread?.terminate();
  }
  t.true(atDeath > 0 && atDeath < 20_000);
  t.deepEqual(
    seqs,
    Array.from({ length: 30_001 }, (_, seq) => seq),
  );
});

/** Files below `directory` that this process has open. */
function openFiles(directory: string): readonly string[] {
  return readdirSync(`/proc/${pid}/fd`)
    .map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`);
      } catch {
        return '';
      }
    })
    .filter((path) => path.startsWith(directory));
}

(platform === 'linux' ? test.serial : test.skip)(
  'files stay open as long as the thread reads them, and no longer',
  async (t) => {
    const directory = temporaryDirectory(t);
    await written(directory, 30_000);
    const reader = (await openSnapshot(directory))._unsafeUnwrap();
    let read = 0;
    for await (const page of reader.storedAside?.(0) ?? []) {
      await reader.close();
      t.true(openFiles(directory).length > 0);
      read += page._unsafeUnwrap().length;
      if (read > 12_000) break;
    }
    t.deepEqual(openFiles(directory), []);
    t.true(read > 12_000);
  },
);
