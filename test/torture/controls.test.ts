import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { repositoryTop } from '../helpers/run-prodigy.ts';
import { brokenBuild, runControl } from './control-run.ts';
import { controls } from './controls.ts';
import { suites } from './suites.ts';

const build = join(repositoryTop(), 'build');

for (const { name, suite, patch } of controls) {
  test(`T12: "${name}" names a suite, and its safeguard is in the product once`, (t) => {
    t.true(suites.some(({ id }) => id === suite));
    for (const { file, find, replace } of 'file' in patch ? [patch] : patch) {
      t.is(readFileSync(join(build, file), 'utf8').split(find).length - 1, 1, `${file}: ${find}`);
      t.not(find, replace);
    }
  });
}

// The others take their time: `npm run torture -- --controls`.
for (const control of controls.filter(({ suite }) => suite === 'T1')) {
  test.serial(`T12: ${control.suite} catches "${control.name}"`, async (t) => {
    t.timeout(120_000);
    const result = await runControl(control, 1);
    t.is(result.outcome, 'caught', result.detail);
  });
}

test.serial('T12: a control whose safeguard is not found is an error, never a success', async (t) => {
  const patch = { file: 'src/run/operation.js', find: 'nowhere to be found', replace: '' };
  using broken = brokenBuild({ patch });
  t.regex(broken.problem ?? '', /found 0 times/);
  const result = await runControl({ name: 'none', suite: 'T1', seeds: 1, patch }, 1);
  t.is(result.outcome, 'broken');
});

test.serial('T12: a build with every safeguard in place is not caught', async (t) => {
  const patch = {
    file: 'src/run/operation.js',
    find: '// From quarantine an item fails',
    replace: '// An item fails',
  };
  const result = await runControl({ name: 'none', suite: 'T1', seeds: 3, patch }, 1);
  t.is(result.outcome, 'not-caught', result.detail);
});
