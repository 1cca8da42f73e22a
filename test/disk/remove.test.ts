import { Buffer } from 'node:buffer';
import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import * as fc from 'fast-check';
import { removeTree } from '../../src/disk/remove.ts';
import type { RemoveOptions, RemoveReport } from '../../src/disk/remove.ts';
import { picture, plant, temporaryDirectory } from './fixtures.ts';

async function remove(at: string, within: string, options?: RemoveOptions): Promise<RemoveReport> {
  return (await removeTree(at, within, options))._unsafeUnwrap();
}

const clean = { blocked: [], blockedCount: 0, gone: true } as const;

/** Both ways of going through a tree must do the same. */
const bothWays = [true, false] as const;

test('nothing outside the root, nor the root itself, is touched (P4, story 34)', async (t) => {
  const base = temporaryDirectory(t);
  const root = path.join(base, 'root');
  plant(base, { 'root/a/b': 'x', 'rootfoo/a': 'y', 'other/a': 'z', 'root/up': { link: '..' } });
  const before = picture(base);
  const outside = [
    '/',
    '',
    '.',
    root,
    `${root}/`,
    `${root}/.`,
    `${root}/a/..`,
    `${root}/a/../../other`,
    `${root}foo`,
    `${root}foo/a`,
    path.join(base, 'other/a'),
    base,
    path.relative(process.cwd(), path.join(root, 'a')),
    `${root}/a\0b`,
  ];
  for (const at of outside) {
    t.deepEqual((await removeTree(at, root))._unsafeUnwrapErr(), { type: 'outside-storage', path: at });
  }
  for (const within of ['', '.', 'relative']) {
    t.is((await removeTree(path.join(root, 'a'), within))._unsafeUnwrapErr().type, 'outside-storage');
  }
  t.deepEqual(picture(base), before);
});

test('a link on the way to the tree is not followed', async (t) => {
  for (const byDescriptor of bothWays) {
    const base = temporaryDirectory(t);
    plant(base, { 'root/link': { link: '../other' }, 'other/a/b': 'z' });
    const before = picture(base);
    const failure = (
      await removeTree(path.join(base, 'root/link/a'), path.join(base, 'root'), { byDescriptor })
    )._unsafeUnwrapErr();
    t.like(failure, { type: 'disk', code: 'ENOTDIR' });
    t.deepEqual(picture(base), before);
  }
});

test('a tree already gone counts as removed', async (t) => {
  for (const byDescriptor of bothWays) {
    const root = temporaryDirectory(t);
    const nothing = { ...clean, removedEntries: 0 };
    t.deepEqual(await remove(path.join(root, 'a'), root, { byDescriptor }), nothing);
    t.deepEqual(await remove(path.join(root, 'a/b/c'), root, { byDescriptor }), nothing);
    t.deepEqual(await remove(path.join(root, 'gone/a'), path.join(root, 'gone'), { byDescriptor }), nothing);
  }
});

test('files, directories, links, pipes and sockets go, and are counted', async (t) => {
  for (const byDescriptor of bothWays) {
    const root = temporaryDirectory(t);
    plant(root, { 'item/a': 'x', 'item/b/c/d': 'y', 'item/e/': '', 'item/f': { link: 'a' }, kept: 'k' });
    await execa('mkfifo', [path.join(root, 'item/pipe')]);
    t.deepEqual(await remove(`${path.join(root, 'item')}/`, root, { byDescriptor }), {
      ...clean,
      removedEntries: 8,
    });
    t.deepEqual(fs.readdirSync(root), ['kept']);
  }
});

test('links are removed, never followed, wherever they point (P4, story 7)', async (t) => {
  for (const byDescriptor of bothWays) {
    const base = temporaryDirectory(t);
    const root = path.join(base, 'root');
    plant(base, {
      'decoy/a/b': 'precious',
      'decoy/c': 'precious too',
      'root/item/directory': { link: path.join(base, 'decoy') },
      'root/item/relative': { link: '../../decoy' },
      'root/item/file': { link: '../../decoy/c' },
      'root/item/dangling': { link: 'nowhere' },
      'root/item/loop': { link: 'loop' },
      'root/item/deep/up': { link: '../..' },
      'root/item/deep/root': { link: '/' },
      'root/top': { link: '../decoy' },
      'root/slash': { link: '../decoy' },
      'root/file': { link: '../decoy/c' },
    });
    const before = picture(path.join(base, 'decoy'));
    for (const name of ['item', 'top', 'slash/', 'file']) {
      t.like(await remove(`${root}/${name}`, root, { byDescriptor }), clean);
    }
    t.deepEqual(picture(path.join(base, 'decoy')), before);
    t.deepEqual(fs.readdirSync(root), []);
  }
});

