import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { faulty } from '../helpers/faulty.ts';
import {
  clean,
  documentOf,
  finished,
  finishedWork,
  goingOf,
  goneSince,
  journalOf,
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

test('--max-delete stops a run before the first removal: exit 4, with the numbers, in the journal, whatever --force says (story 32)', async (t) => {
  const shop = await makeShop(t);
  for (const ago of ['90d', '80d', '70d']) await finished(shop, 'logs', ago);
  await finished(shop, 'events', '90d');
  await finished(shop, 'logs', '1d');
  const before = look(shop);
  const most = { '3': '4 of 5 items', '79%': '4 of 5 items', '1B': '4 of 5 items', '0': '4 of 5 items' };
  for (const [limit, numbers] of Object.entries(most)) {
    const ran = await clean(shop, ['--all', '--force', '--no-undo', '--max-delete', limit]);
    t.is(ran.exitCode, 4, ran.stdout);
    t.true(ran.stderr.includes(`${numbers} (`), ran.stderr);
    t.true(ran.stderr.includes(`--max-delete ${limit} allows`), ran.stderr);
  }
  const machine = await clean(shop, ['--all', '--force', '--max-delete', '3', '--json']);
  t.is(machine.exitCode, 4);
  t.like(JSON.parse(machine.stdout), {
    outcome: 'refused',
    exitCode: 4,
    error: { type: 'max-delete', limit: '3', items: 4, found: 5 },
  });
  t.deepEqual(goneSince(t, shop, before), []);
  const entries = await journalOf(shop);
  t.deepEqual(
    entries.filter(({ type }) => type === 'RunRefused').map(({ data }) => data['rule']),
    Array.from({ length: 5 }, () => 'max-delete'),
  );
  t.false(entries.some(({ type }) => type === 'RemovalIntended' || type === 'RunConfirmed'));
  t.regex((await clean(shop, ['resume'])).stdout, /Nothing to resume/);
  t.deepEqual(goneSince(t, shop, before), []);
});

test('what --max-delete allows goes, up to exactly the limit', async (t) => {
  for (const limit of ['2', '50%', '10GB']) {
    const shop = await makeShop(t);
    const gone = [...(await finished(shop, 'logs', '90d')), ...(await finished(shop, 'events', '90d'))];
    await finished(shop, 'logs', '1d');
    await finished(shop, 'events', '1d');
    const before = look(shop);
    const ran = await clean(shop, ['--all', '--force', '--max-delete', limit]);
    t.is(ran.exitCode, 0, ran.stderr);
    t.deepEqual(goneSince(t, shop, before).sort(), gone.sort());
  }
});

test('a dry run says that a run would be refused, and is none itself', async (t) => {
  const shop = await makeShop(t);
  await finished(shop, 'logs', '90d');
  const args = ['--logs', '--dry-run', '--max-delete', '0'];
  const text = await clean(shop, args);
  t.is(text.exitCode, 0, text.stderr);
  t.regex(text.stderr, /A run would be refused: 1 of 1 item .* --max-delete 0 allows/);
  t.regex(text.stdout, /Plan: 1 to remove/);
  const machine = await clean(shop, [...args, '--json', '--detailed-exitcode']);
  t.is(machine.exitCode, 10);
  t.regex(String(documentOf(machine)['notes']), /A run would be refused/);
});

test('a resumed run keeps its brake, unless it is given another; a share was one of what was found then', async (t) => {
  const stop = faulty({ KILL_AT: 'rename::quarantine' });
  for (const [then, now, exitCode] of [
    ['2', undefined, 0],
    ['100%', undefined, 0],
    ['2', '1', 4],
    ['2', '49%', 4],
    ['10GB', '50B', 4],
  ] as const) {
    const shop = await makeShop(t);
    await finished(shop, 'logs', '90d');
    await finished(shop, 'events', '90d');
    const before = look(shop);
    t.is((await clean(shop, ['--all', '--force', '--max-delete', then], stop)).signal, 'SIGKILL');
    const resumed = await clean(shop, ['resume', ...(now === undefined ? [] : ['--max-delete', now])]);
    t.is(resumed.exitCode, exitCode, `${then} ${now}: ${resumed.stderr}`);
    t.is(goneSince(t, shop, before).length, exitCode === 0 ? 2 : 0);
    t.is((await clean(shop, ['resume'])).exitCode, 0);
    t.is(goneSince(t, shop, before).length, 2, 'what was refused can be resumed');
  }
});

test('what others remove meanwhile does not make the share of a resumed run too large', async (t) => {
  const shop = await makeShop(t);
  const planned = [...(await finished(shop, 'logs', '90d')), ...(await finished(shop, 'events', '90d'))];
  const others = [...(await finished(shop, 'logs', '1d')), ...(await finished(shop, 'events', '1d'))];
  const args = ['--all', '--force', '--max-delete', '50%'];
  t.is((await clean(shop, args, faulty({ KILL_AT: 'rename::quarantine' }))).signal, 'SIGKILL');
  for (const path of others) rmSync(path, { recursive: true });
  t.is((await clean(shop, ['resume'])).exitCode, 0);
  for (const path of planned) t.false(existsSync(path));
});

test('what has grown since a run was confirmed counts when it is resumed', async (t) => {
  const shop = await makeShop(t);
  const id = await finishedWork(shop, '90d');
  const worktree = worktreeOf(shop, id);
  mkdirSync(join(worktree, 'node_modules', 'deep'), { recursive: true });
  const args = ['worktrees', '--force', '--max-delete', '5MB'];
  t.is((await clean(shop, args, faulty({ KILL_AT: 'rename::quarantine' }))).signal, 'SIGKILL');
  writeFileSync(join(worktree, 'node_modules', 'deep', 'big'), Buffer.alloc(6 * 1024 * 1024, 1));
  t.is((await clean(shop, ['resume'])).exitCode, 4);
  t.true(existsSync(worktree));
});
