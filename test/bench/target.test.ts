import test from 'ava';
import type { Sample } from '../../bench/row.ts';
import { judge, type Samples, type Target } from '../../bench/target.ts';

function samples(all: Readonly<Record<string, readonly Partial<Sample>[]>>): Samples {
  return new Map(
    Object.entries(all).map(([name, own]) => [name, own.map((sample) => ({ ms: 1, ...sample }))]),
  );
}

const ratio: Target = { type: 'ratio', of: 'ours', to: 'rm', most: 0.5 };

test('a ratio is that of the medians, and exactly the target is met', (t) => {
  const measured = samples({
    ours: [{ ms: 10 }, { ms: 50 }, { ms: 90 }],
    rm: [{ ms: 40 }, { ms: 200 }, { ms: 100 }],
  });
  const { value, verdict } = judge(ratio, measured);
  t.is(verdict, 'met');
  t.deepEqual(value, { median: 0.5, least: 0.25, most: 0.9, rounds: 3 });
});

test('a ratio above the target is missed', (t) => {
  t.is(judge(ratio, samples({ ours: [{ ms: 51 }], rm: [{ ms: 100 }] })).verdict, 'missed');
});

test('what a peer did not run against is not measured', (t) => {
  t.deepEqual(judge(ratio, samples({ ours: [{ ms: 51 }] })), { target: ratio, verdict: 'not-measured' });
  t.is(judge(ratio, samples({ rm: [{ ms: 51 }] })).verdict, 'not-measured');
});

test('a time, a memory and a count are judged by their median', (t) => {
  const measured = samples({
    ours: [
      { ms: 5, peakBytes: 100, counts: { files: 60 } },
      { ms: 20, peakBytes: 300, counts: { files: 80 } },
      { ms: 10, peakBytes: 200, counts: { files: 64 } },
    ],
  });
  t.is(judge({ type: 'time', of: 'ours', mostMs: 10 }, measured).verdict, 'met');
  t.is(judge({ type: 'time', of: 'ours', mostMs: 9 }, measured).verdict, 'missed');
  t.is(judge({ type: 'memory', of: 'ours', mostBytes: 199 }, measured).verdict, 'missed');
  t.is(judge({ type: 'count', of: 'ours', name: 'files', most: 64 }, measured).verdict, 'met');
  t.is(judge({ type: 'count', of: 'ours', name: 'bytes', most: 64 }, measured).verdict, 'not-measured');
});

test('memory against memory is not time against time', (t) => {
  const target: Target = { type: 'memory-ratio', of: 'all', to: 'half', most: 1.1 };
  const measured = samples({ all: [{ ms: 900, peakBytes: 110 }], half: [{ ms: 1, peakBytes: 100 }] });
  t.is(judge(target, measured).verdict, 'met');
});
