import test from 'ava';
import picocolors from 'picocolors';
import { planText, type PlanLook } from '../../src/ui/plan-text.ts';
import { widthOf } from '../../src/ui/width.ts';
import { itemView, runView, tooWide } from '../helpers/run-view.ts';

const dayMs = 24 * 3_600_000;
const look: PlanLook = {
  colours: picocolors.createColors(false),
  columns: 100,
  isFull: false,
  undo: { isUndoable: true, forMs: 7 * dayMs, bytes: 512 * 1024 ** 2 },
};

const many = (count: number, of: Parameters<typeof itemView>[0]): ReturnType<typeof itemView>[] =>
  Array.from({ length: count }, (_, index) =>
    itemView({
      ...of,
      name: `${of.name}-${String(index).padStart(4, '0')}`,
      bytes: (of.bytes ?? 4096) + index * 4096,
    }),
  );

test('a line tells in words what becomes of an item, its size, age, name and why', (t) => {
  const items = [
    itemView({
      name: 'api/session-1842',
      kind: 'worktrees',
      bytes: 1.9 * 1024 ** 3,
      proof: 'branch-kept',
      evidence: {
        unmerged: 'branch prodigy-session-1842 kept at 3f2c1e4',
        changes: 'none',
        status: 'Completed',
      },
    }),
    itemView({ name: 'api/session-1907', kind: 'worktrees', proof: 'merged', evidence: { merged: 'main' } }),
    itemView({
      name: 'api/session-1951',
      kind: 'worktrees',
      verdict: 'keep',
      reason: 'in-use',
      evidence: { process: '4312 (node) works inside', unmerged: 'branch x kept at 1234567' },
    }),
  ];
  const text = planText(runView(items), look);
  t.regex(
    text,
    /^ {2}- remove {2}1\.9 GB {2}40d {2}api\/session-1842 +unmerged, branch prodigy-session-1842 kept at/m,
  );
  t.regex(text, /^ {2}- remove .* api\/session-1907 +merged into main, clean$/m);
  t.regex(text, /^ {2}= keep .* api\/session-1951 +in-use \(4312 \(node\) works inside\)$/m);
  t.regex(text, /^ {2}logs, worktrees: older than 7d, before 2026-11-18 12:00:00 UTC$/m);
});

test('a worktree that goes is never folded away; of other kinds the largest are told and the rest is counted', (t) => {
  const items = [...many(200, { name: 'tree', kind: 'worktrees' }), ...many(2_330, { name: 'log' })];
  const text = planText(runView(items), look);
  for (const { name, kind } of items) if (kind === 'worktrees') t.true(text.includes(name), name);
  t.is(text.match(/^ {2}- remove .* log-/gm)?.length, 20);
  t.true(text.includes('log-2329') && !text.includes('log-0000'));
  t.regex(text, /^ {2}\.\.\. and 2,310 logs more, 1?\d\.?\d? GB \(--full lists them\)$/m);
  t.regex(text, /Plan: 2,530 to remove, 0 kept\./);
  const full = planText(runView(items), { ...look, isFull: true });
  for (const { name } of items) t.true(full.includes(name), name);
  t.false(full.includes('--full'));
});

test('a list that is short enough is told whole', (t) => {
  const text = planText(runView(many(30, { name: 'log' })), look);
  t.is(text.match(/^ {2}- remove/gm)?.length, 30);
  t.false(text.includes('... and'));
});

test('what stays is told by reason with its number; what is said of all alike is said once', (t) => {
  const items = [
    ...many(26, {
      name: 'e',
      kind: 'events',
      verdict: 'keep',
      reason: 'unattributed',
      evidence: { doubt: 'several are called api' },
    }),
    itemView({
      name: 'one',
      kind: 'events',
      verdict: 'keep',
      reason: 'resumable',
      evidence: { status: 'Paused' },
    }),
    ...many(2, {
      name: 'y',
      kind: 'events',
      verdict: 'keep',
      reason: 'young',
      evidence: { keptFor: '14d' },
      ageMs: dayMs,
    }),
  ];
  const text = planText(runView(items), look);
  t.regex(text, /^ {2}= keep .* 26 event directories +unattributed \(several are called api\)$/m);
  t.regex(text, /^ {2}= keep .* one +resumable \(Paused\)$/m);
  t.regex(text, /^ {2}= keep .* 2 event directories +young \(not older than 14d\)$/m);
  t.regex(text, /--full lists all that are kept, one by one\.\n$/);
  t.regex(text, /Old enough next: 2 event directories, the first in 13d/);
});

