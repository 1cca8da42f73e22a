import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, symlink as makeLink, writeFile } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { canarySecret, mergeCheckpoint, workflowCheckpoint } from '../helpers/checkpoint-artefacts.ts';
import { deadLetters } from '../helpers/dead-letter-artefacts.ts';
import { commitFile, makeRepository } from '../helpers/git.ts';
import { emptyJobDirectory, jobIdOf, jobState, mapping } from '../helpers/job-artefacts.ts';
import { resumeLock } from '../helpers/lock-artefact.ts';
import { worktreeMetadata } from '../helpers/metadata-artefact.ts';
import { msAgo, prodigyHome, writeAged, type ProdigyHome } from '../helpers/prodigy-home.ts';
import { session } from '../helpers/session-artefacts.ts';
import { claudeLog, eventDirectory } from '../helpers/trace-artefacts.ts';
import { fingerprint, assertSame } from '../helpers/tree.ts';
import { agentPool, sessionWorktree } from '../helpers/worktree-artefacts.ts';
import { aged, setTimes, symlink } from '../helpers/write-tree.ts';
import { unreadableTable } from '../../src/storage/processes.ts';
import { lookAt } from './look-at.ts';

async function repositoryIn(home: ProdigyHome, name = 'app', parent = 'src'): Promise<string> {
  const path = await makeRepository(join(home.home, parent, name));
  await commitFile(path, 'README.md', 'hello', { atMs: msAgo(home, '90d') });
  return path;
}

// 1
test('a finished and cleaned session is one item, its record last, placed by its checkpoint', async (t) => {
  const home = await prodigyHome(t);
  const repository = await repositoryIn(home);
  const { id, path, lastAtMs } = await session(home, {
    status: 'Completed',
    startedAgo: '40d',
    endedAgo: '39d',
  });
  const folder = join(home.root, 'state', id, 'checkpoints');
  await workflowCheckpoint(home, {
    session: id,
    ago: '39d',
    status: 'Completed',
    workingDirectory: repository,
  });
  const seen = await lookAt(home);
  const item = seen.one('sessions', id);
  t.deepEqual(
    item.parts.map((part) => [part.role, part.path]),
    [
      ['checkpoints', folder],
      ['main', path],
    ],
  );
  t.is(item.id, `sessions:${path}`);
  t.deepEqual(item.repository, { name: 'app', gitDir: join(repository, '.git') });
  t.is(item.attribution, 'path');
  t.is(item.recordedAtMs, lastAtMs);
  t.deepEqual(item.rest, { type: 'ended', atMs: lastAtMs });
  t.deepEqual(item.doubts, []);
  t.deepEqual(item.detail, { type: 'session', worktrees: [], record: true });
  t.true((item.size?.bytes ?? 0) >= 8192);
  t.is(item.size?.files, 3);
  t.like(seen.session(id), { hasCheckpoint: true, hasWorktree: false, liveness: { answer: 'no' } });
  t.deepEqual(seen.look.oddities, []);
});

test('the event directory of an ordinary run is tied to the session that began just after it, by repository', async (t) => {
  const home = await prodigyHome(t);
  const repository = await repositoryIn(home);
  const startedAtMs = Math.floor(msAgo(home, '20d') / 1000) * 1000;
  const at = (ms: number): string => `${home.nowMs - ms}ms`;
  const record = { startedAgo: at(startedAtMs + 9_000), endedAgo: '19d' } as const;
  const own = await session(home, { status: 'Completed', ...record });
  const other = await session(home, { status: 'Completed', ...record });
  await workflowCheckpoint(home, { session: own.id, ago: '19d', workingDirectory: repository });
  await workflowCheckpoint(home, { session: other.id, ago: '19d', workingDirectory: join(home.home, 'lib') });
  const tied = await eventDirectory(home, { repository: 'app', startedAgo: at(startedAtMs) });
  const late = await eventDirectory(home, { repository: 'app', startedAgo: at(startedAtMs + 60_000) });
  const seen = await lookAt(home);
  t.deepEqual(seen.one('events', tied.id).owners, [`session:${own.id}`]);
  t.is(seen.one('events', tied.id).recordedAtMs, own.lastAtMs);
  t.deepEqual(seen.one('events', late.id).owners, []);
  t.deepEqual(seen.one('events', late.id).rest, { type: 'no-record' });
});

test('events are as old as their last record, not as their file', async (t) => {
  const home = await prodigyHome(t);
  const { path } = await eventDirectory(home, {
    repository: 'app',
    startedAgo: '20d',
    endedAgo: '3d',
    records: 40,
  });
  const seen = await lookAt(home);
  t.is(seen.one('events', path).recordedAtMs, msAgo(home, '3d'));
});

// 2, 3
test('a worktree goes with its metadata, and git tells what would be lost', async (t) => {
  const home = await prodigyHome(t);
  const repository = await repositoryIn(home);
  const { id } = await session(home, { status: 'Completed', startedAgo: '12d', endedAgo: '11d' });
  const path = await sessionWorktree(home, {
    repository,
    id,
    createdAgo: '12d',
    lastAgo: '11d',
    commits: { 'a.ts': 'a' },
  });
  const seen = await lookAt(home);
  const item = seen.one('worktrees', id);
  t.deepEqual(
    item.parts.map(({ role }) => role),
    ['main', 'metadata'],
  );
  t.is(item.path, path);
  t.deepEqual(item.repository, { name: 'app', gitDir: join(repository, '.git') });
  t.deepEqual(item.doubts, []);
  t.is(item.recordedAtMs, msAgo(home, '11d'));
  if (item.detail.type !== 'worktree') return t.fail();
  t.is(item.detail.facts.branch, `refs/heads/prodigy-${id}`);
  t.is(item.detail.facts.mergedInto, undefined);
  t.is(item.detail.facts.originalBranch, 'main');
  t.deepEqual(item.detail.facts.doubts, []);
  t.like(seen.session(id), { hasWorktree: true, worktreeUnmergedOrDirty: true });
  t.deepEqual(seen.one('sessions', id).detail, { type: 'session', worktrees: [item.id], record: true });
});

