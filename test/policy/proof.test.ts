import test from 'ava';
import * as fc from 'fast-check';
import type { KeepReason } from '../../src/model/reason.ts';
import type { WorktreeFacts } from '../../src/model/worktree.ts';
import { proveWorktree } from '../../src/policy/proof.ts';
import { worktreeFacts } from './storage-of-facts.ts';

const clean = { uncommitted: 0, untracked: 0, precious: [] };

test('an old clean worktree that is not merged may go, and its branch is said to be kept', (t) => {
  t.deepEqual(proveWorktree(worktreeFacts(), { mergedOnly: false }), {
    ok: true,
    proof: 'branch-kept',
    evidence: {
      head: '3f2c1e9a00000000000000000000000000000000',
      branch: 'prodigy-a',
      commits: 'reachable',
      unmerged: 'branch prodigy-a kept at 3f2c1e9',
      changes: 'none',
      precious: 'none',
      operation: 'none',
      locked: false,
      nested: 'none',
    },
  });
});

test('a merged worktree names the branch it was merged into, and satisfies --merged-only', (t) => {
  const proof = proveWorktree(worktreeFacts({ mergedInto: 'refs/heads/main' }), { mergedOnly: true });
  t.like(proof, { ok: true, proof: 'merged', evidence: { merged: 'main' } });
});

test('a detached HEAD whose commits are reachable is fine', (t) => {
  const proof = proveWorktree(worktreeFacts({ branch: undefined }), { mergedOnly: false });
  t.like(proof, { ok: true, evidence: { branch: 'detached', unmerged: 'detached at 3f2c1e9' } });
});

const objects = test.macro<[string, Partial<WorktreeFacts>, KeepReason, Record<string, string | boolean>]>({
  exec(t, _name, changes, reason, evidence) {
    const proof = proveWorktree(worktreeFacts(changes), { mergedOnly: false });
    t.like(proof, { ok: false, reason, evidence });
  },
  title: (_, name, __, reason) => `${name}: not proven, ${reason}`,
});

// What somebody wrote as the reason is file content (P10).
test(objects, 'locked with a reason', { locked: 'on a stick' }, 'locked', { locked: true });
test(objects, 'locked without one', { locked: '' }, 'locked', { locked: true });
test(objects, 'a rebase under way', { operation: 'rebase' }, 'operation-in-progress', {
  operation: 'rebase',
});
test(objects, 'changes', { changes: { ...clean, uncommitted: 2, untracked: 1 } }, 'dirty', {
  changes: '2 uncommitted, 1 untracked',
});
test(objects, 'new files', { changes: { ...clean, untracked: 1 } }, 'untracked', { changes: '1 untracked' });
test(
  objects,
  'precious files',
  { changes: { ...clean, precious: ['.env', 'a.pem', 'b.pem', 'c.pem'] } },
  'precious',
  { precious: '.env, a.pem, b.pem and 1 more' },
);
test(objects, 'lost commits', { unreachable: { count: 3, example: 'abc' } }, 'unreachable-commits', {
  commits: '3 that no surviving ref reaches, one is abc',
});
test(objects, 'a clone', { nested: ['vendor/lib'] }, 'nested-repository', {
  nested: 'repository vendor/lib',
});
test(objects, 'a submodule', { nested: ['lib'], submodules: ['lib'] }, 'nested-repository', {
  nested: 'submodule lib',
});
test(objects, 'unknown changes', { changes: undefined }, 'unreadable', { changes: 'not known' });
test(objects, 'unknown commits', { unreachable: undefined }, 'unreadable', { commits: 'not known' });
test(objects, 'no HEAD', { head: undefined }, 'unreadable', { head: 'not known' });
test(objects, 'no repository', { mainGitDir: undefined }, 'unknown-format', { repository: 'not known' });
test(objects, 'no registration', { adminDir: undefined }, 'unknown-format', { repository: 'not known' });
test(
  objects,
  'a doubt',
  { doubts: [{ reason: 'symlink', detail: '.git is a link', path: '/x/.git' }] },
  'symlink',
  { doubt: '.git is a link', path: '/x/.git' },
);
test(objects, 'counts that are no numbers', { changes: { ...clean, untracked: Number.NaN } }, 'untracked', {
  changes: 'NaN untracked',
});

test('with --merged-only an unmerged worktree stays', (t) => {
  t.like(proveWorktree(worktreeFacts(), { mergedOnly: true }), { ok: false, reason: 'unmerged' });
});

