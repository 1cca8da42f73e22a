import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { binary, prodigyEnvironment } from '../helpers/run-prodigy.ts';
import { makeShop } from './shop.ts';

/** What is kept of an item while it is planned, removed and told, must not add up: see bench/NOTES.md. */
test('twenty-four thousand items are removed and told in a heap that has no room for two copies of each', async (t) => {
  const shop = await makeShop(t);
  const directory = join(shop.home.home, '.prodigy', 'logs', 'claude-streaming');
  mkdirSync(directory, { recursive: true });
  const items = 24_000;
  const old = new Date('2025-10-20T08:35:42Z');
  for (let n = 0; n < items; n += 1) {
    const id = `${String(n).padStart(8, '0')}-0000-4000-8000-000000000000`;
    const path = join(directory, `20251020_083542-${id}.jsonl`);
    writeFileSync(path, '{}\n');
    utimesSync(path, old, old);
  }
  const ran = spawn(
    process.execPath,
    ['--max-old-space-size=80', binary(), 'clean', '--logs', '--all-repos', '--force', '--json'],
    { env: prodigyEnvironment(shop.home.home), stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const ended = once(ran, 'close');
  ran.stderr.resume();
  let removed = 0;
  let rest = '';
  for await (const data of ran.stdout) {
    const lines = `${rest}${String(data)}`.split('\n');
    rest = lines.pop() ?? '';
    removed += lines.filter((line) => line === '      "outcome": "removed",').length;
  }
  t.deepEqual(await ended, [0, null]);
  t.is(removed, items);
  t.true(existsSync(directory));
  t.deepEqual(readdirSync(directory), []);
});
