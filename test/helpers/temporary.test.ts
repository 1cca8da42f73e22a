import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { asNobody, giveToNobody } from './as-nobody.ts';
import {
  canChattr,
  canMount,
  isRoot,
  makeTemporaryDirectory,
  mountTmpfs,
  removeTemporaryDirectory,
  setImmutable,
  temporaryDirectory,
} from './temporary.ts';

test('nothing is removed that was not made here, wherever it lies', (t) => {
  const mine = temporaryDirectory(t);
  // Never anything real: a test of a safeguard must do no harm when the safeguard fails.
  const others = mkdtempSync(join(mine, 'somebody-'));
  writeFileSync(join(others, 'work'), '');
  for (const path of [others, `${mine}/`, `${mine}/.`, `${others}/..`, join(mine, 'absent')]) {
    t.throws(
      () => removeTemporaryDirectory(path),
      { message: /not a temporary directory of this process/ },
      path,
    );
  }
  t.true(existsSync(join(others, 'work')));
});

test('closed directories are removed, and a link’s target stays', (t) => {
  const target = temporaryDirectory(t);
  writeFileSync(join(target, 'keep'), '');
  const top = makeTemporaryDirectory();
  mkdirSync(join(top, 'closed'));
  writeFileSync(join(top, 'closed', 'file'), '');
  symlinkSync(target, join(top, 'link'));
  chmodSync(join(top, 'closed'), 0o000);
  removeTemporaryDirectory(top);
  t.false(existsSync(top));
  t.deepEqual(readdirSync(target), ['keep']);
});

(canChattr() ? test : test.skip)('immutable files are removed', (t) => {
  const top = makeTemporaryDirectory();
  writeFileSync(join(top, 'file'), '');
  t.true(setImmutable(join(top, 'file'), true));
  removeTemporaryDirectory(top);
  t.false(existsSync(top));
});

(canMount() ? test : test.skip)('a mount is undone, with what is in it', (t) => {
  const top = makeTemporaryDirectory();
  mkdirSync(join(top, 'disk with space'));
  t.true(mountTmpfs(join(top, 'disk with space'), '1m'));
  writeFileSync(join(top, 'disk with space', 'file'), '');
  removeTemporaryDirectory(top);
  t.false(existsSync(top));
});

(isRoot() ? test : test.skip)('nobody is not root, and gets only what it was given', async (t) => {
  const top = temporaryDirectory(t);
  writeFileSync(join(top, 'file'), 'x');
  const read = [
    '-e',
    `process.stdout.write(process.getuid() + require('fs').readFileSync(process.argv[1], 'utf8'))`,
  ];
  t.not((await asNobody([...read, join(top, 'file')])).exitCode, 0);
  await giveToNobody(top);
  t.is((await asNobody([...read, join(top, 'file')])).stdout, '65534x');
});
