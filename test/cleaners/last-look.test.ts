import { spawn } from 'node:child_process';
import {
  appendFile,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { lastLook, type Drift, type LastLookContext } from '../../src/cleaners/last-look.ts';
import type { Item } from '../../src/model/item.ts';
import { ownPlaces } from '../../src/storage/own-places.ts';
import { readProcessTable, unreadableTable, type ProcessTable } from '../../src/storage/processes.ts';
import { workflowCheckpoint } from '../helpers/checkpoint-artefacts.ts';
import { deadLetters } from '../helpers/dead-letter-artefacts.ts';
import { commitFile, git, makeRepository } from '../helpers/git.ts';
import { emptyJobDirectory, jobState } from '../helpers/job-artefacts.ts';
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
    again: (item, context) => lookAgain(home, seen, item, context),
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
  const drift = await lookAgain(home, seen, seen.one('events', id));
  t.like(drift, { reason: 'changed-since-decision', evidence: { what: 'appeared' } });
});

for (const [what, ...names] of [
  ['metadata in the repository’s directory', 'worktrees', 'app', '.metadata', 'ID.json'],
  ['a merge', 'state', 'app', 'checkpoints', 'merge-workflow-ID.checkpoint.json'],
] as const) {
  test(`${what} that appears for a session is noticed, which only its repository tells where`, async (t) => {
    const home = await prodigyHome(t);
    const repository = await makeRepository(join(home.home, 'src', 'app'));
    const { id } = await session(home, { status: 'Completed', startedAgo: '40d', endedAgo: '39d' });
    await workflowCheckpoint(home, { session: id, ago: '39d', workingDirectory: repository });
    await eventDirectory(home, { repository: id, startedAgo: '40d' });
    const seen = await lookAt(home);
    const item = seen.one('events', id);
    t.is(await lookAgain(home, seen, item), undefined);
    const path = join(home.root, ...names.map((name) => name.replace('ID', id)));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, '{}');
    t.like(await lookAgain(home, seen, item), { evidence: { what: 'appeared', path } });
  });
}

test('what appears or changes of a job keeps its letters', async (t) => {
  const home = await prodigyHome(t);
  const { job, path } = await jobState(home, { repository: 'app', complete: true, updatedAgo: '60d' });
  await deadLetters(home, {
    layout: 'short',
    repository: 'app',
    job,
    letters: [{ item: 'item_1', lastAttemptAgo: '60d' }],
  });
  const seen = await lookAt(home);
  const item = seen.one('dlq', job);
  t.is(await lookAgain(home, seen, item), undefined);
  await writeFile(join(path, 'checkpoint-v4.json'), '{}');
  t.like(await lookAgain(home, seen, item), { evidence: { owner: `job:${job}`, what: 'changed' } });
});

async function lookAgain(
  home: ProdigyHome,
  seen: Seen,
  item: Item,
  context: Partial<LastLookContext> = {},
): Promise<Drift | undefined> {
  return lastLook(item, seen.look, {
    expectedAbsent: new Set(),
    ownLocks: new Set(),
    nowMs: home.nowMs,
    host: hostname(),
    ownPid: process.pid,
    table: await readProcessTable([home.root]),
    own: await ownPlaces([]),
    ...context,
  });
}

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

test('a root that is led into the worktree meanwhile is noticed', async (t) => {
  const { seen, again, id, worktree, home } = await scene(t);
  const item = seen.one('worktrees', id);
  const link = join(home.home, 'data');
  const places = [{ what: 'journal', path: join(link, 'journal') }] as const;
  t.is(await again(item, { own: await ownPlaces([home.root], places) }), undefined);
  await symlink(worktree, link);
  t.like(await again(item, { own: await ownPlaces([home.root], places) }), {
    reason: 'in-use',
    evidence: { detail: 'the journal lies in it' },
  });
});

test('a commit, a change or a new file in the worktree is noticed', async (t) => {
  const changes: [string, (at: Scene) => Promise<unknown>, string][] = [
    ['commit', ({ worktree }) => commitFile(worktree, 'sub/new.ts', 'x'), 'changed-since-decision'],
    ['change', ({ worktree }) => writeFile(join(worktree, 'a.ts'), 'changed'), 'dirty'],
    [
      'lock',
      ({ worktree, repository }) => git(repository, 'worktree', 'lock', '--reason', 'sk-secret', worktree),
      'locked',
    ],
  ];
  for (const [what, change, reason] of changes) {
    const at = await scene(t);
    const before = at.seen.one('worktrees', at.id);
    await change(at);
    const drift = await at.again(before);
    t.is(drift?.reason, reason as Drift['reason'], what);
    t.false(JSON.stringify(drift).includes('sk-secret'));
  }
});

