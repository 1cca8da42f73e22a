import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { lchown } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test from 'ava';
import { workflowCheckpoint } from '../helpers/checkpoint-artefacts.ts';
import { asNobody, giveToNobody } from '../helpers/as-nobody.ts';
import { adminDirectory, git } from '../helpers/git.ts';
import { resumeLock } from '../helpers/lock-artefact.ts';
import { worktreeMetadata } from '../helpers/metadata-artefact.ts';
import { binary, json } from '../helpers/run-prodigy.ts';
import { session } from '../helpers/session-artefacts.ts';
import { isRoot } from '../helpers/temporary.ts';
import { assertSame, fingerprint } from '../helpers/tree.ts';
import { doctor, namesOf, ofType, type Report } from './doctor.ts';
import { clean, finished, finishedWork, makeShop, recordOf, worktreeOf } from './shop.ts';

const smallKinds = ['sessions', 'logs', 'state', 'events', 'dlq'];

test('in a sound storage nothing is odd: before the first run, after it, and after an undo', async (t) => {
  const shop = await makeShop(t);
  for (const kind of smallKinds) await finished(shop, kind, '60d');
  await finishedWork(shop, '60d');
  const kept = await finishedWork(shop, '61d', { status: 'Paused' });
  await workflowCheckpoint(shop.home, {
    session: kept,
    ago: '61d',
    status: 'Paused',
    workingDirectory: shop.repository,
  });
  const sound = async (): Promise<Report> => {
    const report = await doctor(t, shop);
    t.deepEqual(namesOf(report), []);
    t.is(report.exitCode, 0);
    return report;
  };
  t.is((await sound()).journal, null);
  t.false(existsSync(join(shop.home.root, 'clean')), 'looking makes no journal');
  const text = await clean(shop, ['doctor']);
  t.is(text.stdout, `✓ Nothing odd in ${shop.home.root}.\n`);

  t.is((await clean(shop, ['all', '--force'])).exitCode, 0);
  const { journal } = await sound();
  t.is(journal?.checked, 'ends');
  t.regex(
    (await clean(shop, ['doctor'])).stdout,
    /^✓ Nothing odd in .*; the journal \(\d+ entries\) was checked at its ends, .*log verify reads all of it\.\n$/,
  );
  const [run = ''] = /\b[0-9A-Za-z]{21}\b/.exec((await clean(shop, ['log', '--limit', '1'])).stdout) ?? [];
  t.is((await clean(shop, ['undo', run])).exitCode, 0);
  await sound();
});

test('without a storage nothing can be odd', async (t) => {
  const shop = await makeShop(t);
  rmSync(shop.home.root, { recursive: true });
  t.deepEqual((await doctor(t, shop)).findings, []);
  t.regex(
    (await clean(shop, ['doctor'])).stdout,
    /^There is no Prodigy storage at .*: nothing can be odd\.\n$/,
  );
});

