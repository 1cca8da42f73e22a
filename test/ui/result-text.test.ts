import test from 'ava';
import picocolors from 'picocolors';
import { resultText, type FailureView, type ResultView } from '../../src/ui/result-text.ts';
import { widthOf } from '../../src/ui/width.ts';
import { tooWide, viewedAtMs } from '../helpers/run-view.ts';

const plain = picocolors.createColors(false);
const none = { items: 0, bytes: 0 };
const totals = {
  before: none,
  scanned: 0,
  kept: 0,
  condemned: 0,
  removed: none,
  held: none,
  failed: 0,
  drifted: 0,
};

const failure: FailureView = {
  item: 'logs:/x',
  name: 'session-1777\n✓ Cleaned 99 logs',
  kind: 'logs',
  code: 'EACCES',
  path: '/home/ada/.prodigy/logs/session-1777',
  detail: undefined,
};

const view: ResultView = {
  run: 'cUIjmFV3x6fGx0EAvBVFR',
  outcome: 'partial',
  totals: {
    worktrees: {
      ...totals,
      before: { items: 1_042, bytes: 59 * 1024 ** 3 },
      removed: { items: 1_005, bytes: 33 * 1024 ** 3 },
    },
    logs: {
      ...totals,
      before: { items: 40, bytes: 720 * 1024 },
      removed: { items: 28, bytes: 540 * 1024 },
      held: { items: 28, bytes: 540 * 1024 },
    },
  },
  predictedItems: 1_034,
  predictedBytes: 33.8 * 1024 ** 3,
  remaining: 0,
  failures: [failure],
  drifted: [{ name: 'session shop/x', why: 'active' }],
  freeBefore: 2 * 1024 ** 3,
  freeAfter: 35 * 1024 ** 3,
  branches: [],
  heldUntilMs: viewedAtMs,
  isAllOwn: true,
  fromGit: { count: 1_005, untilMs: viewedAtMs },
  barred: [],
};

test('the result has what was predicted beside what was measured, and both sides of each kind', (t) => {
  const text = resultText(view, plain, 100);
  t.regex(text, /^✓ Cleaned 1,005 worktrees, reclaimed 33 GB$/m);
  t.regex(text, /^✓ Cleaned 28 logs, reclaimed 540 KB$/m);
  t.regex(
    text,
    /^Removed 1,033 of 1,034 items: 33 GB left the storage, 540 KB of it held for undo \(predicted 34 GB\)\.$/m,
  );
  t.regex(text, /^worktrees +1,042 +59 GB +37 +26 GB$/m);
  t.regex(text, /^logs +40 +720 KB +12 +180 KB$/m);
  t.regex(text, /^total +1,082 +59 GB +49 +26 GB$/m);
  t.regex(text, /^Free on volume: 2 GB before, 35 GB now \(33 GB more\)\.$/m);
  t.regex(text, /undo until .*:\s+prodigy clean undo cUIjmFV3x6fGx0EAvBVFR$/m);
  t.regex(
    text,
    /^1,005 worktrees can be made again from git until [^]*, but not what it ignores\s+\(node_modules, say\),\s+nor empty directories:\s+prodigy clean undo cUIjmFV3x6fGx0EAvBVFR$/m,
  );
});

test('failures come last, each with its path, its cause and one next step', (t) => {
  const text = resultText({ ...view, outcome: 'interrupted', remaining: 3 }, plain, 200);
  const lines = text.trimEnd().split('\n');
  t.is(lines.at(-3), '1 failed:');
  t.regex(
    lines.at(-2) ?? '',
    /^ {2}✗ failed: session-1777\\x0a.*: permission denied \(EACCES \/home\/ada\/.*session-1777\)$/,
  );
  t.regex(lines.at(-1) ?? '', /^ {4}try: .*chown/);
  t.is(text.match(/try:/g)?.length, 1);
  t.true(text.indexOf('Interrupted: 3 items remain') < text.indexOf('1 failed:'));
});

test('of many failures the first are told and the rest is counted', (t) => {
  const text = resultText({ ...view, failures: Array.from({ length: 23 }, () => failure) }, plain, 100);
  t.is(text.match(/try:/g)?.length, 20);
  t.regex(text, /and 3 more, all of them in --json and in prodigy clean log\n$/);
});

for (const columns of [120, 80, 60, 40]) {
  test(`at ${columns} columns the result is not too wide, and commands stay whole`, (t) => {
    const text = resultText({ ...view, outcome: 'interrupted', remaining: 1 }, plain, columns);
    const wide = tooWide(text, columns, widthOf).filter((line) => !/^ +try: |prodigy clean undo /.test(line));
    t.deepEqual(wide, []);
    t.regex(text, /prodigy clean undo cUIjmFV3x6fGx0EAvBVFR$/m);
    t.regex(text, /prodigy clean resume$/m);
    t.false(text.includes('\u0000'));
    t.regex(text, /worktrees(?::| +)/);
  });
}
