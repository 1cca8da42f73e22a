import { chmodSync, chownSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'ava';
import { existingRefuges, isVolatile, makeRefuge, refugePaths } from '../../src/disk/refuge.ts';
import { canMount, isRoot, mountTmpfs, temporaryDirectory } from '../helpers/temporary.ts';

const uid = process.getuid?.() ?? 0;

test('a refuge has a name that every process finds again, whether what it stands for exists or not', async (t) => {
  const top = temporaryDirectory(t);
  const home = join(top, 'home', 'clean', 'journal');
  const [before] = await refugePaths([top], home, uid);
  mkdirSync(home, { recursive: true });
  symlinkSync('home', join(top, 'link'));
  t.deepEqual(await refugePaths([top], home, uid), [before]);
  t.deepEqual(await refugePaths([top], join(top, 'link', 'clean', 'journal'), uid), [before]);
  t.notDeepEqual(await refugePaths([top], dirname(home), uid), [before]);
});

test('what others could have put there is no refuge: links, open directories, those of somebody else', async (t) => {
  const top = temporaryDirectory(t);
  const bases = ['link', 'open', 'theirs', 'good'].map((name) => join(top, name));
  for (const base of bases) mkdirSync(base);
  const paths = await refugePaths(bases, join(top, 'home'), uid);
  const [link = '', open = '', theirs = '', good = ''] = paths;
  mkdirSync(join(top, 'elsewhere'));
  symlinkSync(join(top, 'elsewhere'), link);
  mkdirSync(open);
  chmodSync(open, 0o777);
  mkdirSync(theirs, { mode: 0o700 });
  if (isRoot()) chownSync(theirs, 65_534, 65_534);
  else chmodSync(theirs, 0o750);
  t.deepEqual(await existingRefuges(paths), []);
  t.is(await makeRefuge(paths), good);
  t.deepEqual(await existingRefuges(paths), [good]);
});

test('a base where others could swap what is ours, and one without room, are passed over', async (t) => {
  const top = temporaryDirectory(t);
  const [writable, small, good] = ['writable', 'small', 'good'].map((name) => join(top, name)) as [
    string,
    string,
    string,
  ];
  for (const base of [writable, small, good]) mkdirSync(base);
  chmodSync(writable, 0o777);
  const canBeSmall = canMount() && mountTmpfs(small, '4m');
  const bases = canBeSmall ? [writable, small, good] : [writable, good];
  const made = await makeRefuge(await refugePaths(bases, join(top, 'home'), uid));
  t.is(dirname(made ?? ''), good);
  if (canBeSmall) t.true(await isVolatile(small));
});
