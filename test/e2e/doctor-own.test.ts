import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { takeRunLock } from '../../src/storage/run-lock.ts';
import { faulty } from '../helpers/faulty.ts';
import { git } from '../helpers/git.ts';
import { deadPid } from '../helpers/lock-artefact.ts';
import { runProdigy } from '../helpers/run-prodigy.ts';
import { canMount, mountTmpfs, temporaryDirectory } from '../helpers/temporary.ts';
import { doctor, namesOf, ofType } from './doctor.ts';
import { clean, finished, finishedWork, inQuarantine, makeShop, worktreeOf, type Shop } from './shop.ts';

const own = ({ home }: Shop, ...names: string[]): string => join(home.root, 'clean', ...names);

function idOf(shop: Shop): string {
  const text = readFileSync(own(shop, 'journal', 'identity.json'), 'utf8');
  return (JSON.parse(text) as { journalId: string }).journalId;
}

test('quarantine and what is kept for undo are compared with the journal, both ways', async (t) => {
  const shop = await makeShop(t);
  for (const ago of ['60d', '61d', '62d']) await finished(shop, 'logs', ago);
  await finished(shop, 'worktrees', '63d');
  t.is((await clean(shop, ['logs', 'worktrees', '--force'])).exitCode, 0);
  const id = idOf(shop);
  const [missing = '', foreign = ''] = inQuarantine(shop)
    .sort()
    .map((name) => own(shop, 'quarantine', id, name));
  rmSync(missing);
  rmSync(foreign);
  writeFileSync(foreign, 'something else');
  const unknown = own(shop, 'quarantine', id, 'notes.txt');
  writeFileSync(unknown, 'mine');
  const [keepsake = ''] = readdirSync(own(shop, 'undo', id)).map((name) => own(shop, 'undo', id, name));
  rmSync(keepsake);
  const stray = own(shop, 'undo', id, 'abcdefghijkl.1');
  writeFileSync(stray, '');
  const others = own(shop, 'quarantine', 'another-journal');
  mkdirSync(others);
  mkdirSync(own(shop, 'quarantine', 'empty-one'));
  writeFileSync(join(others, 'abcdefghijkl.0'), '');

  const report = await doctor(t, shop);
  t.deepEqual(namesOf(report), [
    `part-foreign ${foreign}`,
    `part-missing ${missing}`,
    `quarantine-foreign ${others}`,
    `quarantine-unknown ${unknown}`,
    `undo-missing ${keepsake}`,
    `undo-unknown ${stray}`,
  ]);
  t.is(report.counts.problem, 2);
  t.is(report.exitCode, 10);

  rmSync(own(shop, 'journal'), { recursive: true });
  t.deepEqual(
    [...new Set((await doctor(t, shop)).findings.map(({ type }) => type))],
    ['quarantine-foreign'],
    'without a journal nothing explains what lies there',
  );
});