/** A look at `home` with the rest of what the last look wants. */
async function looked(
  home: ProdigyHome,
): Promise<{ seen: Seen; again: (item: Item, table?: ProcessTable) => Promise<Drift | undefined> }> {
  const seen = await lookAt(home);
  const fresh = await readProcessTable([home.root]);
  const own = await ownPlaces([]);
  return {
    seen,
    again: (item, table = fresh) =>
      lastLook(item, seen.look, {
        expectedAbsent: new Set(),
        ownLocks: new Set(),
        nowMs: home.nowMs,
        host: hostname(),
        ownPid: process.pid,
        table,
        own,
      }),
  };
}

/** The first file below that ends so. */
async function fileIn(directory: string, ending: string): Promise<string> {
  const names = await readdir(directory, { recursive: true });
  const name = names.find((one) => one.endsWith(ending));
  if (name === undefined) throw new Error(`no ${ending} in ${directory}`);
  return join(directory, name);
}

test('what changes inside a directory is noticed, although the directory itself looks the same', async (t) => {
  const home = await prodigyHome(t);
  const job = 'mapreduce-20250101_000000';
  const letters = await deadLetters(home, {
    layout: 'doubled',
    repository: 'app',
    job,
    letters: [{ item: 'item_1', lastAttemptAgo: '90d' }],
  });
  const events = await eventDirectory(home, { repository: 'app', startedAgo: '90d', records: 3 });
  const state = await jobState(home, { repository: 'app', complete: true, updatedAgo: '90d' });
  const { id } = await session(home, { status: 'Completed', startedAgo: '90d', endedAgo: '90d' });
  await workflowCheckpoint(home, { session: id, ago: '90d', workingDirectory: '/x' });
  const checkpoints = join(home.root, 'state', id, 'checkpoints');
  const alone = home.ids.workflow(msAgo(home, '80d'));
  await workflowCheckpoint(home, { session: alone, ago: '80d', workingDirectory: '/x' });
  const ownCheckpoints = join(home.root, 'state', alone, 'checkpoints');

  const { seen, again } = await looked(home);
  const one = (kind: Item['kind'], path: string): Item => seen.one(kind, path);
  const rows: [string, Item, string, () => Promise<unknown>][] = [
    [
      'a letter marked anew',
      one('dlq', letters),
      letters,
      () => rewrite(letters, 'item_1.json', 'false', 'true '),
    ],
    ['an event', one('events', events.id), events.path, () => append(events.path, '.jsonl')],
    ['job state', one('state', state.path), state.path, () => rewrite(state.path, '1.json', 'true', 'null')],
    ['a checkpoint', one('sessions', id), checkpoints, () => append(checkpoints, '.json')],
    ['one without a record', one('sessions', alone), ownCheckpoints, () => append(ownCheckpoints, '.json')],
  ];
  for (const [what, item, directory, change] of rows) {
    t.is(await again(item), undefined, what);
    await change();
    const expected = {
      reason: 'changed-since-decision',
      evidence: { path: directory, what: 'changed inside' },
    };
    t.deepEqual<unknown, unknown>(await again(item), expected, what);
  }
});

async function append(directory: string, ending: string): Promise<void> {
  await appendFile(await fileIn(directory, ending), '\n');
}

/** In place and to the same length, as Prodigy does. */
async function rewrite(directory: string, ending: string, from: string, to: string): Promise<void> {
  const path = await fileIn(directory, ending);
  await writeFile(path, (await readFile(path, 'utf8')).replace(from, to));
}

test('a letter that was added further down is noticed', async (t) => {
  const home = await prodigyHome(t);
  const spec = { layout: 'doubled', repository: 'app', job: 'mapreduce-20250101_000000' } as const;
  const letters = [{ item: 'item_1', lastAttemptAgo: '90d' }];
  const path = await deadLetters(home, { ...spec, letters });
  const { seen, again } = await looked(home);
  await writeFile(join(await fileIn(path, 'items'), 'item_2.json'), '{}');
  t.like(await again(seen.one('dlq', path)), { evidence: { path, what: 'changed inside' } });
});

