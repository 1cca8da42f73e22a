import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, openSync, closeSync, renameSync, symlinkSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { workflowCheckpoint, mergeCheckpoint } from '../helpers/checkpoint-artefacts.ts';
import { ageAdmin, ageWorktree, adminDirectory, commitFile, git } from '../helpers/git.ts';
import { jobState, mapping } from '../helpers/job-artefacts.ts';
import { deadLetters } from '../helpers/dead-letter-artefacts.ts';
import { resumeLock } from '../helpers/lock-artefact.ts';
import { msAgo } from '../helpers/prodigy-home.ts';
import { session, type SessionSpec } from '../helpers/session-artefacts.ts';
import { settleDirectories } from '../helpers/settle-directories.ts';
import { claudeLog, eventDirectory } from '../helpers/trace-artefacts.ts';
import { sessionWorktree, type WorktreeSpec } from '../helpers/worktree-artefacts.ts';
import {
  clean,
  documentOf,
  finishedWork,
  goneSince,
  look,
  journalOf,
  makeShop,
  metadataOf,
  reasonsOf,
  recordOf,
  worktreeOf,
  type Shop,
} from './shop.ts';

const everything = ['--all', '--all-repos', '--older-than', '1h', '--force', '--json'];

type Bundle = { readonly id: string; readonly paths: readonly string[]; readonly items: readonly string[] };

/** A session with everything that belongs to it. `worktree: 'merged'` has no commit of its own. */
async function bundle(
  shop: Shop,
  spec: SessionSpec & {
    readonly checkpoint?: string;
    readonly worktree?: 'merged' | 'unmerged';
    readonly files?: Record<string, string>;
    readonly record?: boolean;
    readonly tree?: Partial<WorktreeSpec>;
    readonly events?: boolean;
  },
): Promise<Bundle> {
  const { home, repository } = shop;
  const last = spec.endedAgo ?? spec.updatedAgo ?? spec.startedAgo;
  const made = await session(home, { workingDirectory: repository, ...spec });
  const { id } = made;
  const items: string[] = [];
  const paths: string[] = [];
  if (spec.record === false) await rm(made.path);
  else {
    paths.push(made.path);
    items.push(`sessions:${made.path}`);
  }
  if (spec.checkpoint !== undefined) {
    const path = await workflowCheckpoint(home, {
      session: id,
      ago: last,
      status: spec.checkpoint,
      workingDirectory: repository,
    });
    paths.push(path);
    if (spec.record === false) items.push(`sessions:${dirname(path)}`);
  }
  if (spec.worktree !== undefined) {
    const path = await sessionWorktree(home, {
      repository,
      id,
      createdAgo: spec.startedAgo,
      lastAgo: last,
      ...(spec.worktree === 'merged' ? {} : { commits: { [`${id}.txt`]: 'work\n' } }),
      ...spec.tree,
    });
    paths.push(path, metadataOf(shop, id));
    items.push(`worktrees:${path}`);
  }
  const startedMs = home.nowMs - made.startedAtMs + 4_000;
  if (spec.record !== false && spec.events !== false) {
    const events = await eventDirectory(home, { repository: 'shop', startedAgo: `${startedMs}ms` });
    paths.push(events.path);
    items.push(`events:${events.path}`);
  }
  const log = await claudeLog(home, { cwd: worktreeOf(shop, id), startedAgo: last });
  paths.push(log);
  items.push(`logs:${log}`);
  return { id, paths, items };
}

/** Every session its own minutes, so that no event directory fits two of them. */
function ages(): () => string {
  let days = 40;
  return () => `${(days += 3)}d`;
}

