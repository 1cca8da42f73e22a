import { existsSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { repositoryTop } from '../helpers/run-prodigy.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { brokenBuild, runTorture } from './control-run.ts';
import { controls } from './controls.ts';
import { isWhole, markdownOf, reportOf, textOf, type TortureReport } from './report.ts';
import type { SuiteResult } from './runner.ts';
import { suites } from './suites.ts';

const top = repositoryTop();

test('a suite that holds is told in numbers, exit 0, as text, JSON and Markdown', async (t) => {
  const directory = temporaryDirectory(t);
  const [json, markdown] = [join(directory, 'report.json'), join(directory, 'report.md')];
  const ran = await runTorture(top, ['--suite', 't1', '--json', json, '--markdown', markdown]);
  t.is(ran.exitCode, 0, ran.stderr);
  t.regex(ran.stderr, /T1 .*3\/3 trials, 0 violations/);
  t.regex(ran.stdout, /T1 +model.* 0-2 +3 +0 +[\d,]+ transitions/);
  t.regex(ran.stdout, /Every rule held/);
  const report = JSON.parse(readFileSync(json, 'utf8')) as TortureReport;
  t.is(report.suites[0]?.trials, 3);
  t.is(report.node, process.versions.node);
  t.regex(readFileSync(markdown, 'utf8'), /\| T1 +\| model.*\| 0-2 +\| 3 /);
});

test('a part of the seeds is run on demand', async (t) => {
  const ran = await runTorture(top, ['--suite', 'T1', '--from', '1', '--seeds', '1', '--jobs', '1']);
  t.is(ran.exitCode, 0, ran.stderr);
  t.regex(ran.stdout, / 1-1 +1 +0 /);
});

test('a violation is told at once with what shows it again, its directory is kept on demand, exit 1', async (t) => {
  const control = controls.find(({ suite }) => suite === 'T1');
  if (control === undefined) return t.fail('T1 has no control');
  using build = brokenBuild(control);
  t.is(build.problem, undefined);
  const ran = await runTorture(build.top, ['--suite', 'T1', '--keep']);
  t.is(ran.exitCode, 1);
  t.regex(ran.stderr, /VIOLATION T1 seed 2 J4: .*should be/);
  t.regex(ran.stderr, /again: npm run torture -- --suite T1 --from 2 --seeds 1 --keep/);
  t.regex(ran.stdout, /FAILED/);
  const kept = /kept: (.*)/.exec(ran.stderr)?.[1] ?? '';
  t.true(existsSync(kept), kept);
  // Empty: this suite writes nothing.
  rmdirSync(kept);
});

test('what there is not is said with what there is, exit 2', async (t) => {
  const ran = await runTorture(top, ['--suite', 'T99']);
  t.is(ran.exitCode, 2);
  t.regex(ran.stderr, /there is no suite T99: T1/);
  for (const odd of [['--seeds', '-1'], ['--seeds', '0'], ['--jobs', 'many'], ['--nonsense']])
    t.is((await runTorture(top, ['--suite', 'T1', ...odd])).exitCode, 2, odd.join(' '));
});

test('all suites and controls are listed, and no id twice', async (t) => {
  const { stdout, exitCode } = await runTorture(top, ['--list']);
  t.is(exitCode, 0);
  for (const { id } of suites) t.regex(stdout, new RegExp(`^${id} `, 'm'));
  t.is(new Set(suites.map(({ id }) => id)).size, suites.length);
  t.is(new Set(controls.map(({ name }) => name)).size, controls.length);
});

const nothing: SuiteResult = {
  id: 'T0',
  title: 'nothing',
  from: 0,
  trials: 1,
  violations: [],
  defects: [],
  counts: { cuts: 1234 },
  seconds: 1,
};

test('what was left out is said plainly, and is no failure', (t) => {
  const report = reportOf([{ ...nothing, trials: 0, leftOut: 'needs root | loop devices' }], [], 0);
  t.true(isWhole(report));
  t.regex(textOf(report), /NOT RUN: T0/);
  t.regex(markdownOf(report), /needs root \\\| loop/);
});

test('a defect of a suite and a control that is not caught are failures', (t) => {
  t.true(isWhole(reportOf([nothing], [], 0)));
  t.false(isWhole(reportOf([{ ...nothing, defects: ['it fell over'] }], [], 0)));
  for (const outcome of ['not-caught', 'broken'] as const) {
    const report = reportOf([], [{ name: 'x', suite: 'T0', outcome, seconds: 1 }], 0);
    t.false(isWhole(report));
    t.regex(textOf(report), /NOT CAUGHT/);
  }
});