test('a repository below what git ignores is met by the walk, and looked into', async (t) => {
  const home = await prodigyHome(t);
  const repository = await repositoryIn(home);
  await commitFile(repository, '.gitignore', 'node_modules/\n', { atMs: msAgo(home, '90d') });
  const { id } = await session(home, { status: 'Completed', startedAgo: '12d', endedAgo: '11d' });
  const worktree = await sessionWorktree(home, { repository, id, createdAgo: '12d', lastAgo: '11d' });
  const nested = await makeRepository(join(worktree, 'node_modules', 'patched'));
  await commitFile(nested, 'fix.txt', 'nobody else has it\n');
  const { detail } = (await lookAt(home)).one('worktrees', id);
  if (detail.type !== 'worktree') return t.fail();
  t.deepEqual(detail.facts.nested, ['node_modules/patched']);
  t.true(detail.facts.doubts.length > 0);
});

// 4, 5
test('a crashed session has checkpoint and worktree, and its worktree speaks for it', async (t) => {
  const home = await prodigyHome(t);
  const repository = await repositoryIn(home);
  const merged = await session(home, { status: 'Running', startedAgo: '30d' });
  const dirty = await session(home, { status: 'Paused', startedAgo: '31d' });
  await sessionWorktree(home, { repository, id: merged.id, createdAgo: '30d' });
  await sessionWorktree(home, {
    repository,
    id: dirty.id,
    createdAgo: '31d',
    files: { 'new.ts': 'x' },
    metadata: { interruptedAgo: '30d' },
  });
  const seen = await lookAt(home, { kinds: ['sessions'] });
  t.like(seen.session(merged.id), {
    record: { state: 'read', status: 'Running' },
    hasCheckpoint: false,
    hasWorktree: true,
    worktreeUnmergedOrDirty: false,
  });
  t.true(seen.session(merged.id).lastSignMs <= msAgo(home, '29d'));
  t.like(seen.session(dirty.id), { record: { status: 'Paused' }, worktreeUnmergedOrDirty: true });
  t.deepEqual(seen.one('sessions', dirty.id).rest, { type: 'unfinished' });
  t.deepEqual(seen.of('worktrees'), []);
});

test('agents belong to the session of their pool and to their job; the pool itself is no item', async (t) => {
  const home = await prodigyHome(t);
  const repository = await repositoryIn(home);
  const { id } = await session(home, { status: 'Running', mapreduce: true, startedAgo: '20d' });
  await sessionWorktree(home, { repository, id, createdAgo: '20d' });
  const job = jobIdOf(home, '20d');
  const [agent = ''] = await agentPool(home, {
    repository,
    session: id,
    job,
    ago: '20d',
    agents: [{ agent: 3 }, { agent: 4, files: { 'x.ts': '' } }],
  });
  await emptyJobDirectory(home, { session: id, ago: '20d' });
  await eventDirectory(home, { repository: id, id: job, startedAgo: '20d' });
  await deadLetters(home, { layout: 'doubled', repository: id, job, letters: [], ago: '20d' });
  const seen = await lookAt(home);
  t.is(seen.of('worktrees').length, 3);
  const item = seen.one('worktrees', `${job}_agent_3`);
  t.is(item.path, agent);
  t.deepEqual(item.owners, [`session:${id}`, `job:${job}`]);
  t.like(item.detail, { agent: true, jobs: [job] });
  t.deepEqual(item.repository, { name: 'app', gitDir: join(repository, '.git') });
  t.true(seen.look.links.some(([a, b]) => a === `session:${id}` && b === `job:${job}`));
  for (const kind of ['state', 'events', 'dlq'] as const) {
    t.true(seen.one(kind, id).owners.includes(`session:${id}`), kind);
    t.is(seen.one(kind, id).repository?.gitDir, join(repository, '.git'));
    t.deepEqual(seen.one(kind, id).rest, { type: 'unfinished' });
  }
  t.is(seen.one('dlq', id).recordedAtMs, Math.floor(msAgo(home, '20d') / 1000) * 1000);
  t.is(seen.job(job).state, 'none');
  t.deepEqual(seen.look.oddities, []);
});

test('an old MapReduce parent, a worktree below another session, ties both together', async (t) => {
  const home = await prodigyHome(t);
  const repository = await repositoryIn(home);
  const outer = home.ids.session();
  const inner = 'session-mapreduce-20251013_004119';
  await sessionWorktree(home, { repository, id: outer, createdAgo: '60d' });
  await sessionWorktree(home, { repository, container: outer, id: inner, createdAgo: '60d' });
  await agentPool(home, {
    repository,
    session: inner,
    job: 'mapreduce-20251013_004119',
    ago: '60d',
    agents: [{ agent: 0 }],
  });
  const seen = await lookAt(home);
  t.is(seen.of('worktrees').length, 3);
  t.true(seen.of('worktrees').every((item) => item.repository?.gitDir === join(repository, '.git')));
  const links = seen.look.links.map((link) => [...link].sort().join(' '));
  t.true(links.includes([`session:${inner}`, `session:${outer}`].sort().join(' ')));
  t.true(links.includes(`job:mapreduce-20251013_004119 session:${inner}`));
});

// 6
test('the checkpoint of a merge belongs to the session that is merged', async (t) => {
  const home = await prodigyHome(t);
  const { id } = await session(home, { status: 'Completed', startedAgo: '1h', endedAgo: '5m' });
  const path = await mergeCheckpoint(home, { repository: 'app', worktree: id, ago: '4m' });
  await worktreeMetadata(home, { repository: 'app', id, createdAgo: '1h' });
  const seen = await lookAt(home);
  t.is(seen.session(id).mergeCheckpoint, path);
  t.deepEqual(
    seen.one('sessions', id).parts.map(({ role }) => role),
    ['merge-checkpoint', 'main'],
  );
  t.true(
    seen
      .session(id)
      .witnesses()
      .some((witness) => witness.path === path && witness.identity !== undefined),
  );
});

