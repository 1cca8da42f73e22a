import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { readConfig } from '../src/config.ts';
import { temporaryDirectory } from './helpers/temporary.ts';

async function place(t: ExecutionContext): Promise<{ home: string; data: string }> {
  const directory = temporaryDirectory(t);
  const home = join(directory, 'home');
  const data = join(directory, 'data');
  mkdirSync(join(home, '.prodigy', 'sessions'), { recursive: true });
  mkdirSync(join(data, 'sessions'), { recursive: true });
  return { home, data };
}

function why(environment: Record<string, string | undefined>): string {
  const config = readConfig(environment);
  if (config.isOk()) return 'accepted';
  const { error } = config;
  return error.type === 'usage' ? error.problem : `${error.variable} ${error.why}`;
}

test('roots that could be anything are refused (stories 1, 2, 4)', async (t) => {
  const { home, data } = await place(t);
  t.is(why({}), 'HOME unset');
  t.is(why({ HOME: '' }), 'HOME empty');
  t.is(why({ HOME: 'home' }), 'HOME relative');
  t.is(why({ HOME: '/' }), 'HOME filesystem-root');
  t.is(why({ HOME: '/tmp/..' }), 'HOME filesystem-root');
  t.is(why({ HOME: home, PRODIGY_HOME: '' }), 'PRODIGY_HOME empty');
  t.is(why({ HOME: home, PRODIGY_HOME: '.' }), 'PRODIGY_HOME relative');
  t.is(why({ HOME: home, PRODIGY_HOME: 'data' }), 'PRODIGY_HOME relative');
  t.is(why({ HOME: home, PRODIGY_HOME: '/' }), 'PRODIGY_HOME filesystem-root');
  t.is(why({ HOME: home, PRODIGY_HOME: '//' }), 'PRODIGY_HOME filesystem-root');
  t.is(why({ HOME: home, PRODIGY_HOME: home }), 'PRODIGY_HOME home-itself');
  t.is(why({ HOME: home, PRODIGY_HOME: join(home, '.prodigy', '..') }), 'PRODIGY_HOME home-itself');
  t.is(why({ HOME: home, PRODIGY_HOME: data }), 'accepted');
});

test('a directory that is not a storage of Prodigy is refused, an empty or absent one is none', async (t) => {
  const { home, data } = await place(t);
  const foreign = join(data, 'foreign');
  mkdirSync(foreign);
  t.is(why({ HOME: home, PRODIGY_HOME: foreign }), 'accepted');
  writeFileSync(join(foreign, 'thesis.tex'), '');
  t.is(why({ HOME: home, PRODIGY_HOME: foreign }), 'PRODIGY_HOME not-prodigy');
  t.is(why({ HOME: home, PRODIGY_HOME: join(foreign, 'thesis.tex') }), 'PRODIGY_HOME not-a-directory');
  const absent = readConfig({ HOME: home, PRODIGY_HOME: join(data, 'absent') })._unsafeUnwrap();
  t.deepEqual(absent.roots, [join(home, '.prodigy')]);
  t.is(absent.firstRoot, join(data, 'absent'));
});

test('a root behind a symbolic link must be named itself', async (t) => {
  const { home, data } = await place(t);
  const link = join(data, '..', 'link');
  symlinkSync(data, link);
  t.is(why({ HOME: home, PRODIGY_HOME: link }), 'PRODIGY_HOME symlink');

  const other = join(data, '..', 'other-home');
  mkdirSync(other);
  symlinkSync(data, join(other, '.prodigy'));
  t.is(why({ HOME: other }), 'HOME symlink');
  const named = readConfig({ HOME: other, PRODIGY_HOME: data })._unsafeUnwrap();
  t.deepEqual(named.roots, [data]);
});

test('both roots are worked on, the first named first', async (t) => {
  const { home, data } = await place(t);
  const config = readConfig({ HOME: home, PRODIGY_HOME: data })._unsafeUnwrap();
  t.deepEqual(config.roots, [data, join(home, '.prodigy')]);
  t.is(config.journalDirectory, join(data, 'clean', 'journal'));
  const elsewhere = readConfig({ HOME: home, PRODIGY_CLEAN_JOURNAL_DIR: '/var/tmp/j' })._unsafeUnwrap();
  t.is(elsewhere.journalDirectory, '/var/tmp/j');
});

test('colours follow what the environment asks for', async (t) => {
  const { home } = await place(t);
  const colour = (environment: Record<string, string>): string =>
    readConfig({ HOME: home, ...environment })._unsafeUnwrap().colour;
  t.is(colour({}), 'auto');
  t.is(colour({ NO_COLOR: '1', FORCE_COLOR: '1' }), 'never');
  t.is(colour({ NO_COLOR: '' }), 'auto');
  t.is(colour({ FORCE_COLOR: '1' }), 'always');
  t.is(colour({ TERM: 'dumb' }), 'never');
});

test('how long and how much is held for undo can be said, and what is not understood is refused by its name', async (t) => {
  const { home } = await place(t);
  const undo = (environment: Record<string, string>): unknown => {
    const { undoMs, undoBytes } = readConfig({ HOME: home, ...environment })._unsafeUnwrap();
    return [undoMs / 86_400_000, undoBytes];
  };
  t.deepEqual(undo({}), [7, 512 * 1024 ** 2]);
  t.deepEqual(undo({ PRODIGY_CLEAN_UNDO_DAYS: '30', PRODIGY_CLEAN_UNDO_SIZE: '2GB' }), [30, 2 * 1024 ** 3]);
  t.deepEqual(undo({ PRODIGY_CLEAN_UNDO_DAYS: '1' }), [1, 512 * 1024 ** 2]);
  t.deepEqual(undo({ PRODIGY_CLEAN_UNDO_DAYS: '365' }), [365, 512 * 1024 ** 2]);
  for (const days of ['', '0', '366', '1.5', '-1', '7d', '1e2', 'seven']) {
    t.regex(why({ HOME: home, PRODIGY_CLEAN_UNDO_DAYS: days }), /^PRODIGY_CLEAN_UNDO_DAYS is not/, days);
  }
  for (const size of ['', '0', '0B', '512', '-1GB', 'much', '10%']) {
    t.regex(why({ HOME: home, PRODIGY_CLEAN_UNDO_SIZE: size }), /^PRODIGY_CLEAN_UNDO_SIZE: /, size);
  }
});
