import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { opened } from '../journal/journal-options.ts';
import { inRun, started } from '../projections/entries.ts';
import { clean, journalOf, makeShop } from './shop.ts';

test('log --run and log show are whole when the last that the run wrote is that it found another one dead', async (t) => {
  const shop = await makeShop(t);
  const directory = join(shop.home.root, 'clean', 'journal');
  mkdirSync(directory, { recursive: true });
  const journal = await opened(directory);
  await journal.append([
    ...inRun('dead', started),
    ...inRun('finder', started, { type: 'RunInterrupted', interrupted: 'dead', by: 'found-dead' }),
  ]);
  await journal.close();
  const all = await journalOf(shop);
  const told = (await clean(shop, ['log', '--run', 'finder', '--jsonl'])).stdout;
  const wanted = all.filter(({ run }) => run === 'finder');
  t.is(wanted.length, 2);
  t.deepEqual(
    told
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as unknown),
    wanted,
  );
  t.regex((await clean(shop, ['log', 'show', 'finder'])).stdout, /run dead was interrupted \(found-dead\)/);
});