test('the checkpoint of its own merge is in the directory that goes, and no part beside it', async (t) => {
  const home = await prodigyHome(t);
  const { id } = await session(home, { status: 'Completed', startedAgo: '40d', endedAgo: '39d' });
  await mergeCheckpoint(home, { repository: id, worktree: id, ago: '39d' });
  const seen = await lookAt(home);
  t.deepEqual(
    seen.one('sessions', `${id}.json`).parts.map(({ role }) => role),
    ['checkpoints', 'main'],
  );
});

test('a merge checkpoint among the checkpoints of another session ties the two', async (t) => {
  const home = await prodigyHome(t);
  const outer = await session(home, { status: 'Completed', startedAgo: '40d', endedAgo: '39d' });
  const inner = await session(home, { status: 'Completed', startedAgo: '40d', endedAgo: '39d' });
  await mergeCheckpoint(home, { repository: outer.id, worktree: inner.id, ago: '39d' });
  const seen = await lookAt(home);
  t.deepEqual(
    new Set(seen.one('sessions', `${outer.id}.json`).owners),
    new Set([`session:${outer.id}`, `session:${inner.id}`]),
  );
  t.truthy(seen.session(inner.id).mergeCheckpoint);
  t.true(seen.look.links.length > 0);
});

// 7
test('locks tell whether a session lives', async (t) => {
  const home = await prodigyHome(t);
  const repository = await repositoryIn(home);
  const prodigy = join(home.home, 'prodigy');
  execFileSync('cp', ['/bin/sleep', prodigy]);
  const sleeper = execa(prodigy, ['60'], { cwd: home.home, reject: false, env: { HOME: home.home } });
  t.teardown(() => void sleeper.kill());
  const ids: Record<string, string> = {};
  for (const [name, holder, ago] of [
    ['live', 'live', '2h'],
    ['dead', 'dead', '2h'],
    ['foreign', 'foreign', '20d'],
    ['young', 'empty', '1m'],
    ['old', 'corrupt', '20d'],
  ] as const) {
    const { id } = await session(home, {
      status: 'Failed',
      startedAgo: '40d',
      endedAgo: '39d',
      workingDirectory: repository,
    });
    ids[name] = id;
    await resumeLock(home, {
      id,
      holder,
      ago,
      ...(holder === 'live' && sleeper.pid !== undefined ? { pid: sleeper.pid } : {}),
    });
  }
  const seen = await lookAt(home);
  const answer = (name: string): string => seen.session(ids[name] ?? '').liveness.answer;
  t.is(answer('live'), 'yes');
  t.is(answer('dead'), 'no');
  t.is(answer('foreign'), 'cannot-tell');
  t.true(seen.session(ids['foreign'] ?? '').liveness.lockInDoubt);
  t.is(answer('young'), 'yes');
  t.is(answer('old'), 'cannot-tell');
});

test('a process that stands in an agent of its pool makes a session live', async (t) => {
  const home = await prodigyHome(t);
  const repository = await repositoryIn(home);
  const { id } = await session(home, { status: 'Running', mapreduce: true, startedAgo: '40d' });
  const quiet = await session(home, { status: 'Running', mapreduce: true, startedAgo: '40d' });
  await sessionWorktree(home, { repository, id, createdAgo: '40d' });
  await sessionWorktree(home, { repository, id: quiet.id, createdAgo: '40d' });
  const job = jobIdOf(home, '40d');
  const [agent = ''] = await agentPool(home, {
    repository,
    session: id,
    job,
    ago: '40d',
    agents: [{ agent: 1 }],
  });
  const sleeper = execa('sleep', ['60'], { cwd: agent, reject: false });
  t.teardown(() => void sleeper.kill());
  const seen = await lookAt(home);
  t.is(seen.session(id).liveness.answer, 'yes');
  t.is(seen.one('worktrees', agent).users[0]?.pid, sleeper.pid);
  t.is(seen.session(quiet.id).liveness.answer, 'no');
});

test('a lock of git in the worktree makes its session live for an hour', async (t) => {
  const home = await prodigyHome(t);
  const repository = await repositoryIn(home);
  const { id } = await session(home, { status: 'Running', startedAgo: '40d' });
  await sessionWorktree(home, { repository, id, createdAgo: '40d' });
  const lock = await writeAged(
    join(repository, '.git', 'worktrees', id, 'index.lock'),
    '',
    msAgo(home, '59m'),
  );
  t.is((await lookAt(home)).session(id).liveness.answer, 'yes');
  await setTimes(lock, msAgo(home, '61m'));
  t.is((await lookAt(home)).session(id).liveness.answer, 'no');
});

// 8
test('a record that cannot be understood is broken, and its item in doubt', async (t) => {
  const home = await prodigyHome(t);
  const base = { status: 'Completed', startedAgo: '40d', endedAgo: '39d' } as const;
  const broken = [
    await session(home, { ...base, cutTo: 0.5 }),
    await session(home, { ...base, status: 'Archived' }),
    await session(home, { ...base, patch: { session_type: 'Batch' } }),
    await session(home, { ...base, patch: { started_at: 'monday' } }),
    await session(home, { ...base, patch: { id: 'workflow-1764118326168' } }),
    await session(home, { ...base, patch: { updated_at: undefined } }),
  ];
  const good = [0, 3, 6, 9] as const;
  const read = [];
  for (const digits of good) read.push(await session(home, { ...base, stamps: { digits, zone: '+00:00' } }));
  const seen = await lookAt(home);
  for (const { id } of broken) {
    t.is(seen.session(id).record.state, 'broken', id);
    t.is(seen.one('sessions', id).doubts.length, 1);
    t.deepEqual(seen.one('sessions', id).rest, { type: 'unfinished' });
  }
  for (const { id } of read) t.is(seen.session(id).record.state, 'read');
});