test('snapshots that are needed and gone, spent, or nobody knows are told, and the missing one comes back', async (t) => {
  const shop = await makeShop(t);
  const dirty = async (ago: string): Promise<string> => {
    const id = await finishedWork(shop, ago);
    writeFileSync(join(worktreeOf(shop, id), `feature-${id}.txt`), 'not committed\n');
    const ran = await runProdigy(shop.home, ['worktree', 'clean', '-f', id], { cwd: shop.repository });
    t.is(ran.exitCode, 0, ran.stderr);
    return id;
  };
  const refs = async (): Promise<readonly string[]> =>
    (await git(shop.repository, 'for-each-ref', '--format=%(refname)', 'refs/prodigy-clean'))
      .split('\n')
      .filter((ref) => ref !== '');
  const first = await dirty('60d');
  const [spent = ''] = await refs();
  const commit = await git(shop.repository, 'rev-parse', spent);
  t.is((await clean(shop, ['undo', `worktrees:${worktreeOf(shop, first)}`])).exitCode, 0);
  const second = await dirty('61d');
  const [needed = ''] = (await refs()).filter((ref) => ref !== spent);
  // One that is as it should be.
  await dirty('62d');
  // As a run leaves it that was killed before it let go.
  await git(shop.repository, 'update-ref', spent, commit);
  await git(shop.repository, 'update-ref', '-d', needed);
  const head = await git(shop.repository, 'rev-parse', 'HEAD');
  await git(shop.repository, 'update-ref', 'refs/prodigy-clean/other/one', head);

  const report = await doctor(t, shop);
  const found = report.findings.map(
    ({ type, severity, detail }) => `${severity} ${type} ${detail.split(' ')[0]}`,
  );
  t.deepEqual(found.toSorted(), [
    `info snapshot-spent ${spent}`,
    'info snapshot-unknown refs/prodigy-clean/other/one',
    `problem snapshot-missing ${needed}`,
  ]);
  const [step = ''] = report.findings
    .filter(({ type }) => type === 'snapshot-missing')
    .map(({ next }) => next);
  await git(shop.repository, ...step.split(' ').slice(1));
  t.is((await clean(shop, ['undo', `worktrees:${worktreeOf(shop, second)}`])).exitCode, 0, step);
  const file = join(worktreeOf(shop, second), `feature-${second}.txt`);
  t.is(readFileSync(file, 'utf8'), 'not committed\n');
});

test('a killed run is told as what has not ended, and its lock as nobody’s; resume makes all of it sound', async (t) => {
  const shop = await makeShop(t);
  const id = await finishedWork(shop, '60d');
  const killed = await clean(shop, ['worktrees', '--force'], faulty({ KILL_AT: 'spawn::worktree,remove' }));
  t.is(killed.signal, 'SIGKILL');
  t.true(existsSync(own(shop, 'run.lock')));
  const report = await doctor(t, shop);
  const types = report.findings.map(({ type }) => type).sort();
  t.deepEqual(
    types.filter((type) => type !== 'anchor-missing' && type !== 'lock-stale'),
    ['operation-open', 'run-lock-stale', 'run-unfinished'],
    'git is not blamed for a worktree that is under way',
  );
  t.like(ofType(report, 'operation-open')[worktreeOf(shop, id)], { next: 'prodigy clean resume' });
  t.is((await clean(shop, ['resume'])).exitCode, 0);
  t.deepEqual(namesOf(await doctor(t, shop)), []);

  const item = `worktrees:${worktreeOf(shop, id)}`;
  t.is((await clean(shop, ['undo', item], faulty({ KILL_AT: 'spawn::worktree,add' }))).signal, 'SIGKILL');
  t.deepEqual(
    (await doctor(t, shop)).findings.map(({ type }) => type).filter((type) => type !== 'anchor-missing'),
    ['undo-open', 'run-lock-stale'],
  );
  t.is((await clean(shop, ['resume'])).exitCode, 0);
  t.deepEqual(namesOf(await doctor(t, shop)), []);
});

(canMount() ? test : test.skip)('a journal that lies elsewhere is read there, and told', async (t) => {
  const shop = await makeShop(t);
  const runtime = temporaryDirectory(t);
  t.true(mountTmpfs(shop.home.root, '24m'));
  await finished(shop, 'logs', '60d');
  t.is(spawnSync('fallocate', ['-l', '23M', join(shop.home.root, 'locks')]).status, 0);
  const env = { XDG_RUNTIME_DIR: runtime };
  t.is((await clean(shop, ['logs', '--force'], { env })).exitCode, 0);
  const [away = ''] = readdirSync(runtime);
  const report = await doctor(t, shop, { env });
  t.deepEqual(namesOf(report), [`journal-away ${join(runtime, away)}`]);
  t.true((report.journal?.entries ?? 0) > 0);
  t.deepEqual(readdirSync(runtime), [away], 'the copy that was read is gone');
});