test('a directory that was empty and looks as old as before is not taken with what is in it', async (t) => {
  const home = await prodigyHome(t);
  const path = await emptyJobDirectory(home, { session: home.ids.session(), ago: '90d' });
  const { seen, again } = await looked(home);
  const item = seen.one('state', path);
  t.is(await again(item), undefined);
  await mkdir(join(path, 'jobs'));
  const old = new Date(Number(item.parts[0]?.identity.mtimeNs) / 1e6);
  await utimes(path, old, old);
  t.like(await again(item), { reason: 'changed-since-decision' });
});

/** The table with one process more. It lives, and has the storage's home: both are asked for. */
async function beside(
  t: ExecutionContext,
  { home, root, nowMs }: ProdigyHome,
  cwd: string,
  name: string,
): Promise<ProcessTable> {
  const sleeper = spawn('sleep', ['60'], { env: { HOME: home } });
  t.teardown(() => void sleeper.kill());
  const table = await readProcessTable([root]);
  const process = { pid: sleeper.pid ?? 0, startedAtMs: nowMs, name, executable: `/bin/${name}`, cwd };
  const more = { ...process, openFiles: [], self: false, ancestor: false };
  return { ...table, processes: [...table.processes.filter(({ pid }) => pid !== sleeper.pid), more] };
}

test('a prodigy that began in the repository keeps all of a session that could be taken up', async (t) => {
  const home = await prodigyHome(t);
  const repository = await makeRepository(join(home.home, 'src', 'app'));
  const elsewhere = await makeRepository(join(home.home, 'src', 'other'));
  const checkpoint = { id: 'c', state: { working_directory: repository } };
  const open = await session(home, {
    status: 'Running',
    startedAgo: '90d',
    patch: { checkpoints: [checkpoint] },
  });
  const over = await session(home, {
    status: 'Completed',
    startedAgo: '90d',
    endedAgo: '90d',
    patch: { checkpoints: [checkpoint] },
  });
  const events = await eventDirectory(home, { repository: open.id, startedAgo: '90d' });
  const { seen, again } = await looked(home);
  const prodigy = await beside(t, home, repository, 'prodigy');
  for (const item of [seen.one('sessions', open.id), seen.one('events', events.path)]) {
    t.is(await again(item, await beside(t, home, repository, 'sleep')), undefined);
    t.is(await again(item, await beside(t, home, elsewhere, 'prodigy')), undefined);
    const owner = `session:${open.id}`;
    t.like(await again(item, prodigy), { reason: 'active', evidence: { owner } });
  }
  t.is(await again(seen.one('sessions', over.id), prodigy), undefined);
});

test('a process that moved into the worktree of a session keeps its record and events, in scope or not', async (t) => {
  const { seen, again, id, worktree, home } = await scene(t);
  const table = await beside(t, home, worktree, 'claude');
  for (const kind of ['sessions', 'events'] as const) {
    t.like(await again(seen.one(kind, id), { table }), { reason: 'active' }, kind);
  }
  const narrow = await lookAt(home, { kinds: ['events'] });
  const drift = await lastLook(narrow.one('events', id), narrow.look, {
    expectedAbsent: new Set(),
    ownLocks: new Set(),
    nowMs: home.nowMs,
    host: hostname(),
    ownPid: process.pid,
    table,
    own: await ownPlaces([]),
  });
  t.is(drift?.reason, 'active', basename(worktree));
});

test('when it can no longer be told who runs, only what ended by its own record may go (story 18)', async (t) => {
  const home = await prodigyHome(t);
  const ended = { status: 'Completed', startedAgo: '90d', endedAgo: '90d' } as const;
  const over = await session(home, ended);
  const open = await session(home, { status: 'Running', startedAgo: '90d' });
  const job = await jobState(home, { repository: 'app', complete: true, updatedAgo: '90d' });
  const letters = { layout: 'short', repository: 'app', job: 'mapreduce-20250101_000000' } as const;
  const path = await deadLetters(home, { ...letters, letters: [{ item: 'a', lastAttemptAgo: '90d' }] });
  const { seen, again } = await looked(home);
  const reasonOf = async (item: Item): Promise<unknown> => (await again(item, unreadableTable))?.reason;
  t.is(await reasonOf(seen.one('sessions', over.id)), undefined);
  t.is(await reasonOf(seen.one('state', job.path)), undefined);
  t.is(await reasonOf(seen.one('sessions', open.id)), 'active');
  t.is(await reasonOf(seen.one('dlq', path)), 'active');
});