test('a checkpoint of a newer version is in doubt', async (t) => {
  const home = await prodigyHome(t);
  const { id } = await session(home, { status: 'Completed', startedAgo: '40d', endedAgo: '39d' });
  await workflowCheckpoint(home, { session: id, ago: '39d', version: 2, workingDirectory: '/nowhere' });
  const seen = await lookAt(home);
  t.is(seen.session(id).checkpointDoubt?.detail, 'checkpoint version 2');
  t.is(seen.one('sessions', id).doubts.length, 1);
});

test('checkpoints without a record are a session item of their own', async (t) => {
  const home = await prodigyHome(t);
  const id = home.ids.workflow(msAgo(home, '50d'));
  await workflowCheckpoint(home, { session: id, ago: '50d', workingDirectory: '/nowhere/app' });
  await mkdir(join(home.root, 'state', home.ids.session(), 'checkpoints'), { recursive: true });
  const seen = await lookAt(home);
  t.is(seen.of('sessions').length, 1);
  const item = seen.one('sessions', id);
  t.is(item.path, join(home.root, 'state', id, 'checkpoints'));
  t.deepEqual(item.detail, { type: 'session', worktrees: [], record: false });
  t.deepEqual(item.rest, { type: 'no-record' });
  t.like(seen.session(id), { record: { state: 'absent' }, hasCheckpoint: true });
});

// 9
test('a job is complete only when its latest checkpoint says so itself', async (t) => {
  const home = await prodigyHome(t);
  const state = async (spec: Partial<Parameters<typeof jobState>[1]>): Promise<string> =>
    (await jobState(home, { repository: 'app', complete: true, updatedAgo: '40d', ...spec })).job;
  const jobs = {
    complete: await state({}),
    incomplete: await state({ complete: false }),
    silent: await state({ complete: null }),
    nowhere: await state({ metadata: 'points-nowhere' }),
    corrupt: await state({ metadata: 'corrupt' }),
    without: await state({ metadata: 'absent' }),
    newer: await state({ formatVersion: 2 }),
  };
  const seen = await lookAt(home);
  t.is(seen.job(jobs.complete).state, 'complete');
  t.is(seen.one('state', jobs.complete).recordedAtMs, msAgo(home, '40d'));
  t.like(seen.one('state', jobs.complete), {
    rest: { type: 'ended' },
    doubts: [],
    detail: { complete: true },
  });
  t.is(seen.job(jobs.incomplete).state, 'incomplete');
  for (const name of ['silent', 'nowhere', 'corrupt', 'without', 'newer'] as const) {
    t.is(seen.job(jobs[name]).state, 'broken', name);
    t.true(seen.one('state', jobs[name]).doubts.length > 0, name);
    t.like(seen.one('state', jobs[name]), { rest: { type: 'unfinished' }, detail: { complete: false } });
  }
});

test('a checkpoint that metadata names elsewhere is never followed there', async (t) => {
  const home = await prodigyHome(t);
  const { job, path } = await jobState(home, { repository: 'app', complete: false, updatedAgo: '40d' });
  const elsewhere = await readFile(join(path, 'checkpoint-v3.json'), 'utf8');
  await writeAged(
    join(home.home, 'checkpoint-v3.json'),
    elsewhere.replace('"is_complete": false', '"is_complete": true'),
    0,
  );
  const metadata = JSON.parse(await readFile(join(path, 'metadata.json'), 'utf8')) as Record<string, unknown>;
  await writeFile(
    join(path, 'metadata.json'),
    JSON.stringify({ ...metadata, path: join(home.home, 'checkpoint-v3.json') }),
  );
  t.is((await lookAt(home)).job(job).state, 'incomplete');
});

test('mapping files tie session and job, and are items of state', async (t) => {
  const home = await prodigyHome(t);
  const id = home.ids.session();
  const job = jobIdOf(home, '40d');
  await mapping(home, { repository: 'app', session: id, job, ago: '40d' });
  const seen = await lookAt(home);
  t.is(seen.of('state').length, 2);
  t.deepEqual([...seen.one('state', `${job}.json`).owners].sort(), [`job:${job}`, `session:${id}`]);
  t.true(seen.look.links.length > 0);
});

// 10
for (const layout of ['doubled', 'short', 'state'] as const) {
  test(`dead letters are counted in the ${layout} layout`, async (t) => {
    const home = await prodigyHome(t);
    const job = jobIdOf(home, '40d');
    await deadLetters(home, {
      layout,
      repository: 'app',
      job,
      letters: [
        { item: 'item_1', lastAttemptAgo: '39d', eligible: true },
        { item: 'item_2', lastAttemptAgo: '38d', review: true },
        { item: 'item_3', lastAttemptAgo: '39d' },
      ],
    });
    const seen = await lookAt(home);
    const item = seen.one('dlq', job);
    t.deepEqual(item.detail, { type: 'dlq', letters: 3, pendingRetry: 1, pendingReview: 1 });
    t.is(item.recordedAtMs, msAgo(home, '38d'));
    t.deepEqual(item.owners, [`job:${job}`]);
    t.deepEqual(item.doubts, []);
  });
}

test('one corrupt letter puts all of its job in doubt', async (t) => {
  const home = await prodigyHome(t);
  const job = jobIdOf(home, '40d');
  const letters = [
    { item: 'item_1', lastAttemptAgo: '39d' },
    { item: 'item_2', lastAttemptAgo: '38d', corrupt: true },
  ];
  await deadLetters(home, { layout: 'doubled', repository: home.ids.session(), job, letters });
  const item = (await lookAt(home)).one('dlq', job);
  t.is(item.doubts.length, 1);
  t.like(item.detail, { letters: 2 });
});

