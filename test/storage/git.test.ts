import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { runGit } from '../../src/storage/git.ts';
import { commitFile, git, giveGitAHome, makeRepository } from '../helpers/git.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

giveGitAHome(test);

test('the answer is what git wrote, with its last newline', async (t) => {
  const top = await makeRepository(join(temporaryDirectory(t), 'app'));
  const answer = await runGit(['rev-parse', '--show-toplevel'], { cwd: top });
  t.is(answer._unsafeUnwrap(), `${top}\n`);
});

test('a refusal carries the words of git and its exit code', async (t) => {
  const top = temporaryDirectory(t);
  const failure = (await runGit(['rev-parse', 'HEAD'], { cwd: top }))._unsafeUnwrapErr();
  t.is(failure.exitCode, 128);
  t.regex(failure.stderr, /not a git repository/);
  t.deepEqual(failure.args, ['rev-parse', 'HEAD']);
});

test('a directory that is not there is a failure, not a throw', async (t) => {
  const failure = (await runGit(['status'], { cwd: join(temporaryDirectory(t), 'none') }))._unsafeUnwrapErr();
  t.is(failure.exitCode, undefined);
  t.not(failure.stderr, '');
});

test('input is handed over and arguments are not read by any shell', async (t) => {
  const top = await makeRepository(join(temporaryDirectory(t), 'a $(touch x) b'));
  const answer = await runGit(['hash-object', '--stdin'], { cwd: top, input: 'one\n' });
  t.is(answer._unsafeUnwrap(), '5626abf0f72e58d7a153368ba57db4c673c0e171\n');
});

test('a command that takes too long is ended', async (t) => {
  const top = await makeRepository(join(temporaryDirectory(t), 'app'));
  const slow = ['-c', 'alias.slow=!sleep 20 && touch finished', 'slow'];
  const failure = (await runGit(slow, { cwd: top, timeoutMs: 200 }))._unsafeUnwrapErr();
  t.is(failure.stderr, 'no answer within 200 ms');
  t.false(existsSync(join(top, 'finished')), 'nobody waits for what git started');
});

test('no hook runs', async (t) => {
  const top = await makeRepository(join(temporaryDirectory(t), 'app'));
  await git(top, 'config', 'core.hooksPath', join(top, 'hooks'));
  await mkdir(join(top, 'hooks'));
  const answer = await runGit(['config', '--get', 'core.hooksPath'], { cwd: top });
  t.is(answer._unsafeUnwrap(), '/dev/null\n');
});

test.serial(
  'of the variables of git only those of its place and its configuration are passed on',
  async (t) => {
    const top = await makeRepository(join(temporaryDirectory(t), 'app'));
    await commitFile(top, 'a', Array.from({ length: 20 }, (_, line) => `${line}\n`).join(''));
    await commitFile(
      top,
      'a',
      Array.from({ length: 20 }, (_, line) => `${line === 9 ? 'x' : line}\n`).join(''),
    );
    const asked = ['show', '--format=', '-U3', 'HEAD'];
    const before = (await runGit(asked, { cwd: top }))._unsafeUnwrap();
    const added = ['GIT_DIFF_OPTS', 'GIT_WORK_TREE', 'GIT_OBJECT_DIRECTORY', 'GIT_OF_THE_FUTURE'];
    process.env['GIT_DIFF_OPTS'] = '--unified=0';
    for (const name of added.slice(1)) process.env[name] = '/nowhere';
    t.teardown(() => {
      for (const name of added) delete process.env[name];
    });
    t.is((await runGit(asked, { cwd: top }))._unsafeUnwrap(), before);
    const names = (await runGit(['-c', 'alias.names=!env', 'names'], { cwd: top }))._unsafeUnwrap();
    t.false(names.includes('GIT_OF_THE_FUTURE'));
    t.true(names.includes('GIT_CONFIG_NOSYSTEM=1'));
  },
);

test('many questions at once are all answered', async (t) => {
  const top = await makeRepository(join(temporaryDirectory(t), 'app'));
  const head = await commitFile(top, 'a', 'a');
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      runGit(['rev-parse', index % 5 === 0 ? 'none' : 'HEAD'], { cwd: top }),
    ),
  );
  t.is(answers.filter((answer) => answer.isErr()).length, 8);
  t.true(answers.every((answer) => answer.isErr() || answer.value === `${head}\n`));
});
