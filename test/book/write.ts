import { writeFileSync } from 'node:fs';
import { makeTemporaryDirectory, removeTemporaryDirectory } from '../helpers/temporary.ts';
import { helps } from './help.ts';
import { blocksIn, bookPages, readme, type Page } from './markdown.ts';
import { messages } from './messages.ts';
import { playScenes } from './scenes.ts';
import { shapeOf } from './shape.ts';

/** `npm run book`: makes the outputs in README and book anew; one that is still of the same shape stays as it is. */
async function main(): Promise<void> {
  const directory = makeTemporaryDirectory('prodigy-clean-book-');
  try {
    const shown = new Map([...helps(), ...messages(), ...(await playScenes(directory))]);
    const used = new Set<string>();
    for (const page of [readme(), ...bookPages()]) rewrite(page, shown, used);
    for (const name of shown.keys())
      if (!used.has(name)) process.stdout.write(`not shown anywhere: ${name}\n`);
  } finally {
    removeTemporaryDirectory(directory);
  }
}

function rewrite(page: Page, shown: ReadonlyMap<string, string>, used: Set<string>): void {
  let { text } = page;
  for (const block of blocksIn(page).toReversed()) {
    if (block.output === undefined) continue;
    const fresh = shown.get(block.output);
    if (fresh === undefined) throw new Error(`${page.name}: there is no output '${block.output}'`);
    used.add(block.output);
    const isTimeless = /^(?:help|message|causes)\b/.test(block.output);
    const isSame = isTimeless ? fresh === block.text : shapeOf(fresh) === shapeOf(block.text);
    if (!isSame) text = text.slice(0, block.from) + fresh + text.slice(block.to);
  }
  if (text === page.text) return;
  writeFileSync(page.path, text);
  process.stdout.write(`${page.name}: written\n`);
}

await main();