test('the layouts of 0.1.8 are read: jobs on the second level, and an archive beside', async (t) => {
  const job = 'mapreduce-1726900000123';
  const letter = {
    item_id: 'a',
    last_attempt: '2025-09-21T07:20:44Z',
    reprocess_eligible: true,
    manual_review_required: false,
  };
  const home = await prodigyHome(t, {
    [`events/${job}/event_20250921.jsonl`]: aged('60d', '{}\n'),
    [`dlq/${job}/a.json`]: aged('60d', JSON.stringify(letter)),
    'events_archive/events_archive_20250921.jsonl': aged('60d', ''),
    'events/archive/events_archive_20250921.jsonl.gz': aged('60d', ''),
    'locks/x.lock': '{}',
    '.health_check': '',
  });
  const seen = await lookAt(home);
  t.deepEqual(seen.one('events', `events/${job}`).owners, [`job:${job}`]);
  t.like(seen.one('dlq', job), { owners: [`job:${job}`], doubts: [], detail: { pendingRetry: 1 } });
  t.is(seen.of('events').length, 3);
  t.deepEqual(seen.look.oddities, []);
});

// 11
test('with PRODIGY_HOME set both roots are read as one storage', async (t) => {
  const home = await prodigyHome(t, {}, { prodigyHome: 'präfix mit leerzeichen/daten' });
  const repository = await repositoryIn(home);
  const { id } = await session(home, { status: 'Completed', startedAgo: '12d', endedAgo: '11d' });
  await sessionWorktree(home, { repository, id, createdAgo: '12d' });
  const log = await claudeLog(home, { cwd: join(home.root, 'worktrees', 'app', id), startedAgo: '12d' });
  const seen = await lookAt(home);
  t.is(seen.one('sessions', id).root, home.dataRoot);
  t.is(seen.one('worktrees', id).root, home.root);
  t.true(seen.session(id).hasWorktree);
  t.deepEqual(seen.one('logs', log).owners, [`session:${id}`]);
  t.is(seen.one('sessions', id).repository?.gitDir, join(repository, '.git'));
});

test('where the roots disagree about a session, the less finished record counts', async (t) => {
  const home = await prodigyHome(t, {}, { prodigyHome: 'data' });
  const running = await session(home, { status: 'Running', startedAgo: '40d' });
  const text = (await readFile(running.path, 'utf8')).replace('"Running"', '"Completed"');
  await writeAged(join(home.root, 'sessions', `${running.id}.json`), text, msAgo(home, '39d'));
  const seen = await lookAt(home);
  t.like(seen.session(running.id), { record: { status: 'Running' } });
  t.is(seen.of('sessions').length, 2);
  t.true(seen.of('sessions').every(({ rest }) => rest.type === 'unfinished'));
});

// 12
test('two checkouts with one name are two repositories, and what only has the name is ambiguous', async (t) => {
  const home = await prodigyHome(t);
  const first = await repositoryIn(home, 'app', 'src');
  const second = await repositoryIn(home, 'app', 'work');
  const one = home.ids.workflow(msAgo(home, '12d'));
  const two = home.ids.workflow(msAgo(home, '11d'));
  await sessionWorktree(home, { repository: first, id: one, createdAgo: '12d' });
  await sessionWorktree(home, { repository: second, id: two, createdAgo: '11d' });
  const { id } = await eventDirectory(home, { repository: 'app', startedAgo: '30d' });
  const seen = await lookAt(home);
  t.is(seen.one('worktrees', one).repository?.gitDir, join(first, '.git'));
  t.is(seen.one('worktrees', two).repository?.gitDir, join(second, '.git'));
  t.deepEqual(seen.one('events', id).repository, { name: 'app' });
  t.is(seen.one('events', id).attribution, 'ambiguous');
});

test('a name that one repository is known by is that repository; an unknown name stays a name', async (t) => {
  const home = await prodigyHome(t);
  const repository = await repositoryIn(home);
  await sessionWorktree(home, { repository, id: home.ids.workflow(0), createdAgo: '12d' });
  const known = await eventDirectory(home, { repository: 'app', startedAgo: '30d' });
  const unknown = await eventDirectory(home, { repository: 'lib', startedAgo: '30d' });
  const archive = await eventDirectory(home, { repository: 'archive', startedAgo: '30d' });
  const seen = await lookAt(home);
  t.is(seen.one('events', known.id).attribution, 'path');
  t.is(seen.one('events', unknown.id).attribution, 'name');
  t.deepEqual(seen.one('events', archive.id).repository, { name: 'archive' });
});

test('a failed session is placed by its embedded checkpoint, a migrated one by its project', async (t) => {
  const home = await prodigyHome(t);
  const repository = await repositoryIn(home);
  const web = join(repository, 'packages', 'web');
  await mkdir(web, { recursive: true });
  const failed = await session(home, {
    status: 'Failed',
    startedAgo: '40d',
    endedAgo: '39d',
    workingDirectory: web,
  });
  const migrated = await session(home, {
    id: 'legacy-1',
    status: 'Running',
    startedAgo: '400d',
    patch: { metadata: { project_name: 'web', started_by: 'migrated' } },
  });
  const lost = await session(home, { status: 'Completed', startedAgo: '40d', endedAgo: '39d' });
  const seen = await lookAt(home);
  t.deepEqual(seen.one('sessions', failed.id).repository, { name: 'web', gitDir: join(repository, '.git') });
  t.deepEqual(seen.one('sessions', migrated.id).repository, {
    name: 'web',
    gitDir: join(repository, '.git'),
  });
  t.like(seen.one('sessions', lost.id), { repository: undefined, attribution: 'none' });
});

