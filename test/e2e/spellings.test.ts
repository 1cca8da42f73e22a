import fs from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { workflowCheckpoint } from '../helpers/checkpoint-artefacts.ts';
import { orphanRegistry } from '../helpers/orphan-registry.ts';
import { msAgo } from '../helpers/prodigy-home.ts';
import { runProdigy, type RunOptions } from '../helpers/run-prodigy.ts';
import { session } from '../helpers/session-artefacts.ts';
import { claudeLog } from '../helpers/trace-artefacts.ts';
import { agentPool, sessionWorktree } from '../helpers/worktree-artefacts.ts';
import { clean, documentOf, finishedWork, makeShop, type Shop } from './shop.ts';

/** The same home, reached through a link to what is above it. */
function linkedHome({ top, home }: Shop): { readonly linked: string; readonly options: RunOptions } {
  const linked = join(top, 'linked');
  fs.symlinkSync(top, linked);
  return {
    linked: join(linked, 'home', '.prodigy'),
    options: { env: { HOME: home.home.replace(top, linked) } },
  };
}

async function paused(shop: Shop): Promise<{ readonly id: string; readonly path: string }> {
  const { home, repository } = shop;
  const { id } = await session(home, { status: 'Paused', startedAgo: '50d', updatedAgo: '50d' });
  const path = await sessionWorktree(home, { repository, id, createdAgo: '50d', commits: { 'a.txt': 'a' } });
  await workflowCheckpoint(home, { session: id, ago: '50d', workingDirectory: path });
  return { id, path };
}

async function keptLogs(
  t: ExecutionContext,
  shop: Shop,
  cwds: Readonly<Record<string, string>>,
  options: RunOptions = {},
): Promise<void> {
  const logs = new Map<string, string>();
  for (const [how, cwd] of Object.entries(cwds))
    logs.set(how, await claudeLog(shop.home, { cwd, startedAgo: '20d' }));
  const ran = await clean(shop, ['logs', '--all-repos', '--force', '--json'], options);
  t.is(ran.exitCode, 0, ran.stderr);
  const { items } = documentOf(ran);
  for (const [how, path] of logs) {
    t.is(items.find((item) => item.path === path)?.reason, 'resumable', how);
    t.true(fs.existsSync(path), how);
  }
}

test('a log stays with its session, however the directory was called when Claude wrote it down (P1)', async (t) => {
  const shop = await makeShop(t);
  const { id, path } = await paused(shop);
  const { linked, options } = linkedHome(shop);
  const worktree = join(linked, 'worktrees', 'shop', id);
  const cwds = {
    'as it is': path,
    'through a link': worktree,
    'with ..': `${path}/../${id}`,
    'through a link, with ..': `${worktree}/sub/..`,
    'with . and doubled separators': `${path.replace('/worktrees/', '//worktrees/./')}/`,
    'deeper, and gone': join(worktree, 'gone', 'deeper'),
    'of another home': `/mnt/old/.prodigy/worktrees/shop/${id}/src`,
  };
  await keptLogs(t, shop, cwds);
  await keptLogs(t, shop, cwds, options);
});

test('a log stays when the storage is a link and its real path is named (P1)', async (t) => {
  const shop = await makeShop(t);
  const { id } = await paused(shop);
  const data = join(shop.top, 'data');
  fs.renameSync(shop.home.root, data);
  fs.symlinkSync(data, shop.home.root);
  const log = await claudeLog(shop.home, {
    cwd: join(shop.home.root, 'worktrees', 'shop', id),
    startedAgo: '20d',
  });
  const ran = await clean(shop, ['logs', '--all-repos', '--force'], { env: { PRODIGY_HOME: data } });
  t.is(ran.exitCode, 0, ran.stderr);
  t.true(fs.existsSync(log), ran.stdout);
});

test('going up from a link is both what the text says and what the disk says: either owner keeps the log', async (t) => {
  const shop = await makeShop(t);
  const { id, path } = await paused(shop);
  const other = await finishedWork(shop, '40d');
  fs.mkdirSync(join(path, 'deep'));
  const link = join(shop.home.root, 'worktrees', 'shop', other, 'link');
  fs.symlinkSync(join(path, 'deep'), link);
  await keptLogs(t, shop, { 'by the disk': `${link}/..` });
  t.truthy(id);
});

test('the end of a session says nothing of a log that only its name leads to', async (t) => {
  const shop = await makeShop(t);
  const id = await finishedWork(shop, '40d');
  const log = await claudeLog(shop.home, { cwd: `/mnt/old/${id}`, startedAgo: '3h' });
  const ran = await clean(shop, ['logs', '--all-repos', '--older-than', '1h', '--force', '--json']);
  t.is(documentOf(ran).items.find(({ path }) => path === log)?.reason, 'too-recent');
});

test('the repository of a session is not called like its worktree because its checkpoint went through a link', async (t) => {
  const shop = await makeShop(t);
  const { home, repository } = shop;
  const { linked, options } = linkedHome(shop);
  const { id, path } = await session(home, { status: 'Completed', startedAgo: '60d', endedAgo: '60d' });
  await workflowCheckpoint(home, {
    session: id,
    ago: '60d',
    workingDirectory: join(linked, 'worktrees', 'shop', id),
  });
  await workflowCheckpoint(home, { session: id, ago: '61d', workingDirectory: repository });
  const ran = await clean(shop, ['sessions', '--dry-run', '--json'], options);
  t.is(documentOf(ran).items.find((item) => item.path === path)?.verdict, 'remove', ran.stdout);
});

test('clean-orphaned finds what its registry calls by a home that is a link', async (t) => {
  const shop = await makeShop(t);
  const { home, repository } = shop;
  const { linked, options } = linkedHome(shop);
  const owner = await finishedWork(shop, '90d');
  const job = home.ids.job(msAgo(home, '90d'));
  const agents = [{ agent: 1 }, { agent: 2 }];
  const [agent = '', other = ''] = await agentPool(home, {
    repository,
    session: owner,
    job,
    ago: '90d',
    agents,
  });
  // A link among worktrees is not what it leads to.
  const alias = join(home.root, 'worktrees', owner, 'alias');
  fs.symlinkSync(other, alias);
  const listed = [agent.replace(home.root, linked), alias.replace(home.root, linked)];
  await orphanRegistry(home, {
    repository: 'shop',
    job,
    ago: '90d',
    entries: listed.map((path, agent) => ({ path, agent })),
  });
  const ran = await runProdigy(home, ['worktree', 'clean-orphaned', job, '--force'], {
    cwd: repository,
    ...options,
  });
  t.true(ran.stdout.includes(`✅ Cleaned: ${listed[0]}\n`), ran.stdout + ran.stderr);
  t.deepEqual([agent, other].map(fs.existsSync), [false, true]);
});