test('in more than one repository each has its own heading, those of one name by their paths', (t) => {
  const scope = { ...runView([]).scope, allRepositories: true };
  const items = [
    itemView({ name: 'a', repositoryPath: '/src/api' }),
    itemView({ name: 'b', repositoryPath: '/old/api' }),
    itemView({ name: 'c', repository: undefined }),
    itemView({ name: 'd' }),
  ];
  const headings = planText(runView(items, { scope }), look).match(/^(?:no )?repository.*$/gm);
  t.deepEqual(headings, [
    'no repository known',
    'repository api (/old/api)',
    'repository api (/src/api)',
    'repository api (by its name only)',
  ]);
});

test('the footer says what is freed at once, what when undo ends, and what cannot be undone', (t) => {
  const tree = itemView({ name: 'tree', kind: 'worktrees', bytes: 3 * 1024 ** 2 });
  const log = itemView({ name: 'log', bytes: 1024 ** 2 });
  const footer = (items: Parameters<typeof runView>[0], undo = look.undo): string =>
    planText(runView(items), { ...look, undo })
      .split('\n')
      .slice(-5)
      .join('\n');
  t.regex(
    footer([tree, log]),
    /Plan: 2 to remove, 0 kept\. Frees about 4 MB \(3 MB at once, 1 MB when undo ends in 7d\)\./,
  );
  t.regex(
    footer([tree]),
    /Frees about 3 MB \(at once\)\.\nUndo: it can be put back for 7 days; git makes the worktree again, but not what it ignores\s+\(node_modules, say\), nor empty directories\./,
  );
  t.regex(
    footer([log]),
    /Frees about 1 MB \(when undo ends in 7d\)\.\nUndo: it can be put back for 7 days\./,
  );
  t.regex(
    footer([log], { ...look.undo, bytes: 1024 }),
    /Frees about 1 MB \(at once\)/,
    'too large to be held',
  );
  t.regex(
    footer([log], { ...look.undo, isUndoable: false }),
    /\(at once\)\.\nUndo: none of it can be put back \(--no-undo\)/,
  );
});

const wide = [
  ...many(40, { name: '日本語のセッション', kind: 'sessions', evidence: { status: 'Completed' } }),
  itemView({
    name: '🦊/worktree-of-a-fox',
    kind: 'worktrees',
    proof: 'merged',
    evidence: { merged: 'main' },
  }),
  itemView({
    name: 'plain',
    kind: 'worktrees',
    bytes: 99 * 1024 ** 3,
    proof: 'merged',
    evidence: { merged: 'main' },
  }),
];

for (const columns of [120, 80, 60, 40]) {
  test(`at ${columns} columns the plan is not too wide, and nothing is lost`, (t) => {
    const text = planText(runView(wide, { outOfScope: 3 }), { ...look, columns, isFull: true });
    t.deepEqual(tooWide(text, columns, widthOf), []);
    for (const { name } of wide) t.true(text.includes(name), name);
    t.is(text.match(/- remove/g)?.length, wide.length);
  });
}

test('reasons stand below each other, whatever the script of the names before them', (t) => {
  const lines = planText(runView(wide), look)
    .split('\n')
    .filter((line) => line.endsWith('merged into main, clean'));
  t.is(lines.length, 2);
  t.is(
    new Set(lines.map((line) => widthOf(line.slice(0, line.indexOf('merged'))))).size,
    1,
    lines.join('\n'),
  );
});

test('colour says nothing that the words do not say', (t) => {
  const plain = planText(runView(wide), look);
  const coloured = planText(runView(wide), { ...look, colours: picocolors.createColors(true) });
  t.not(coloured, plain);
  // eslint-disable-next-line no-control-regex
  t.is(coloured.replace(/\u001b\[\d+m/g, ''), plain);
});
