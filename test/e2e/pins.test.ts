import fs from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { Level } from 'level';
import { workflowCheckpoint } from '../helpers/checkpoint-artefacts.ts';
import { json, runProdigy, type Ran } from '../helpers/run-prodigy.ts';
import {
  clean,
  documentOf,
  finished,
  finishedWork,
  goingOf,
  journalOf,
  makeShop,
  reasonsOf,
  recordOf,
  worktreeOf,
  type Shop,
} from './shop.ts';

async function failedWork(shop: Shop): Promise<string> {
  const id = await finishedWork(shop, '90d', { status: 'Failed' });
  await workflowCheckpoint(shop.home, {
    session: id,
    ago: '90d',
    status: 'Failed',
    workingDirectory: shop.repository,
  });
  return id;
}

test('a hold keeps a session with its worktree through every kind of run, until it is released', async (t) => {
  const shop = await makeShop(t);
  const id = await finishedWork(shop, '90d');
  const [log = ''] = await finished(shop, 'logs', '90d');
  const held = await clean(shop, ['hold', id, '--reason', 'for the talk', '--until', '30d']);
  t.is(held.exitCode, 0, held.stderr);
  t.regex(held.stdout, new RegExp(`On hold until .*: session:${id} \\(for the talk\\)`));

  const overview = await clean(shop, []);
  t.regex(overview.stdout, /1 held/);
  t.regex(overview.stdout, /On hold until .*for the talk/);
  const dry = await clean(shop, ['--all', '--dry-run']);
  t.regex(dry.stdout, /= keep .* held \(.*for the talk; until /);
  const document = documentOf(await clean(shop, ['--all', '--force', '--json']));
  const worktree = worktreeOf(shop, id);
  const item = document.items.find(({ path }) => path === worktree);
  t.like(item, { reason: 'held', outcome: 'kept' });
  t.like(item?.evidence, { held: 'for the talk', owner: `session:${id}` });
  t.is(typeof item?.evidence['untilMs'], 'number');
  t.deepEqual([worktree, recordOf(shop, id), log].map(fs.existsSync), [true, true, false]);

  t.regex((await clean(shop, ['hold'])).stdout, /for the talk/);
  const why = await clean(shop, ['why', worktree]);
  t.regex(why.stdout, new RegExp(`held[^]*prodigy clean release '?session:${id}`));
  t.is((await clean(shop, ['release', id])).exitCode, 0);
  t.regex((await clean(shop, ['hold'])).stdout, /Nothing is on hold/);
  t.is((await clean(shop, ['--all', '--force'])).exitCode, 0);
  t.false(fs.existsSync(worktree));
  const told = (await journalOf(shop)).filter(({ type }) => /^(HoldPlaced|PinReleased)$/.test(type));
  t.deepEqual(
    told.map(({ data }) => data['target']),
    [`session:${id}`, `session:${id}`],
  );
  t.is((await clean(shop, ['log', 'verify'])).exitCode, 0);
});

test('an item can be held by its id, by its path, and by the path of something in it', async (t) => {
  const shop = await makeShop(t);
  const [log = ''] = await finished(shop, 'logs', '90d');
  const [event = ''] = await finished(shop, 'events', '90d');
  const id = await finishedWork(shop, '90d');
  for (const [name, target] of [
    [log, `logs:${log}`],
    [`events:${event}`, `events:${event}`],
    [join(worktreeOf(shop, id), '.git'), `worktrees:${worktreeOf(shop, id)}`],
  ] as const) {
    const held = await clean(shop, ['hold', name, '--reason', 'mine', '--json']);
    t.is(held.exitCode, 0, held.stderr);
    t.like((json(held)['pins'] as object[])[0], { id: target, hold: { reason: 'mine' } });
  }
  const document = documentOf(await clean(shop, ['--all', '--force', '--json']));
  t.deepEqual(
    [log, event, worktreeOf(shop, id), recordOf(shop, id)].map((path) => [
      fs.existsSync(path),
      document.items.find((item) => item.path === path)?.reason,
    ]),
    [
      [true, 'held'],
      [true, 'held'],
      [true, 'held'],
      [true, 'has-worktree'],
    ],
  );
});

async function interruptedRun(shop: Shop, env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const preload = join(process.cwd(), 'test', 'helpers', 'preload.cjs');
  return clean(shop, ['worktrees', '--force'], {
    env: { ...env, KILL_AT: 'rename::quarantine', NODE_OPTIONS: `--require=${preload}` },
  });
}

test('a hold made after the plan of an interrupted run is honoured by resume', async (t) => {
  const shop = await makeShop(t);
  const id = await finishedWork(shop, '90d');
  const killed = await interruptedRun(shop);
  t.is(killed.signal, 'SIGKILL');
  t.true(fs.existsSync(worktreeOf(shop, id)));
  t.is((await clean(shop, ['hold', id, '--reason', 'wait'])).exitCode, 0);
  const resumed = await clean(shop, ['resume']);
  t.is(resumed.exitCode, 0, resumed.stderr);
  t.regex(resumed.stdout, /left alone: .*held/);
  t.true(fs.existsSync(worktreeOf(shop, id)));
  const drifted = (await journalOf(shop)).filter(({ type }) => type === 'ItemDrifted');
  t.deepEqual(
    drifted.map(({ data }) => data['evidence']),
    [{ now: 'held' }],
  );
});

test('while a run is under way nothing can be put on hold, and it is said who works there', async (t) => {
  const shop = await makeShop(t);
  const [log = ''] = await finished(shop, 'logs', '90d');
  const lock = join(shop.home.root, 'clean', 'run.lock');
  fs.mkdirSync(join(shop.home.root, 'clean'), { recursive: true });
  const since = new Date().toISOString();
  const content = { pid: process.pid, startTime: '', bootId: '', host: 'elsewhere', command: 'x', since };
  fs.writeFileSync(lock, JSON.stringify(content));
  const refused = await clean(shop, ['hold', log, '--reason', 'mine']);
  t.is(refused.exitCode, 11);
  t.regex(refused.stderr, /Process \d+ on elsewhere \(x\) has locked this storage/);
});

test('an abandoned session goes by age like the rest, a live one cannot be abandoned, and release takes it back', async (t) => {
  const shop = await makeShop(t);
  const id = await failedWork(shop);
  const reasons = async (): Promise<(string | undefined)[]> => {
    const document = documentOf(await clean(shop, ['--all', '--dry-run', '--json']));
    const by = reasonsOf(document);
    return [by[`worktrees:${worktreeOf(shop, id)}`], by[`sessions:${recordOf(shop, id)}`]];
  };
  t.deepEqual(await reasons(), ['resumable', 'resumable']);
  t.is((await clean(shop, ['abandon', id])).exitCode, 2, 'without a reason');
  const given = await clean(shop, ['abandon', id, '--reason', 'superseded']);
  t.is(given.exitCode, 0, given.stderr);
  t.regex(given.stdout, /Abandoned on .*superseded[^]*go by age/);
  t.deepEqual(await reasons(), ['expired', 'expired']);
  t.is((await clean(shop, ['release', id])).exitCode, 0);
  t.deepEqual(await reasons(), ['resumable', 'resumable']);

  t.is((await clean(shop, ['abandon', id, '--reason', 'superseded'])).exitCode, 0);
  t.is((await clean(shop, ['--all', '--force'])).exitCode, 0);
  t.false(fs.existsSync(worktreeOf(shop, id)));

  const running = await finishedWork(shop, '1h', { status: 'Running' });
  const refused = await clean(shop, ['abandon', running, '--reason', 'x']);
  t.is(refused.exitCode, 4, refused.stdout);
  t.regex(refused.stderr, /stays: active/);
  const done = await finishedWork(shop, '80d');
  const needless = await clean(shop, ['abandon', done, '--reason', 'x']);
  t.is(needless.exitCode, 2);
  t.regex(needless.stderr, /there is nothing to abandon[^]*prodigy clean --all --dry-run --full shows/);
});

test('an unknown id is wrong usage, with near names, and so are a missing reason and a date that is over', async (t) => {
  const shop = await makeShop(t);
  const id = await finishedWork(shop, '90d');
  const typo = await clean(shop, ['hold', `${id.slice(0, -1)}x`, '--reason', 'x']);
  t.is(typo.exitCode, 2);
  t.true(typo.stderr.includes(`similar: ${id}`), typo.stderr);
  for (const args of [
    ['hold', id],
    ['hold', id, '--reason', ' '],
    ['hold', id, '--reason', 'x', '--until', '2001-01-01'],
    ['hold', id, '--reason', 'x', '--until', 'soon'],
    ['release', id],
    ['abandon', 'nobody', '--reason', 'x'],
  ]) {
    const ran = await clean(shop, args);
    t.is(ran.exitCode, 2, args.join(' '));
  }
  t.deepEqual(
    (await journalOf(shop)).filter(({ type }) => type === 'HoldPlaced'),
    [],
  );
});

test('who only looks says that he does not know what is on hold', async (t) => {
  const shop = await makeShop(t);
  const [log = ''] = await finished(shop, 'logs', '60d');
  t.is((await clean(shop, ['hold', log, '--reason', 'mine'])).exitCode, 0);
  t.deepEqual(goingOf(documentOf(await clean(shop, ['--logs', '--dry-run', '--json']))), []);
  t.notRegex((await clean(shop, ['--logs', '--dry-run'])).stderr, /on hold/);
  const level = new Level(join(shop.home.root, 'clean', 'journal', 'db'));
  await level.put('e!0000000000000001', 'nothing that was ever written');
  await level.close();

  const said = /^What is on hold is not known: The journal .* is damaged/gm;
  for (const args of [['--logs', '--dry-run'], []]) {
    const text = await clean(shop, args);
    t.is(text.exitCode, 0, text.stderr);
    t.is(text.stderr.match(said)?.length, 1, text.stderr);
    const { notes } = documentOf(await clean(shop, [...args, '--json'])) as { notes?: string[] };
    t.is(notes?.length, 1);
    t.regex(notes?.[0] ?? '', /^What is on hold is not known: /);
  }
  const worktrees = await runProdigy(shop.home, ['worktree', 'clean', '--all', '--dry-run'], {
    cwd: shop.repository,
  });
  t.is(worktrees.exitCode, 0, worktrees.stderr);
  t.is(worktrees.stderr.match(said)?.length, 1, worktrees.stderr);
});

test('what the journal of another storage root has on hold stays, and is released there (P3)', async (t) => {
  const shop = await makeShop(t);
  const other = join(shop.top, 'other');
  fs.mkdirSync(join(other, 'sessions'), { recursive: true });
  const id = await finishedWork(shop, '90d');
  const [log = ''] = await finished(shop, 'logs', '90d');
  t.is((await clean(shop, ['hold', id, '--reason', 'for the talk'])).exitCode, 0);

  const elsewhere = { env: { PRODIGY_HOME: other } };
  const worktree = worktreeOf(shop, id);
  const root = fs.realpathSync(shop.home.root);
  const dry = documentOf(await clean(shop, ['--worktrees', '--dry-run', '--json'], elsewhere));
  t.deepEqual(goingOf(dry), []);
  const ran = documentOf(await clean(shop, ['--all', '--force', '--json'], elsewhere));
  const kept = ran.items.find(({ path }) => path === worktree);
  t.like(kept, { reason: 'held', outcome: 'kept' });
  t.like(kept?.evidence, { held: 'for the talk', heldIn: root });
  t.deepEqual([worktree, log].map(fs.existsSync), [true, false]);
  t.regex(
    (await clean(shop, ['hold'], elsewhere)).stdout,
    /On hold until it is released, by the journal of .*\.prodigy: session:/,
  );
  const why = await clean(shop, ['why', worktree], elsewhere);
  const release = `env -u PRODIGY_CLEAN_JOURNAL_DIR PRODIGY_HOME=${root} prodigy clean release session:${id}`;
  t.true(why.stdout.includes(release), why.stdout);
  const notHere = await clean(shop, ['release', id], elsewhere);
  t.is(notHere.exitCode, 2);
  t.true(notHere.stderr.includes(release), notHere.stderr);

  const level = new Level(join(shop.home.root, 'clean', 'journal', 'db'));
  await level.put('e!0000000000000001', 'nothing that was ever written');
  await level.close();
  const refused = await clean(shop, ['--worktrees', '--force'], elsewhere);
  t.is(refused.exitCode, 1);
  const said = /What is on hold by the journal of .* is not known: it is damaged/;
  t.regex(refused.stderr, said);
  t.regex(refused.stderr, /env -u PRODIGY_CLEAN_JOURNAL_DIR PRODIGY_HOME=.* prodigy clean doctor/);
  t.true(fs.existsSync(worktree));
  t.regex((await clean(shop, ['--worktrees', '--dry-run'], elsewhere)).stderr, said);
  // What is said here is heard all the same, and no run was begun that has no end.
  const own = await clean(shop, ['hold', id, '--reason', 'mine'], elsewhere);
  t.is(own.exitCode, 0, own.stderr);
  const list = await clean(shop, ['hold'], elsewhere);
  t.is(list.exitCode, 0);
  t.regex(list.stdout, /mine/);
  t.regex(list.stderr, said);
  t.regex((await clean(shop, ['resume'], elsewhere)).stdout, /Nothing to resume/);
});

test('a hold made in another journal after the plan of an interrupted run is honoured by resume (P3)', async (t) => {
  const shop = await makeShop(t);
  const id = await finishedWork(shop, '90d');
  const other = join(shop.top, 'other');
  fs.mkdirSync(join(other, 'sessions'), { recursive: true });
  const env = { PRODIGY_HOME: other };
  t.is((await interruptedRun(shop, env)).signal, 'SIGKILL');
  t.true(fs.existsSync(worktreeOf(shop, id)));
  t.is((await clean(shop, ['hold', id, '--reason', 'wait'])).exitCode, 0);
  const current = join(shop.home.root, 'clean', 'journal', 'db', 'CURRENT');
  fs.renameSync(current, `${current}.away`);
  const refused = await clean(shop, ['resume'], { env });
  t.is(refused.exitCode, 1, refused.stdout);
  t.regex(refused.stderr, /What is on hold by the journal of .* is not known/);
  fs.renameSync(`${current}.away`, current);
  const resumed = await clean(shop, ['resume'], { env });
  t.regex(resumed.stdout, /left alone: .*held/, resumed.stderr);
  t.true(fs.existsSync(worktreeOf(shop, id)));
});
