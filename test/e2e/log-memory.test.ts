import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Draft } from '../../src/journal/entry.ts';
import { binary, prodigyEnvironment } from '../helpers/run-prodigy.ts';
import { opened } from '../journal/journal-options.ts';
import { inOp, inRun, intended, removed, started } from '../projections/entries.ts';
import { makeShop, type Shop } from './shop.ts';

const items = 24_000;
const atOnce = 1000;

/** Everything that a run which removes one log after the other puts on record of it. */
function entriesOf(number: number): readonly Draft[] {
  const name = `claude-streaming/20251020_083542-${String(number).padStart(8, '0')}-0000-4000-8000-000000000000.jsonl`;
  const { item, ...intent } = intended(name, 4096);
  const { kind, reason, proof } = intent;
  return [
    ...inRun('long', {
      type: 'ItemCondemned',
      item,
      kind,
      name,
      path: `/root/${name}`,
      reason,
      proof,
      evidence: { ageDays: 41 },
    }),
    inOp('long', name, { item, ...intent }),
    inOp('long', name, { type: 'ItemQuarantined', item }),
    inOp('long', name, removed(name, 4096)),
  ];
}

async function longRun(t: ExecutionContext): Promise<Shop> {
  const shop = await makeShop(t);
  const directory = join(shop.home.root, 'clean', 'journal');
  mkdirSync(directory, { recursive: true });
  const journal = await opened(directory);
  await journal.append(inRun('long', started));
  for (let from = 0; from < items; from += atOnce)
    await journal.append(Array.from({ length: atOnce }, (_, index) => entriesOf(from + index)).flat());
  await journal.append(
    inRun('long', { type: 'RunCompleted', outcome: 'completed', exitCode: 0, totals: {} }),
  );
  await journal.close();
  return shop;
}

/** What it prints, in a heap of so many MiB. */
async function shown(shop: Shop, heap: number, more: readonly string[]): Promise<string> {
  const ran = spawn(
    process.execPath,
    [`--max-old-space-size=${heap}`, binary(), 'clean', 'log', 'show', 'long', ...more],
    { env: prodigyEnvironment(shop.home.home), stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const ended = once(ran, 'close');
  ran.stderr.resume();
  const pieces: Buffer[] = [];
  for await (const data of ran.stdout) pieces.push(data as Buffer);
  const [code, signal] = (await ended) as [number | null, string | null];
  return code === 0 ? Buffer.concat(pieces).toString('utf8') : `ended with ${code ?? signal}`;
}

/** What is kept of an operation until the story of its run is told must not add up: see bench/NOTES.md. */
test('the story of a run over twenty-four thousand items is told in a heap that has no room for its entries', async (t) => {
  const shop = await longRun(t);
  const text = await shown(shop, 64, []);
  t.is(text.match(/ {2}about to remove log /g)?.length, items, text.slice(0, 100));
  t.is(text.match(/ {2}removed: logs:/g)?.length, items);
  t.regex(text, /\n {2}24,000 items cannot be put back/);
  const json = await shown(shop, 64, ['--json']);
  t.true(json.endsWith('\n}\n'), json.slice(0, 100));
  const document = JSON.parse(json) as Readonly<Record<string, readonly Record<string, unknown>[]>>;
  t.is(document['verdicts']?.length, items);
  t.is(document['acts']?.filter(({ outcome }) => outcome === 'removed').length, items);
  t.is(json, `${JSON.stringify(document, null, 2)}\n`);
});