test('the other names of hard-linked files keep their contents', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, { kept: 'x', 'item/': '' });
  fs.linkSync(path.join(root, 'kept'), path.join(root, 'item/again'));
  t.like(await remove(path.join(root, 'item'), root), clean);
  t.is(fs.readFileSync(path.join(root, 'kept'), 'utf8'), 'x');
});

test('any name goes: newline, dash, blanks, quotes, dots, bytes that are not UTF-8 (story 3)', async (t) => {
  for (const byDescriptor of bothWays) {
    const root = temporaryDirectory(t);
    const item = path.join(root, 'item');
    const odd = [
      '-rf',
      'a\nb',
      ' ',
      '  x',
      '"',
      "'$(x)`",
      '...',
      '*',
      '\\',
      '\uFFFD',
      '\u202E',
      'e\u0301',
      'n'.repeat(255),
    ];
    plant(
      item,
      Object.fromEntries(
        odd.flatMap((name) => [
          [`d/${name}`, 'x'],
          [`${name}/f`, 'y'],
        ]),
      ),
    );
    const raw = Buffer.concat([Buffer.from(`${item}/`), Buffer.from([0xff, 0x2d, 0xfe])]);
    fs.mkdirSync(raw);
    fs.mkdirSync(Buffer.concat([raw, Buffer.from('/plain')]));
    fs.writeFileSync(Buffer.concat([raw, Buffer.from('/plain/f')]), 'x');
    fs.writeFileSync(Buffer.concat([raw, Buffer.from('/'), Buffer.from([0xc3, 0x28])]), 'x');
    fs.symlinkSync('..', Buffer.concat([raw, Buffer.from('/'), Buffer.from([0xed, 0xa0, 0x80])]));
    t.deepEqual(await remove(item, root, { byDescriptor }), {
      ...clean,
      removedEntries: odd.length * 3 + 2 + 5,
    });
  }
});

const deep = `
import os, sys
os.chdir(sys.argv[1]); os.mkdir('deep'); os.chdir('deep')
for i in range(int(sys.argv[2])):
    open('f', 'w').close(); os.mkdir('side')
    n = sys.argv[3]; os.mkdir(n); os.chdir(n)
`;

test('1,000 levels go, with few descriptors', async (t) => {
  const root = temporaryDirectory(t);
  await execa('python3', ['-c', deep, root, '1000', 'n']);
  const script = `ulimit -n 220; exec "$@"`;
  const child = new URL('remove-child.js', import.meta.url).pathname;
  const command = [process.execPath, child, path.join(root, 'deep'), root];
  const { stdout } = await execa('bash', ['-c', script, 'bash', ...command]);
  t.deepEqual(JSON.parse(stdout), { ...clean, removedEntries: 3001 });
});

test('a tree deeper than a path may be long goes', async (t) => {
  const root = temporaryDirectory(t);
  await execa('python3', ['-c', deep, root, '200', 'n'.repeat(200)]);
  t.deepEqual(await remove(path.join(root, 'deep'), root), { ...clean, removedEntries: 601 });
  t.deepEqual(fs.readdirSync(root), []);
});

test('a directory of many names is removed in parts', async (t) => {
  const root = temporaryDirectory(t);
  const item = path.join(root, 'item');
  fs.mkdirSync(item);
  const filler = 'n'.repeat(200);
  // Long names make the directory file large.
  for (let index = 0; index < 18_000; index += 1) fs.writeFileSync(path.join(item, `${filler}${index}`), '');
  fs.writeFileSync(Buffer.concat([Buffer.from(`${item}/`), Buffer.from([0xff])]), '');
  for (let index = 0; index < 50; index += 1) plant(path.join(item, `d${index}`), { a: 'x' });
  t.true(fs.statSync(item).size > 2 * 1024 * 1024);
  t.deepEqual(await remove(item, root), { ...clean, removedEntries: 18_102 });
});