test('a log belongs to the session whose worktree Claude worked in, or to a repository, or to nobody', async (t) => {
  const home = await prodigyHome(t);
  const repository = await repositoryIn(home);
  const id = home.ids.session();
  const job = jobIdOf(home, '12d');
  const agent = join(home.root, 'worktrees', id, `mapreduce-agent-${job}_agent_0`);
  const own = await claudeLog(home, {
    cwd: join(home.root, 'worktrees', 'app', id, 'src'),
    startedAgo: '12d',
  });
  const agents = await claudeLog(home, { cwd: agent, startedAgo: '12d' });
  const placed = await claudeLog(home, { cwd: repository, startedAgo: '12d', endedAgo: '10d' });
  const stray = await claudeLog(home, { cwd: '/nowhere', startedAgo: '12d' });
  const silent = await claudeLog(home, { startedAgo: '12d' });
  const foreign = await claudeLog(home, { startedAgo: '12d', name: 'notes.jsonl' });
  const seen = await lookAt(home);
  t.deepEqual(seen.one('logs', own).owners, [`session:${id}`]);
  t.deepEqual(seen.one('logs', agents).owners, [`session:${id}`, `job:${job}`]);
  t.like(seen.one('logs', placed), { owners: [], attribution: 'path' });
  t.true(Math.abs((seen.one('logs', placed).recordedAtMs ?? 0) - msAgo(home, '10d')) < 2);
  t.is(seen.one('logs', placed).repository?.gitDir, join(repository, '.git'));
  for (const path of [stray, silent])
    t.like(seen.one('logs', path), { owners: [], attribution: 'none', doubts: [] });
  t.is(seen.one('logs', foreign).doubts.length, 1);
});

// 13
test('links are items in doubt or oddities, and what is behind them is never read', async (t) => {
  const home = await prodigyHome(t);
  const project = await repositoryIn(home, 'precious');
  const id = home.ids.workflow(msAgo(home, '50d'));
  const job = jobIdOf(home, '50d');
  await mkdir(join(home.home, 'elsewhere'), { recursive: true });
  await writeFile(join(home.home, 'elsewhere', 'notes.txt'), 'mine');
  for (const directory of [
    'worktrees/app',
    'events/app',
    `dlq/app`,
    `state/${id}`,
    'state/app/jobs',
    'sessions',
  ]) {
    await mkdir(join(home.root, directory), { recursive: true });
  }
  const link = (to: string, from: string): Promise<void> => makeLink(to, join(home.root, from));
  await link(project, `worktrees/app/${id}`);
  await link(join(home.home, 'elsewhere'), `events/app/${home.ids.session()}`);
  await link(join(home.home, 'elsewhere'), `dlq/app/${job}`);
  await link(join(home.home, 'elsewhere'), `state/${id}/checkpoints`);
  await link(join(home.home, 'elsewhere'), `state/app/jobs/${job}`);
  await link('/etc/passwd', `sessions/${id}.json`);
  await link(home.root, 'worktrees/loop');
  const seen = await lookAt(home);
  t.deepEqual(
    seen.look.items.map(({ kind }) => kind),
    ['events', 'dlq', 'state', 'sessions', 'worktrees'],
  );
  for (const item of seen.look.items) {
    t.true(
      item.doubts.some(({ reason }) => reason === 'symlink'),
      item.id,
    );
    t.false(
      item.doubts.some(({ path }) => path?.includes('notes.txt') === true),
      item.id,
    );
  }
  t.is(seen.session(id).record.state, 'broken');
  t.truthy(seen.session(id).checkpointDoubt);
  t.is(seen.job(job).state, 'broken');
  t.true(seen.look.oddities.some(({ path }) => path?.endsWith('worktrees/loop') === true));
});

test('links inside a worktree or event directory do not lead out of it', async (t) => {
  const home = await prodigyHome(t);
  const repository = await repositoryIn(home);
  const id = home.ids.workflow(msAgo(home, '20d'));
  const path = await sessionWorktree(home, { repository, id, createdAgo: '20d' });
  await makeLink('/', join(path, 'everything'));
  const { path: events } = await eventDirectory(home, { repository: 'app', startedAgo: '20d' });
  await makeLink('/', join(events, 'everything'));
  const seen = await lookAt(home);
  t.true((seen.one('worktrees', id).size?.files ?? 0) < 20);
  t.like(seen.one('events', events).doubts, [{ reason: 'symlink' }]);
});

test('when the sessions themselves are behind a link, everything is in doubt', async (t) => {
  const home = await prodigyHome(t, { sessions: symlink('/var/empty') });
  const { id } = await eventDirectory(home, { repository: 'app', startedAgo: '50d' });
  const seen = await lookAt(home);
  t.like(seen.one('events', id).doubts, [{ reason: 'symlink' }]);
});

// 14
test('worktrees that git does not know are in doubt', async (t) => {
  const home = await prodigyHome(t, {
    'worktrees/app/just-a-directory/work.txt': aged('90d', 'mine'),
    'worktrees/app/with-metadata/work.txt': aged('90d', 'mine'),
    'worktrees/app/clone/.git/HEAD': aged('90d', 'ref: refs/heads/main\n'),
    'worktrees/app/gone/.git': aged('90d', 'gitdir: /nowhere/.git/worktrees/gone\n'),
    'worktrees/app/odd/.git': aged('90d', 'something else'),
  });
  await worktreeMetadata(home, { repository: 'app', id: 'with-metadata', createdAgo: '90d' });
  await worktreeMetadata(home, { repository: 'app', id: 'stale', createdAgo: '90d' });
  const repository = await repositoryIn(home);
  const id = home.ids.workflow(msAgo(home, '20d'));
  await sessionWorktree(home, { repository, id, createdAgo: '20d' });
  await writeFile(join(home.root, 'worktrees/app/.metadata', `${id}.json`), '{ "session_id": ');
  const seen = await lookAt(home);
  t.is(seen.of('worktrees').length, 6);
  for (const item of seen.of('worktrees')) t.true(item.doubts.length > 0, item.name);
  t.is(seen.one('worktrees', 'just-a-directory').doubts[0]?.detail, 'neither .git nor metadata');
  t.true(seen.look.oddities.some(({ path }) => path?.endsWith('stale.json') === true));
});

test('a worktree whose repository is gone is in doubt', async (t) => {
  const home = await prodigyHome(t);
  const repository = await repositoryIn(home);
  const id = home.ids.workflow(msAgo(home, '20d'));
  await sessionWorktree(home, { repository, id, createdAgo: '20d' });
  await rm(repository, { recursive: true });
  const item = (await lookAt(home)).one('worktrees', id);
  t.like(item.doubts, [{ reason: 'unreachable-commits' }]);
  t.deepEqual(item.repository, { name: 'app' });
});

