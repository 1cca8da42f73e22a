import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import type { Identity } from '../../src/model/item.ts';
import { identify } from '../../src/disk/identity.ts';
import {
  dropSecondName,
  ensureQuarantine,
  moveBack,
  moveInto,
  syncDirectories,
} from '../../src/disk/quarantine.ts';
import { real, runBetween, type Between } from '../torture/interpose.ts';
import { isRoot, permitted, picture, plant, temporaryDirectory } from './fixtures.ts';

async function look(at: string): Promise<Identity> {
  const identity = identify(at)._unsafeUnwrap();
  if (identity === undefined) throw new Error(`${at} is absent`);
  return identity;
}

test('each level of the quarantine is made for its owner alone, and found again', async (t) => {
  const root = temporaryDirectory(t);
  const made = (await ensureQuarantine(root, ['clean', 'quarantine', 'run-1']))._unsafeUnwrap();
  t.is(made, path.join(root, 'clean/quarantine/run-1'));
  for (const level of ['clean', 'clean/quarantine', 'clean/quarantine/run-1']) {
    t.is(fs.lstatSync(path.join(root, level)).mode & 0o777, 0o700);
  }
  t.is((await ensureQuarantine(root, ['clean', 'quarantine', 'run-1']))._unsafeUnwrap(), made);
});

test('a level that is a link or a file is refused, and nothing is made behind it', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, { 'elsewhere/': '', link: { link: 'elsewhere' }, dangling: { link: 'nowhere' }, file: 'x' });
  t.is((await ensureQuarantine(root, ['link', 'q']))._unsafeUnwrapErr().code, 'ELOOP');
  t.is((await ensureQuarantine(root, ['dangling', 'q']))._unsafeUnwrapErr().code, 'ELOOP');
  t.is((await ensureQuarantine(root, ['file', 'q']))._unsafeUnwrapErr().code, 'ENOTDIR');
  t.deepEqual(fs.readdirSync(path.join(root, 'elsewhere')), []);
  t.false(fs.existsSync(path.join(root, 'nowhere')));
});

test('a level of somebody else is refused', async (t) => {
  if (!isRoot) {
    t.log('SKIPPED: needs root');
    t.pass();
    return;
  }
  const root = temporaryDirectory(t);
  plant(root, { 'theirs/': '' });
  fs.chownSync(path.join(root, 'theirs'), 65_534, 65_534);
  t.is((await ensureQuarantine(root, ['theirs', 'q']))._unsafeUnwrapErr().code, 'EPERM');
  t.deepEqual(fs.readdirSync(path.join(root, 'theirs')), []);
});

test('names that lead elsewhere are a defect', async (t) => {
  const root = temporaryDirectory(t);
  for (const name of ['..', '.', '', 'a/b', 'a\0']) {
    await t.throwsAsync(ensureQuarantine(root, [name]), { name: 'Defect' });
  }
});

test('what was judged is moved as it is', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, { 'item/a': 'x', 'q/': '' });
  const before = picture(path.join(root, 'item')).map((line) => line.split(' ').slice(1));
  const moved = moveInto(
    path.join(root, 'item'),
    path.join(root, 'q/1'),
    await look(path.join(root, 'item')),
  );
  t.is(moved._unsafeUnwrap(), 'moved');
  t.false(fs.existsSync(path.join(root, 'item')));
  t.deepEqual(
    picture(path.join(root, 'q/1')).map((line) => line.split(' ').slice(1)),
    before,
  );
});

test('what is gone is absent', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, { item: 'x', 'q/': '' });
  const expected = await look(path.join(root, 'item'));
  fs.unlinkSync(path.join(root, 'item'));
  t.is(moveInto(path.join(root, 'item'), path.join(root, 'q/1'), expected)._unsafeUnwrap(), 'absent');
});

test('an item written to since, made anew, or replaced by a link has drifted and stays', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, { file: 'x', 'directory/a': 'x', other: 'x', 'target/': '', 'q/': '' });
  const item = (name: string) => path.join(root, name);
  const expected = {
    file: await look(item('file')),
    directory: await look(item('directory')),
    other: await look(item('other')),
  };
  fs.writeFileSync(item('file'), 'xy');
  fs.writeFileSync(item('directory/b'), 'y');
  fs.unlinkSync(item('other'));
  fs.symlinkSync('target', item('other'));
  fs.utimesSync(item('directory'), 1, 1);
  const before = picture(root);
  for (const name of ['file', 'directory', 'other'] as const) {
    const moved = moveInto(item(name), item('q/1'), expected[name])._unsafeUnwrap();
    t.deepEqual(moved, { drifted: await look(item(name)) });
  }
  t.deepEqual(picture(root), before);
});

test('a taken place in the quarantine is never moved onto', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, { 'item/a': 'x', 'q/1/': '', 'q/2': { link: 'nowhere' } });
  const expected = await look(path.join(root, 'item'));
  const before = picture(root);
  for (const place of ['q/1', 'q/2']) {
    const failure = moveInto(path.join(root, 'item'), path.join(root, place), expected)._unsafeUnwrapErr();
    t.like(failure, { code: 'EEXIST', path: path.join(root, place) });
  }
  t.deepEqual(picture(root), before);
});

test('a missing quarantine is a failure, not an absent item', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, { item: 'x' });
  const expected = await look(path.join(root, 'item'));
  const moved = moveInto(path.join(root, 'item'), path.join(root, 'q/1'), expected);
  t.like(moved._unsafeUnwrapErr(), { code: 'ENOENT', syscall: 'rename' });
});

