import { appendFile, mkdir, rename, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { see, type Seen } from '../../src/storage/see.ts';
import { readStamp, stampOf } from '../../src/storage/stamp.ts';
import { readTree } from '../../src/storage/tree.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

function seenAt(path: string): Seen {
  const seen = see(path)._unsafeUnwrap();
  if (seen === undefined) throw new Error(`nothing at ${path}`);
  return seen;
}

async function treeIn(top: string): Promise<string> {
  await mkdir(join(top, 'a', 'b'), { recursive: true });
  for (const name of ['a.json', 'a/x.json', 'a/b/y.json']) await writeFile(join(top, name), '{}');
  return top;
}

for (const limit of [100, 2]) {
  test(`what was read and what is there now have one stamp, limit ${limit}`, async (t) => {
    const top = await treeIn(temporaryDirectory(t));
    const all = ['', 'a/b/y.json', 'a.json', 'a', 'a/x.json', 'a/b'].map((name) => seenAt(join(top, name)));
    const stamp = stampOf(top, all, limit);
    t.is((await readStamp(top, limit))._unsafeUnwrap(), stamp);
    await appendFile(join(top, 'a', 'b', 'y.json'), ' ');
    t.not((await readStamp(top, limit))._unsafeUnwrap(), stamp);
  });
}

test('the tree that a survey reads has the stamp of its directory', async (t) => {
  const top = await treeIn(temporaryDirectory(t));
  t.is(readTree(seenAt(top), () => true).stamp, (await readStamp(top))._unsafeUnwrap());
});

test('another name, another object and a link are other stamps', async (t) => {
  const top = await treeIn(temporaryDirectory(t));
  const stamps = new Set<string>();
  const note = async (): Promise<void> => void stamps.add((await readStamp(top))._unsafeUnwrap());
  await note();
  await rename(join(top, 'a', 'x.json'), join(top, 'a', 'z.json'));
  await note();
  const { mtimeMs } = seenAt(join(top, 'a.json'));
  await writeFile(join(top, 'new'), '{}');
  await utimes(join(top, 'new'), mtimeMs / 1000, mtimeMs / 1000);
  await rename(join(top, 'new'), join(top, 'a.json'));
  await note();
  await symlink('/', join(top, 'link'));
  await note();
  t.is(stamps.size, 4);
});
