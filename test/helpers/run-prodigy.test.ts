import { homedir } from 'node:os';
import { basename } from 'node:path';
import test from 'ava';
import { binary, json, prodigyEnvironment, runProdigy } from './run-prodigy.ts';
import { temporaryDirectory } from './temporary.ts';

test('a HOME outside the temporary directory is refused', (t) => {
  for (const home of [homedir(), '/', '', 'relative']) {
    t.throws(() => prodigyEnvironment(home), { message: /must lie below the temporary directory/ });
  }
});

test('a PRODIGY_HOME outside the temporary directory is refused; odd ones are for the tool to refuse', (t) => {
  const home = temporaryDirectory(t);
  t.throws(() => prodigyEnvironment(home, { PRODIGY_HOME: homedir() }));
  t.throws(() => prodigyEnvironment(home, { HOME: '/' }));
  t.is(prodigyEnvironment(home, { PRODIGY_HOME: '' })['PRODIGY_HOME'], '');
  t.is(prodigyEnvironment(home, { PRODIGY_HOME: 'relative' })['PRODIGY_HOME'], 'relative');
  t.false('HOME' in prodigyEnvironment(home, { HOME: undefined }));
});

test('the environment is minimal', (t) => {
  const names = Object.keys(prodigyEnvironment(temporaryDirectory(t))).filter(
    (name) => name !== 'NODE_V8_COVERAGE',
  );
  t.deepEqual(names.sort(), ['GIT_CONFIG_NOSYSTEM', 'HOME', 'NO_COLOR', 'PATH', 'TZ']);
});

test('the binary is found from the compiled module', (t) => {
  t.is(basename(binary()), 'prodigy.cjs');
});

test('a run is killed when its condition holds', async (t) => {
  const ran = await runProdigy(temporaryDirectory(t), ['--version'], { killWhen: () => true });
  t.like(ran, { killed: true, signal: 'SIGKILL', exitCode: null });
});

test('a run that takes too long is an error', async (t) => {
  await t.throwsAsync(runProdigy(temporaryDirectory(t), ['--version'], { timeoutMs: 1 }), {
    message: /did not end in time/,
  });
});

test('what is not JSON is shown', (t) => {
  const ran = { stdout: 'oops', stderr: 'why', exitCode: 1, signal: null, killed: false };
  t.throws(() => json(ran), { message: /oops\nwhy/ });
  t.deepEqual(json({ ...ran, stdout: '{"a":1}' }), { a: 1 });
});
