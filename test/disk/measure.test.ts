import { Buffer } from 'node:buffer';
import fs from 'node:fs';
import path from 'node:path';
import type { Worker } from 'node:worker_threads';
import test from 'ava';
import { execa } from 'execa';
import { beginMeasuring, measureTrees } from '../../src/disk/measure.ts';
import type { Measurement, MeasureOptions } from '../../src/disk/measure.ts';
import { permitted, plant, temporaryDirectory } from './fixtures.ts';

async function measure(at: string, options?: MeasureOptions): Promise<Measurement> {
  const found = (await measureTrees([{ key: 'k', path: at }], options)).get('k');
  if (found === undefined) throw new Error('not measured');
  return found;
}

async function duEach(...paths: readonly string[]): Promise<readonly number[]> {
  const { stdout } = await execa('du', ['-s', '--block-size=1', ...paths]);
  return stdout.split('\n').map((line) => Number.parseInt(line, 10));
}

async function du(at: string): Promise<number> {
  return (await duEach(at))[0] ?? Number.NaN;
}

/** `count` files, 25 to a directory, every fifth directory a level deeper. */
function plantMany(root: string, count: number): void {
  for (let index = 0; index < count; index += 1) {
    const directory = path.join(root, `d${Math.floor(index / 125)}`, `e${Math.floor(index / 25) % 5}`);
    if (index % 25 === 0) fs.mkdirSync(directory, { recursive: true });
    fs.writeFileSync(path.join(directory, `f${index}`), 'x');
  }
}

test('hard links count once and holes do not, as du has it', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, { 'a/one': 'x'.repeat(100_000), 'a/two': 'y', 'b/c/three': '', link: { link: 'a/one' } });
  fs.linkSync(path.join(root, 'a/one'), path.join(root, 'b/again'));
  fs.linkSync(path.join(root, 'a/one'), path.join(root, 'b/c/again'));
  fs.truncateSync(path.join(root, 'a/two'), 50_000_000);
  const found = await measure(root);
  t.is(found.bytes, await du(root));
  t.is(found.files, 10);
  t.is(found.hardLinksShared, 0);
  t.deepEqual(found.problems, []);
});

test('an object shared by two trees belongs to the first that was asked for', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, { 'a/one': 'x'.repeat(100_000), 'b/two': 'y' });
  fs.linkSync(path.join(root, 'a/one'), path.join(root, 'b/one'));
  for (const order of [
    ['a', 'b'],
    ['b', 'a'],
  ]) {
    const paths = order.map((name) => path.join(root, name));
    const found = await measureTrees(order.map((key) => ({ key, path: path.join(root, key) })));
    t.deepEqual([...found.keys()], order);
    t.deepEqual(
      [...found.values()].map(({ bytes }) => bytes),
      await duEach(...paths),
    );
    t.deepEqual(
      [...found.values()].map(({ hardLinksShared }) => hardLinksShared),
      [1, 1],
    );
  }
});

test('links are counted, never followed: to a directory, a file, nowhere, themselves, and at the top', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, {
    'outside/big': 'x'.repeat(1_000_000),
    'tree/directory': { link: '../outside' },
    'tree/file': { link: '../outside/big' },
    'tree/dangling': { link: 'nowhere' },
    'tree/loop': { link: 'loop' },
    'tree/up': { link: '..' },
    top: { link: 'outside' },
  });
  const found = await measure(path.join(root, 'tree'));
  t.is(found.bytes, await du(path.join(root, 'tree')));
  t.is(found.files, 6);
  t.is((await measure(path.join(root, 'top'))).files, 1);
  t.is((await measure(`${path.join(root, 'top')}/`)).files, 1);
});

test.serial(
  'what was asked of a thread that dies is read by others, if it is the last one by this one',
  async (t) => {
    const root = temporaryDirectory(t);
    plantMany(root, 6_000);
    const expected = await measure(root, { concurrency: 0 });
    for (const [concurrency, dying] of [
      [3, 1],
      [2, 2],
    ] as const) {
      let left = dying;
      const end = (worker: Worker): void => {
        if (left-- > 0) void worker.terminate();
      };
      process.on('worker', end);
      try {
        t.deepEqual(await measure(root, { concurrency, threadsAfter: 500 }), expected);
      } finally {
        process.off('worker', end);
      }
      t.true(left <= 0, 'so many have died');
    }
  },
);

test('threads find what one thread finds', async (t) => {
  const root = temporaryDirectory(t);
  plantMany(root, 12_000);
  plant(root, { 'd7/e2/.git/HEAD': 'x', 'd3/.git': 'gitdir: elsewhere', '.git/HEAD': 'y' });
  for (let index = 0; index < 50; index += 1) {
    fs.linkSync(path.join(root, 'd0/e0/f0'), path.join(root, `d${index}/link`));
  }
  const rawName = Buffer.concat([Buffer.from(`${root}/d9/`), Buffer.from([0xff, 0xfe])]);
  fs.mkdirSync(rawName);
  fs.writeFileSync(Buffer.concat([rawName, Buffer.from('/f')]), 'x');
  let progress = 0;
  const inThreads = await measure(root, {
    threadsAfter: 1_000,
    onProgress: (entries) => (progress = entries),
  });
  t.deepEqual(inThreads, await measure(root, { concurrency: 0 }));
  t.deepEqual(inThreads, await measure(root, { concurrency: 1, threadsAfter: 0 }));
  t.deepEqual(inThreads, await measure(root));
  t.deepEqual(inThreads, await measure(root, { isBesides: true }));
  t.is(inThreads.bytes, await du(root));
  t.deepEqual(inThreads.nestedRepositories, ['d3/.git', 'd7/e2/.git']);
  t.is(inThreads.problemCount, 0);
  t.is(progress, inThreads.files);
});