test('names, links, records and locks that are odd are each named, with whether it matters and one next step', async (t) => {
  const shop = await makeShop(t);
  const { home, repository } = shop;
  const { root } = home;
  const sound = await finishedWork(shop, '60d');
  const checkpoint = await workflowCheckpoint(home, {
    session: 'nobody',
    ago: '60d',
    status: 'Running',
    workingDirectory: repository,
  });
  const at = (...names: string[]): string => join(root, ...names);
  const expected: string[] = [];
  const odd = (severity: string, type: string, path: string): string => {
    expected.push(`${type} ${path} ${severity}`);
    return path;
  };
  const file = (path: string): void => {
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, 'x');
  };

  odd('info', 'checkpoints-without-session', dirname(checkpoint));
  file(odd('info', 'unknown-name', at('sessions', 'notes.txt')));
  file(join(odd('info', 'unknown-name', at('my-backup')), 'a.tar'));
  file(odd('info', 'unknown-name', at('clean', 'notes')));
  mkdirSync(at('logs'));
  mkdirSync(join(shop.top, 'elsewhere'));
  symlinkSync(join(shop.top, 'elsewhere'), odd('warning', 'container-link', at('events')));
  symlinkSync(repository, odd('info', 'item-link', at('worktrees', 'shop', 'workflow-1700000000001')));
  symlinkSync(repository, odd('info', 'unknown-link', at('link')));

  const cut = await session(home, { status: 'Completed', startedAgo: '9d', endedAgo: '9d', cutTo: 0.5 });
  odd('warning', 'record-broken', cut.path);
  const stray = home.ids.workflow(home.nowMs - 9e9);
  await worktreeMetadata(home, { repository: 'shop', id: stray, createdAgo: '98d' });
  odd('info', 'metadata-without-worktree', at('worktrees', 'shop', '.metadata', `${stray}.json`));
  const unrecorded = await finishedWork(shop, '62d');
  rmSync(recordOf(shop, unrecorded));
  odd('info', 'worktree-without-record', worktreeOf(shop, unrecorded));
  const paused = await session(home, { status: 'Paused', startedAgo: '50d', updatedAgo: '49d' });
  odd('warning', 'session-without-worktree', paused.path);
  const dead = await session(home, { status: 'Running', startedAgo: '50d', updatedAgo: '49d' });
  odd('info', 'session-without-worktree', dead.path);
  // Somebody may be at work on it elsewhere.
  const lonely = await session(home, { status: 'Paused', startedAgo: '51d', updatedAgo: '50d' });
  // Ended, cleaned up, or just begun: none of these is odd.
  await session(home, { status: 'Completed', startedAgo: '50d', endedAgo: '49d' });
  await session(home, { status: 'Failed', startedAgo: '50d', endedAgo: '49d' });
  await session(home, { status: 'Initializing', startedAgo: '1m', updatedAgo: '1m' });

  odd('info', 'lock-stale', await resumeLock(home, { id: sound, holder: 'dead', ago: '59d' }));
  odd('info', 'lock-foreign', await resumeLock(home, { id: lonely.id, holder: 'foreign', ago: '3d' }));
  odd('warning', 'lock-broken', await resumeLock(home, { id: unrecorded, holder: 'corrupt', ago: '3d' }));
  await resumeLock(home, { id: 'session-half-written', holder: 'empty', ago: '1m' });
  const ghost = '4194304-00000000-0000-0000-0000-000000000000';
  file(odd('info', 'scratch', at('resume_locks', `.${sound}.lock.${ghost}.new`)));
  file(odd('warning', 'lock-aside', at('resume_locks', `.${sound}.lock.${ghost}.old`)));
  file(odd('info', 'scratch', at('clean', 'run.lock.stale-4194304')));
  file(odd('warning', 'quarantine-unknown', at('logs', 'claude-streaming', '.prodigy-trash-abcdefgh.0')));

  const gone = await finishedWork(shop, '63d');
  rmSync(worktreeOf(shop, gone), { recursive: true });
  odd('warning', 'registration-without-worktree', worktreeOf(shop, gone));
  odd('info', 'metadata-without-worktree', at('worktrees', 'shop', '.metadata', `${gone}.json`));
  const lost = await finishedWork(shop, '64d');
  rmSync(await adminDirectory(worktreeOf(shop, lost)), { recursive: true });
  odd('warning', 'worktree-unregistered', worktreeOf(shop, lost));
  const moved = await finishedWork(shop, '65d');
  renameSync(worktreeOf(shop, moved), worktreeOf(shop, `${moved}-moved`));
  odd('warning', 'registration-without-worktree', worktreeOf(shop, moved));
  odd('info', 'metadata-without-worktree', at('worktrees', 'shop', '.metadata', `${moved}.json`));
  odd('warning', 'worktree-unregistered', worktreeOf(shop, `${moved}-moved`));
  odd('info', 'worktree-without-record', worktreeOf(shop, `${moved}-moved`));
  mkdirSync(odd('info', 'worktree-without-git', at('worktrees', 'shop', 'plans')));

  const report = await doctor(t, shop);
  const found = report.findings.map(({ type, path, severity }) => `${type} ${path} ${severity}`);
  t.deepEqual(found.toSorted(), expected.toSorted());
  t.is(report.exitCode, 10);
  t.is((await clean(shop, ['doctor'])).exitCode, 0, 'only who asks for it is told by the exit code');

  const abandon = ofType(report, 'session-without-worktree')[paused.path]?.next ?? '';
  t.is((await clean(shop, [...abandon.split(' ').slice(2, 4), '--reason', 'gone'])).exitCode, 0, abandon);
});

