import fs from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ageWorktree } from '../helpers/git.ts';
import { faulty } from '../helpers/faulty.ts';
import { orphanRegistry } from '../helpers/orphan-registry.ts';
import { msAgo } from '../helpers/prodigy-home.ts';
import { runProdigy } from '../helpers/run-prodigy.ts';
import { session } from '../helpers/session-artefacts.ts';
import { eventDirectory } from '../helpers/trace-artefacts.ts';
import { agentPool } from '../helpers/worktree-artefacts.ts';
import { clean, documentOf, finishedSession, finishedWork, makeShop, worktreeOf, type Shop } from './shop.ts';

type Nested = {
  readonly shop: Shop;
  readonly id: string;
  readonly worktree: string;
  /** A storage root, ignored by git, in an old worktree that nothing else keeps. */
  readonly inner: string;
  readonly running: string;
};

async function nested(t: ExecutionContext): Promise<Nested> {
  const shop = await makeShop(t);
  const id = await finishedWork(shop, '40d');
  const worktree = worktreeOf(shop, id);
  const inner = join(worktree, 'node_modules', 'prodigy');
  fs.mkdirSync(inner, { recursive: true });
  const { path: running } = await session(
    { ...shop.home, dataRoot: inner },
    { status: 'Running', startedAgo: '15m' },
  );
  await ageWorktree(worktree, msAgo(shop.home, '40d'));
  return { shop, id, worktree, inner, running };
}

function verdictOf(stdout: string, path: string): unknown {
  const item = (JSON.parse(stdout) as ReturnType<typeof documentOf>).items.find((one) => one.path === path);
  return item === undefined ? undefined : { reason: item.reason, ...item.evidence };
}

