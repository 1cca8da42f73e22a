import { mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { realNearest } from '../../src/disk/spellings.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

test('of what is not there the nearest directory that is tells the real path, through links and ..', (t) => {
  const top = realpathSync(temporaryDirectory(t));
  mkdirSync(join(top, 'real', 'inner'), { recursive: true });
  symlinkSync(join(top, 'real', 'inner'), join(top, 'link'));
  t.is(realNearest(join(top, 'link')), join(top, 'real', 'inner'));
  t.is(realNearest(`${top}/link/gone/deeper`), join(top, 'real', 'inner', 'gone', 'deeper'));
  t.is(realNearest(`${top}/link/../gone`), join(top, 'real', 'gone'));
  t.is(realNearest(`${top}/gone/../other`), join(top, 'other'));
  t.is(realNearest('/'), '/');
});

test('ten thousand levels that somebody wrote down are a path like any other', (t) => {
  const top = realpathSync(temporaryDirectory(t));
  symlinkSync(top, join(top, 'link'));
  const deep = '/a'.repeat(10_000);
  t.is(realNearest(deep), deep);
  t.is(realNearest(`${top}/link${deep}`), `${top}${deep}`);
});
