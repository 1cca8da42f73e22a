import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Level } from 'level';
import test from 'ava';
import { opened, remarks } from '../journal/journal-options.ts';
import { clean, journalOf, makeShop } from './shop.ts';

test('what is sound before a damage is told in every form, and the damage beside it', async (t) => {
  const shop = await makeShop(t);
  const directory = join(shop.home.root, 'clean', 'journal');
  mkdirSync(directory, { recursive: true });
  const journal = await opened(directory);
  await journal.append(remarks(0, 1500));
  await journal.close();
  const all = await journalOf(shop);
  const level = new Level(join(directory, 'db'));
  await level.put('e!0000000000000020', 'nothing that was ever written');
  await level.close();

  const sound = all.filter(({ seq }) => (seq as number) < 20);
  t.is(sound.length, 20);
  const [lines, array, text] = await Promise.all(
    [['--jsonl'], ['--json'], []].map((form) => clean(shop, ['log', ...form])),
  );
  for (const ran of [lines, array, text]) {
    t.is(ran?.exitCode, 1);
    t.regex(ran?.stderr ?? '', /^Error: .*damaged at entry 20[^]*log repair/);
  }
  const told = (lines?.stdout ?? '').split('\n').filter((line) => line !== '');
  t.deepEqual(
    told.map((line) => JSON.parse(line) as unknown),
    sound,
  );
  t.deepEqual(JSON.parse(array?.stdout ?? ''), sound);
  t.regex(text?.stdout ?? '', /#19 /);
});