test('every class of PRODIGY-STORAGE 4.5: nothing active or resumable goes, with its whole bundle, whatever the flags (P1, P3)', async (t) => {
  const shop = await makeShop(t);
  const ago = ages();
  const stays: [string, Bundle, string][] = [];
  const goes: [string, Bundle][] = [];
  const stay = async (
    name: string,
    reason: string,
    ...rest: [Parameters<typeof bundle>[1]]
  ): Promise<void> => {
    stays.push([name, await bundle(shop, ...rest), reason]);
  };
  const go = async (name: string, spec: Parameters<typeof bundle>[1]): Promise<void> => {
    goes.push([name, await bundle(shop, spec)]);
  };
  const at = (status: string): { status: string; startedAgo: string } => ({ status, startedAgo: ago() });
  const ended = (status: string): { status: string; startedAgo: string; endedAgo: string } => {
    const start = ago();
    return { status, startedAgo: `${start}1h`, endedAgo: start };
  };

  const running = { checkpoint: 'Running', worktree: 'unmerged' } as const;
  await stay('running, updated minutes ago', 'active', {
    status: 'Running',
    startedAgo: '3d',
    updatedAgo: '10m',
    ...running,
  });
  await stay('initializing, hours ago', 'active', {
    status: 'Initializing',
    startedAgo: '5h',
    worktree: 'merged',
  });
  await stay('running, dead, checkpoint and worktree', 'resumable', { ...at('Running'), ...running });
  await stay('initializing, dead, checkpoint and worktree', 'resumable', {
    ...at('Initializing'),
    ...running,
  });
  await stay('running, dead, unmerged worktree', 'resumable', { ...at('Running'), worktree: 'unmerged' });
  await stay('running, dead, dirty worktree', 'resumable', {
    ...at('Running'),
    worktree: 'merged',
    tree: { files: { 'half.txt': 'done' } },
  });
  await stay('running, dead, only a checkpoint', 'resumable', { ...at('Running'), checkpoint: 'Running' });
  await stay('paused', 'resumable', { ...at('Paused') });
  await stay('paused with everything', 'resumable', { ...at('Paused'), ...running });
  await stay('failed, checkpoint and worktree', 'resumable', { ...ended('Failed'), ...running });
  await stay('completed hours ago', 'active', {
    status: 'Completed',
    startedAgo: '7h',
    endedAgo: '5h',
    worktree: 'merged',
  });
  await stay('no record, checkpoint and worktree', 'resumable', {
    ...at('Running'),
    ...running,
    record: false,
  });
  await stay('unknown word', 'unknown-format', { ...ended('Archived'), worktree: 'merged', events: false });
  await stay('truncated record', 'unreadable', {
    ...ended('Completed'),
    worktree: 'merged',
    cutTo: 0.5,
    events: false,
  });
  await stay('missing field', 'unknown-format', {
    ...ended('Completed'),
    worktree: 'merged',
    patch: { started_at: undefined },
    events: false,
  });
  await stay('wrong type', 'unknown-format', {
    ...ended('Completed'),
    worktree: 'merged',
    patch: { status: 7 },
    events: false,
  });
  await stay('completed in the future', 'future-time', {
    status: 'Completed',
    startedAgo: '43d',
    endedAgo: '-3d',
    worktree: 'merged',
  });

  await go('running, dead, nothing to resume', { ...at('Running') });
  await go('running, dead, clean and merged worktree', { ...at('Running'), worktree: 'merged' });
  await go('failed, checkpoint, no worktree', { ...ended('Failed'), checkpoint: 'Failed' });
  await go('failed, worktree, no checkpoint', { ...ended('Failed'), worktree: 'unmerged' });
  await go('completed, unmerged', { ...ended('Completed'), worktree: 'unmerged' });
  await go('completed, its checkpoint says Running', { ...ended('Completed'), ...running });
  await go('cancelled', { ...ended('Cancelled'), worktree: 'merged' });
  await go('no record, only a checkpoint', { ...at('Running'), checkpoint: 'Running', record: false });
  await go('no record, only a worktree', { ...at('Running'), worktree: 'unmerged', record: false });
  await settleDirectories(shop.home.root);

  const branches = await git(shop.repository, 'branch', '--list', '--format=%(refname)');
  const before = look(shop);
  const ran = await clean(shop, everything);
  t.is(ran.exitCode, 0, ran.stderr);
  const reasons = reasonsOf(documentOf(ran));
  for (const [name, { paths, items }, reason] of stays) {
    for (const path of paths) t.true(existsSync(path), `${name}: ${path}`);
    const told = items.map((item) => reasons[item]);
    t.true(told.includes(reason), `${name}: ${reason} among ${told.join(' ')}`);
    t.false(told.includes('expired'), `${name}: the whole bundle stays: ${told.join(' ')}`);
  }
  for (const [name, { paths, items }] of goes) {
    for (const path of paths) t.false(existsSync(path), `${name}: ${path}`);
    for (const item of items) t.is(reasons[item], 'expired', `${name}: ${item}`);
  }
  goneSince(t, shop, before);

  t.is(
    await git(shop.repository, 'branch', '--list', '--format=%(refname)'),
    branches,
    'every branch is kept',
  );
  t.false((await git(shop.repository, 'worktree', 'list', '--porcelain')).includes('prunable'));
  const fsck = await execa('git', ['-C', shop.repository, 'fsck', '--strict'], { reject: false, all: true });
  t.is(fsck.exitCode, 0, fsck.all);
});

