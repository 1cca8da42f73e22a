import fs from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import test from 'ava';
import { execa } from 'execa';
import { readMounts } from '../../src/disk/mounts.ts';
import { removeTree } from '../../src/disk/remove.ts';
import type { RemoveReport } from '../../src/disk/remove.ts';
import { isRoot, permitted, picture, plant, temporaryDirectory } from './fixtures.ts';

const child = (name: string): string => new URL(name, import.meta.url).pathname;

test('a tree with a bind mount inside is refused and nothing of it is touched', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, { 'source/precious': 'x', 'item/a/point/': '', 'item/b': 'y' });
  const point = path.join(root, 'item/a/point');
  const before = await readMounts();
  if (!(await permitted(t, ['mount', '--bind', path.join(root, 'source'), point], ['umount', point]))) return;
  const tree = picture(path.join(root, 'item'));
  for (const at of [path.join(root, 'item'), path.join(root, 'item/a'), point]) {
    const failure = (await removeTree(at, root))._unsafeUnwrapErr();
    t.deepEqual(failure, { type: 'disk', code: 'EBUSY', syscall: 'mount', path: point });
  }
  t.deepEqual(picture(path.join(root, 'item')), tree);
  // The table decides, not what the directory looks like; beside the mount point removal goes on.
  t.not(before, undefined);
  t.true((await removeTree(path.join(root, 'item/b'), root))._unsafeUnwrap().gone);
});

test('a mount is found behind a root that is reached through a link', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, { 'real/item/point/': '', 'source/precious': 'x', link: { link: 'real' } });
  const point = path.join(root, 'real/item/point');
  if (!(await permitted(t, ['mount', '--bind', path.join(root, 'source'), point], ['umount', point]))) return;
  const failure = (
    await removeTree(path.join(root, 'link/item'), path.join(root, 'link'))
  )._unsafeUnwrapErr();
  t.like(failure, { code: 'EBUSY', syscall: 'mount' });
  t.true(fs.existsSync(path.join(root, 'source/precious')));
});

test('another volume inside that the table did not show is not entered', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, { 'item/a/point/': '', 'item/b': 'y' });
  const point = path.join(root, 'item/a/point');
  const mounts = await readMounts();
  if (!(await permitted(t, ['mount', '-t', 'tmpfs', 'tmpfs', point], ['umount', point]))) return;
  plant(point, { precious: 'x' });
  const report = (await removeTree(path.join(root, 'item'), root, { mounts }))._unsafeUnwrap();
  t.like(report, { gone: false, blockedCount: 1, blocked: [{ code: 'EXDEV', path: point }] });
  t.is(fs.readFileSync(path.join(point, 'precious'), 'utf8'), 'x');
});

test('an immutable file stays with its path in the report; everything else goes', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, { 'item/a/b/stuck': 'x', 'item/a/b/free': 'y', 'item/a/c': 'z', 'item/d/e': 'w' });
  const stuck = path.join(root, 'item/a/b/stuck');
  if (!(await permitted(t, ['chattr', '+i', stuck], ['chattr', '-i', stuck]))) return;
  for (const byDescriptor of [true, false]) {
    const report = (await removeTree(path.join(root, 'item'), root, { byDescriptor }))._unsafeUnwrap();
    t.like(report, { gone: false, blockedCount: 1 });
    t.deepEqual(report.blocked, [{ type: 'disk', code: 'EPERM', syscall: 'unlink', path: stuck }]);
    t.deepEqual(picture(path.join(root, 'item')).length, 4);
  }
});

test('of many failures 20 are kept and all are counted', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`item/d/f${index}`, 'x'])));
  const directory = path.join(root, 'item/d');
  if (!(await permitted(t, ['chattr', '+i', directory], ['chattr', '-i', directory]))) return;
  const report = (await removeTree(path.join(root, 'item'), root))._unsafeUnwrap();
  t.like(report, { gone: false, blockedCount: 50, removedEntries: 0 });
  t.is(report.blocked.length, 20);
});

/** What another user can do with what the test planted for it; `undefined` when there cannot be another user. */
async function removeAsNobody(root: string, at: string): Promise<RemoveReport | undefined> {
  if (!isRoot) return undefined;
  fs.chmodSync(root, 0o755);
  const { stdout, failed } = await execa(process.execPath, [child('remove-child.js'), at, root], {
    uid: 65_534,
    gid: 65_534,
    reject: false,
  });
  return failed ? undefined : (JSON.parse(stdout) as RemoveReport);
}