test('a move to another volume fails with EXDEV and leaves the item (story 28)', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, { 'item/a': 'x', 'volume/': '' });
  const volume = path.join(root, 'volume');
  if (!(await permitted(t, ['mount', '-t', 'tmpfs', 'tmpfs', volume], ['umount', volume]))) return;
  const before = picture(path.join(root, 'item'));
  const moved = moveInto(
    path.join(root, 'item'),
    path.join(volume, '1'),
    await look(path.join(root, 'item')),
  );
  t.like(moved._unsafeUnwrapErr(), { code: 'EXDEV', syscall: 'rename' });
  t.deepEqual(picture(path.join(root, 'item')), before);
});

test('files, directories and links come back as they were', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, { 'q/file': 'x', 'q/directory/a': 'y', 'q/link': { link: 'nowhere' }, 'home/': '' });
  for (const name of ['file', 'directory', 'link']) {
    const before = await look(path.join(root, 'q', name));
    moveBack(path.join(root, 'q', name), path.join(root, 'home', name))._unsafeUnwrap();
    t.deepEqual(await look(path.join(root, 'home', name)), before);
  }
  t.deepEqual(fs.readdirSync(path.join(root, 'q')), []);
  t.is(fs.lstatSync(path.join(root, 'home/file')).nlink, 1);
});

test('coming back never overwrites anything, not even an empty directory or a dangling link', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, {
    'q/file': 'x',
    'q/directory/a': 'y',
    'home/file': 'newer',
    'home/empty/': '',
    'home/dangling': { link: 'nowhere' },
  });
  const before = picture(root);
  for (const from of ['file', 'directory']) {
    for (const to of ['file', 'empty', 'dangling']) {
      const failure = moveBack(path.join(root, 'q', from), path.join(root, 'home', to))._unsafeUnwrapErr();
      t.is(failure.code, 'EEXIST');
    }
  }
  t.deepEqual(picture(root), before);
  const nothing = moveBack(path.join(root, 'q/nothing'), path.join(root, 'home/new'));
  t.is(nothing._unsafeUnwrapErr().code, 'ENOENT');
});

test('directories are synced, one that is gone through the one above it', async (t) => {
  const root = temporaryDirectory(t);
  t.true((await syncDirectories([root, root, path.join(root, 'gone/further')])).isOk());
  plant(root, { file: 'x' });
  t.is((await syncDirectories([path.join(root, 'file/below')]))._unsafeUnwrapErr().code, 'ENOTDIR');
});

test('a file that a crash left with both names keeps the original one', async (t) => {
  const directory = temporaryDirectory(t);
  const [original, second] = [path.join(directory, 'original'), path.join(directory, 'second')];
  fs.writeFileSync(original, 'content');
  fs.linkSync(original, second);
  t.true(dropSecondName(second, original));
  t.is(fs.readFileSync(original, 'utf8'), 'content');
  t.false(fs.existsSync(second));

  fs.writeFileSync(second, 'content');
  t.false(dropSecondName(second, original));
  t.true(fs.existsSync(second), 'another file, though equal, is not touched');
});

/** Elsewhere nothing holds a directory. */
const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux(
  'parents swapped for links just before the rename do not make us move what lies behind them, nor move it there',
  async (t) => {
    const root = fs.realpathSync(temporaryDirectory(t));
    plant(root, { 'logs/a': 'ours', 'outside/a': 'not ours', 'q/.keep': '', 'elsewhere/.keep': '' });
    const from = path.join(root, 'logs', 'a');
    const expected = await look(from);
    let swapped = 0;
    const between: Between = {
      roots: [root],
      isDead: () => false,
      on: ({ name }, perform) => {
        if (name === 'rename') {
          swapped += 1;
          real.renameSync(path.join(root, 'logs'), path.join(root, 'away'));
          real.symlinkSync('outside', path.join(root, 'logs'));
          real.renameSync(path.join(root, 'q'), path.join(root, 'quarantine'));
          real.symlinkSync('elsewhere', path.join(root, 'q'));
        }
        return perform();
      },
      turns: () => 0,
    };
    await runBetween(between, () => Promise.resolve(moveInto(from, path.join(root, 'q', '1'), expected)));
    t.is(swapped, 1);
    t.deepEqual(fs.readdirSync(path.join(root, 'elsewhere')), ['.keep']);
    t.is(fs.readFileSync(path.join(root, 'outside', 'a'), 'utf8'), 'not ours');
    t.is(fs.readFileSync(path.join(root, 'quarantine', '1'), 'utf8'), 'ours');
  },
);

for (const [how, putBack] of [
  ['a file is put back', (held: string, place: string) => moveBack(held, place).isOk()],
  ['what a crash left of that is ended', (held: string, place: string) => dropSecondName(held, place)],
] as const) {
  test(`${how}: its name in its place is durable before the one in quarantine goes (P5)`, async (t) => {
    const top = temporaryDirectory(t);
    const [held, place] = [path.join(top, 'held', 'a'), path.join(top, 'place', 'a')];
    for (const name of ['held', 'place']) fs.mkdirSync(path.join(top, name));
    fs.writeFileSync(held, 'work');
    if (how !== 'a file is put back') fs.linkSync(held, place);
    const calls: string[] = [];
    const between: Between = {
      roots: [top],
      isDead: () => false,
      turns: () => 0,
      on: (call, perform) => {
        if (['link', 'unlink', 'rename', 'fsync-directory'].includes(call.name))
          calls.push(`${call.name} ${path.relative(top, call.to ?? call.path)}`);
        return perform();
      },
    };
    t.true(await runBetween(between, async () => putBack(held, place)));
    t.deepEqual(calls.slice(-2), ['fsync-directory place', 'unlink held/a']);
    t.is(fs.readFileSync(place, 'utf8'), 'work');
    t.false(fs.existsSync(held));
  });
}