test('a record that cannot be understood keeps its event directory, too (P3)', async (t) => {
  const shop = await makeShop(t);
  const { paths } = await bundle(shop, { status: 'Archived', startedAgo: '61d', endedAgo: '60d' });
  await settleDirectories(shop.home.root);
  t.is((await clean(shop, everything)).exitCode, 0);
  t.deepEqual(
    paths.filter((path) => !existsSync(path)),
    [],
  );
});

test('what would lose the only copy of work stays, each with its reason (P2)', async (t) => {
  const shop = await makeShop(t);
  const ago = ages();
  const cases: [id: string, reason: string][] = [];
  const work = async (reason: string, files?: Record<string, string>): Promise<string> => {
    const id = await finishedWork(shop, ago(), files === undefined ? {} : { files });
    cases.push([id, reason]);
    return worktreeOf(shop, id);
  };
  const settled = async (path: string): Promise<void> => ageWorktree(path, msAgo(shop.home, '40d'));

  await work('dirty', { '.gitignore': 'changed\n' });
  await work('untracked', { 'notes.md': 'only here\n' });
  await work('precious', { '.env': 'TOKEN=x\n' });
  const staged = await work('dirty');
  await writeFile(join(staged, 'staged.txt'), 'x');
  await git(staged, 'add', 'staged.txt');
  await settled(staged);
  const hidden = await work('dirty');
  await git(hidden, 'update-index', '--skip-worktree', '.gitignore');
  await writeFile(join(hidden, '.gitignore'), 'hidden edit\n');
  await settled(hidden);

  const lonely = await work('unreachable-commits');
  await git(lonely, 'checkout', '--quiet', '--detach');
  await commitFile(lonely, 'lonely.txt', 'x', { atMs: msAgo(shop.home, '40d') });
  await settled(lonely);
  const reflog = await work('unreachable-commits');
  await commitFile(reflog, 'dropped.txt', 'x', { atMs: msAgo(shop.home, '40d') });
  await git(reflog, 'reset', '--quiet', '--hard', 'HEAD~1');
  await settled(reflog);

  const rebase = await work('operation-in-progress');
  await commitFile(rebase, 'second.txt', 'x', { atMs: msAgo(shop.home, '40d') });
  await execa('git', ['-C', rebase, '-c', 'sequence.editor=sed -i s/^pick/edit/', 'rebase', '-i', 'HEAD~1'], {
    reject: false,
    env: { GIT_COMMITTER_NAME: 'Ada', GIT_COMMITTER_EMAIL: 'ada@example.org' },
  });
  t.true(existsSync(join(await adminDirectory(rebase), 'rebase-merge')), 'a rebase is under way');
  await settled(rebase);

  const locked = await work('locked');
  await git(shop.repository, 'worktree', 'lock', locked);
  await ageAdmin(locked, msAgo(shop.home, '40d'));

  const unmerged = await finishedWork(shop, ago());
  const head = await git(worktreeOf(shop, unmerged), 'rev-parse', 'HEAD');

  const elsewhere = join(shop.top, 'real-project');
  mkdirSync(elsewhere);
  await writeFile(join(elsewhere, 'thesis.md'), 'years\n');
  const linked = (await session(shop.home, { status: 'Completed', startedAgo: '90d', endedAgo: '89d' })).id;
  symlinkSync(elsewhere, worktreeOf(shop, linked));
  cases.push([linked, 'symlink']);

  const future = await claudeLog(shop.home, { cwd: shop.repository, startedAgo: '-2d' });

  const before = look(shop);
  const ran = await clean(shop, everything);
  t.is(ran.exitCode, 0, ran.stderr);
  const reasons = reasonsOf(documentOf(ran));
  for (const [id, reason] of cases) {
    t.is(reasons[`worktrees:${worktreeOf(shop, id)}`], reason, id);
    t.true(existsSync(worktreeOf(shop, id)));
    t.true(existsSync(recordOf(shop, id)), 'the record explains the worktree');
    t.is(reasons[`sessions:${recordOf(shop, id)}`], 'has-worktree');
  }
  t.is(reasons[`logs:${future}`], 'future-time');
  t.deepEqual(
    goneSince(t, shop, before).sort(),
    [worktreeOf(shop, unmerged), metadataOf(shop, unmerged), recordOf(shop, unmerged)].sort(),
    'the clean, finished, unmerged one goes',
  );
  t.is(await git(shop.repository, 'rev-parse', `prodigy-${unmerged}`), head, 'and its branch stays');
  t.false((await git(shop.repository, 'worktree', 'list')).includes(unmerged));
});