test('while a run is under way it answers, and blames nobody for what is in the middle', async (t) => {
  const shop = await makeShop(t);
  await finished(shop, 'logs', '60d');
  t.is((await clean(shop, ['logs', '--force'])).exitCode, 0);
  rmSync(own(shop, 'quarantine', idOf(shop), inQuarantine(shop)[0] ?? ''));
  rmSync(own(shop, 'journal', 'reserve'));
  const lock = await takeRunLock([shop.home.root], {
    host: hostname(),
    command: 'a test',
    nowIso: new Date().toISOString(),
    refugesOf: () => Promise.resolve([]),
  });
  t.true(lock.isOk());
  const report = await doctor(t, shop);
  t.true(report.runUnderWay);
  t.deepEqual(report.findings, []);
  t.regex((await clean(shop, ['doctor'])).stdout, /^A run is under way: [^\n]*\n✓ Nothing odd/);
  await lock._unsafeUnwrap().release();
  const types = (await doctor(t, shop)).findings.map(({ type }) => type);
  t.deepEqual(types, ['reserve-missing', 'part-missing']);
});

test('a run lock of another machine, or one that says nothing, is a problem: no run begins', async (t) => {
  const shop = await makeShop(t);
  mkdirSync(own(shop));
  const path = own(shop, 'run.lock');
  const content = { pid: deadPid(), startTime: '', bootId: '', host: 'elsewhere', command: 'x', since: 'y' };
  for (const text of [JSON.stringify(content), '{"pid":']) {
    writeFileSync(path, text);
    t.like(ofType(await doctor(t, shop), 'run-lock-respected')[path], { severity: 'problem' });
  }
  writeFileSync(path, JSON.stringify({ ...content, host: hostname() }));
  t.like(ofType(await doctor(t, shop), 'run-lock-stale')[path], { severity: 'info' });
});

test('what is missing beside the journal is told; nothing there is written again by looking', async (t) => {
  const shop = await makeShop(t);
  await finished(shop, 'logs', '60d');
  t.is((await clean(shop, ['logs', '--force'])).exitCode, 0);
  const journal = own(shop, 'journal');
  for (const name of ['reserve', 'identity.json', 'anchor.json']) rmSync(join(journal, name));
  mkdirSync(join(journal, 'snap-4194304-0a'));
  const report = await doctor(t, shop);
  t.deepEqual(
    report.findings.map(({ type }) => type).sort(),
    ['anchor-missing', 'identity-missing', 'reserve-missing'],
    'a snapshot that is young may be somebody’s',
  );
  t.is(report.exitCode, 10);
});

test('a journal that is damaged, cut short or gone is exit 1, whatever was asked for, and nothing is held against it', async (t) => {
  const shop = await makeShop(t);
  await finished(shop, 'logs', '60d');
  t.is((await clean(shop, ['logs', '--force'])).exitCode, 0);
  const journal = own(shop, 'journal');
  const anchor = join(journal, 'anchor.json');
  const sound = readFileSync(anchor, 'utf8');
  const anchored = JSON.parse(sound) as { seq: number; hash: string };
  const told = async (): Promise<readonly string[]> => {
    const { findings, exitCode } = await doctor(t, shop);
    t.is(exitCode, 1);
    t.is((await clean(shop, ['doctor'])).exitCode, 1);
    return findings.map(({ type }) => type);
  };
  writeFileSync(anchor, JSON.stringify({ ...anchored, seq: anchored.seq + 5 }));
  t.deepEqual(await told(), ['journal-tail-missing']);
  writeFileSync(anchor, JSON.stringify({ ...anchored, hash: 'f'.repeat(64) }));
  t.deepEqual(await told(), ['journal-anchor-differs']);
  writeFileSync(anchor, '{');
  t.true((await told()).includes('journal-anchor-unreadable'));
  writeFileSync(anchor, sound);
  t.deepEqual(namesOf(await doctor(t, shop)), []);

  const [manifest = ''] = readdirSync(join(journal, 'db')).filter((name) => name.startsWith('MANIFEST'));
  const whole = readFileSync(join(journal, 'db', manifest));
  truncateSync(join(journal, 'db', manifest), 0);
  t.deepEqual(await told(), ['journal-unread']);
  writeFileSync(join(journal, 'db', manifest), whole);
  renameSync(join(journal, 'db'), join(shop.top, 'db'));
  t.deepEqual(await told(), ['journal-unread']);
});
