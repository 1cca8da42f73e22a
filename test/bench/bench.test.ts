import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import test from 'ava';
import type { Report } from '../../bench/report.ts';
import { findUpstream } from '../../bench/upstream.ts';
import { repositoryTop } from '../helpers/run-prodigy.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

const program = join(repositoryTop(), 'build', 'bench', 'main.js');

test('the cheap works run, do what they measure, and leave nothing', async (t) => {
  const directory = temporaryDirectory(t);
  const only = 'overview-warm,remove-one,remove-events,version';
  const words = [
    '--only',
    only,
    '--scale',
    '0.001',
    '--rounds',
    '1',
    '--warm',
    '--dir',
    directory,
    '--json',
    '-',
  ];
  const { stdout } = await execa(process.execPath, [program, ...words]);
  const report = JSON.parse(stdout) as Report;
  t.deepEqual(
    report.results.map(({ name, error }) => [name, error]),
    only.split(',').map((name) => [name, undefined]),
  );
  for (const { contenders, targets } of report.results) {
    t.true((contenders[0]?.ms?.median ?? 0) > 0);
    t.not(targets[0]?.verdict, 'not-measured');
  }
  t.deepEqual(readdirSync(directory), []);
});

test('a work that is not there is refused, with the names of those that are', async (t) => {
  const { exitCode, stderr } = await execa(process.execPath, [program, '--only', 'nothing'], {
    reject: false,
  });
  t.is(exitCode, 2);
  t.regex(stderr, /there is no nothing: .*remove-worktrees/);
});

test('only a prodigy that is not this one is a peer', (t) => {
  const [ours, theirs] = [temporaryDirectory(t), temporaryDirectory(t)];
  writeFileSync(join(ours, 'prodigy.cjs'), '');
  symlinkSync(join(ours, 'prodigy.cjs'), join(ours, 'prodigy'));
  t.true('absent' in findUpstream(ours));
  mkdirSync(join(theirs, 'bin'));
  t.true('absent' in findUpstream(theirs));
  writeFileSync(join(theirs, 'bin', 'prodigy'), '');
  t.deepEqual(findUpstream([ours, join(theirs, 'bin')].join(delimiter)), {
    path: join(theirs, 'bin', 'prodigy'),
  });
});