test('jobs that are not complete and letters that can be retried keep their bundle (P1, P3)', async (t) => {
  const shop = await makeShop(t);
  const { home } = shop;
  const state = (spec: Partial<Parameters<typeof jobState>[1]>, ago: string): Promise<{ path: string }> =>
    jobState(home, { repository: 'shop', complete: true, updatedAgo: ago, ...spec });
  const complete = await state({}, '60d');
  const kept = [
    await state({ complete: false }, '61d'),
    await state({ complete: null }, '62d'),
    await state({ metadata: 'corrupt' }, '63d'),
    await state({ metadata: 'points-nowhere' }, '64d'),
    await state({ complete: false, metadata: 'absent' }, '65d'),
    await state({ formatVersion: 2 }, '66d'),
  ].map(({ path }) => path);

  const paused = await session(home, { status: 'Paused', startedAgo: '70d' });
  const job = home.ids.job(msAgo(home, '70d'));
  const letters = await deadLetters(home, {
    layout: 'doubled',
    repository: paused.id,
    job,
    letters: [{ item: 'item_1', lastAttemptAgo: '70d', eligible: true }],
  });
  const mappings = await mapping(home, { repository: 'shop', session: paused.id, job, ago: '70d' });
  const corrupt = await deadLetters(home, {
    layout: 'short',
    repository: 'shop',
    job: home.ids.job(msAgo(home, '71d')),
    letters: [{ item: 'item_1', lastAttemptAgo: '71d', corrupt: true }],
  });
  await settleDirectories(home.root);
  const before = look(shop);
  const ran = await clean(shop, everything);
  t.is(ran.exitCode, 0, ran.stderr);
  t.deepEqual(goneSince(t, shop, before), [complete.path]);
  for (const path of [...kept, letters, corrupt, ...mappings]) t.true(existsSync(path), path);
});

test('resume locks: live, foreign, young and broken ones protect; a dead one is replaced, and journalled (P1, P11)', async (t) => {
  const shop = await makeShop(t);
  const { home } = shop;
  const ago = ages();
  const prodigy = fakeProdigy(shop);
  t.teardown(() => void prodigy.kill('SIGKILL'));
  const locked = async (spec: Omit<Parameters<typeof resumeLock>[1], 'id'>): Promise<string> => {
    const id = await finishedWork(shop, ago());
    await resumeLock(home, { id, ...spec });
    return id;
  };
  const stays = [
    await locked({ holder: 'live', pid: prodigy.pid ?? 0, ago: '40d' }),
    await locked({ holder: 'foreign', ago: '40d' }),
    await locked({ holder: 'corrupt', ago: '5m' }),
    await locked({ holder: 'empty', ago: '1s' }),
    await locked({ holder: 'corrupt', ago: '40d' }),
    await locked({ holder: 'empty', ago: '40d' }),
  ];
  const stale = await locked({ holder: 'dead', ago: '40d' });
  const before = look(shop);
  const ran = await clean(shop, everything);
  t.is(ran.exitCode, 0, ran.stderr);
  const reasons = reasonsOf(documentOf(ran));
  for (const id of stays) {
    t.true(existsSync(worktreeOf(shop, id)), id);
    t.true(existsSync(recordOf(shop, id)), id);
    t.true(
      ['active', 'unreadable', 'unknown-format'].includes(reasons[`sessions:${recordOf(shop, id)}`] ?? ''),
    );
  }
  const lock = join(home.root, 'resume_locks', `${stale}.lock`);
  t.deepEqual(
    goneSince(t, shop, before).sort(),
    [worktreeOf(shop, stale), metadataOf(shop, stale), recordOf(shop, stale), lock].sort(),
  );
  const replaced = (await journalOf(shop)).filter(({ type }) => type === 'StaleLockReplaced');
  t.deepEqual([...new Set(replaced.map(({ data }) => data['path']))], [lock]);
});

