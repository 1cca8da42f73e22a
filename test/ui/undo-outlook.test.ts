import test from 'ava';
import { undoOutlookText, type UndoOutlook } from '../../src/ui/undo-outlook.ts';

const megabyte = 1024 * 1024;
const plain: UndoOutlook = {
  worktrees: 0,
  others: [],
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
  'Worktrees are freed at once, the branches stay. All of it can be put back for 7 days.',
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
  'The worktree is freed at once, the branches stay. 1 item (600 MB) cannot be undone: too large to be held. Of 600 MB only 512 MB are held to be put back for 7 days: what went first cannot be undone.',
);
test(
  'on a full disk only worktrees can be made again',
  says,
  { worktrees: 1, others: [1024, 1024], isShortOfSpace: true, undoMs: 86_400_000 },
  'The worktree is freed at once, the branches stay. 2 items (2 KB) cannot be undone: the disk is too full. The rest can be put back for 1 day.',
);
test(
  'on a full disk nothing that is no worktree can be',
  says,
  { others: [1024], isShortOfSpace: true },
  'It cannot be undone: the disk is too full.',
);