// 15
test('what is not known is told and never an item', async (t) => {
  const home = await prodigyHome(t, {
    'config.yml': 'x',
    'templates/a.yml': 'x',
    'clean/journal/000001.log': 'x',
    'orphaned_worktrees/app/j.json': '[]',
    'backup/sessions/a.json': '{}',
    'sessions/notes.txt': 'x',
    'logs/claude-streaming/readme.md': 'x',
    'worktrees/app/notes.txt': 'x',
    'state/app/plans/a.json': '{}',
    'stray.txt': 'x',
  });
  const seen = await lookAt(home);
  t.deepEqual(seen.look.items, []);
  t.deepEqual(
    seen.look.oddities.map(({ path }) => path?.slice(home.root.length + 1)),
    [
      'backup',
      'logs/claude-streaming/readme.md',
      'sessions/notes.txt',
      'state/app/plans',
      'stray.txt',
      'worktrees/app/notes.txt',
    ],
  );
});

test('a file that nobody knows keeps the directory it lies in', async (t) => {
  const home = await prodigyHome(t);
  const { id } = await session(home, { status: 'Completed', startedAgo: '40d', endedAgo: '39d' });
  await workflowCheckpoint(home, { session: id, ago: '39d', workingDirectory: '/nowhere' });
  await writeFile(join(home.root, 'state', id, 'checkpoints', 'notes.txt'), 'mine');
  const events = await eventDirectory(home, { repository: 'app', startedAgo: '40d' });
  await writeFile(join(events.path, 'notes.txt'), 'mine');
  const { path, job } = await jobState(home, { repository: 'app', complete: true, updatedAgo: '40d' });
  await writeFile(join(path, 'notes.txt'), 'mine');
  const seen = await lookAt(home);
  for (const item of seen.look.items) t.like(item.doubts, [{ reason: 'unknown-format' }], item.id);
  t.is(seen.job(job).state, 'broken');
});

// 17
test('a record that is terminal keeps its own times beside those of the files (story 13)', async (t) => {
  const home = await prodigyHome(t);
  const { id, path, lastAtMs } = await session(home, {
    status: 'Completed',
    startedAgo: '40d',
    endedAgo: '39d',
  });
  await setTimes(path, msAgo(home, '1h'));
  const item = (await lookAt(home)).one('sessions', id);
  t.is(item.recordedAtMs, lastAtMs);
  t.true(Math.abs(item.youngestSignMs - msAgo(home, '1h')) < 2);
});

test('what is out of scope is counted, neither measured nor listed, and protects all the same', async (t) => {
  const home = await prodigyHome(t);
  const repository = await repositoryIn(home);
  const { id } = await session(home, { status: 'Running', startedAgo: '30d' });
  await sessionWorktree(home, { repository, id, createdAgo: '30d' });
  await eventDirectory(home, { repository: 'app', startedAgo: '30d' });
  const asked: string[] = [];
  const seen = await lookAt(home, {
    kinds: ['worktrees', 'events'],
    wants(item) {
      asked.push(item.kind);
      t.is(item.size, undefined);
      return item.kind === 'events';
    },
  });
  t.deepEqual(asked, ['events', 'worktrees']);
  t.deepEqual(seen.outOfScope, { events: 0, logs: 0, dlq: 0, state: 0, sessions: 0, worktrees: 1 });
  t.is(seen.of('worktrees').length, 0);
  t.like(seen.session(id), { hasWorktree: true });
});

test('a look changes nothing, and no secret of a checkpoint is in what it found (P10)', async (t) => {
  const home = await prodigyHome(t);
  const repository = await repositoryIn(home);
  const { id } = await session(home, { status: 'Running', startedAgo: '30d' });
  await sessionWorktree(home, { repository, id, createdAgo: '30d' });
  await workflowCheckpoint(home, { session: id, ago: '29d', workingDirectory: repository });
  await jobState(home, { repository: 'app', complete: true, updatedAgo: '40d' });
  const before = fingerprint(home.home);
  const seen = await lookAt(home);
  assertSame(t, before, fingerprint(home.home));
  const { owners, ...rest } = seen.look;
  t.false(JSON.stringify([rest, [...owners]]).includes(canarySecret));
  t.true(existsSync(join(home.root, 'state', id, 'checkpoints')));
});

test('progress is told for each kind that is wanted', async (t) => {
  const home = await prodigyHome(t);
  await session(home, { status: 'Completed', startedAgo: '30d', endedAgo: '30d' });
  const told: string[] = [];
  await lookAt(home, {
    kinds: ['sessions', 'logs'],
    onProgress: (kind, found) => told.push(`${kind} ${found}`),
  });
  t.deepEqual(told, ['logs 0', 'sessions 1']);
});

test('a storage that is not there is an empty one', async (t) => {
  const home = await prodigyHome(t);
  await rm(home.root, { recursive: true });
  await mkdir(home.home, { recursive: true });
  const looked = await lookAt({ ...home, root: home.home, dataRoot: home.home });
  t.deepEqual(looked.look.items, []);
});

// 16
test('a thousand sessions in ten repositories are found, each in its own', async (t) => {
  const home = await prodigyHome(t);
  for (let index = 0; index < 1000; index += 1) {
    const { id } = await session(home, { status: 'Completed', startedAgo: '40d', endedAgo: '39d' });
    const workingDirectory = join(home.home, 'src', `repository-${index % 10}`);
    await workflowCheckpoint(home, { session: id, ago: '39d', status: 'Completed', workingDirectory });
  }
  const seen = await lookAt(home);
  t.is(seen.of('sessions').length, 1000);
  const names = new Map<string | undefined, number>();
  for (const { repository } of seen.of('sessions')) {
    names.set(repository?.name, (names.get(repository?.name) ?? 0) + 1);
  }
  t.is(names.size, 10);
  t.true([...names.values()].every((count) => count === 100));
  t.true(seen.of('sessions').every(({ attribution }) => attribution === 'name'));
});

