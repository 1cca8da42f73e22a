import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { removeFile } from '../../src/disk/remove-file.ts';
import { permitted, picture, plant, temporaryDirectory } from './fixtures.ts';

test('a file goes, a link goes and not what it leads to, and what is absent is no failure', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, { 'in/file': 'x', 'in/link': { link: '../kept' }, kept: 'precious' });
  t.deepEqual((await removeFile(path.join(root, 'in/file')))._unsafeUnwrap(), { removed: true });
  t.deepEqual((await removeFile(path.join(root, 'in/link')))._unsafeUnwrap(), { removed: true });
  t.deepEqual((await removeFile(path.join(root, 'in/file')))._unsafeUnwrap(), { removed: false });
  t.deepEqual((await removeFile(path.join(root, 'no/directory/file')))._unsafeUnwrap(), { removed: false });
  t.deepEqual(fs.readdirSync(path.join(root, 'in')), []);
  t.is(fs.readFileSync(path.join(root, 'kept'), 'utf8'), 'precious');
});

test('large files go as small ones do, and what stands in the way of either is told', async (t) => {
  const root = temporaryDirectory(t);
  const large = 'x'.repeat(100_000);
  plant(root, { 'in/large': large, 'in/small': 'x', 'shut/large': large, 'shut/small': 'x' });
  for (const name of ['large', 'small']) {
    t.deepEqual((await removeFile(path.join(root, 'in', name)))._unsafeUnwrap(), { removed: true });
  }
  t.deepEqual(fs.readdirSync(path.join(root, 'in')), []);
  const shut = path.join(root, 'shut');
  if (!(await permitted(t, ['chattr', '+i', shut], ['chattr', '-i', shut]))) return;
  for (const name of ['large', 'small']) {
    const file = path.join(shut, name);
    const refused = (await removeFile(file))._unsafeUnwrapErr();
    t.like(refused, { type: 'disk', code: 'EPERM', syscall: 'unlink', path: file });
  }
  t.deepEqual(fs.readdirSync(shut).sort(), ['large', 'small']);
});

test('a directory that took the place of a file is not touched', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, { 'in/item/a': 'x', 'in/empty/': '' });
  const before = picture(root);
  t.is((await removeFile(path.join(root, 'in/item')))._unsafeUnwrap(), 'directory');
  t.is((await removeFile(path.join(root, 'in/empty')))._unsafeUnwrap(), 'directory');
  t.deepEqual(picture(root), before);
});

test('nothing is removed through a parent that is a link (P4)', async (t) => {
  if (process.platform !== 'linux') {
    t.log('SKIPPED: needs /proc/self/fd');
    t.pass();
    return;
  }
  const root = temporaryDirectory(t);
  plant(root, { 'decoy/file': 'precious', quarantine: { link: 'decoy' } });
  t.like((await removeFile(path.join(root, 'quarantine/file')))._unsafeUnwrapErr(), { code: 'ENOTDIR' });
  t.is(fs.readFileSync(path.join(root, 'decoy/file'), 'utf8'), 'precious');
});

test('a file that something is mounted on is refused, and both stay', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, { source: 'theirs', 'in/file': 'ours' });
  const point = path.join(root, 'in/file');
  if (!(await permitted(t, ['mount', '--bind', path.join(root, 'source'), point], ['umount', point]))) return;
  t.like((await removeFile(point))._unsafeUnwrapErr(), { code: 'EBUSY', syscall: 'unlink', path: point });
  t.is(fs.readFileSync(path.join(root, 'source'), 'utf8'), 'theirs');
});
