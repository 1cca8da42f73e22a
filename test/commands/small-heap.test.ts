import { fileURLToPath } from 'node:url';
import test from 'ava';
import { execa } from 'execa';

const module = fileURLToPath(new URL('../../src/commands/small-heap.js', import.meta.url));

/** Makes as much survive as a run over many items does, with turns in between, and says how large the space for what is new became. */
const program = (isKeptSmall: boolean): string => `
  import { getHeapSpaceStatistics } from 'node:v8';
  import { setImmediate } from 'node:timers/promises';
  import { keepHeapSmall } from ${JSON.stringify(module)};
  if (${isKeptSmall}) keepHeapSmall([]);
  let kept = [];
  for (let turn = 0; turn < 4000; turn += 1) {
    for (let index = 0; index < 250; index += 1) kept.push({ index, text: 'item ' + index });
    if (kept.length > 60_000) kept = [];
    await setImmediate();
  }
  const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
  process.stdout.write(String(space.space_size / 1024 / 1024));
`;

async function newSpaceMib(isKeptSmall: boolean): Promise<number> {
  const { stdout } = await execa('node', ['--input-type=module', '--eval', program(isKeptSmall)]);
  return Number(stdout);
}

test('the space for what is new stays small, which V8 would make twice as large and more', async (t) => {
  t.true((await newSpaceMib(false)) >= 32);
  t.is(await newSpaceMib(true), 16);
});
