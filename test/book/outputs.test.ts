import test from 'ava';
import { makeTemporaryDirectory, removeTemporaryDirectory } from '../helpers/temporary.ts';
import { blocksIn, bookPages, readme } from './markdown.ts';
import { playScenes } from './scenes.ts';
import { shapeOf } from './shape.ts';

const blocks = [readme(), ...bookPages()].flatMap((page) =>
  blocksIn(page)
    .filter(({ output }) => output !== undefined && !/^(?:help|message|causes)\b/.test(output))
    .map((block) => ({ ...block, page: page.name })),
);

const directory = makeTemporaryDirectory('prodigy-clean-book-');
test.after.always(() => removeTemporaryDirectory(directory));

test('what the book shows is what the program says, but for ids, times and sizes', async (t) => {
  t.timeout(240_000);
  const shown = await playScenes(directory);
  for (const { output = '', text, page } of blocks) {
    const fresh = shown.get(output);
    if (fresh === undefined) t.fail(`${page}: nothing is called '${output}'`);
    else t.is(shapeOf(text), shapeOf(fresh), `${page}, ${output}: npm run book writes it anew`);
  }
  const used = new Set(blocks.map(({ output }) => output));
  t.deepEqual(
    [...shown.keys()].filter((name) => !used.has(name)),
    [],
    'what is played is shown',
  );
});

test('another word, another line or a missing one is another shape', (t) => {
  const line = '✓ Cleaned 28 logs, reclaimed 540 KB\n2026-11-25 03:04:22 UTC  #295  removed: a';
  t.is(
    shapeOf(line),
    shapeOf('✓ Cleaned 3 logs, reclaimed 1.2 MB\n2027-01-02 13:14:15 UTC  #7   removed: a'),
  );
  t.is(shapeOf('Took up 2 operations that'), shapeOf('Took up 1 operation that'));
  for (const other of [
    line.replace('Cleaned', 'Removed'),
    line.replace('logs', 'sessions'),
    line.replace('✓ ', ''),
    `${line}\nmore`,
    line.replace(/\n.*/, ''),
  ]) {
    t.not(shapeOf(other), shapeOf(line));
  }
});
