import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { measureRow, turnsOf } from '../../bench/measure.ts';
import type { Contender, Row, Sample } from '../../bench/row.ts';
import { makeStage, removeStage, type Stage } from '../../bench/stage.ts';
import { temporaryDirectory, type Teardown } from '../helpers/temporary.ts';

function contender(name: string, more: Partial<Contender> = {}): Contender {
  return { name, run: () => Promise.resolve({ ms: 1 }), ...more };
}

function rowOf(...contenders: readonly Contender[]): Row {
  return {
    name: 'row',
    title: 'a row',
    targets: [{ type: 'ratio', of: 'ours', to: 'rm', most: 0.5 }],
    diskBytes: 0,
    work: (scale) => `${scale} files`,
    contenders: () => Promise.resolve(contenders),
  };
}

function stageOf(t: Teardown): Stage {
  const stage = makeStage(temporaryDirectory(t), 1, 1, true);
  t.teardown(() => removeStage(stage));
  return stage;
}

function names(contenders: readonly Contender[], rounds: number): string {
  return turnsOf(contenders, rounds)
    .map(({ name }) => name)
    .join('');
}

const rounds = (...orders: readonly string[]): string => orders.join('');

test('everybody has his turn in every round, and each begins one', (t) => {
  const three = ['a', 'b', 'c'].map((name) => contender(name));
  t.is(names(three, 4), rounds('abc', 'bca', 'cab', 'abc'));
  t.is(names(three.slice(0, 2), 3), rounds('ab', 'ba', 'ab'));
});

test('who is absent has no turn, who takes a share takes the first rounds', (t) => {
  const all = [contender('a'), contender('b', { absent: 'not installed' }), contender('c', { share: 0.5 })];
  t.is(names(all, 3), rounds('ac', 'ca', 'a'));
  t.is(names([contender('a'), contender('c', { share: 0 })], 2), rounds('ac', 'a'));
});

test('what was measured is summed up and judged', async (t) => {
  const times = [30, 10, 20];
  const ours = contender('ours', { run: (round) => Promise.resolve({ ms: times[round] ?? 0 }) });
  const rm = contender('rm', { run: () => Promise.resolve({ ms: 100 }) });
  const result = await measureRow(rowOf(ours, rm), stageOf(t), 3);
  t.is(result.error, undefined);
  t.deepEqual(result.contenders[0]?.ms, { median: 20, least: 10, most: 30, rounds: 3 });
  t.is(result.targets[0]?.verdict, 'met');
  t.is(result.targets[0]?.value?.median, 0.2);
});

test('a run that did not do its work is an error, and gives no verdict', async (t) => {
  const fail = (round: number): Promise<Sample> =>
    round === 1 ? Promise.reject(new Error('3 of 4 were removed')) : Promise.resolve({ ms: 1 });
  const result = await measureRow(rowOf(contender('ours', { run: fail }), contender('rm')), stageOf(t), 3);
  t.is(result.error, '3 of 4 were removed');
  t.deepEqual(result.targets, []);
});

test('a program of somebody else that does not do the work is left out, whatever it had done before', async (t) => {
  let runs = 0;
  const run = (round: number): Promise<Sample> => {
    runs += 1;
    return round === 1 ? Promise.reject(new Error('it left 7')) : Promise.resolve({ ms: 1 });
  };
  const other = contender('rm', { mayFail: true, run });
  const result = await measureRow(rowOf(contender('ours'), other), stageOf(t), 4);
  t.is(result.error, undefined);
  t.deepEqual(result.contenders[1], { name: 'rm', absent: 'it left 7' });
  t.is(result.targets[0]?.verdict, 'not-measured');
  t.is(runs, 2);
});

test('what a row leaves is gone after it, an error or not', async (t) => {
  const stage = stageOf(t);
  const path = join(stage.directory, 'left');
  const run = (): Promise<Sample> => {
    writeFileSync(path, '');
    return Promise.reject(new Error('failed'));
  };
  await measureRow(rowOf(contender('ours', { run })), stage, 1);
  t.false(existsSync(path));
});