test('progress is told, in entries and in the share of what was expected', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, Object.fromEntries(Array.from({ length: 999 }, (_, index) => [`item/f${index}`, 'x'])));
  const told: [number, number][] = [];
  await remove(path.join(root, 'item'), root, {
    expected: { bytes: 4_000_000, files: 1_000 },
    onProgress: (entries, bytes) => told.push([entries, bytes]),
  });
  t.deepEqual(told, [
    [256, 1_024_000],
    [512, 2_048_000],
    [768, 3_072_000],
    [1_000, 4_000_000],
  ]);
});

test('an abort stops soon, and the report says that it is not gone', async (t) => {
  const root = temporaryDirectory(t);
  const names = Array.from({ length: 5_000 }, (_, index) => `item/d${index % 50}/f${index}`);
  plant(root, Object.fromEntries(names.map((name) => [name, 'x'])));
  const controller = new AbortController();
  const report = await remove(path.join(root, 'item'), root, {
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  t.false(report.gone);
  t.true(report.removedEntries >= 256 && report.removedEntries < 2_000);
  t.is(report.blockedCount, 0);
  t.like(await remove(path.join(root, 'item'), root), clean);
});

test('a directory that fills again while it is emptied goes all the same', async (t) => {
  const root = temporaryDirectory(t);
  const item = path.join(root, 'item');
  plant(item, Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`a/f${index}`, 'x'])));
  const report = await remove(item, root, {
    // Comes between the listing and the end of its directory.
    onProgress: (entries) => {
      if (entries === 256) plant(item, { 'a/late': 'x', 'a/later/b/c': 'y' });
    },
  });
  t.like(report, clean);
});

type Tree = { readonly [name: string]: Tree | string };

const names = fc.oneof(
  fc.constantFrom('a', 'b', '-rf', '.git', 'x y', 'n\n', '*', '\u00E4', '\u00FF', '..a'),
  fc
    .string({ minLength: 1, maxLength: 8, unit: 'binary-ascii' })
    .filter((name) => !/^\.{1,2}$|[/\0]/u.test(name)),
);

const { tree: trees } = fc.letrec<{ tree: Tree; entry: Tree | string }>((tie) => ({
  tree: fc.dictionary(names, tie('entry'), { maxKeys: 6 }) as fc.Arbitrary<Tree>,
  entry: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.constantFrom('file', 'link:../decoy', 'link:/', 'link:.', 'link:nowhere', 'hard', 'locked'),
    tie('tree'),
  ),
}));

/** Names are written as Latin-1: some are no UTF-8. */
function grow(at: Buffer, tree: Tree, decoy: string): number {
  let entries = 1;
  for (const [name, entry] of Object.entries(tree)) {
    const below = Buffer.concat([at, Buffer.from('/'), Buffer.from(name, 'latin1')]);
    if (typeof entry !== 'string' || entry === 'locked') {
      fs.mkdirSync(below);
      entries += grow(below, typeof entry === 'string' ? { inside: 'file' } : entry, decoy);
      if (entry === 'locked') fs.chmodSync(below, 0o000);
      continue;
    }
    entries += 1;
    if (entry === 'file') fs.writeFileSync(below, 'x');
    else if (entry === 'hard') fs.linkSync(path.join(decoy, 'file'), below);
    else fs.symlinkSync(entry.slice('link:'.length), below);
  }
  return entries;
}

test('whatever the tree, nothing is left of it and nothing beside it is touched', async (t) => {
  const base = temporaryDirectory(t);
  const decoy = path.join(base, 'decoy');
  plant(base, {
    'decoy/file': 'x',
    'decoy/deep/er': 'y',
    'decoy/link': { link: 'deep' },
    'root/beside': 'z',
  });
  const root = path.join(base, 'root');
  const item = path.join(root, 'item');
  await fc.assert(
    fc.asyncProperty(trees, fc.boolean(), async (tree, byDescriptor) => {
      // The root's own time changes; everything else is compared.
      const parts = [decoy, path.join(root, 'beside')];
      const before = parts.map((part) => picture(part));
      fs.mkdirSync(item);
      const entries = grow(Buffer.from(item), tree, decoy);
      const report = await remove(item, root, { byDescriptor });
      t.deepEqual(report, { ...clean, removedEntries: entries });
      t.deepEqual(fs.readdirSync(root), ['beside']);
      t.deepEqual(
        parts.map((part) => picture(part)),
        before,
      );
    }),
    { numRuns: 150 },
  );
});
