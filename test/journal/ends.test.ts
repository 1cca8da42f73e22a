import { mkdirSync, unlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { journalScratch, oddEnds } from '../../src/journal/ends.ts';
import { openSnapshot } from '../../src/journal/snapshot.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { opened, remarks } from './journal-options.ts';

test('a sealed segment whose file is gone is told without any entry being read', async (t) => {
  const directory = temporaryDirectory(t);
  const journal = await opened(directory, { sealing: { entries: 100 } });
  (await journal.append(remarks(0, 250)))._unsafeUnwrap();
  await journal.close();
  await (await opened(directory, { sealing: { entries: 100 } })).close();

  const odd = async (): Promise<readonly string[]> => {
    await using reader = (await openSnapshot(directory))._unsafeUnwrap();
    t.true(reader.segments.length > 0);
    return (await oddEnds(reader)).map(({ type, path }) => `${type} ${path}`);
  };
  t.deepEqual(await odd(), []);
  const file = join(directory, 'segments', '000001.jsonl');
  unlinkSync(file);
  t.deepEqual(await odd(), [`journal-segment-missing ${file}`]);
});

test('what a process that is no more left half-made is scratch once it is surely over', async (t) => {
  const directory = temporaryDirectory(t);
  const old = join(directory, 'db.tmp-4194304-0a');
  for (const path of [old, join(directory, 'snap-4194304-0b'), join(directory, `snap-${process.pid}-0c`)])
    mkdirSync(path);
  const dayAgo = Date.now() / 1000 - 86_400;
  utimesSync(old, dayAgo, dayAgo);
  t.deepEqual(await journalScratch(directory), [old]);
});
