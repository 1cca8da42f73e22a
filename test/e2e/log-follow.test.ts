import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import test, { type ExecutionContext } from 'ava';
import { refugePaths } from '../../src/disk/refuge.ts';
import { binary, prodigyEnvironment } from '../helpers/run-prodigy.ts';
import { opened, remark } from '../journal/journal-options.ts';
import { inOp, intended, removed } from '../projections/entries.ts';
import { makeShop, type Shop } from './shop.ts';

const journalIn = ({ home }: Shop): string => join(home.root, 'clean', 'journal');

/** Starts a follower. Answers how to wait for its next line, and how to end it. */
function followed(t: ExecutionContext, shop: Shop, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const follower = spawn(process.execPath, [binary(), 'clean', 'log', '--follow', '--jsonl', ...args], {
    cwd: shop.repository,
    env: { ...prodigyEnvironment(shop.home.home), ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => follower.kill('SIGKILL'));
  const lines = createInterface(follower.stdout)[Symbol.asyncIterator]();
  return {
    next: async () => JSON.parse((await lines.next()).value ?? '{}') as { seq: number; type: string },
    end: async () => {
      follower.kill('SIGINT');
      return (await once(follower, 'exit'))[0] as number | null;
    },
  };
}

test('--follow --repo tells of an operation whose intent came later, and is of an event not asked for', async (t) => {
  // What is not told is waited for.
  t.timeout(60_000);
  const shop = await makeShop(t);
  const directory = journalIn(shop);
  mkdirSync(directory, { recursive: true });
  const repository = join(shop.repository, '.git');
  const journal = await opened(directory);
  await journal.append([
    inOp('one', 'a', { ...intended('a', 1), repository }),
    inOp('one', 'a', removed('a', 1)),
  ]);
  const follower = followed(t, shop, ['--repo', 'shop', '--event', 'ItemRemoved']);
  const first = await follower.next();
  t.is(first.type, 'ItemRemoved');
  const appended = await journal.append([
    inOp('two', 'b', { ...intended('b', 1), repository }),
    inOp('two', 'b', removed('b', 1)),
    inOp('two', 'c', { ...intended('c', 1), repository: join(shop.top, 'src', 'api', '.git') }),
    inOp('two', 'c', removed('c', 1)),
    inOp('two', 'a', removed('a', 1)),
  ]);
  t.true(appended.isOk());
  const later = [await follower.next(), await follower.next()];
  t.deepEqual(
    later.map(({ seq }) => seq - first.seq),
    [2, 5],
  );
  t.is(await follower.end(), 130);
  await journal.close();
});

test('--follow hears what is written while the journal lies elsewhere, and goes home with it', async (t) => {
  // What is not told is waited for.
  t.timeout(60_000);
  const shop = await makeShop(t);
  const runtime = join(shop.top, 'runtime');
  mkdirSync(runtime, { mode: 0o700 });
  mkdirSync(dirname(journalIn(shop)), { recursive: true });
  const [refuge = ''] = await refugePaths([runtime], journalIn(shop), process.geteuid?.() ?? 0);
  mkdirSync(refuge, { mode: 0o700 });
  let journal = await opened(refuge);
  await journal.append([remark('born elsewhere')]);
  const follower = followed(t, shop, ['--event', 'OddityFound'], { XDG_RUNTIME_DIR: runtime });
  const first = await follower.next();
  await journal.append([remark('written elsewhere')]);
  t.is((await follower.next()).seq, first.seq + 1);
  await journal.close();
  renameSync(refuge, journalIn(shop));
  journal = await opened(journalIn(shop));
  await journal.append([remark('written at home')]);
  t.true((await follower.next()).seq > first.seq + 1);
  t.is(await follower.end(), 130);
  await journal.close();
});