test('a process that works inside or has a file open protects what it uses, and not its neighbour (P1, story 19)', async (t) => {
  const shop = await makeShop(t);
  const { home } = shop;
  const inside = await finishedWork(shop, '60d');
  const deep = join(worktreeOf(shop, inside), 'node_modules', 'deep');
  mkdirSync(deep, { recursive: true });
  await ageWorktree(worktreeOf(shop, inside), msAgo(home, '60d'));
  const neighbour = await finishedWork(shop, '61d');
  // Its name begins like the neighbour's.
  const beside = `${worktreeOf(shop, neighbour)}-notes`;
  mkdirSync(beside);
  const open = await eventDirectory(home, { repository: 'shop', startedAgo: '62d' });
  const closed = await eventDirectory(home, { repository: 'shop', startedAgo: '63d' });
  const file = openSync(join(open.path, `events-${nameOf(home.nowMs, 62)}.jsonl`), 'r');
  const sleepers = [deep, beside].map((cwd) => spawn('sleep', ['300'], { cwd, stdio: 'ignore' }));
  t.teardown(() => sleepers.forEach((child) => child.kill('SIGKILL')));
  t.teardown(() => closeSync(file));

  const before = look(shop);
  const ran = await clean(shop, everything);
  t.is(ran.exitCode, 0, ran.stderr);
  const document = documentOf(ran);
  const reasons = reasonsOf(document);
  t.is(reasons[`worktrees:${worktreeOf(shop, inside)}`], 'active');
  t.is(reasons[`sessions:${recordOf(shop, inside)}`], 'active');
  const evidence = document.items.find(({ path }) => path === worktreeOf(shop, inside))?.evidence;
  t.true(JSON.stringify(evidence).includes(String(sleepers[0]?.pid)), 'it says which process');
  t.is(reasons[`events:${open.path}`], 'in-use');
  t.deepEqual(
    goneSince(t, shop, before).sort(),
    [worktreeOf(shop, neighbour), metadataOf(shop, neighbour), recordOf(shop, neighbour), closed.path].sort(),
  );
});

test('a Prodigy at work in the repository protects its open sessions, whatever their age (P11)', async (t) => {
  const shop = await makeShop(t);
  const child = fakeProdigy(shop, shop.repository);
  t.teardown(() => void child.kill('SIGKILL'));
  const running = await bundle(shop, { status: 'Running', startedAgo: '60d', worktree: 'merged' });
  const finished = await finishedWork(shop, '63d');
  await settleDirectories(shop.home.root);
  const before = look(shop);
  const ran = await clean(shop, everything);
  t.is(ran.exitCode, 0, ran.stderr);
  for (const path of running.paths) t.true(existsSync(path), path);
  t.false(existsSync(worktreeOf(shop, finished)));
  goneSince(t, shop, before);
});

test('a merge under way protects a finished session (P1)', async (t) => {
  const shop = await makeShop(t);
  const id = await finishedWork(shop, '60d');
  await mergeCheckpoint(shop.home, { repository: 'shop', worktree: id, ago: '59d' });
  const before = look(shop);
  const ran = await clean(shop, everything);
  t.is(ran.exitCode, 0, ran.stderr);
  t.deepEqual(goneSince(t, shop, before), []);
  t.is(reasonsOf(documentOf(ran))[`worktrees:${worktreeOf(shop, id)}`], 'merge-in-progress');
});

test('a name swapped for a link after the dry run is noticed, and what it leads to is not touched (P4)', async (t) => {
  const shop = await makeShop(t);
  const id = await finishedWork(shop, '60d');
  t.is((await clean(shop, ['--all', '--dry-run'])).exitCode, 0);
  const aside = join(shop.top, 'aside');
  renameSync(worktreeOf(shop, id), aside);
  symlinkSync(aside, worktreeOf(shop, id));
  const before = look(shop);
  const ran = await clean(shop, everything);
  t.is(ran.exitCode, 0, ran.stderr);
  t.deepEqual(goneSince(t, shop, before), []);
});

/** A process whose executable is called prodigy, in a directory of its own unless told. */
function fakeProdigy(shop: Shop, cwd: string = shop.top): ChildProcess {
  const bin = join(shop.top, 'fake-bin');
  mkdirSync(bin, { recursive: true });
  const path = join(bin, 'prodigy');
  if (!existsSync(path)) execFileSync('cp', ['/bin/sleep', path]);
  // Of this storage: one that was started for another is no neighbour.
  return spawn(path, ['300'], { cwd, stdio: 'ignore', env: { HOME: shop.home.home } });
}

function nameOf(nowMs: number, days: number): string {
  const iso = new Date(nowMs - days * 86_400_000).toISOString();
  return iso.slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '_');
}
