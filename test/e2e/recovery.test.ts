import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import test from 'ava';
import { faulty } from '../helpers/faulty.ts';
import { json, repositoryTop } from '../helpers/run-prodigy.ts';
import { canChattr, setImmutable } from '../helpers/temporary.ts';
import {
  blockQuarantine,
  clean,
  finished,
  finishedSession,
  finishedWork,
  inQuarantine,
  journalOf,
  makeShop,
  metadataOf,
  project,
  recordOf,
  worktreeOf,
  type Shop,
} from './shop.ts';

function quarantinePath({ home }: Shop, name: string): string {
  const quarantine = join(home.root, 'clean', 'quarantine');
  const [journal = ''] = fs.readdirSync(quarantine);
  return join(quarantine, journal, name);
}

test('what was moved and then put back by hand is judged anew, not moved again (P1, P2)', async (t) => {
  const shop = await makeShop(t);
  const id = await finishedWork(shop, '90d');
  const worktree = worktreeOf(shop, id);
  const killed = await clean(shop, ['worktrees', '--force'], faulty({ KILL_AT: 'spawn::worktree,remove' }));
  t.is(killed.signal, 'SIGKILL');
  t.false(fs.existsSync(worktree));

  const [directory = '', metadata = ''] = inQuarantine(shop)
    .map((name) => quarantinePath(shop, name))
    .sort();
  const { mtime, atime } = fs.statSync(directory);
  fs.renameSync(directory, worktree);
  fs.renameSync(metadata, metadataOf(shop, id));
  fs.writeFileSync(join(worktree, `feature-${id}.txt`), 'new work, uncommitted\n');
  fs.utimesSync(worktree, atime, mtime);
  const stander = spawn('sleep', ['60'], { cwd: worktree, stdio: 'ignore' });
  t.teardown(() => stander.kill());

  const ran = await clean(shop, ['worktrees', '--force']);
  t.is(ran.exitCode, 0, ran.stderr);
  t.true(fs.existsSync(join(worktree, `feature-${id}.txt`)));
  const resumed = await clean(shop, ['resume']);
  t.is(resumed.exitCode, 0, resumed.stderr);
  t.is(fs.readFileSync(join(worktree, `feature-${id}.txt`), 'utf8'), 'new work, uncommitted\n');
});

test('what is held and does not lie where it was moved is noticed by the next run, and the rest is left (P1)', async (t) => {
  const shop = await makeShop(t);
  const paths: string[] = [];
  for (let log = 0; log < 5; log += 1) paths.push(...(await finished(shop, 'logs', `${60 + log}d`)));
  const [back = '', twice = '', gone = '', foreign = '', left = ''] = paths;
  const ran = await clean(shop, ['logs', '--all-repos', '--force']);
  t.is(ran.exitCode, 0, ran.stderr);
  const intents = (await journalOf(shop)).filter(({ type }) => type === 'RemovalIntended');
  const opOf = (path: string): string =>
    intents.find(({ data }) => (data['item'] as string).endsWith(path))?.op ?? '';
  const heldAt = (path: string): string => quarantinePath(shop, `${opOf(path)}.0`);
  fs.renameSync(heldAt(back), back);
  fs.linkSync(heldAt(twice), twice);
  fs.unlinkSync(heldAt(gone));
  fs.unlinkSync(heldAt(foreign));
  fs.writeFileSync(heldAt(foreign), 'something else');

  const next = await clean(shop, ['dlq', '--all-repos', '--force']);
  t.regex(`${next.stdout}${next.stderr}`, /something else lies in its place/);
  const after = (await journalOf(shop)).slice(
    (await journalOf(shop)).findIndex(({ run }) => run !== intents[0]?.run && run !== undefined),
  );
  const told = (path: string): readonly string[] =>
    after.filter(({ op }) => op === opOf(path)).map(({ type }) => type);
  t.deepEqual([back, twice, gone, foreign, left].map(told), [
    ['ItemRestored'],
    ['ItemRestored'],
    ['ItemRemoved'],
    [],
    [],
  ]);
  t.true(fs.existsSync(twice));
  t.false(fs.existsSync(heldAt(twice)));
  t.true(fs.existsSync(heldAt(left)));
});

test('an undo that was killed between two parts is finished, and nothing is orphaned (P5)', async (t) => {
  const shop = await makeShop(t);
  const [record = '', checkpoints = ''] = await finishedSession(shop, '90d');
  t.is((await clean(shop, ['sessions', '--force'])).exitCode, 0);
  const run = (await journalOf(shop)).findLast(({ type }) => type === 'RunCompleted')?.run ?? '';
  const killed = await clean(shop, ['undo', run], faulty({ KILL_AT: 'rename::checkpoints$' }));
  t.is(killed.signal, 'SIGKILL');

  t.is((await clean(shop, ['logs', '--force'])).exitCode, 0);
  t.deepEqual([fs.existsSync(record), fs.existsSync(checkpoints)], [true, true]);
  t.deepEqual(inQuarantine(shop), []);
});

