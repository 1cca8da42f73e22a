import test from 'ava';
import { join } from 'node:path';
import { claudeLog } from '../helpers/trace-artefacts.ts';
import { jobState } from '../helpers/job-artefacts.ts';
import { clean, documentOf, finished, goneSince, look, makeShop, project } from './shop.ts';

const kinds = ['worktrees', 'sessions', 'logs', 'state', 'events', 'dlq'] as const;

for (const [kind, limit] of [
  ['worktrees', '7d'],
  ['sessions', '30d'],
  ['logs', '24h'],
  ['state', '7d'],
  ['events', '14d'],
  ['dlq', '30d'],
] as const) {
  test(`--${kind} --older-than ${limit} removes what is older of that kind and nothing else (P1)`, async (t) => {
    const shop = await makeShop(t);
    const old = await finished(shop, kind, `${limit}10m`);
    await finished(shop, kind, limit === '24h' ? '23h50m' : `${Number.parseInt(limit, 10) - 1}d23h50m`);
    for (const other of kinds) if (other !== kind) await finished(shop, other, '200d');
    const before = look(shop);
    const ran = await clean(shop, [`--${kind}`, '--older-than', limit, '--force']);
    t.is(ran.exitCode, 0, ran.stderr);
    t.deepEqual(goneSince(t, shop, before).sort(), [...old].sort());
  });
}

test('without --older-than the defaults hold: 7, 30, 7, 30, 14 and 30 days, on both sides of each limit', async (t) => {
  const shop = await makeShop(t);
  const defaults = { worktrees: 7, sessions: 30, logs: 7, state: 30, events: 14, dlq: 30 };
  const old: string[] = [];
  for (const kind of kinds) {
    old.push(...(await finished(shop, kind, `${defaults[kind]}d10m`)));
    await finished(shop, kind, `${defaults[kind] - 1}d23h50m`);
  }
  const before = look(shop);
  const ran = await clean(shop, ['--all', '--force']);
  t.is(ran.exitCode, 0, ran.stderr);
  t.deepEqual(goneSince(t, shop, before).sort(), old.sort());
});

test('words mean what flags mean, and both can be mixed', async (t) => {
  const shop = await makeShop(t);
  for (const kind of kinds) await finished(shop, kind, '60d');
  const shapes = [
    ['--worktrees', '--logs', '--older-than', '24h'],
    ['worktrees', 'logs', '--older-than', '24h'],
    ['logs', '--worktrees', '--older-than', '1d'],
    ['--older-than', '24h', 'logs', 'worktrees'],
  ];
  const plans = [];
  for (const shape of shapes) {
    const document = documentOf(await clean(shop, [...shape, '--dry-run', '--json']));
    t.deepEqual([...new Set(document.items.map(({ kind }) => kind))].sort(), ['logs', 'worktrees']);
    t.is(document.items.filter(({ verdict }) => verdict === 'remove').length, 2);
    plans.push(document.plan);
  }
  t.is(new Set(plans).size, 1, 'one and the same plan');
  const all = documentOf(await clean(shop, ['all', '--dry-run', '--json']));
  t.is(all.plan, documentOf(await clean(shop, ['--all', '--dry-run', '--json'])).plan);
  t.is(
    all.items.filter(({ verdict }) => verdict === 'remove').length,
    7,
    'six, and the record of the worktree',
  );
});

test('kinds combine: --events --dlq takes both and leaves the others byte-identical', async (t) => {
  const shop = await makeShop(t);
  const gone: string[] = [];
  for (const kind of kinds) {
    const paths = await finished(shop, kind, '60d');
    if (kind === 'events' || kind === 'dlq') gone.push(...paths);
  }
  const before = look(shop);
  const ran = await clean(shop, ['--events', '--dlq', '--older-than', '30d', '--force']);
  t.is(ran.exitCode, 0, ran.stderr);
  t.deepEqual(goneSince(t, shop, before).sort(), gone.sort());
});

test('--all --older-than 30d --all-repos cleans every repository and what belongs to none', async (t) => {
  const shop = await makeShop(t);
  const api = await project(join(shop.top, 'src', 'api'), shop.home);
  const gone: string[] = [];
  for (const kind of kinds) gone.push(...(await finished(shop, kind, '31d')));
  const work = { ...shop, repository: api };
  gone.push(
    await claudeLog(shop.home, { cwd: api, startedAgo: '31d' }),
    await claudeLog(shop.home, { startedAgo: '31d' }),
    ...(await finished(work, 'sessions', '31d')),
    (await jobState(shop.home, { repository: 'api', complete: true, updatedAgo: '31d' })).path,
  );
  await claudeLog(shop.home, { cwd: api, startedAgo: '29d' });
  const before = look(shop);
  const ran = await clean(shop, ['--all', '--older-than', '30d', '--all-repos', '--force']);
  t.is(ran.exitCode, 0, ran.stderr);
  // The record of the finished worktree goes with it.
  const removed = goneSince(t, shop, before);
  t.deepEqual(
    gone.filter((path) => !removed.includes(path)),
    [],
  );
  t.deepEqual(
    removed.filter((path) => !gone.includes(path)).map((path) => path.split('/').at(-2)),
    ['sessions'],
  );
});

test('with PRODIGY_HOME set, both roots are looked at and cleaned', async (t) => {
  const shop = await makeShop(t, { prodigyHome: 'data' });
  const gone: string[] = [];
  for (const kind of kinds) gone.push(...(await finished(shop, kind, '60d')));
  const before = look(shop);
  const ran = await clean(shop, ['--all', '--force', '--json']);
  t.is(ran.exitCode, 0, ran.stderr);
  const document = documentOf(ran);
  t.deepEqual(document['scope'], {
    allRepositories: false,
    repositories: [{ name: 'shop', path: shop.repository }],
    roots: [shop.home.dataRoot, shop.home.root],
    kinds: (document['scope'] as { kinds: unknown }).kinds,
  });
  const removed = goneSince(t, shop, before);
  t.deepEqual(
    gone.filter((path) => !removed.includes(path)),
    [],
  );
  t.true(removed.some((path) => path.startsWith(shop.home.root)));
  t.true(removed.some((path) => path.startsWith(shop.home.dataRoot)));
});
