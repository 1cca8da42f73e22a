import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { readHead, readTail } from '../../src/storage/bounded-read.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

test('of files that are read one after the other each says what is its own, whatever was read before', (t) => {
  const top = temporaryDirectory(t);
  const at = (name: string, text: string): string => {
    const path = join(top, name);
    writeFileSync(path, text);
    return path;
  };
  const long = at('long', `first ${'x'.repeat(100_000)} last`);
  const short = at('short', '{"cwd":"/a"}');
  const empty = at('empty', '');
  t.is(readHead(long, 64 * 1024)?.length, 64 * 1024);
  t.is(readHead(short, 64 * 1024), '{"cwd":"/a"}');
  t.is(readHead(empty, 64 * 1024), '');
  t.is(readTail(long, 10), 'xxxxx last');
  t.is(readTail(short, 64 * 1024), '{"cwd":"/a"}');
  t.is(readHead(long, 100_011)?.slice(-4), 'last', 'more than there is room for at hand');
  t.is(readHead(short, 5), '{"cwd');
});

test('what is no regular file is not read', (t) => {
  const top = temporaryDirectory(t);
  mkdirSync(join(top, 'directory'));
  t.is(readHead(join(top, 'directory'), 10), undefined);
  t.is(readHead(join(top, 'absent'), 10), undefined);
});
