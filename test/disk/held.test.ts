import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { KeptDirectories } from '../../src/disk/held.ts';
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

/** Descriptors of this process that stand for `directory`. */
function descriptorsOf(directory: string): number {
  return fs.readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith(directory);
    } catch {
      return false;
    }
  }).length;
}

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('a directory that is kept is one descriptor for many holds, and none afterwards', (t) => {
  const root = fs.realpathSync(temporaryDirectory(t));
  plant(root, { 'logs/a': '1', 'logs/b': '2' });
  const directory = path.join(root, 'logs');
  {
    using kept = new KeptDirectories();
    for (const name of ['a', 'b', 'a']) {
      using held = kept.hold(path.join(directory, name))._unsafeUnwrap();
      t.true(fs.existsSync(held.path));
      t.is(descriptorsOf(directory), 1);
    }
    t.is(descriptorsOf(directory), 1);
    for (let index = 0; index < 40; index += 1) {
      const at = path.join(root, `d${index}`);
      fs.mkdirSync(at);
      kept.hold(path.join(at, 'x'))._unsafeUnwrap()[Symbol.dispose]();
    }
    t.true(descriptorsOf(root) <= 8, 'only a few stay open');
  }
  t.is(descriptorsOf(root), 0);
});

onLinux('a kept directory whose name leads elsewhere by now is not used again', (t) => {
  const root = fs.realpathSync(temporaryDirectory(t));
  plant(root, { 'logs/a': 'ours', 'q/x': '' });
  const at = path.join(root, 'logs');
  using kept = new KeptDirectories();
  kept.hold(path.join(at, 'a'))._unsafeUnwrap()[Symbol.dispose]();

  fs.renameSync(at, path.join(root, 'elsewhere'));
  fs.symlinkSync('elsewhere', at);
  const behindLink = identify(path.join(at, 'a'))._unsafeUnwrap();
  if (behindLink === undefined) throw new Error('it is there, behind the link');
  const moved = moveInto(path.join(at, 'a'), path.join(root, 'q/1'), behindLink, kept.hold);
  t.is(moved._unsafeUnwrapErr().code, 'ENOTDIR');
  t.deepEqual(fs.readdirSync(path.join(root, 'elsewhere')), ['a']);

  fs.unlinkSync(at);
  plant(root, { 'logs/a': 'another' });
  using held = kept.hold(path.join(at, 'a'))._unsafeUnwrap();
  t.is(fs.readFileSync(held.path, 'utf8'), 'another');
});

onLinux('a descriptor in use is not given back when another directory takes the name', (t) => {
  const root = fs.realpathSync(temporaryDirectory(t));
  plant(root, { 'logs/a': 'ours' });
  const at = path.join(root, 'logs');
  using kept = new KeptDirectories();
  const held = kept.hold(path.join(at, 'a'))._unsafeUnwrap();
  fs.renameSync(at, path.join(root, 'elsewhere'));
  plant(root, { 'logs/a': 'another' });
  {
    using other = kept.hold(path.join(at, 'a'))._unsafeUnwrap();
    t.is(fs.readFileSync(other.path, 'utf8'), 'another');
  }
  t.is(fs.readFileSync(held.path, 'utf8'), 'ours');
  held[Symbol.dispose]();
  t.is(descriptorsOf(path.join(root, 'elsewhere')), 0);
});

onLinux('a descriptor that two use is given back by the last of them only', (t) => {
  const root = fs.realpathSync(temporaryDirectory(t));
  plant(root, { 'logs/a': 'ours' });
  const at = path.join(root, 'logs');
  using kept = new KeptDirectories();
  const first = kept.hold(path.join(at, 'a'))._unsafeUnwrap();
  const second = kept.hold(path.join(at, 'a'))._unsafeUnwrap();
  fs.renameSync(at, path.join(root, 'elsewhere'));
  plant(root, { 'logs/a': 'another' });
  using other = kept.hold(path.join(at, 'a'))._unsafeUnwrap();
  first[Symbol.dispose]();
  // Whoever opens something now may be given the number that was free.
  const opened = fs.openSync(at, 'r');
  t.is(fs.readFileSync(second.path, 'utf8'), 'ours');
  fs.closeSync(opened);
  second[Symbol.dispose]();
  t.is(descriptorsOf(path.join(root, 'elsewhere')), 0);
  t.is(fs.readFileSync(other.path, 'utf8'), 'another');
});