test('the step for a registration drops this one and no other, and never the only name of a commit', async (t) => {
  const shop = await makeShop(t);
  const [plain, other, detached, locked] = [
    await finishedWork(shop, '60d'),
    await finishedWork(shop, '61d'),
    await finishedWork(shop, '62d'),
    await finishedWork(shop, '63d'),
  ];
  await git(worktreeOf(shop, detached), 'checkout', '-q', '--detach');
  await git(worktreeOf(shop, detached), 'commit', '-q', '--allow-empty', '-m', 'lonely');
  const lonely = await git(worktreeOf(shop, detached), 'rev-parse', 'HEAD');
  await git(shop.repository, 'worktree', 'lock', worktreeOf(shop, locked));
  for (const id of [plain, other, detached, locked]) rmSync(worktreeOf(shop, id), { recursive: true });

  const stale = ofType(await doctor(t, shop), 'registration-without-worktree');
  const stepFor = (id: string): string => stale[worktreeOf(shop, id)]?.next ?? 'false';
  const type = (command: string): unknown => execFileSync('sh', ['-c', command], { stdio: 'ignore' });
  type(stepFor(plain).replace('this one alone: ', ''));
  type(stepFor(detached));
  type(stepFor(locked));
  const left = await git(shop.repository, 'worktree', 'list', '--porcelain');
  t.false(left.includes(worktreeOf(shop, plain)));
  t.true(left.includes(worktreeOf(shop, other)));
  t.true((await git(shop.repository, 'branch', '--contains', lonely)).includes('prodigy-rescued-'));
  t.false(left.includes('\nlocked'));
});

test('a name can forge no line, neither in what is told nor in what is to be typed', async (t) => {
  const shop = await makeShop(t);
  mkdirSync(join(shop.home.root, 'sessions'));
  writeFileSync(join(shop.home.root, 'odd\n✓ Nothing odd\u001b[2J; rm -rf x'), '');
  const report = await doctor(t, shop);
  t.is(report.findings.length, 1);
  const { stdout } = await clean(shop, ['doctor']);
  t.notRegex(stdout, /^\s*✓/m);
  t.false(stdout.includes('\u001b'));
  t.regex(stdout, /odd\\x0a✓ Nothing odd\\x1b\[2J; rm -rf x/);
  t.regex(report.findings[0]?.next ?? '', /ls -lad '[^']*; rm -rf x'$/);
});

test('of what is alike ten are told, and all with --full', async (t) => {
  const shop = await makeShop(t);
  mkdirSync(join(shop.home.root, 'sessions'));
  for (let index = 10; index < 25; index += 1) writeFileSync(join(shop.home.root, `odd-${index}`), '');
  const { stdout } = await clean(shop, ['doctor']);
  t.regex(stdout, /odd-19\n/);
  t.notRegex(stdout, /odd-20\n/);
  t.regex(stdout, /and 5 more like these; --full lists them/);
  t.regex((await clean(shop, ['doctor', '--full'])).stdout, /odd-24\n/);
});

test('a storage root that is a link is told, and refused as by every command', async (t) => {
  const shop = await makeShop(t);
  const { home } = shop;
  const real = join(shop.top, 'real');
  renameSync(home.root, real);
  mkdirSync(join(real, 'sessions'));
  symlinkSync(real, home.root);
  const before = fingerprint(shop.top);
  const refused = await clean(shop, ['doctor', '--json'], { env: { PRODIGY_HOME: undefined } });
  t.is(refused.exitCode, 2);
  const { findings } = json(refused) as unknown as Report;
  t.like(findings[0], { type: 'root-refused', path: home.root, severity: 'problem' });
  t.regex((await clean(shop, ['doctor'])).stdout, /is a symbolic link, and links are not followed/);
  const named = await doctor(t, shop, { env: { PRODIGY_HOME: real } });
  t.deepEqual(namesOf(named), [`root-link ${home.root}`]);
  t.is(named.exitCode, 0);
  assertSame(t, before, fingerprint(shop.top));

  const relative = await clean(shop, ['doctor', '--json'], { env: { PRODIGY_HOME: 'x' } });
  t.is(relative.exitCode, 2, 'what the environment says badly is wrong usage');
  t.is(json(relative)['findings'], undefined);
});

(isRoot() ? test : test.skip)('what cannot be read or changed is named, and what hangs on it', async (t) => {
  const shop = await makeShop(t);
  const at = (name: string): string => join(shop.home.root, name);
  for (const name of ['sessions', 'events', 'logs', 'state', 'dlq']) mkdirSync(at(name));
  await giveToNobody(shop.top);
  chmodSync(at('sessions'), 0);
  chmodSync(at('logs'), 0o555);
  await lchown(at('events'), 0, 0);
  const before = fingerprint(shop.top);
  const ran = await asNobody([binary(), 'clean', 'doctor', '--json', '--detailed-exitcode'], {
    env: { HOME: shop.home.home },
    cwd: shop.top,
  });
  assertSame(t, before, fingerprint(shop.top));
  t.is(ran.exitCode, 10, ran.stdout + ran.stderr);
  const report = JSON.parse(ran.stdout) as Report;
  t.like(ofType(report, 'unreadable')[at('sessions')], { severity: 'problem' });
  t.like(ofType(report, 'not-ours')[at('events')], { severity: 'warning' });
  t.deepEqual(Object.keys(ofType(report, 'not-writable')).sort(), [at('logs'), at('sessions')]);
});