test('resuming one run leaves what another intended to the other', async (t) => {
  const shop = await makeShop(t);
  const other: Shop = { ...shop, repository: await project(join(shop.top, 'src', 'other'), shop.home) };
  const [mine, theirs] = [
    await finishedWork(shop, '90d'),
    await finishedWork(other, '90d', { container: 'other' }),
  ];
  for (const one of [shop, other]) {
    const killed = await clean(one, ['worktrees', '--force'], faulty({ KILL_AT: 'rename::quarantine' }));
    t.is(killed.signal, 'SIGKILL');
  }
  const [first = '', second = ''] = (await journalOf(shop))
    .filter(({ type }) => type === 'RunConfirmed')
    .map(({ run }) => run);

  t.is((await clean(shop, ['resume', first])).exitCode, 0);
  t.deepEqual(
    [fs.existsSync(worktreeOf(shop, mine)), fs.existsSync(worktreeOf(other, theirs, 'other'))],
    [false, true],
  );
  t.is((await clean(shop, ['resume', second])).exitCode, 0);
  t.false(fs.existsSync(worktreeOf(other, theirs, 'other')));
  const ends = (await journalOf(shop)).filter(
    ({ op, type }) => op !== undefined && /^Item(Removed|Drifted|Vanished|Failed|Restored)$/.test(type),
  );
  t.deepEqual(
    ends.map(({ type }) => type),
    ['ItemRemoved', 'ItemRemoved'],
  );
});

type Undo = Readonly<Record<string, string>>;

const undoOf = (days: string, size: string): Undo => ({
  PRODIGY_CLEAN_UNDO_DAYS: days,
  PRODIGY_CLEAN_UNDO_SIZE: size,
});

const promises: readonly (readonly [name: string, then: Undo, now: Undo, days: number])[] = [
  ['less is held by now', {}, undoOf('1', '1KB'), 7],
  ['more is held by now', undoOf('1', '1KB'), undoOf('30', '1GB'), 30],
  ['it was to be more than is usual', undoOf('30', '1GB'), {}, 30],
];

for (const [name, then, now, days] of promises) {
  test(`a resume holds for undo what the run had promised, or more: ${name} (P5)`, async (t) => {
    const shop = await makeShop(t);
    const paths: string[] = [];
    for (let log = 0; log < 3; log += 1) paths.push(...(await finished(shop, 'logs', `${60 + log}d`)));
    const { env } = faulty({ KILL_AT: 'rename::quarantine', ...then });
    const killed = await clean(shop, ['logs', '--force'], { env: env ?? {} });
    t.is(killed.signal, 'SIGKILL');
    const resumed = await clean(shop, ['resume'], { env: now });
    t.is(resumed.exitCode, 0, resumed.stdout + resumed.stderr);
    t.deepEqual(paths.filter(fs.existsSync), []);

    const listed = await clean(shop, ['undo', '--list', '--json']);
    const { items } = json(listed) as { items: readonly { until: string }[] };
    t.is(items.length, 3, listed.stdout);
    for (const { until } of items) {
      const left = (Date.parse(until) - Date.now()) / 86_400_000;
      t.true(left > days - 0.5 && left <= days, until);
    }
  });
}

test('a clock that runs behind the journal is refused every time, until it is accepted (story 14)', async (t) => {
  const shop = await makeShop(t);
  await finished(shop, 'logs', '90d');
  const [event = ''] = await finished(shop, 'events', '90d');
  t.is((await clean(shop, ['logs', '--force'])).exitCode, 0);
  const behind = faulty({ SHIFT_CLOCK: String(-3 * 86_400_000) });
  for (const args of [
    ['events', '--dry-run'],
    ['events', '--force'],
    ['events', '--force'],
  ]) {
    const ran = await clean(shop, args, behind);
    t.is(ran.exitCode, args.includes('--dry-run') ? 0 : 4, ran.stderr);
  }
  t.true(fs.existsSync(event));
  t.is((await clean(shop, ['events', '--force', '--accept-clock'], behind)).exitCode, 0);
  t.false(fs.existsSync(event));
});

test('a run that was refused is not called interrupted afterwards', async (t) => {
  const shop = await makeShop(t);
  await finished(shop, 'logs', '90d');
  t.is((await clean(shop, ['logs'])).exitCode, 4);
  t.is((await clean(shop, ['logs', '--force'])).exitCode, 0);
  t.deepEqual(
    (await journalOf(shop)).filter(({ type }) => type === 'RunInterrupted'),
    [],
  );
});

