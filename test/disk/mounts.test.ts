import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { mountsInside, parseMountInfo, parseMountOutput, readMounts } from '../../src/disk/mounts.ts';
import { permitted, plant, temporaryDirectory } from './fixtures.ts';

test('octal escapes of the kernel are decoded', (t) => {
  const line = String.raw`36 35 98:0 /mnt1 /mnt/a\040b\011c\012d\134e rw,noatime master:1 - ext3 /dev/root rw`;
  t.deepEqual(parseMountInfo(`${line}\n`).points, ['/mnt/a b\tc\nd\\e']);
});

test('the output of mount is read on macOS', (t) => {
  const text = [
    '/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)',
    'map auto_home on /System/Volumes/Data/home (autofs, automounted, nobrowse)',
    '//me@host/share (x) on /Volumes/a share (1) (smbfs, nodev)',
  ].join('\n');
  t.deepEqual(parseMountOutput(text).points, ['/', '/System/Volumes/Data/home', '/Volumes/a share (1)']);
});

test('mount points count at the path and below it, not beside it', (t) => {
  const table = { points: ['/', '/a', '/a/b', '/ab', '/c'] };
  t.deepEqual(mountsInside(table, '/a'), ['/a', '/a/b']);
  t.deepEqual(mountsInside(table, '/a/'), ['/a', '/a/b']);
  t.deepEqual(mountsInside(table, '/d'), []);
  t.is(mountsInside(table, '/').length, 5);
});

test('the table of this machine knows its root', async (t) => {
  const table = await readMounts();
  if (process.platform === 'win32') t.is(table, undefined);
  else t.true(table?.points.includes('/'));
});

test('a bind mount is found although its device number is that of its surroundings', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, { 'source/': '', 'tree/with space/': '' });
  const point = path.join(root, 'tree/with space');
  if (!(await permitted(t, ['mount', '--bind', path.join(root, 'source'), point], ['umount', point]))) return;
  t.is(fs.lstatSync(point).dev, fs.lstatSync(root).dev);
  const table = await readMounts();
  t.deepEqual(table && mountsInside(table, path.join(root, 'tree')), [point]);
});
