import test from 'ava';
import { undoOutlookText, type UndoOutlook } from '../../src/ui/undo-outlook.ts';

const megabyte = 1024 * 1024;
const plain: UndoOutlook = {
  worktrees: 0,
  others: [],
  barred: [],
  branches: 0,
  isUndoable: true,
  undoBytes: 512 * megabyte,
  undoMs: 7 * 86_400_000,
  isShortOfSpace: false,
};

const says = test.macro({
  title: (name) => `the question says: ${name}`,
  exec(t, outlook: Partial<UndoOutlook>, text: string) {
    t.is(undoOutlookText({ ...plain, ...outlook }), text);
  },
});

test('one small item can be put back', says, { others: [5] }, 'It can be put back for 7 days.');
test(
  'worktrees are freed, and can be put back all the same',
  says,
  { worktrees: 2, others: [5] },
  'Worktrees are freed at once, the branches stay. All of it can be put back for 7 days; git makes the worktrees again, but not what it ignores (node_modules, say), nor empty directories.',
);
test(
  'nothing can be, because that was asked for',
  says,
  { worktrees: 1, isUndoable: false },
  'The worktree is freed at once, the branches stay. It cannot be undone (--no-undo).',
);
test(
  'one is too large to be held, the rest is not',
  says,
  { others: [5, 600 * megabyte] },
  '1 item (600 MB) cannot be undone: too large to be held. The rest can be put back for 7 days.',
);
test(
  'each alone would be held, all together would not',
  says,
  { others: [300 * megabyte, 300 * megabyte] },
  'Of 600 MB only 512 MB are held to be put back for 7 days: what went first cannot be undone.',
);
test(
  'one is too large, and the rest too much',
  says,
  { worktrees: 1, others: [600 * megabyte, 300 * megabyte, 300 * megabyte] },
  'The worktree is freed at once, the branches stay. 1 item (600 MB) cannot be undone: too large to be held. Of 600 MB only 512 MB are held to be put back for 7 days: what went first cannot be undone. The worktree git makes again, but not what it ignores (node_modules, say), nor empty directories.',
);
test(
  'on a full disk only worktrees can be made again',
  says,
  { worktrees: 1, others: [1024, 1024], isShortOfSpace: true, undoMs: 86_400_000 },
  'The worktree is freed at once, the branches stay. 2 items (2 KB) cannot be undone: the disk is too full. The rest can be put back for 1 day; git makes the worktree again, but not what it ignores (node_modules, say), nor empty directories.',
);
test(
  'on a full disk nothing that is no worktree can be',
  says,
  { others: [1024], isShortOfSpace: true },
  'It cannot be undone: the disk is too full.',
);

const far = {
  why: '/p/logs is on another file system than the quarantine',
  items: 2,
  bytes: 2048,
  worktrees: 0,
};

test(
  'what lies where it cannot be held is counted by its cause',
  says,
  { others: [5], barred: [far] },
  '2 items (2 KB) cannot be undone: /p/logs is on another file system than the quarantine. The rest can be put back for 7 days.',
);
test(
  'when that is all, all of it',
  says,
  { barred: [far] },
  'All of it cannot be undone: /p/logs is on another file system than the quarantine.',
);
test(
  'of many causes the first three are told',
  says,
  { others: [5], barred: ['a', 'b', 'c', 'd', 'e'].map((why) => ({ ...far, why })) },
  '2 items (2 KB) cannot be undone: a. 2 items (2 KB) cannot be undone: b. 2 items (2 KB) cannot be undone: c. 4 items (4 KB) more cannot be undone, for such causes. The rest can be put back for 7 days.',
);
test(
  'a worktree that cannot be made again is none that git makes again',
  says,
  { worktrees: 1, others: [5], barred: [{ why: 'x', items: 1, bytes: 1024, worktrees: 1 }] },
  'The worktree is freed at once, the branches stay. 1 item (1 KB) cannot be undone: x. The rest can be put back for 7 days.',
);
