import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { durationMs } from './duration.ts';
import { settleDirectories } from './settle-directories.ts';
import { temporaryDirectory } from './temporary.ts';
import { aged, symlink, writeTree } from './write-tree.ts';

test('files, directories and links are as old as asked, whatever is written into them', async (t) => {
  const top = temporaryDirectory(t);
  const nowMs = 1_700_000_000_000;
  await writeTree(
    top,
    {
      'logs/': aged('30d'),
      'logs/a.jsonl': aged('8d', 'content'),
      'logs/deep/': aged('1d12h'),
      'logs/deep/link': symlink('..', '2h'),
      fresh: 'now',
    },
    nowMs,
  );
  const agoMs = (path: string): number => nowMs - lstatSync(join(top, path)).mtimeMs;
  t.is(agoMs('logs'), durationMs('30d'));
  t.is(agoMs('logs/a.jsonl'), durationMs('8d'));
  t.is(agoMs('logs/deep'), 36 * 3_600_000);
  t.is(agoMs('logs/deep/link'), 7_200_000);
  t.is(readFileSync(join(top, 'logs/a.jsonl'), 'utf8'), 'content');
  t.is(readlinkSync(join(top, 'logs/deep/link')), '..');
});

test('settling gives a directory the time of the youngest thing in it', async (t) => {
  const top = temporaryDirectory(t);
  const nowMs = Date.now();
  await writeTree(
    top,
    { 'a/b/old': aged('9d', 'x'), 'a/b/young': aged('4d', 'x'), 'a/older': aged('20d') },
    nowMs,
  );
  await settleDirectories(top);
  for (const path of ['a/b', 'a', '.']) {
    t.is(Math.round(lstatSync(join(top, path)).mtimeMs), nowMs - durationMs('4d'), path);
  }
});

test('a duration without a unit is refused', (t) => {
  for (const text of ['', '8', 'd', '8x', '1.5d']) t.throws(() => durationMs(text), undefined, text);
  t.is(durationMs('-2h'), -7_200_000);
});