test('where there can be no quarantine, items still go, and the other root is cleaned as well (P8)', async (t) => {
  const shop = await makeShop(t, { prodigyHome: 'data' });
  const [log = ''] = await finished(shop, 'logs', '90d');
  const [event = ''] = await finished(shop, 'events', '90d');
  const quarantine = blockQuarantine(shop);
  const ran = await clean(shop, ['--all', '--force', '--json']);
  t.is(ran.exitCode, 0, ran.stderr);
  t.is((json(ran) as { outcome: string }).outcome, 'completed');
  t.deepEqual([fs.existsSync(log), fs.existsSync(event)], [false, false]);
  t.is(fs.readFileSync(quarantine, 'utf8'), 'in the way');
  t.deepEqual(fs.readdirSync(join(shop.home.root, 'logs', 'claude-streaming')), []);
});

test('what was asked to be undoable is, although an interrupted run before had asked otherwise', async (t) => {
  const shop = await makeShop(t);
  const [log = ''] = await finished(shop, 'logs', '90d');
  const content = fs.readFileSync(log);
  const killed = await clean(
    shop,
    ['logs', '--force', '--no-undo'],
    faulty({ KILL_AT: 'rename::quarantine' }),
  );
  t.is(killed.signal, 'SIGKILL');
  t.is((await clean(shop, ['logs', '--force'])).exitCode, 0);
  t.false(fs.existsSync(log));
  t.is((await clean(shop, ['undo', log])).exitCode, 0);
  t.deepEqual(fs.readFileSync(log), content);
});

test('a process that enters a worktree after the last look is noticed before its bytes go (P1)', async (t) => {
  const shop = await makeShop(t);
  const id = await finishedWork(shop, '90d');
  const entered = join(shop.top, 'entered');
  // Everything that is asked inside the worktree counts: the last of them stands just before the rename.
  const probe = await clean(
    shop,
    ['worktrees', '--dry-run'],
    faulty({ ENTER_AT: `worktrees/shop/${id}::1000`, ENTERED_FILE: entered }),
  );
  t.is(probe.exitCode, 0);
  let stayed = 0;
  for (let nth = 1; nth <= 40; nth += 1) {
    fs.rmSync(entered, { force: true });
    const ran = await clean(
      shop,
      ['worktrees', '--force'],
      faulty({ ENTER_AT: `worktrees/shop/${id}::${nth}`, ENTERED_FILE: entered }),
    );
    const hasEntered = fs.existsSync(entered);
    if (hasEntered) process.kill(Number(fs.readFileSync(entered, 'utf8').trim()));
    if (!hasEntered) break;
    t.true(fs.existsSync(worktreeOf(shop, id)), `entered at call ${nth}: ${ran.stdout}`);
    stayed += 1;
  }
  t.true(stayed > 0);
});

test('what is written into a worktree between the last look at it and the rename is put back (P1)', async (t) => {
  const shop = await makeShop(t);
  const id = await finishedWork(shop, '90d');
  const worktree = worktreeOf(shop, id);
  const file = join(worktree, `feature-${id}.txt`);
  const fault = faulty({ APPEND_AT: `rename::${worktree}`, APPEND_TO: file });
  const ran = await clean(shop, ['worktrees', '--force', '--json'], fault);
  t.is(ran.exitCode, 0, ran.stderr);
  const [item] = (json(ran) as { items: { outcome: string; reason: string }[] }).items;
  t.is(item?.outcome, 'drifted');
  t.is(fs.readFileSync(file, 'utf8'), 'done\n\n');
  t.true(fs.existsSync(metadataOf(shop, id)));
  t.deepEqual(inQuarantine(shop), []);
  t.is((await clean(shop, ['log', 'verify'])).exitCode, 0);
});

test('what was moved when the run was killed is put back and looked at before its bytes go (P1)', async (t) => {
  const shop = await makeShop(t);
  const [changed, same] = [await finishedWork(shop, '90d'), await finishedWork(shop, '90d')];
  const file = join(worktreeOf(shop, changed), `feature-${changed}.txt`);
  const bin = join(shop.top, 'bin');
  fs.mkdirSync(bin);
  // The first question to something in quarantine is never asked: the run dies, and both worktrees are moved or not.
  const asked = 'case " $* " in *--work-tree=*quarantine*) kill -9 $PPID; exit 1;; esac';
  const path = process.env['PATH'] ?? '';
  fs.writeFileSync(join(bin, 'git'), `#!/bin/sh\n${asked}\nPATH='${path}' exec git "$@"\n`, { mode: 0o755 });
  const killed = await clean(shop, ['worktrees', '--force'], {
    env: {
      PATH: `${bin}:${path}`,
      ...faulty({ APPEND_AT: `rename::${dirname(file)}`, APPEND_TO: file }).env,
    },
  });
  t.is(killed.signal, 'SIGKILL', killed.stdout + killed.stderr);
  t.not(inQuarantine(shop).length, 0);

  const resumed = await clean(shop, ['resume']);
  t.is(resumed.exitCode, 0, resumed.stdout + resumed.stderr);
  t.is(fs.existsSync(file) && fs.readFileSync(file, 'utf8'), 'done\n\n');
  t.false(fs.existsSync(worktreeOf(shop, same)), 'the other goes');
  t.deepEqual(inQuarantine(shop), []);
  t.is((await clean(shop, ['log', 'verify'])).exitCode, 0);
});

