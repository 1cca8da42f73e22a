import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { identify } from '../../src/disk/identity.ts';
import { moveBack, moveInto } from '../../src/disk/quarantine.ts';
import { picture, plant, temporaryDirectory } from './fixtures.ts';

test('nothing is renamed through a parent that is a link, whichever way (P4)', async (t) => {
  if (process.platform !== 'linux') {
    t.log('SKIPPED: needs /proc/self/fd');
    t.pass();
    return;
  }
  const root = temporaryDirectory(t);
  plant(root, {
    'decoy/item/a': 'precious',
    'decoy/file': 'x',
    'decoy/shop/item': 'z',
    'q/held': 'y',
    events: { link: 'decoy' },
  });
  const before = picture(path.join(root, 'decoy'));
  for (const [name, code] of [
    ['item', 'ENOTDIR'],
    ['file', 'ENOTDIR'],
    ['shop/item', 'ELOOP'],
  ] as const) {
    const from = path.join(root, 'events', name);
    const expected = identify(from)._unsafeUnwrap();
    if (expected === undefined) throw new Error('it is there, behind the link');
    const moved = moveInto(from, path.join(root, 'q', path.basename(name)), expected);
    t.like(moved._unsafeUnwrapErr(), { code, path: from });
  }
  const back = moveBack(path.join(root, 'q/held'), path.join(root, 'events/held'));
  t.is(back._unsafeUnwrapErr().code, 'ENOTDIR');
  t.deepEqual(picture(path.join(root, 'decoy')), before);
  t.deepEqual(fs.readdirSync(path.join(root, 'q')), ['held']);
});
