import { existsSync } from 'node:fs';
import test from 'ava';
import { faulty } from '../helpers/faulty.ts';
import {
  clean,
  documentOf,
  finished,
  finishedWork,
  goingOf,
  goneSince,
  look,
  makeShop,
  reasonsOf,
  recordOf,
  worktreeOf,
} from './shop.ts';

test('--keep-last leaves the youngest of each kind, and the record of a session with its worktree', async (t) => {
  const shop = await makeShop(t);
  const kept = await finishedWork(shop, '60d');
  const goes = await finishedWork(shop, '90d');
  const [younger = ''] = await finished(shop, 'sessions', '50d');
  const [oldLog = ''] = await finished(shop, 'logs', '80d');
  const [newLog = ''] = await finished(shop, 'logs', '70d');
  const ran = await clean(shop, ['--all', '--keep-last', '1', '--force', '--json']);
  t.is(ran.exitCode, 0, ran.stderr);
  for (const path of [worktreeOf(shop, kept), recordOf(shop, kept), younger, newLog])
    t.true(existsSync(path), path);
  for (const path of [worktreeOf(shop, goes), recordOf(shop, goes), oldLog]) t.false(existsSync(path), path);
  const reasons = reasonsOf(documentOf(ran));
  t.is(reasons[`worktrees:${worktreeOf(shop, kept)}`], 'retention-floor');
  t.is(reasons[`sessions:${recordOf(shop, kept)}`], 'has-worktree');
  t.is(reasons[`logs:${newLog}`], 'retention-floor');
  const told = await clean(shop, ['log', 'show', documentOf(ran).run]);
  t.regex(told.stdout, /the youngest 1 of each repository and kind stay/);
});

test('--free takes the oldest and stops when it is enough; the rest says why it stays', async (t) => {
  const shop = await makeShop(t);
  const logs: string[] = [];
  for (const ago of ['90d', '70d', '80d']) logs.push(...(await finished(shop, 'logs', ago)));
  const before = look(shop);
  const dry = documentOf(await clean(shop, ['--logs', '--free', '1B', '--dry-run', '--json']));
  t.deepEqual(goingOf(dry), [`logs:${logs[0]}`]);
  t.is(reasonsOf(dry)[`logs:${logs[1]}`], 'enough-freed');
  const text = await clean(shop, ['--logs', '--free', '1B', '--dry-run']);
  t.regex(text.stdout, /= keep .*enough-freed \(1 B asked for\)/);
  const bytes = dry.items.find(({ id }) => id === `logs:${logs[0]}`)?.bytes ?? 0;
  t.is((await clean(shop, ['--logs', '--free', `${bytes + 1}B`, '--force'])).exitCode, 0);
  t.deepEqual(new Set(goneSince(t, shop, before)), new Set([logs[0], logs[2]]));
});

test('an interrupted run that was to free so much is resumed as far as its list went, and no further', async (t) => {
  const shop = await makeShop(t);
  const logs: string[] = [];
  for (const ago of ['90d', '80d', '70d']) logs.push(...(await finished(shop, 'logs', ago)));
  const args = ['--logs', '--free', '1B', '--force'];
  const killed = await clean(shop, args, faulty({ KILL_AT: 'rename::quarantine' }));
  t.is(killed.signal, 'SIGKILL');
  for (const log of logs) t.true(existsSync(log));
  const resumed = await clean(shop, ['resume']);
  t.is(resumed.exitCode, 0, resumed.stderr);
  t.deepEqual(
    logs.map((log) => existsSync(log)),
    [false, true, true],
  );
});
