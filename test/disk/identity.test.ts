import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import type { Identity } from '../../src/model/item.ts';
import { identify, isUnchanged, sameObject } from '../../src/disk/identity.ts';
import { plant, temporaryDirectory } from './fixtures.ts';

async function look(at: string): Promise<Identity> {
  const identity = identify(at)._unsafeUnwrap();
  if (identity === undefined) throw new Error(`${at} is absent`);
  return identity;
}

test('an absent name has no identity, below a file neither', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, { file: 'x' });
  t.is(identify(path.join(root, 'nothing'))._unsafeUnwrap(), undefined);
  t.is(identify(path.join(root, 'file/nothing'))._unsafeUnwrap(), undefined);
});

test('a name that cannot be looked at is a failure, not absence', async (t) => {
  const failure = identify(`/${'n'.repeat(300)}`)._unsafeUnwrapErr();
  t.like(failure, { type: 'disk', code: 'ENAMETOOLONG', syscall: 'lstat' });
});

test('a link is itself, with and without a trailing slash', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, { 'directory/': '', link: { link: 'directory' } });
  t.is((await look(path.join(root, 'link'))).type, 'symlink');
  t.is((await look(`${path.join(root, 'link')}/`)).type, 'symlink');
  t.is((await look(path.join(root, 'directory'))).type, 'directory');
});

test('an object stays the same under another name and with other contents', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, { a: 'x' });
  const before = await look(path.join(root, 'a'));
  fs.renameSync(path.join(root, 'a'), path.join(root, 'b'));
  const renamed = await look(path.join(root, 'b'));
  t.true(sameObject(before, renamed));
  t.true(isUnchanged(before, renamed));
  fs.appendFileSync(path.join(root, 'b'), 'y');
  fs.utimesSync(path.join(root, 'b'), 1, 1);
  const written = await look(path.join(root, 'b'));
  t.true(sameObject(before, written));
  t.false(isUnchanged(before, written));
});

test('a file made anew under the same name is another object, even with the inode used again', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, { a: 'x' });
  const before = await look(path.join(root, 'a'));
  t.false(sameObject(before, { ...before, birthtimeNs: String(BigInt(before.birthtimeNs) + 1n) }));
  t.false(sameObject(before, { ...before, ino: `${before.ino}1` }));
  t.false(sameObject(before, { ...before, dev: `${before.dev}1` }));
  t.false(sameObject(before, { ...before, type: 'directory' }));
});

test('a birth time that one of the looks does not know decides nothing', async (t) => {
  const root = temporaryDirectory(t);
  const before = await look(root);
  t.true(sameObject(before, { ...before, birthtimeNs: '0' }));
  t.true(sameObject({ ...before, birthtimeNs: '0' }, before));
});

test('an equal time with another size is a changed file; of a directory the size says nothing', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, { a: 'x' });
  const file = await look(path.join(root, 'a'));
  const directory = await look(root);
  t.false(isUnchanged(file, { ...file, size: 2 }));
  t.true(isUnchanged(directory, { ...directory, size: directory.size + 4096 }));
  t.false(isUnchanged(directory, { ...directory, mtimeNs: '1' }));
});
