import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { removeTree } from '../../src/disk/remove.ts';
import { runBetween, type Call } from '../torture/interpose.ts';
import { plant, temporaryDirectory } from './fixtures.ts';

test('a tree whose directory cannot be opened is not said to be gone', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, { 'q/item/a': 'x' });
  const on = ({ name, path: at }: Call, perform: () => unknown): unknown => {
    if (name !== 'open' || at !== path.join(root, 'q')) return perform();
    throw Object.assign(new Error('ENOENT: on purpose'), { code: 'ENOENT', syscall: 'open' });
  };
  const between = { roots: [root], isDead: () => false, turns: () => 0, on };
  const done = await runBetween(between, () => removeTree(path.join(root, 'q/item'), root));
  t.like(done._unsafeUnwrapErr(), { type: 'disk', code: 'ENOENT', syscall: 'open' });
  t.true(fs.existsSync(path.join(root, 'q/item/a')));
});