test('a directory that is gone is a name, and ambiguous when another repository has it', async (t) => {
  const home = await prodigyHome(t);
  const repository = await repositoryIn(home);
  await sessionWorktree(home, { repository, id: home.ids.workflow(0), createdAgo: '12d' });
  const base = { status: 'Failed', startedAgo: '40d', endedAgo: '39d' } as const;
  const lost = await session(home, { ...base, workingDirectory: '/nowhere/lib' });
  const moved = await session(home, { ...base, workingDirectory: '/nowhere/app' });
  const seen = await lookAt(home);
  t.like(seen.one('sessions', lost.id), { repository: { name: 'lib' }, attribution: 'name' });
  t.like(seen.one('sessions', moved.id), { repository: { name: 'app' }, attribution: 'ambiguous' });
});

test('worktrees behind a link could be anybody\u2019s', async (t) => {
  const home = await prodigyHome(t);
  const { id } = await session(home, { status: 'Running', startedAgo: '40d' });
  await mkdir(join(home.home, 'disk'), { recursive: true });
  await mkdir(join(home.root, 'worktrees'), { recursive: true });
  await makeLink(join(home.home, 'disk'), join(home.root, 'worktrees', 'app'));
  t.like((await lookAt(home)).session(id), { hasWorktree: true, worktreeUnmergedOrDirty: true });
});

test('a Prodigy that works in a repository makes its open sessions live, and nobody else\u2019s', async (t) => {
  const home = await prodigyHome(t);
  const [app, lib] = [await repositoryIn(home), await repositoryIn(home, 'lib')];
  const made = async (status: string, workingDirectory: string): Promise<string> => {
    const { id } = await session(home, { status, startedAgo: '40d', endedAgo: '39d' });
    await workflowCheckpoint(home, { session: id, ago: '39d', workingDirectory });
    return id;
  };
  const open = await made('Running', app);
  const over = await made('Completed', app);
  const other = await made('Running', lib);
  // What was touched since the process began may be its work, whatever the record says.
  for (const id of [open, over, other]) {
    await setTimes(join(home.root, 'state', id, 'checkpoints'), msAgo(home, '39d'));
  }
  const prodigy = join(home.home, 'prodigy');
  execFileSync('cp', ['/bin/sleep', prodigy]);
  const sleeper = execa(prodigy, ['60'], { cwd: app, reject: false, env: { HOME: home.home } });
  t.teardown(() => void sleeper.kill());
  const seen = await lookAt(home);
  t.is(seen.session(open).liveness.answer, 'yes');
  t.is(seen.session(over).liveness.answer, 'no');
  t.is(seen.session(other).liveness.answer, 'no');
});

test('what files give as ids and names leads to nothing outside the storage', async (t) => {
  const home = await prodigyHome(t);
  const spec = { session: home.ids.workflow(msAgo(home, '90d')), job: jobIdOf(home, '90d') };
  const [path] = await mapping(home, { repository: 'app', ...spec, ago: '90d' });
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.replace(`"session_id": "${spec.session}"`, '"session_id": "../../../src/app"'));
  const { id } = await session(home, {
    status: 'Completed',
    startedAgo: '90d',
    endedAgo: '90d',
    patch: { metadata: { project_name: '../../../../src/app' } },
  });
  const seen = await lookAt(home);
  t.like(seen.one('state', path).doubts[0], { reason: 'unknown-format', detail: 'odd session_id' });
  t.false([...seen.look.owners.keys()].some((owner) => owner.includes('..')));
  t.true(seen.session(id).witnesses().length > 0);
  const all = [...seen.look.owners.values()].flatMap(({ witnesses }) => witnesses());
  for (const { path: at } of all) t.true(normalize(at).startsWith(`${home.root}/`), at);
});

test('the state of a job names the letters of its job that wait to be retried, selected or not', async (t) => {
  const home = await prodigyHome(t);
  const [job, other] = [jobIdOf(home, '90d'), jobIdOf(home, '80d')];
  const { path } = await jobState(home, { repository: 'app', job, complete: true, updatedAgo: '89d' });
  const common = { layout: 'doubled', repository: 'app' } as const;
  const letter = { item: 'a', lastAttemptAgo: '89d' };
  const waiting = await deadLetters(home, { ...common, job, letters: [{ ...letter, review: true }] });
  await deadLetters(home, { ...common, job: other, letters: [{ ...letter, eligible: true }] });
  const detail = { type: 'state', letters: [`dlq:${waiting}`] } as const;
  t.like((await lookAt(home)).one('state', path).detail, detail);
  t.like((await lookAt(home, { kinds: ['state'] })).one('state', path).detail, detail);

  await deadLetters(home, { ...common, job, letters: [letter] });
  const settled = (await lookAt(home)).one('state', path).detail;
  t.deepEqual(settled, { type: 'state', complete: true });
});

test('where this process stands is kept, although nobody can tell who runs', async (t) => {
  const home = await prodigyHome(t);
  const repository = await repositoryIn(home);
  const ended = { status: 'Completed', startedAgo: '40d', endedAgo: '39d' } as const;
  const [here, away] = [await session(home, ended), await session(home, ended)];
  const paths: string[] = [];
  for (const { id } of [here, away]) {
    paths.push(await sessionWorktree(home, { repository, id, createdAgo: '40d', lastAgo: '39d' }));
  }
  const seen = await lookAt(home, {
    readProcesses: () => Promise.resolve(unreadableTable),
    places: [{ what: 'here', path: join(paths[0] ?? '', 'src') }],
  });
  t.like(seen.one('worktrees', here.id).doubts, [
    { reason: 'in-use', detail: 'this command was started in it' },
  ]);
  t.deepEqual(seen.one('worktrees', away.id).doubts, []);
});