test('read-only directories of one who owns them go', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, {
    'q/item/a/b/c': 'x',
    'q/item/a/d': 'y',
    'q/item/closed/e/f': 'z',
    'q/item/unreadable/g': 'w',
  });
  await execa('chown', ['-R', '65534:65534', path.join(root, 'q')]);
  for (const [name, mode] of [
    ['a/b', 0o555],
    ['a', 0o555],
    ['closed/e', 0o000],
    ['closed', 0o444],
    ['unreadable', 0o333],
    ['', 0o555],
  ] as const) {
    fs.chmodSync(path.join(root, 'q/item', name), mode);
  }
  const report = await removeAsNobody(root, path.join(root, 'q/item'));
  if (report === undefined) {
    t.log('SKIPPED: no other user to be had');
    t.pass();
    return;
  }
  t.deepEqual(report, { removedEntries: 10, blocked: [], blockedCount: 0, gone: true });
});

test("somebody else's directory inside stays, with the reason, and the rest goes", async (t) => {
  const root = temporaryDirectory(t);
  plant(root, { 'q/item/theirs/a': 'x', 'q/item/theirs/b': 'y', 'q/item/mine/c': 'z', 'q/item/d': 'w' });
  await execa('chown', ['-R', '65534:65534', path.join(root, 'q')]);
  await execa('chown', ['-R', '0:0', path.join(root, 'q/item/theirs')]);
  const report = await removeAsNobody(root, path.join(root, 'q/item'));
  if (report === undefined) {
    t.log('SKIPPED: no other user to be had');
    t.pass();
    return;
  }
  t.like(report, { removedEntries: 3, blockedCount: 2, gone: false });
  t.deepEqual(
    report.blocked.map(({ code, syscall, path: at }) => `${code} ${syscall} ${path.basename(at)}`).sort(),
    ['EACCES unlink a', 'EACCES unlink b'],
  );
  t.is(fs.readFileSync(path.join(root, 'q/item/theirs/a'), 'utf8'), 'x');
});

test('the rights of the directory that holds the tree are not changed', async (t) => {
  const root = temporaryDirectory(t);
  plant(root, { 'q/item/a': 'x' });
  await execa('chown', ['-R', '65534:65534', path.join(root, 'q')]);
  fs.chmodSync(path.join(root, 'q'), 0o555);
  const report = await removeAsNobody(root, path.join(root, 'q/item'));
  if (report === undefined) {
    t.log('SKIPPED: no other user to be had');
    t.pass();
    return;
  }
  t.like(report, { gone: false, blockedCount: 1, blocked: [{ code: 'EACCES', syscall: 'rmdir' }] });
  t.is(fs.lstatSync(path.join(root, 'q')).mode & 0o777, 0o555);
});

test('whoever swaps a directory for a link during the removal leads it nowhere (P4, story 9)', async (t) => {
  const base = temporaryDirectory(t);
  const root = path.join(base, 'root');
  const item = path.join(root, 'item');
  const decoy = path.join(base, 'decoy');
  const stop = path.join(base, 'stop');
  const names = Array.from({ length: 40 }, (_, index) => `d${index % 8}/f${index}`);
  plant(root, {});
  plant(decoy, Object.fromEntries(names.map((name) => [name, 'precious'])));
  const before = picture(decoy);
  const aside = path.join(base, 'aside');
  const racer = execa(process.execPath, [
    child('racer-child.js'),
    path.join(item, 'inner'),
    aside,
    decoy,
    stop,
  ]);
  t.teardown(() => racer.kill());
  while (!fs.existsSync(`${stop}.ready`)) await setTimeout(5);

  for (let round = 0; round < 400; round += 1) {
    // Planted out of the racer's sight, or the planting itself would be led to the decoy.
    const stage = path.join(base, `stage${round}`);
    plant(stage, Object.fromEntries(names.map((name) => [`inner/${name}`, 'x'])));
    if (fs.existsSync(item)) t.true((await removeTree(item, root)).isOk());
    if (!fs.existsSync(item)) fs.renameSync(stage, item);
    const removed = await removeTree(item, root);
    t.true(removed.isOk());
  }
  t.deepEqual(picture(decoy), before);
  fs.writeFileSync(stop, '');
  const { stdout } = await racer;
  t.log(`swapped ${stdout} times`);
  t.true(Number(stdout) > 100);
  t.true((await removeTree(item, root))._unsafeUnwrap().gone);
});