test('a worktree that a storage root lies in stays, whatever asks for it, and says why', async (t) => {
  const { shop, id, worktree, inner, running } = await nested(t);
  const { repository, home } = shop;
  const env = { PRODIGY_HOME: inner };
  // Without that root nothing keeps it: the plan that a run would show and carry out.
  const journal = join(shop.top, 'journal');
  const plain = { PRODIGY_CLEAN_JOURNAL_DIR: journal };
  const planned = documentOf(await clean(shop, ['worktrees', '--dry-run', '--json'], { env: plain }));
  t.deepEqual(
    planned.items.map(({ verdict }) => verdict),
    ['remove'],
  );

  const ran = await clean(shop, ['all', '--force', '--json'], { env });
  t.is(ran.exitCode, 0, ran.stderr);
  t.like(verdictOf(ran.stdout, worktree), {
    reason: 'in-use',
    doubt: 'a storage root lies in it',
    path: inner,
  });
  t.true(fs.existsSync(running));

  const applied = await clean(shop, ['apply', planned.plan, '--force'], { env: { ...plain, ...env } });
  t.is(applied.exitCode, 0, applied.stderr);
  t.true(fs.existsSync(running), applied.stdout);

  const killed = await clean(shop, ['worktrees', '--force'], {
    env: { ...faulty({ KILL_AT: 'rename::quarantine' }).env, ...plain },
  });
  t.is(killed.signal, 'SIGKILL');
  const resumed = await clean(shop, ['resume'], { env: { ...plain, ...env } });
  t.true(fs.existsSync(running), resumed.stdout);

  for (const args of [
    ['clean', '-f', id],
    ['clean', '--all', '-f'],
  ]) {
    const old = await runProdigy(home, ['worktree', ...args], { cwd: repository, env });
    t.is(old.exitCode, 1, old.stdout);
    t.regex(old.stderr, /in-use \(a storage root lies in it/);
    t.true(fs.existsSync(running));
  }
  const why = await clean(shop, ['why', worktree], { env });
  t.true(why.stdout.includes(`move the storage root ${inner} out of it, and set PRODIGY_HOME`), why.stdout);

  // The step, taken literally.
  const moved = join(shop.top, 'moved');
  fs.renameSync(inner, moved);
  const freed = await clean(shop, ['worktrees', '--force'], { env: { PRODIGY_HOME: moved } });
  t.is(freed.exitCode, 0, freed.stderr);
  t.false(fs.existsSync(worktree), freed.stdout);
});

test('clean-orphaned leaves an agent that a storage root lies in', async (t) => {
  const shop = await makeShop(t);
  const { home, repository } = shop;
  const owner = await finishedWork(shop, '40d');
  const job = home.ids.job(msAgo(home, '40d'));
  const [agent = ''] = await agentPool(home, {
    repository,
    session: owner,
    job,
    ago: '40d',
    agents: [{ agent: 1 }],
  });
  const inner = join(agent, 'node_modules', 'prodigy');
  fs.mkdirSync(join(inner, 'sessions'), { recursive: true });
  await ageWorktree(agent, msAgo(home, '40d'));
  await orphanRegistry(home, { repository: 'shop', job, ago: '40d', entries: [{ path: agent, agent: 1 }] });
  const ran = await runProdigy(home, ['worktree', 'clean-orphaned', job, '--force'], {
    cwd: repository,
    env: { PRODIGY_HOME: inner },
  });
  t.true(fs.existsSync(join(inner, 'sessions')), ran.stdout);
  t.regex(ran.stdout + ran.stderr, /in-use \(a storage root lies in it/);
});

for (const [how, lead] of [
  ['by its path', (at: string): string => at],
  [
    'through a link',
    (at: string, top: string): string => {
      fs.mkdirSync(at, { recursive: true });
      fs.symlinkSync(at, join(top, 'linked'));
      return join(top, 'linked');
    },
  ],
  [
    'by a link in it that leads out',
    (at: string, top: string): string => {
      fs.mkdirSync(dirname(at), { recursive: true });
      fs.symlinkSync(top, at);
      return join(at, 'journal');
    },
  ],
] as const) {
  test(`a worktree that the journal lies in stays: ${how}`, async (t) => {
    const shop = await makeShop(t);
    const worktree = worktreeOf(shop, await finishedWork(shop, '40d'));
    const directory = lead(join(worktree, 'node_modules', 'journal'), shop.top);
    const env = { PRODIGY_CLEAN_JOURNAL_DIR: directory };
    for (let run = 0; run < 2; run += 1) {
      const ran = await clean(shop, ['worktrees', '--force', '--json'], { env });
      t.is(ran.exitCode, 0, ran.stderr);
      t.like(verdictOf(ran.stdout, worktree), { reason: 'in-use', doubt: 'the journal lies in it' });
    }
    t.is((await clean(shop, ['log', 'verify'], { env })).exitCode, 0);
    t.regex((await clean(shop, ['why', worktree], { env })).stdout, /set PRODIGY_CLEAN_JOURNAL_DIR to it/);
  });
}

test('nothing that lies in the journal directory, or in a root within a root, is an item to remove', async (t) => {
  const shop = await makeShop(t);
  const { home } = shop;
  const events = await eventDirectory(home, { repository: 'shop', startedAgo: '60d' });
  const ran = await clean(shop, ['events', '--all-repos', '--force', '--json'], {
    env: { PRODIGY_CLEAN_JOURNAL_DIR: join(home.root, 'events', 'shop') },
  });
  t.is(ran.exitCode, 0, ran.stderr);
  t.like(verdictOf(ran.stdout, events.path), { doubt: 'it lies in the journal directory' });
  t.true(fs.existsSync(events.path));

  // `state` of one root is another root: what is in it belongs to that.
  const [record = ''] = await finishedSession(shop, '60d');
  fs.mkdirSync(join(home.root, 'state', 'sessions'));
  const inner = await clean(shop, ['sessions', '--all-repos', '--force', '--json'], {
    env: { PRODIGY_HOME: join(home.root, 'state') },
  });
  t.is(inner.exitCode, 0, inner.stderr);
  t.true(fs.existsSync(record), inner.stdout);
  t.regex(inner.stdout, /it lies in another storage root/);
});
