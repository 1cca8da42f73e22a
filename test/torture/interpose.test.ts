import fs from 'node:fs';
import { lstat, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { CrashFs } from './crash-fs.ts';
import { Death, real, runBetween, type Between, type Call } from './interpose.ts';
import { seeded } from './random.ts';

function watching(root: string, on?: Between['on']): { between: Between; calls: Call[] } {
  const calls: Call[] = [];
  const between: Between = {
    roots: [root],
    isDead: () => false,
    turns: () => 1,
    on: (call, perform) => {
      calls.push(call);
      return on === undefined ? perform() : on(call, perform);
    },
  };
  return { between, calls };
}

test('every form of a call is told once, with its real path, and nothing outside is', async (t) => {
  const root = temporaryDirectory(t);
  const other = temporaryDirectory(t);
  const { between, calls } = watching(root);
  await runBetween(between, async () => {
    await writeFile(join(root, 'a'), 'text');
    await writeFile(join(other, 'a'), 'text');
    fs.readFileSync(join(root, 'a'));
    const fd = fs.openSync(root, 'r');
    await new Promise((resolve) => fs.unlink(`/proc/self/fd/${fd}/a`, resolve));
    fs.closeSync(fd);
    await using directory = await open(root, 'r');
    await directory.sync();
  });
  t.deepEqual(
    calls.map(({ name, path }) => `${name} ${path.slice(root.length)}`),
    ['writeFile /a', 'readFile /a', 'open ', 'unlink /a', 'close ', 'open ', 'fsync-directory ', 'close '],
  );
  t.false(fs.existsSync(join(root, 'a')));
});

test('a dead process gets no answer, and its calls no effect', async (t) => {
  const root = temporaryDirectory(t);
  let isDead = false;
  const between: Between = {
    ...watching(root, () => {
      isDead = true;
      throw new Death();
    }).between,
    isDead: () => isDead,
  };
  let answered = false;
  void runBetween(between, async () => {
    await lstat(root).catch(() => undefined);
    answered = true;
  });
  void runBetween(between, async () => writeFile(join(root, 'late'), ''));
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.false(answered);
  t.deepEqual(fs.readdirSync(root), []);
});

for (const loss of ['ordered', 'directories'] as const) {
  test(`a power cut (${loss}) takes back what was not synced, and only that`, async (t) => {
    const top = temporaryDirectory(t);
    const [root, shadow] = [join(top, 'root'), join(top, 'shadow')];
    for (const path of [root, shadow, join(root, 'from'), join(root, 'to')]) real.mkdirSync(path);
    for (const name of ['synced', 'lost', 'unlinked']) real.writeFileSync(join(root, 'from', name), name);
    const inode = real.lstatSync(join(root, 'from', 'unlinked')).ino;
    const disk = new CrashFs(loss, shadow);
    const { between } = watching(root, (call, perform) => disk.carryOut(call, perform));
    await runBetween(between, async () => {
      fs.renameSync(join(root, 'from', 'synced'), join(root, 'to', 'synced'));
      for (const name of ['from', 'to']) {
        await using directory = await open(join(root, name), 'r');
        await directory.sync();
      }
      fs.renameSync(join(root, 'from', 'lost'), join(root, 'to', 'lost'));
      fs.unlinkSync(join(root, 'from', 'unlinked'));
    });
    // A number that never lets anything survive.
    disk.lose({ ...seeded(1), below: () => 0, chance: () => true });
    t.deepEqual(real.readdirSync(join(root, 'from')), ['lost', 'unlinked']);
    t.deepEqual(real.readdirSync(join(root, 'to')), ['synced']);
    t.is(real.readFileSync(join(root, 'from', 'unlinked'), 'utf8'), 'unlinked');
    t.is(real.lstatSync(join(root, 'from', 'unlinked')).ino, inode);
  });
}
