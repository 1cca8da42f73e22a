import test from 'ava';
import type { Attribution, Item, Repository } from '../../src/model/item.ts';
import { kinds } from '../../src/model/kind.ts';
import { inScope } from '../../src/policy/scope.ts';
import type { Scope } from '../../src/policy/scope.ts';
import { everything, item, worktreeFacts } from './storage-of-facts.ts';

const api: Repository = { name: 'api', gitDir: '/src/api/.git' };
const onlyApi: Scope = { allRepositories: false, repositories: [api], kinds };

function coverage(one: Item, scope: Scope): string {
  const answer = inScope(one, scope);
  return typeof answer === 'string' ? answer : answer.keep;
}

const covers = test.macro<[Attribution, Repository | undefined, Scope, string]>({
  exec(t, attribution, repository, scope, expected) {
    t.is(coverage(item('logs', 'x', { attribution, repository }), scope), expected);
  },
  title: (name, attribution, _, __, expected) => `${name ?? ''} (${attribution}): ${expected}`,
});

test('the same path', covers, 'path', api, onlyApi, 'in');
test('the same path under another name', covers, 'path', { ...api, name: 'old' }, onlyApi, 'in');
test('the same name at another path', covers, 'path', { name: 'api', gitDir: '/b/.git' }, onlyApi, 'out');
test('a path that is not known', covers, 'path', { name: 'api' }, onlyApi, 'unattributed');
test('the same name', covers, 'name', { name: 'api' }, onlyApi, 'in');
test('another name', covers, 'name', { name: 'web' }, onlyApi, 'out');
test('a name that several share', covers, 'ambiguous', { name: 'api' }, onlyApi, 'unattributed');
test('another name that several share', covers, 'ambiguous', { name: 'web' }, onlyApi, 'out');
test('no repository at all', covers, 'none', undefined, onlyApi, 'unattributed');
test('a run over all repositories', covers, 'none', undefined, everything, 'in');
test('a run over no repository', covers, 'path', api, { ...onlyApi, repositories: [] }, 'out');
test(
  'a repository given by name alone',
  covers,
  'path',
  api,
  { ...onlyApi, repositories: [{ name: 'api' }] },
  'in',
);

test('kinds that were not selected are out, and no kinds are no kinds', (t) => {
  t.is(coverage(item('logs', 'x'), { ...everything, kinds: ['events'] }), 'out');
  t.is(coverage(item('logs', 'x'), { ...everything, kinds: [] }), 'out');
});

test('--mapreduce covers agents and what belongs to jobs', (t) => {
  const scope = { ...everything, mapreduceOnly: true };
  const agent = { type: 'worktree', facts: worktreeFacts(), agent: true, jobs: [] } as const;
  t.is(coverage(item('worktrees', 'x', { detail: agent }), scope), 'in');
  t.is(coverage(item('worktrees', 'x', { owners: ['session:a'] }), scope), 'out');
  t.is(coverage(item('worktrees', 'x', { owners: ['session:a', 'job:j'] }), scope), 'in');
  t.is(coverage(item('state', 'x', { owners: ['job:j'] }), scope), 'in');
  t.is(coverage(item('logs', 'x', { owners: ['session:a'] }), scope), 'out');
});

test('--job-id covers what belongs to that job', (t) => {
  const scope = { ...everything, jobId: 'j' };
  t.is(coverage(item('state', 'x', { owners: ['job:j'] }), scope), 'in');
  t.is(coverage(item('state', 'x', { owners: ['job:jj'] }), scope), 'out');
  t.is(coverage(item('state', 'x'), { ...everything, jobId: '' }), 'out');
});
