import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { repositoryTop } from './helpers/run-prodigy.ts';
import { temporaryDirectory } from './helpers/temporary.ts';

const top = repositoryTop();

function packed(home: string): readonly string[] {
  const done = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: top,
    encoding: 'utf8',
    env: { ...process.env, HOME: home, PRODIGY_HOME: home },
    shell: process.platform === 'win32',
  });
  const [{ files }] = JSON.parse(done.stdout) as [{ files: { path: string }[] }];
  return files.map(({ path }) => path);
}

/** Names of the files below `directory` that end so, with that ending replaced. */
function below(directory: string, ending: string, by: string): readonly string[] {
  return readdirSync(join(top, directory), { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith(ending))
    .map((name) => `${directory}/${name.slice(0, -ending.length)}${by}`);
}

test('the package holds what runs, its manual pages, and nothing else', (t) => {
  const expected = [
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'package.json',
    'bin/at-once.cjs',
    'bin/prodigy.cjs',
    'build/pages.json',
    ...below('src', '.ts', '.js').map((name) => `build/${name}`),
    ...below('migrations', '.ts', '.js').map((name) => `build/${name}`),
    ...below('man', '.1', '.1'),
  ];
  // What was compiled before a source was renamed is removed when it is really packed.
  const stale = (name: string): boolean => /^build\/(?:src|migrations)\/.*\.js$/.test(name);
  const files = packed(temporaryDirectory(t));
  t.deepEqual(
    expected.filter((name) => !files.includes(name)),
    [],
    'missing',
  );
  t.deepEqual(
    files.filter((name) => !expected.includes(name) && !stale(name)),
    [],
    'too much',
  );
});

test('packing removes what was compiled from sources that are no more, and nothing else', (t) => {
  const directory = temporaryDirectory(t);
  for (const part of ['src', 'build/src/model', 'scripts'])
    mkdirSync(join(directory, part), { recursive: true });
  mkdirSync(join(directory, 'src/model'));
  writeFileSync(join(directory, 'src/model/kind.ts'), '');
  const kept = ['kind.js', 'kind.js.map', 'kind.d.ts', 'data.json'];
  for (const name of [...kept, 'gone.js', 'gone.js.map', 'gone.d.ts'])
    writeFileSync(join(directory, 'build/src/model', name), '');
  cpSync(join(top, 'scripts/sweep-build.mjs'), join(directory, 'scripts/sweep-build.mjs'));
  const done = spawnSync(process.execPath, [join(directory, 'scripts/sweep-build.mjs')], {
    encoding: 'utf8',
  });
  t.is(done.status, 0, done.stderr);
  t.deepEqual(readdirSync(join(directory, 'build/src/model')).sort(), kept.sort());
});

test('the release notes are the section of this version, or what is not released yet', (t) => {
  const directory = temporaryDirectory(t);
  mkdirSync(join(directory, 'scripts'));
  cpSync(join(top, 'scripts/release-notes.mjs'), join(directory, 'scripts/release-notes.mjs'));
  const notes = (
    version: string,
    changelog: string,
  ): { readonly status: number | null; readonly text: string } => {
    writeFileSync(join(directory, 'package.json'), JSON.stringify({ version }));
    writeFileSync(join(directory, 'CHANGELOG.md'), changelog);
    const done = spawnSync(process.execPath, [join(directory, 'scripts/release-notes.mjs')], {
      encoding: 'utf8',
    });
    return { status: done.status, text: done.stdout.trim() };
  };
  const changelog =
    '# Changelog\n\n## Unreleased\n\n- New.\n\n## 0.2.0 - 2026-12-01\n\n- Second.\n\n## 0.1.0\n\n- First.\n';
  t.deepEqual(notes('0.2.0', changelog), { status: 0, text: '- Second.' });
  t.deepEqual(notes('0.1.0', changelog), { status: 0, text: '- First.' });
  t.deepEqual(notes('0.3.0', changelog), { status: 0, text: '- New.' });
  t.deepEqual(notes('0.3.0', '# Changelog\n\n## Unreleased\n'), { status: 1, text: '' });
});
