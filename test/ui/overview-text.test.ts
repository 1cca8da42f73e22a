import test from 'ava';
import picocolors from 'picocolors';
import type { ItemView } from '../../src/ui/view.ts';
import { overviewText, type OverviewView } from '../../src/ui/overview-text.ts';
import { widthOf } from '../../src/ui/width.ts';
import { itemView, runView, tooWide, viewedAtMs } from '../helpers/run-view.ts';

const plain = picocolors.createColors(false);
const dayMs = 24 * 3_600_000;
const none = { items: 0, bytes: 0 };
const nothingEarlier = { nowMs: viewedAtMs, held: none, gone: { items: 0 }, blocked: none, unfinished: [] };

const reasons = [
  'resumable',
  'unattributed',
  'dead-letters-pending',
  'unreachable-commits',
  'active',
  'young',
];

const items: readonly ItemView[] = [
  itemView({ name: 'a', kind: 'worktrees', bytes: 1.9 * 1024 ** 3 }),
  ...Array.from({ length: 1_234 }, (_, index) => itemView({ name: `log-${index}` })),
  ...reasons.flatMap((reason, index) =>
    Array.from({ length: 3 + index }, (_, of) =>
      itemView({ name: `${reason}-${of}`, kind: 'events', verdict: 'keep', reason, ageMs: 13 * dayMs }),
    ),
  ),
];

function overview(of: Partial<OverviewView> = {}): OverviewView {
  return {
    view: runView(items),
    volume: { freeBytes: 2_254_857_830, totalBytes: 530_428_461_056 },
    earlier: nothingEarlier,
    pins: [],
    ...of,
  };
}

for (const columns of [120, 100, 80, 72, 60, 50, 40]) {
  test(`at ${columns} columns no line of the overview is too wide, and no number is parted from its unit`, (t) => {
    const text = overviewText(overview(), plain, columns);
    t.deepEqual(tooWide(text, columns, widthOf), []);
    t.regex(text, /1,234/);
    t.false(/\d\n\s*(?:B|KB|MB|GB|resumable|unattributed|active|young)\b/.test(text), text);
    for (const reason of reasons) t.true(text.includes(reason), reason);
    for (const command of ['prodigy clean --all --dry-run', 'prodigy clean --all'])
      t.true(
        text.split('\n').some((line) => line.endsWith(command)),
        command,
      );
  });
}

test('the share that may go is never said to be all while something stays', (t) => {
  const almost = [
    itemView({ name: 'big', bytes: 999_999_999 }),
    itemView({ name: 'small', bytes: 1, verdict: 'keep', reason: 'young' }),
  ];
  t.regex(overviewText(overview({ view: runView(almost) }), plain, 100), /logs .*\(99%\)/);
});

test('what comes of age next is named with its kind, number and time', (t) => {
  const text = overviewText(overview(), plain, 100);
  t.regex(text, /Old enough next: 8 event directories, the first in 24h \(2026-11-26 .*\)/);
  const old = [itemView({ name: 'x' })];
  t.false(overviewText(overview({ view: runView(old) }), plain, 100).includes('Old enough next'));
});

test('what is held for undo says when the oldest leaves', (t) => {
  const held = { items: 2, bytes: 8192, untilMs: viewedAtMs + 3 * dayMs };
  const text = overviewText(overview({ earlier: { ...nothingEarlier, held } }), plain, 100);
  t.regex(text, /Held for undo: +8 KB, 2 items; the oldest leaves after 2026-11-28 .* \(in 3d\)/);
  t.regex(text, /Put something back: +prodigy clean undo --list/);
  const due = overviewText(
    overview({ earlier: { ...nothingEarlier, held: { ...held, untilMs: viewedAtMs - 1 } } }),
    plain,
    100,
  );
  t.regex(due, /the oldest leaves with the next run/);
});

test('what was moved and not freed is the first thing to type about', (t) => {
  const text = overviewText(
    overview({ earlier: { ...nothingEarlier, blocked: { items: 1, bytes: 4096 } } }),
    plain,
    100,
  );
  t.regex(text, /Not freed yet: +1 item, 4 KB/);
  t.regex(text, /\n\nFinish what was begun: +prodigy clean resume\n/);
});

test('names that could forge a line are escaped, and pins are told', (t) => {
  const oddities = [{ detail: 'not known here', path: '/x/\n✓ Cleaned 99 sessions\u001b[2K' }];
  const pins = [
    { target: 'worktrees:/x', name: 'x', hold: { reason: 'the talk\nforged', atMs: viewedAtMs } },
  ];
  const text = overviewText(overview({ view: runView(items, { oddities }), pins }), plain, 100);
  t.false(/^(?:✓|forged)/m.test(text), text);
  // eslint-disable-next-line no-control-regex
  t.false(/[\u0000-\u0009\u000b-\u001f]/.test(text));
  t.regex(text, /On hold until it is released: worktrees:\/x/);
});

test('when nothing may go, it says so, and how to see why', (t) => {
  const kept = [itemView({ name: 'x', verdict: 'keep', reason: 'young', ageMs: dayMs })];
  const text = overviewText(overview({ view: runView(kept) }), plain, 100);
  t.regex(
    text,
    /Nothing is old enough and safe to go\.\nSee why all of it stays: +prodigy clean --all --dry-run --full/,
  );
});
