import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { makeWholeFile, sweepScratchFiles } from '../../src/disk/whole-file.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { Death, runBetween } from '../torture/interpose.ts';

test('a file is made with its content, once', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'run.lock');
  await makeWholeFile(path, 'first', 0o600);
  const again = await t.throwsAsync<NodeJS.ErrnoException>(makeWholeFile(path, 'second', 0o600));
  t.is(again.code, 'EEXIST');
  t.is(readFileSync(path, 'utf8'), 'first');
  t.deepEqual(readdirSync(directory), ['run.lock']);
});

test('whoever is killed in the middle leaves all of the content or no name, and scratch that is swept', async (t) => {
  for (let step = 1; step <= 7; step += 1) {
    const directory = temporaryDirectory(t);
    const path = join(directory, 'a.lock');
    let [calls, isDead] = [0, false];
    const killed = runBetween(
      {
        roots: [directory],
        isDead: () => isDead,
        turns: () => 0,
        on: (_, perform) => {
          const result = perform();
          isDead = (calls += 1) === step;
          if (isDead) throw new Death();
          return result;
        },
      },
      () => makeWholeFile(path, 'content', 0o600),
    ).catch((cause: unknown) => {
      if (!(cause instanceof Death)) throw cause;
    });
    await Promise.race([killed, new Promise((resolve) => setTimeout(resolve, 10))]);
    if (existsSync(path)) t.is(readFileSync(path, 'utf8'), 'content');
    await sweepScratchFiles(directory, () => true);
    t.deepEqual(
      readdirSync(directory).filter((name) => name !== 'a.lock'),
      [],
    );
  }
});

test('where there are no hard links, a file is made all the same', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'a.lock');
  await runBetween(
    {
      roots: [directory],
      isDead: () => false,
      turns: () => 0,
      on: ({ name }, perform) => {
        if (name === 'link') throw Object.assign(new Error('no links here'), { code: 'ENOTSUP' });
        return perform();
      },
    },
    async () => {
      await makeWholeFile(path, 'content', 0o600);
      await t.throwsAsync(makeWholeFile(path, 'other', 0o600), { code: 'EEXIST' });
    },
  );
  t.is(readFileSync(path, 'utf8'), 'content');
  t.deepEqual(readdirSync(directory), ['a.lock']);
});

test('what a living process is writing is left to it', async (t) => {
  const directory = temporaryDirectory(t);
  const name = `.a.lock.17-3f2b8c1e-0000-4000-8000-000000000000.new`;
  writeFileSync(join(directory, name), '');
  t.is(await sweepScratchFiles(directory, (pid) => pid !== 17), 0);
  t.deepEqual(readdirSync(directory), [name]);
  t.is(await sweepScratchFiles(directory, (pid) => pid === 17), 1);
  t.deepEqual(readdirSync(directory), []);
});
