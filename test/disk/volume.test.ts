import path from 'node:path';
import test from 'ava';
import { freeBytes, volumeOf } from '../../src/disk/volume.ts';
import { plant, temporaryDirectory } from './fixtures.ts';

test('a path that does not exist yet has the room of the nearest directory above', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, { file: 'x' });
  const free = await freeBytes(path.join(root, 'not/yet/there'));
  t.true(free !== undefined && free > 0);
  t.true(((await freeBytes(path.join(root, 'file/below'))) ?? 0) > 0);
});

test('one volume has one name', async (t) => {
  const root = temporaryDirectory(t);
  t.is(await volumeOf(path.join(root, 'a/b')), await volumeOf(root));
  t.not(await volumeOf(root), undefined);
});

test('what is no absolute path has neither room nor volume', async (t) => {
  t.is(await freeBytes('relative'), undefined);
  t.is(await volumeOf(''), undefined);
});
