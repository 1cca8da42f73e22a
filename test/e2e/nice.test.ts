import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { clean, finished, finishedWork, makeShop } from './shop.ts';

test('--nice works at the lowest priority, and git with it', async (t) => {
  const shop = await makeShop(t);
  await finishedWork(shop, '60d');
  await finished(shop, 'logs', '60d');
  const directory = temporaryDirectory(t);
  const told = join(directory, 'nice');
  const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
  writeFileSync(join(directory, 'git'), `#!/bin/sh\nnice >> '${told}'\nexec '${real}' "$@"\n`);
  chmodSync(join(directory, 'git'), 0o755);
  const env = { PATH: `${directory}:${process.env['PATH'] ?? ''}` };
  const seen = (): ReadonlySet<string> => new Set(readFileSync(told, 'utf8').trim().split('\n'));

  t.is((await clean(shop, ['--all', '--dry-run'], { env })).exitCode, 0);
  t.deepEqual([...seen()], [String(getPriority())]);
  rmSync(told);
  const ran = await clean(shop, ['--all', '--force', '--nice'], { env });
  t.is(ran.exitCode, 0, ran.stderr);
  t.deepEqual([...seen()], ['19']);
});