test('what is written into an item between the plan and the act keeps it: the last look sees inside (P6)', async (t) => {
  const shop = await makeShop(t);
  const [letters = ''] = await finished(shop, 'dlq', '90d');
  const [inside = ''] = fs
    .readdirSync(letters, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .map((name) => join(letters, name));
  const fault = faulty({ APPEND_AT: 'mkdir::quarantine', APPEND_TO: inside });
  const ran = await clean(shop, ['dlq', '--force', '--no-undo', '--json'], fault);
  t.is(ran.exitCode, 0, ran.stderr);
  t.true(fs.readFileSync(inside, 'utf8').endsWith('\n'), 'it was written to');
  const [item] = (json(ran) as { items: { outcome: string }[] }).items;
  t.is(item?.outcome, 'drifted');
});

test('the record of a session outlives its worktree, whatever a resume makes of the plan', async (t) => {
  if (!canChattr()) {
    t.log('SKIPPED: needs root and a file system with immutable files');
    t.pass();
    return;
  }
  const shop = await makeShop(t);
  const id = await finishedWork(shop, '90d');
  const worktree = worktreeOf(shop, id);
  const [log = ''] = await finished(shop, 'logs', '90d');
  setImmutable(log, true);
  const killed = await clean(
    shop,
    ['--all', '--force'],
    faulty({ KILL_AT: `rename::worktrees.*quarantine` }),
  );
  setImmutable(log, false);
  t.is(killed.signal, 'SIGKILL');
  fs.writeFileSync(join(worktree, 'untracked-now'), 'x');
  t.is((await clean(shop, ['resume'])).exitCode, 0);
  t.deepEqual([fs.existsSync(worktree), fs.existsSync(recordOf(shop, id))], [true, true]);
});

test('a full disk behind stdout stops the words, not the work (P7)', async (t) => {
  if (!fs.existsSync('/dev/full')) {
    t.log('SKIPPED: needs /dev/full');
    t.pass();
    return;
  }
  const shop = await makeShop(t);
  const [log = ''] = await finished(shop, 'logs', '90d');
  const { home, repository } = shop;
  const full = fs.openSync('/dev/full', 'w');
  const child = spawn(
    process.execPath,
    [join(repositoryTop(), 'bin', 'prodigy.cjs'), 'clean', 'logs', '--force'],
    {
      cwd: repository,
      env: { HOME: home.home, PATH: process.env['PATH'], TZ: 'UTC' },
      stdio: ['ignore', full, 'pipe'],
    },
  );
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
  fs.closeSync(full);
  t.is(exitCode, 1, said);
  t.regex(said, /could not be written \(ENOSPC\)/);
  t.false(fs.existsSync(log));
  t.false(fs.existsSync(join(home.root, 'clean', 'run.lock')));
});

test('what was moved is not called vanished while something else lies in the place of the quarantine (P1, P5)', async (t) => {
  const shop = await makeShop(t);
  const logs = [...(await finished(shop, 'logs', '60d')), ...(await finished(shop, 'logs', '61d'))].sort();
  const [first = '', second = ''] = logs;
  const killed = await clean(
    shop,
    ['logs', '--force'],
    faulty({ KILL_AT: `rename::${basename(second)} -> .*quarantine` }),
  );
  t.is(killed.signal, 'SIGKILL');
  t.deepEqual(logs.map(fs.existsSync), [false, true]);
  const quarantine = join(shop.home.root, 'clean', 'quarantine');
  fs.renameSync(quarantine, `${quarantine}-away`);
  fs.writeFileSync(quarantine, '');

  await clean(shop, ['resume']);
  t.false((await journalOf(shop)).some(({ type }) => type === 'ItemVanished'));
  fs.unlinkSync(quarantine);
  fs.renameSync(`${quarantine}-away`, quarantine);
  const resumed = await clean(shop, ['resume']);
  t.is(resumed.exitCode, 0, resumed.stderr);
  t.is((await clean(shop, ['log', 'verify'])).exitCode, 0);
  t.is((await clean(shop, ['undo', first])).exitCode, 0);
  t.true(fs.existsSync(first));
});
