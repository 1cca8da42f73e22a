import {
  chmodSync,
  mkdirSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { temporaryDirectory } from './temporary.ts';
import { assertSame, differences, fingerprint } from './tree.ts';
import { aged, symlink, writeTree } from './write-tree.ts';

test('an untouched tree has the same fingerprint twice', async (t) => {
  const top = temporaryDirectory(t);
  await writeTree(top, { 'a/b.txt': aged('8d', 'one'), 'a/link': symlink('b.txt'), 'empty/': aged('3d') });
  assertSame(t, fingerprint(top), fingerprint(top));
});

const change = test.macro({
  async exec(t, touch: (top: string) => void, expected: readonly string[]) {
    const top = temporaryDirectory(t);
    await writeTree(top, { 'd/': aged('9d'), 'd/f': aged('9d', 'one'), 'd/l': symlink('f', '9d') });
    const before = fingerprint(top);
    touch(top);
    t.deepEqual(differences(before, fingerprint(top)), expected);
  },
  title: (name) => `a fingerprint shows ${name}`,
});

test(
  'other bytes under the same size and time',
  change,
  (top) => {
    writeFileSync(join(top, 'd/f'), 'two');
    const atS = Math.round(Date.now() / 1_000) - 9 * 86_400;
    utimesSync(join(top, 'd/f'), atS, atS);
  },
  ['~ d/f (mtimeNs, content)'],
);
test('another mode', change, (top) => chmodSync(join(top, 'd/f'), 0o600), ['~ d/f (mode)']);
test(
  'a link that points elsewhere',
  change,
  (top) => {
    unlinkSync(join(top, 'd/l'));
    symlinkSync('x', join(top, 'd/l'));
  },
  ['~ d (mtimeNs)', '~ d/l (mtimeNs, content)'],
);
test('a renamed file', change, (top) => renameSync(join(top, 'd/f'), join(top, 'd/g')), [
  '~ d (mtimeNs)',
  '- d/f',
  '+ d/g',
]);

test('an exception hides itself and what is below it, and no namesake', (t) => {
  const top = temporaryDirectory(t);
  const before = fingerprint(top);
  mkdirSync(join(top, 'clean'));
  writeFileSync(join(top, 'clean/journal'), 'x');
  writeFileSync(join(top, 'cleaner'), 'x');
  t.deepEqual(differences(before, fingerprint(top), ['.', 'clean', 'cleaner']), []);
  t.deepEqual(differences(before, fingerprint(top), ['clean']), ['~ . (mtimeNs)', '+ cleaner']);
  t.deepEqual([...fingerprint(top, { except: ['clean/'] }).keys()], ['.', 'cleaner']);
});

test('a link to a directory is not entered', (t) => {
  const top = temporaryDirectory(t);
  symlinkSync('/', join(top, 'everything'));
  t.deepEqual([...fingerprint(top).keys()], ['.', 'everything']);
  t.is(fingerprint(top).get('everything')?.content, '/');
});

(process.platform === 'linux' ? test : test.skip)('a name that is not UTF-8 keeps its own entry', (t) => {
  const top = temporaryDirectory(t);
  for (const byte of [0xfe, 0xff]) {
    writeFileSync(Buffer.concat([Buffer.from(`${top}/n-`), Buffer.from([byte])]), String(byte));
  }
  t.deepEqual([...fingerprint(top).keys()].sort(), ['.', 'n-\\xfe', 'n-\\xff']);
});
