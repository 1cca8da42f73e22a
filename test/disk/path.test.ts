import { join, resolve } from 'node:path';
import test from 'ava';
import { isAncestorOrSelf, isInside, normalise, pathIn } from '../../src/disk/path.ts';

const inside = test.macro({
  exec(t, path: string, root: string, expected: boolean) {
    t.is(isInside(path, root), expected);
  },
  title: (_, path, root, expected) =>
    `${JSON.stringify(path)} ${expected ? 'is' : 'is not'} inside ${String(root)}`,
});

test(inside, '/tmp/a', '/tmp', true);
test(inside, '/tmp/a/b', '/tmp/', true);
test(inside, '/tmp', '/tmp', false);
test(inside, '/tmp/', '/tmp', false);
test(inside, '/tmp/.', '/tmp', false);
test(inside, '/tmp/a/..', '/tmp', false);
test(inside, '/tmp/a/../..', '/tmp', false);
test(inside, '/tmp/../tmp/a', '/tmp', true);
test(inside, '/tmp//a', '/tmp', true);
test(inside, '/tmpfoo', '/tmp', false);
test(inside, '/tmpfoo/a', '/tmp', false);
test(inside, '/tm', '/tmp', false);
test(inside, '/a', '/', true);
test(inside, '/', '/', false);
test(inside, '//', '/', false);
test(inside, 'a', '/', false);
test(inside, '', '/', false);
test(inside, './tmp/a', '/tmp', false);
test(inside, '/tmp/a', '', false);
test(inside, '/tmp/a', 'tmp', false);
test(inside, '/tmp/..a', '/tmp', true);
test(inside, '/tmp/a\0b', '/tmp', false);

test('a directory is its own ancestor-or-self, a sibling with the same beginning is not (story 5)', (t) => {
  t.true(isAncestorOrSelf('/tmp', '/tmp/'));
  t.true(isAncestorOrSelf('/tmp', '/tmp/a'));
  t.true(isAncestorOrSelf('/', '/'));
  t.false(isAncestorOrSelf('/tmp', '/tmpfoo'));
  t.false(isAncestorOrSelf('/tmp/a', '/tmp'));
  t.false(isAncestorOrSelf('', ''));
});

test('only absolute text without NUL has a normal form', (t) => {
  t.is(normalise('/a/./b/../c/'), '/a/c');
  t.is(normalise('a'), undefined);
  t.is(normalise(''), undefined);
  t.is(normalise('/a\0'), undefined);
});

test('whatever segments a path has, it is spelt as the system resolves it', (t) => {
  const segments = ['', '.', '..', '...', 'a', '.a', '..a', 'a..', ' '];
  for (const first of segments)
    for (const second of segments)
      for (const third of segments) {
        const path = `/${first}/${second}/${third}`;
        t.is(normalise(path), resolve(path));
        t.is(normalise(`/${first}`), resolve(`/${first}`));
      }
});

test('a name that was listed lies where joining says, at the root of a file system, too', (t) => {
  for (const directory of ['/', '/tmp', '/tmp/a b'])
    for (const name of ['a', '.a', '..a', 'a..', '...', ' ', 'a\\b'])
      t.is(pathIn(directory, name), join(directory, name));
});
