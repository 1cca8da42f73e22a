import { linkSync, mkdirSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { lyingInPlace } from '../../src/cleaners/quarantine-place.ts';
import { identify } from '../../src/disk/identity.ts';
import { markOf } from '../../src/model/item.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

test('what is held is told by its row to lie where it was moved, while that is sure', (t) => {
  const roots = [temporaryDirectory(t), temporaryDirectory(t)];
  const directory = join(roots[1] ?? '', 'clean/quarantine/journal');
  mkdirSync(directory, { recursive: true });
  const [path, elsewhere] = [join(directory, 'op.0'), join(directory, 'other')];
  writeFileSync(path, 'x');
  const identity = identify(path)._unsafeUnwrap();
  if (identity === undefined) throw new Error('it is not there');
  const held = { op: 'op', state: 'quarantined', mark: markOf(identity) } as const;
  const isInPlace = lyingInPlace(roots, 'journal');
  t.true(isInPlace(held));
  writeFileSync(path, 'more');
  t.true(isInPlace(held));

  t.false(isInPlace({ op: held.op, state: held.state }));
  t.false(isInPlace({ ...held, state: 'intended' }));
  t.false(lyingInPlace(roots, 'another')(held));
  // As a crash leaves it when it is put back.
  linkSync(path, elsewhere);
  t.false(isInPlace(held));
  unlinkSync(elsewhere);
  t.true(isInPlace(held));
  renameSync(path, elsewhere);
  t.false(isInPlace(held));
  writeFileSync(path, 'x');
  t.false(isInPlace(held));
});
