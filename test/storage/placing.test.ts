import { mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { Placing } from '../../src/storage/placing.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

test('a root that is named twice is one place', (t) => {
  const top = realpathSync(temporaryDirectory(t));
  const root = join(top, 'home', '.prodigy');
  mkdirSync(root, { recursive: true });
  symlinkSync(join(top, 'home'), join(top, 'link'));
  const given = join(top, 'link', '.prodigy');
  const placing = new Placing([root], [given, given], []);
  t.deepEqual(placing.of(join(given, 'worktrees', 'shop')), [join(root, 'worktrees', 'shop')]);
  t.deepEqual(placing.of(join(root, 'worktrees')), [join(root, 'worktrees')]);
  t.deepEqual(placing.of(join(top, 'elsewhere')), []);
});