for (const [how, proof] of [
  ['squash', 'landed-by-squash'],
  ['rebase', 'landed-by-rebase'],
  ['cherry-pick', 'landed-by-cherry-pick'],
  ['contained', 'landed'],
  ['no-change', 'landed'],
] as const) {
  test(`work that landed (${how}) is proof enough for --merged-only, and its branch is said to be kept (story 22)`, (t) => {
    const landed = { how, into: 'main', ref: 'refs/heads/main', commit: '1a2b3c4d5e' };
    const answer = proveWorktree(worktreeFacts({ landed }), { mergedOnly: true });
    t.like(answer, { ok: true, proof, evidence: { unmerged: 'branch prodigy-a kept at 3f2c1e9' } });
    t.regex(String(answer.evidence['landed']), /\bin main\b/);
    t.false(answer.ok && 'deletes' in answer);
  });
}

const spent = { ref: 'refs/heads/prodigy-a', commit: '3f2c1e9a', into: 'refs/heads/main' };

test('a branch goes with its worktree only when that was asked for, and is named', (t) => {
  const facts = worktreeFacts({ mergedInto: 'main', spentBranches: [spent] });
  const kept = proveWorktree(facts, { mergedOnly: false });
  t.false('deletes' in kept.evidence);
  const asked = proveWorktree(facts, { mergedOnly: false, deleteMergedBranches: true });
  t.like(asked, {
    ok: true,
    deletes: [spent],
    evidence: { deletes: 'branch prodigy-a at 3f2c1e9, its content is in main' },
  });
});

test('a worktree that stays keeps its branches', (t) => {
  const facts = worktreeFacts({ locked: '', spentBranches: [spent] });
  const answer = proveWorktree(facts, { mergedOnly: false, deleteMergedBranches: true });
  t.false(answer.ok);
  t.false('deletes' in answer || 'deletes' in answer.evidence);
});

const anyFacts: fc.Arbitrary<WorktreeFacts> = fc
  .record({
    mainGitDir: fc.constantFrom('/src/api/.git', undefined),
    adminDir: fc.constantFrom('/src/api/.git/worktrees/a', undefined),
    branch: fc.constantFrom('refs/heads/prodigy-a', undefined),
    head: fc.constantFrom('3f2c1e9', undefined),
    locked: fc.constantFrom(undefined, '', 'why'),
    operation: fc.constantFrom(undefined, 'merge'),
    changes: fc.option(
      fc.record({
        uncommitted: fc.nat(1),
        untracked: fc.nat(1),
        precious: fc.constantFrom<readonly string[]>([], ['.env']),
      }),
      { nil: undefined },
    ),
    unreachable: fc.option(fc.record({ count: fc.nat(1), example: fc.constant(undefined) }), {
      nil: undefined,
    }),
    mergedInto: fc.constantFrom(undefined, 'main'),
    landed: fc.constantFrom(undefined, { how: 'squash' as const, into: 'main', ref: 'refs/heads/main' }),
    nested: fc.constantFrom<readonly string[]>([], ['lib']),
    doubts: fc.constantFrom<WorktreeFacts['doubts']>([], [{ reason: 'unreadable', detail: 'x' }]),
  })
  .map((changes) => worktreeFacts(changes));

test('nothing is proven unless every check was made and passed', (t) => {
  fc.assert(
    fc.property(anyFacts, fc.boolean(), (facts, mergedOnly) => {
      const isSafe =
        facts.mainGitDir !== undefined &&
        facts.adminDir !== undefined &&
        facts.head !== undefined &&
        facts.locked === undefined &&
        facts.operation === undefined &&
        facts.changes?.uncommitted === 0 &&
        facts.changes.untracked === 0 &&
        facts.changes.precious.length === 0 &&
        facts.unreachable?.count === 0 &&
        facts.nested.length === 0 &&
        facts.doubts.length === 0 &&
        (!mergedOnly || facts.mergedInto !== undefined || facts.landed !== undefined);
      t.is(proveWorktree(facts, { mergedOnly }).ok, isSafe);
    }),
    { numRuns: 2000 },
  );
});

test('every check is named in the evidence, whatever the answer', (t) => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const { evidence } = proveWorktree(facts, { mergedOnly: false });
      for (const check of [
        'head',
        'branch',
        'commits',
        'changes',
        'precious',
        'operation',
        'locked',
        'nested',
      ])
        t.true(check in evidence);
      t.true('merged' in evidence !== 'unmerged' in evidence);
    }),
  );
});

test('a path that no line has room for is told by its beginning and its end', (t) => {
  const deep = `nm/${'directory/'.repeat(300)}.env`;
  const { evidence } = proveWorktree(
    worktreeFacts({ changes: { uncommitted: 0, untracked: 0, precious: [deep, 'short', '😀'.repeat(400)] } }),
    { mergedOnly: false },
  );
  const told = String(evidence['precious']);
  t.true(told.length < 400, told);
  t.regex(told, /^nm\/directory\/.*….*directory\/\.env, short, /u);
  t.notRegex(told, /\p{Surrogate}/u);
});
