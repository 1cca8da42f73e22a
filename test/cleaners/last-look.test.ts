import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { lastLook, type Drift, type LastLookContext } from '../../src/cleaners/last-look.ts';
import type { Item } from '../../src/model/item.ts';
import { readProcessTable } from '../../src/storage/processes.ts';
import { workflowCheckpoint } from '../helpers/checkpoint-artefacts.ts';
import { commitFile, git, makeRepository } from '../helpers/git.ts';
import { resumeLock } from '../helpers/lock-artefact.ts';
import { msAgo, prodigyHome, type ProdigyHome } from '../helpers/prodigy-home.ts';
import { session } from '../helpers/session-artefacts.ts';
import { eventDirectory } from '../helpers/trace-artefacts.ts';
import { sessionWorktree } from '../helpers/worktree-artefacts.ts';
import { lookAt, type Seen } from './look-at.ts';

type Scene = {
  readonly home: ProdigyHome;
  readonly seen: Seen;
  readonly id: string;
  readonly worktree: string;
  readonly repository: string;
  readonly again: (item: Item, context?: Partial<LastLookContext>) => Promise<Drift | undefined>;
};

/** A finished session with record, checkpoint, worktree and events, looked at once. */
async function scene(t: ExecutionContext): Promise<Scene> {
  const home = await prodigyHome(t);
  const repository = await makeRepository(join(home.home, 'src', 'app'));
  await commitFile(repository, 'README.md', 'hello', { atMs: msAgo(home, '90d') });
  const { id } = await session(home, { status: 'Completed', startedAgo: '40d', endedAgo: '39d' });
  const worktree = await sessionWorktree(home, {
    repository,
    id,
    createdAgo: '40d',
    commits: { 'a.ts': 'a' },
  });
  await workflowCheckpoint(home, { session: id, ago: '39d', workingDirectory: repository });
  await eventDirectory(home, { repository: id, startedAgo: '40d' });
  const seen = await lookAt(home);
  return {
    home,
    seen,
    id,
    worktree,
    repository,
    again: async (item, context = {}) =>
      lastLook(item, seen.look, {
        expectedAbsent: new Set(),
        ownLocks: new Set(),
        nowMs: home.nowMs,
        host: hostname(),
        ownPid: process.pid,
        table: await readProcessTable([home.root]),
        ...context,
      }),
  };
}

test('what has not changed since it was judged may go', async (t) => {
  const { seen, again } = await scene(t);
  for (const item of seen.look.items) t.is(await again(item), undefined, item.id);
});

test('a part that was swapped, changed or taken away is noticed', async (t) => {
  const { seen, again, id, home } = await scene(t);
  const item = seen.one('events', id);
  const [file = ''] = item.parts.map(({ path }) => path);
  await writeFile(join(file, 'more.jsonl'), '');
  t.like(await again(item), { reason: 'changed-since-decision', evidence: { what: 'changed' } });
  await rename(file, join(home.home, 'away'));
  t.like(await again(item), { reason: 'changed-since-decision', evidence: { what: 'gone' } });
  await mkdir(file);
  t.like(await again(item), { reason: 'changed-since-decision', evidence: { what: 'changed' } });
});

test('a session that came to life keeps everything that is its own', async (t) => {
  const { seen, again, id, home } = await scene(t);
  await workflowCheckpoint(home, { session: id, ago: '0s', workingDirectory: '/x' });
  t.like(await again(seen.one('events', id)), {
    reason: 'changed-since-decision',
    evidence: { owner: `session:${id}`, what: 'changed' },
  });
});

test('a record that appears where there was none is noticed', async (t) => {
  const home = await prodigyHome(t);
  const id = home.ids.session();
  await eventDirectory(home, { repository: id, startedAgo: '40d' });
  const seen = await lookAt(home);
  await session(home, { id, status: 'Running', startedAgo: '0s' });
  const table = await readProcessTable([home.root]);
  const drift = await lastLook(seen.one('events', id), seen.look, {
    expectedAbsent: new Set(),
    ownLocks: new Set(),
    nowMs: home.nowMs,
    host: hostname(),
    ownPid: process.pid,
    table,
  });
  t.like(drift, { reason: 'changed-since-decision', evidence: { what: 'appeared' } });
});

test('what this run itself moved away or locked is no news', async (t) => {
  const { seen, again, id, home, worktree } = await scene(t);
  const metadata = join(home.root, 'worktrees', 'app', '.metadata', `${id}.json`);
  await git(worktree, 'status');
  await rm(metadata);
  const item = seen.one('sessions', id);
  t.like(await again(item), { evidence: { what: 'gone' } });
  t.is(await again(item, { expectedAbsent: new Set([metadata]) }), undefined);

  const lock = await resumeLock(home, { id, holder: 'foreign', ago: '0s' });
  const moved = { expectedAbsent: new Set([metadata]) };
  t.like(await again(item, moved), { reason: 'active', evidence: { state: 'foreign' } });
  t.is(await again(item, { ...moved, ownLocks: new Set([lock]) }), undefined);
});

test('a process that moved in is noticed', async (t) => {
  const { seen, again, id, worktree } = await scene(t);
  const sleeper = execa('sleep', ['60'], { cwd: worktree, reject: false });
  t.teardown(() => void sleeper.kill());
  t.like(await again(seen.one('worktrees', id)), { reason: 'in-use', evidence: { pid: sleeper.pid ?? 0 } });
});

test('a commit, a change or a new file in the worktree is noticed', async (t) => {
  const changes: [string, (at: Scene) => Promise<unknown>, string][] = [
    ['commit', ({ worktree }) => commitFile(worktree, 'sub/new.ts', 'x'), 'changed-since-decision'],
    ['change', ({ worktree }) => writeFile(join(worktree, 'a.ts'), 'changed'), 'dirty'],
    ['lock', ({ worktree, repository }) => git(repository, 'worktree', 'lock', worktree), 'locked'],
  ];
  for (const [what, change, reason] of changes) {
    const at = await scene(t);
    const before = at.seen.one('worktrees', at.id);
    await change(at);
    const drift = await at.again(before);
    t.is(drift?.reason, reason as Drift['reason'], what);
  }
});