test('names that are not UTF-8, directories too, are measured', async (t) => {
  const root = temporaryDirectory(t);
  const odd = Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x64, 0xff])]);
  fs.mkdirSync(odd);
  fs.writeFileSync(Buffer.concat([odd, Buffer.from('/'), Buffer.from([0xc3, 0x28])]), 'x'.repeat(10_000));
  fs.writeFileSync(Buffer.concat([odd, Buffer.from('/plain\uFFFD')]), 'x');
  const found = await measure(root);
  t.is(found.files, 4);
  t.is(found.problemCount, 0);
  t.is(found.bytes, await du(root));
});

test('a tree that is deeper than a path may be long is measured to its end', async (t) => {
  const root = temporaryDirectory(t);
  await execa('python3', ['-c', deep, root, '60']);
  const found = await measure(path.join(root, 'deep'));
  t.is(found.files, 121);
  t.is(found.problemCount, 0);
});

const deep = `
import os, sys
os.chdir(sys.argv[1]); os.mkdir('deep'); os.chdir('deep')
for i in range(int(sys.argv[2])):
    open('f', 'w').close(); os.mkdir('n' * 200); os.chdir('n' * 200)
`;

test('a .git of its own is not nested, those below are, 20 at most and always the same', async (t) => {
  const root = temporaryDirectory(t);
  const files = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`m${10 + i}/.git/HEAD`, 'x']));
  plant(root, { '.git': 'gitdir: x', ...files });
  const found = await measure(root);
  t.deepEqual(
    found.nestedRepositories,
    Object.keys(files)
      .slice(0, 20)
      .map((name) => path.dirname(name)),
  );
});

test('the youngest time anywhere and special files are reported', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, { 'a/b/c': 'x', d: 'y' });
  const future = Date.UTC(2040, 0, 1);
  fs.utimesSync(path.join(root, 'a/b/c'), future / 1000, future / 1000);
  await execa('mkfifo', [path.join(root, 'pipe')]);
  const found = await measure(root);
  t.is(found.newestMtimeMs, future);
  t.is(found.special, 1);
});

test('an absent tree is a problem, not an empty one', async (t) => {
  const root = temporaryDirectory(t);
  const found = await measure(path.join(root, 'nothing'));
  t.like(found, { bytes: 0, files: 0, problemCount: 1 });
  t.like(found.problems[0], { code: 'ENOENT', path: path.join(root, 'nothing') });
});

test('what is mounted inside is not entered and said to be there, even when it is of the same device', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, { 'source/big': 'x'.repeat(1_000_000), 'tree/a/point/': '', 'tree/f': 'x' });
  const point = path.join(root, 'tree/a/point');
  const before = await measure(path.join(root, 'tree'));
  if (!(await permitted(t, ['mount', '--bind', path.join(root, 'source'), point], ['umount', point]))) return;
  const found = await measure(path.join(root, 'tree'));
  t.true(found.bytes < before.bytes + 500_000);
  t.like(found, { files: before.files, problemCount: 1 });
  t.like(found.problems[0], { code: 'EXDEV', path: point });
  t.like((await measure(point)).problems[0], { code: 'EXDEV', path: point });
});

test('after an abort only finished trees are in the answer', async (t) => {
  const root = temporaryDirectory(t);
  plantMany(path.join(root, 'large'), 5_000);
  plant(root, { 'small/a': 'x' });
  const controller = new AbortController();
  const found = await measureTrees(
    [
      { key: 'small', path: path.join(root, 'small') },
      { key: 'large', path: path.join(root, 'large') },
    ],
    { signal: controller.signal, onProgress: () => controller.abort() },
  );
  t.deepEqual([...found.keys()], ['small']);
});

test('nothing asked is nothing answered', async (t) => {
  t.is((await measureTrees([])).size, 0);
});

test('trees that were begun count as if they had not been: as asked for later, and no others', async (t) => {
  const root = temporaryDirectory(t);
  for (const name of ['a', 'b', 'c', 'd']) plantMany(path.join(root, name), 300);
  plantMany(path.join(root, 'c'), 6_000);
  fs.writeFileSync(path.join(root, 'b/one'), 'x'.repeat(100_000));
  for (const name of ['a', 'c', 'd']) fs.linkSync(path.join(root, 'b/one'), path.join(root, name, 'one'));
  fs.writeFileSync(path.join(root, 'c/two'), 'x'.repeat(200_000));
  fs.linkSync(path.join(root, 'c/two'), path.join(root, 'a/two'));
  const at = (name: string): string => path.join(root, name);
  const requests = ['d', 'a', 'c', 'a'].map((name, index) => ({ key: `${index} ${name}`, path: at(name) }));
  const begun = beginMeasuring([at('c'), at('b'), at('a'), at('gone')], { isBesides: true });
  t.deepEqual(await begun.finish(requests), await measureTrees(requests));
  await begun[Symbol.asyncDispose]();
});

test('what was begun is given up when nobody wants it', async (t) => {
  const root = temporaryDirectory(t);
  plantMany(root, 5_000);
  let entries = 0;
  const begun = beginMeasuring([root], { onProgress: (so) => (entries = so) });
  await begun[Symbol.asyncDispose]();
  t.is(entries, 0);
});
