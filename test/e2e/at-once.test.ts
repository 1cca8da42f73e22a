import { spawnSync } from 'node:child_process';
import { cpSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { treeOf } from '../../src/commands/tree/tree-of.ts';
import type { CommandPage } from '../../src/ui/command-page.ts';
import { prodigyHome } from '../helpers/prodigy-home.ts';
import { repositoryTop, runProdigy } from '../helpers/run-prodigy.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

const top = repositoryTop();

/** Says at its end, as its exit code, whether the whole program was loaded. */
function tellsWhatWasLoaded(directory: string): string {
  const path = join(directory, 'tell.cjs');
  writeFileSync(
    path,
    `process.on('exit', () => {
      const isWhole = Object.keys(require('module')._cache).some((name) => name.includes('/commander/'));
      require('fs').writeSync(2, isWhole ? 'the whole program' : 'at once');
    });`,
  );
  return path;
}

const { root } = treeOf();
const ofWorktree = root.commands.find(({ name }) => name === 'worktree')?.commands ?? [];
const asked = [...root.commands.filter(({ name }) => name === 'clean').flatMap(allOf), ...ofWorktree]
  .filter(({ name }) => name !== 'help')
  .map(({ path }) => path.split(' ').slice(1));

function allOf(page: CommandPage): readonly CommandPage[] {
  return [page, ...page.commands.flatMap(allOf)];
}

test.before('what the build writes down is of this build', (t) => {
  const written = spawnSync(process.execPath, [join(top, 'scripts', 'pages.mjs')], { encoding: 'utf8' });
  t.is(written.status, 0, written.stderr);
});

test.serial(
  'help and version are answered without loading the program, and as the program answers',
  async (t) => {
    const home = await prodigyHome(t);
    const env = { NODE_OPTIONS: `--require ${tellsWhatWasLoaded(temporaryDirectory(t))}` };
    const run = (args: readonly string[]): ReturnType<typeof runProdigy> => runProdigy(home, args, { env });
    for (const words of asked) {
      const [quick, whole] = await Promise.all([run([...words, '--help']), run(['-v', ...words, '--help'])]);
      t.is(quick.stderr, 'at once', words.join(' '));
      t.is(whole.stderr, 'the whole program');
      t.is(quick.stdout, whole.stdout, words.join(' '));
      t.deepEqual([quick.exitCode, whole.exitCode], [0, 0]);
    }
    const version = await run(['clean', '--version']);
    t.is(version.stderr, 'at once');
    t.deepEqual(version.stdout, (await run(['-v', 'clean', '--version'])).stdout);
  },
);

test.serial('what was written down before the program was built anew is not believed', async (t) => {
  const home = await prodigyHome(t);
  const env = { NODE_OPTIONS: `--require ${tellsWhatWasLoaded(temporaryDirectory(t))}` };
  const pages = join(top, 'build', 'pages.json');
  utimesSync(pages, 1, 1);
  t.teardown(() => utimesSync(pages, new Date(), new Date()));
  const ran = await runProdigy(home, ['clean', 'log', '--help'], { env });
  t.is(ran.stderr, 'the whole program');
  t.regex(ran.stdout, /^Usage: prodigy clean log/);
});

test.serial(
  'in a package what was written down is believed, whatever times its files were unpacked with',
  async (t) => {
    const directory = temporaryDirectory(t);
    const home = await prodigyHome(t);
    for (const part of ['bin', 'build/src', 'build/pages.json', 'package.json']) {
      cpSync(join(top, part), join(directory, part), { recursive: true });
    }
    utimesSync(join(directory, 'build', 'pages.json'), 1, 1);
    const hook = tellsWhatWasLoaded(directory);
    const binary = join(directory, 'bin', 'prodigy.cjs');
    const ran = spawnSync(process.execPath, ['--require', hook, binary, 'clean', 'log', '--help'], {
      encoding: 'utf8',
      env: { HOME: home.home },
    });
    t.is(ran.stderr, 'at once');
    t.regex(ran.stdout, /^Usage: prodigy clean log/);
  },
);

test.serial('that nobody reads the help any more is no error', async (t) => {
  const home = await prodigyHome(t);
  // The reader has ended before there is anything to read.
  const script = `{ sleep 0.3; "$0" "$1" clean --help; echo "exit $?" >&2; } | true`;
  const ran = spawnSync('bash', ['-c', script, process.execPath, join(top, 'bin', 'prodigy.cjs')], {
    encoding: 'utf8',
    env: { HOME: home.home, PATH: process.env['PATH'] },
  });
  t.is(ran.stderr, 'exit 0\n');
});
