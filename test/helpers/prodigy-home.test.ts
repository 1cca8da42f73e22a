import { existsSync, lstatSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import test from 'ava';
import { makeIds } from './ids.ts';
import { deadLetters } from './dead-letter-artefacts.ts';
import { jobState, mapping } from './job-artefacts.ts';
import { orphanRegistry } from './orphan-registry.ts';
import { msAgo, prodigyHome } from './prodigy-home.ts';
import { canarySecret, mergeCheckpoint, workflowCheckpoint } from './checkpoint-artefacts.ts';
import { deadPid, resumeLock } from './lock-artefact.ts';
import { worktreeMetadata } from './metadata-artefact.ts';
import { session } from './session-artefacts.ts';
import { nameStamp, stamp } from './stamps.ts';
import { claudeLog, eventDirectory } from './trace-artefacts.ts';
import { aged } from './write-tree.ts';

test('ids have Prodigy’s forms, and the same seed gives the same ones', (t) => {
  const atMs = Date.UTC(2025, 10, 26, 0, 52, 6);
  const draw = (seed: number): readonly string[] => {
    const ids = makeIds(seed);
    return [ids.workflow(atMs), ids.workflow(atMs), ids.session(), ids.job(atMs), ids.job(atMs)];
  };
  const [first = '', second = '', mapreduce = '', job = '', nextJob = ''] = draw(7);
  t.regex(first, /^workflow-\d{13}$/);
  t.not(first, second);
  t.regex(mapreduce, /^session-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  t.deepEqual([job, nextJob], ['mapreduce-20251126_005206', 'mapreduce-20251126_005205']);
  t.deepEqual(draw(7), draw(7));
  t.notDeepEqual(draw(7), draw(8));
});

test('stamps have the asked digits and mean the same millisecond', (t) => {
  const atMs = Date.UTC(2025, 11, 28, 3, 11, 29, 482);
  t.regex(stamp(atMs), /^2025-12-28T03:11:29\.482\d{6}Z$/);
  t.regex(stamp(atMs, { digits: 6, zone: '+00:00' }), /^2025-12-28T03:11:29\.482\d{3}\+00:00$/);
  t.is(stamp(atMs, { digits: 0 }), '2025-12-28T03:11:29Z');
  t.is(Date.parse(stamp(atMs)), atMs);
  t.is(nameStamp(atMs), '20251228_031129');
});

test('a literal tree lands below .prodigy, and PRODIGY_HOME splits the storage', async (t) => {
  const home = await prodigyHome(
    t,
    { 'logs/claude-streaming/x.jsonl': aged('8d', 'x') },
    { prodigyHome: 'data' },
  );
  t.is(readFileSync(join(home.home, '.prodigy/logs/claude-streaming/x.jsonl'), 'utf8'), 'x');
  const made = await session(home, { status: 'Paused', startedAgo: '3d' });
  t.is(made.path, join(home.dataRoot, 'sessions', `${made.id}.json`));
  t.not(home.dataRoot, home.root);
});

test('a session record has Prodigy’s keys in Prodigy’s order, and no newline at its end', async (t) => {
  const home = await prodigyHome(t);
  const made = await session(home, { status: 'Completed', startedAgo: '3d', endedAgo: '2d' });
  const text = readFileSync(made.path, 'utf8');
  t.true(text.endsWith('}'));
  t.deepEqual(Object.keys(JSON.parse(text) as object), [
    'id',
    'session_type',
    'status',
    'started_at',
    'updated_at',
    'completed_at',
    'metadata',
    'checkpoints',
    'timings',
    'error',
    'workflow_data',
    'mapreduce_data',
  ]);
  t.is(Math.round(lstatSync(made.path).mtimeMs), msAgo(home, '2d'));
});

test('records can be made odd: cut, of unknown status, patched', async (t) => {
  const home = await prodigyHome(t);
  const cut = await session(home, { status: 'Failed', startedAgo: '3d', cutTo: 0.5 });
  t.throws(() => read(cut.path));
  const odd = await session(home, { status: 'Archived', startedAgo: '3d', patch: { session_type: 'Batch' } });
  t.like(read(odd.path), { status: 'Archived', session_type: 'Batch' });
});

test('a failed session embeds where it worked', async (t) => {
  const home = await prodigyHome(t);
  const { path } = await session(home, {
    status: 'Failed',
    startedAgo: '3d',
    endedAgo: '2d',
    workingDirectory: '/w',
  });
  t.like(read(path), { checkpoints: [{ state: { working_directory: '/w', status: 'Failed' } }] });
});

test('checkpoints lie where Prodigy looks for them, and the environment in them holds a canary', async (t) => {
  const home = await prodigyHome(t);
  const path = await workflowCheckpoint(home, {
    session: 'workflow-1764118326168',
    ago: '2d',
    workingDirectory: '/w',
  });
  t.regex(path, /state\/workflow-1764118326168\/checkpoints\/workflow-\d{13}\.checkpoint\.json$/);
  t.true(readFileSync(path, 'utf8').includes(canarySecret));
  const merge = await mergeCheckpoint(home, { repository: 'shop', worktree: 'w1', ago: '4m' });
  t.true(merge.endsWith('/state/shop/checkpoints/merge-workflow-w1.checkpoint.json'));
});

test('metadata says in_progress unless merged or interrupted', async (t) => {
  const home = await prodigyHome(t);
  const write = (id: string, more: object): Promise<string> =>
    worktreeMetadata(home, { repository: 'shop', id, createdAgo: '9d', ...more });
  t.like(read(await write('a', {})), { status: 'in_progress', branch: 'prodigy-a', merged: false });
  t.like(read(await write('b', { mergedAgo: '8d' })), { status: 'merged', merged: true });
  t.like(read(await write('c', { interruptedAgo: '8d' })), { status: 'interrupted', resumable: true });
});

test('a job says complete in its newest checkpoint only, and metadata names that one by its path', async (t) => {
  const home = await prodigyHome(t);
  const { path } = await jobState(home, { repository: 'shop', complete: true, updatedAgo: '40d' });
  t.is(read(join(path, 'checkpoint-v2.json'))['is_complete'], false);
  t.is(read(join(path, 'checkpoint-v3.json'))['is_complete'], true);
  const metadata = read(join(path, 'metadata.json'));
  t.is(metadata['path'], join(path, 'checkpoint-v3.json'));
  t.is(metadata['size_bytes'], statSync(join(path, 'checkpoint-v3.json')).size);
  const nowhere = await jobState(home, {
    repository: 'shop',
    complete: null,
    updatedAgo: '40d',
    metadata: 'points-nowhere',
  });
  t.false(existsSync(String(read(join(nowhere.path, 'metadata.json'))['path'])));
  t.false('is_complete' in read(join(nowhere.path, 'checkpoint-v3.json')));
});

test('dead letters lie in each of the three layouts', async (t) => {
  const home = await prodigyHome(t);
  const letters = [{ item: 'item_1', lastAttemptAgo: '9d', eligible: true }];
  const job = 'mapreduce-20251228_031129';
  const doubled = await deadLetters(home, { layout: 'doubled', repository: 's', job, letters });
  const short = await deadLetters(home, { layout: 'short', repository: 'r', job, letters });
  const state = await deadLetters(home, { layout: 'state', repository: 'r', job, letters });
  t.like(read(join(doubled, 'mapreduce/dlq', job, 'items/item_1.json')), { reprocess_eligible: true });
  t.like(read(join(short, 'index.json')), { item_count: 1, item_ids: ['item_1'] });
  t.true(state.endsWith(`/state/r/mapreduce/dlq/${job}`));
});

test('traces carry their start in their names and their end in their times', async (t) => {
  const home = await prodigyHome(t);
  const log = await claudeLog(home, { startedAgo: '2h', endedAgo: '1h', cwd: '/somewhere' });
  t.true(basename(log).startsWith(`${nameStamp(msAgo(home, '2h'))}-`));
  t.is(Math.round(lstatSync(log).mtimeMs), msAgo(home, '1h'));
  t.like(JSON.parse(readFileSync(log, 'utf8').split('\n')[0] ?? ''), { subtype: 'init', cwd: '/somewhere' });
  const events = await eventDirectory(home, { repository: 'shop', startedAgo: '2h' });
  const file = join(events.path, `events-${nameStamp(msAgo(home, '2h'))}.jsonl`);
  t.is(lstatSync(file).size, 0);
  const busy = await eventDirectory(home, {
    repository: 'shop',
    startedAgo: '2h',
    records: 3,
    rotated: true,
  });
  t.not(busy.id, events.id);
});

test('a dead lock names a process that is no more', async (t) => {
  const home = await prodigyHome(t);
  const path = await resumeLock(home, { id: 'workflow-1764118326168', holder: 'dead', ago: '2d' });
  t.throws(() => process.kill(Number(read(path)['process_id']), 0), { code: 'ESRCH' });
  t.true(deadPid() > 0);
  const corrupt = await resumeLock(home, { id: 'x', holder: 'corrupt', ago: '2d' });
  t.throws(() => read(corrupt));
  t.is(lstatSync(await resumeLock(home, { id: 'y', holder: 'empty', ago: '2d' })).size, 0);
  const live = await resumeLock(home, { id: 'z', holder: 'live', ago: '2d' });
  t.is(read(live)['process_id'], process.pid);
});

test('mappings and registries say what they were given', async (t) => {
  const home = await prodigyHome(t);
  const [bySession, byJob] = await mapping(home, { repository: 'shop', session: 's', job: 'j', ago: '2d' });
  t.deepEqual(read(bySession), read(byJob));
  const registry = await orphanRegistry(home, {
    repository: 'shop',
    job: 'j',
    ago: '2d',
    entries: [{ path: '/x', agent: 3 }],
  });
  t.like(JSON.parse(readFileSync(registry, 'utf8')), [
    { path: '/x', agent_id: 'j_agent_3', item_id: 'item_3' },
  ]);
});

function read(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
}
