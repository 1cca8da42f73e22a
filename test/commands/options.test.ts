import test from 'ava';
import * as fc from 'fast-check';
import { parseRequest, type CleanFlags } from '../../src/commands/options.ts';
import { nearest } from '../../src/ui/nearest.ts';
import { kinds } from '../../src/model/kind.ts';

const request = (words: readonly string[], flags: CleanFlags = {}) => parseRequest(words, flags);

test('words and flags select the same', (t) => {
  t.deepEqual(
    request(['worktrees', 'logs'])._unsafeUnwrap(),
    request([], { worktrees: true, logs: true })._unsafeUnwrap(),
  );
  t.deepEqual(request(['all'])._unsafeUnwrap(), request([], { all: true })._unsafeUnwrap());
  t.deepEqual(request(['logs'], { events: true })._unsafeUnwrap().kinds, ['events', 'logs']);
});

test('without a kind and without a selection there is no run', (t) => {
  t.deepEqual(request([])._unsafeUnwrap().kinds, []);
});

test('a selection without a kind is an error that names the choices', (t) => {
  const flags: CleanFlags[] = [
    { olderThan: '7d' },
    { force: true },
    { dryRun: true },
    { mergedOnly: true },
    { jobId: 'j' },
    { keepLast: '3' },
    { free: '1GB' },
    { maxDelete: '10' },
  ];
  for (const flag of flags) {
    const error = request([], flag)._unsafeUnwrapErr();
    t.true(error.accepted?.includes('--worktrees'));
  }
});

test('an unknown word is refused, and the nearest known one told', (t) => {
  t.regex(request(['worktree'])._unsafeUnwrapErr().problem, /did you mean 'worktrees'/);
  t.notRegex(request(['everything'])._unsafeUnwrapErr().problem, /did you mean/);
});

test('flags that contradict each other are refused', (t) => {
  for (const flags of [
    { json: true, jsonl: true },
    { allRepos: true, repo: 'x' },
    { detailedExitcode: true },
    { repo: ' ' },
    { jobId: '' },
  ]) {
    t.true(request(['all'], flags).isErr(), JSON.stringify(flags));
  }
});

test('an age that is none never becomes a limit (story 17)', (t) => {
  for (const olderThan of ['0d', '-7d', '7', 'NaN', '', 'd', '1e9y', '7d;']) {
    t.true(request(['all'], { olderThan }).isErr(), olderThan);
  }
  t.is(request(['all'], { olderThan: '1d12h' })._unsafeUnwrap().olderThanMs, 36 * 3_600_000);
});

test('a floor or a budget that is none never becomes "no limit" (story 17)', (t) => {
  for (const keepLast of ['0', '-1', '', 'all', '1.5', '1e3', '99999999999']) {
    t.true(request(['all'], { keepLast }).isErr(), keepLast);
  }
  for (const free of ['0', '0GB', '-1GB', '10', '', 'everything']) {
    t.true(request(['all'], { free }).isErr(), free);
  }
  const read = request(['all'], { keepLast: '3', free: '1.5 GB' })._unsafeUnwrap();
  t.like(read, { keepLast: 3, freeBytes: 1.5 * 1024 ** 3 });
  t.deepEqual(read.argv.slice(-4), ['--keep-last', '3', '--free', '1.5 GB']);
});

test('a brake that cannot be read is refused, and zero is one', (t) => {
  for (const maxDelete of ['', '-1', '10.5', '101%', '-1%', '%', '0GB', 'all', '1e3', '10 items']) {
    t.true(request(['all'], { maxDelete }).isErr(), maxDelete);
  }
  for (const maxDelete of ['0', '0%', '12.5%', '100 %', '10GB']) {
    t.is(request(['all'], { maxDelete })._unsafeUnwrap().maxDelete, maxDelete);
  }
});

test('a known word is nearest to itself', (t) => {
  fc.assert(fc.property(fc.constantFrom(...kinds), (kind) => t.is(nearest(kind, kinds), kind)));
});
