import fs from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { git } from '../helpers/git.ts';
import { orphanRegistry } from '../helpers/orphan-registry.ts';
import { repositoryTop, runProdigy, type Ran, type RunOptions } from '../helpers/run-prodigy.ts';
import { canChattr, setImmutable } from '../helpers/temporary.ts';
import { agentPool } from '../helpers/worktree-artefacts.ts';
import { fingerprint } from '../helpers/tree.ts';
import { clean, finishedWork, journalOf, makeShop, worktreeOf, type Shop } from './shop.ts';

function worktree(shop: Shop, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return runProdigy(shop.home, ['worktree', ...args], { cwd: shop.repository, ...options });
}

type Ids = { readonly merged: string; readonly kept: string; readonly dirty: string };

/** Three old worktrees: one merged, one whose branch is not, one with a file that is nowhere else. */
async function threeWorktrees(shop: Shop): Promise<Ids> {
  const merged = await finishedWork(shop, '90d');
  await git(shop.repository, 'merge', '--quiet', `prodigy-${merged}`);
  const kept = await finishedWork(shop, '40d');
  const dirty = await finishedWork(shop, '50d', { files: { 'notes.txt': 'mine\n' } });
  return { merged, kept, dirty };
}

const agent = (job: string, number: number): string => `mapreduce-agent-${job}_agent_${number}`;
const deprecated = /^prodigy worktree clean is deprecated: use prodigy clean --worktrees/;

type Row = {
  readonly args: readonly string[];
  readonly exit: number;
  /** `%merged`, `%kept` and `%dirty` stand for the names. */
  readonly out: string;
  readonly err?: RegExp;
};

const dry: readonly Row[] = [
  {
    args: [],
    exit: 0,
    out: 'No worktrees specified for cleanup. Use --all or specify a worktree name.\n',
  },
  {
    args: ['--merged-only'],
    exit: 0,
    out: 'No worktrees specified for cleanup. Use --all or specify a worktree name.\n',
  },
  {
    args: ['--all', '--dry-run'],
    exit: 0,
    out: 'DRY RUN: Would clean all worktrees\n  - Would remove: %merged\n  - Would remove: %kept\n',
    err: /Kept worktree %dirty: kept: untracked/,
  },
  {
    args: ['-af', '--dry-run', '--merged-only'],
    exit: 0,
    out: 'DRY RUN: Would clean all worktrees\n  - Would remove: %merged\n',
  },
  { args: ['%kept', '--dry-run'], exit: 0, out: 'DRY RUN: Would remove worktree: %kept\n' },
  {
    args: ['--older-than', '60d', '--dry-run'],
    exit: 0,
    out: "DRY RUN: Would remove worktree '%merged' (age: 2160 hours)\n",
  },
  // By its own precedence the age comes before --all.
  {
    args: ['--all', '--older-than', '100D', '--dry-run'],
    exit: 0,
    out: 'No worktrees older than the specified age.\n',
  },
  {
    args: ['--mapreduce', '--dry-run'],
    exit: 0,
    out: 'DRY RUN: Would clean all orphaned MapReduce worktrees\n',
  },
  {
    args: ['--mapreduce', '--older-than', '2h', '--dry-run'],
    exit: 0,
    out: 'DRY RUN: Would clean MapReduce worktrees older than 2h\n',
  },
  {
    args: ['--mapreduce', '--job-id', 'mapreduce-20250101_000000', '--dry-run'],
    exit: 0,
    out: 'DRY RUN: Would clean all worktrees for job mapreduce-20250101_000000\n',
  },
  {
    args: ['--older-than', 'soon'],
    exit: 1,
    out: '',
    err: /Error: Invalid duration format\. Use format like '1h', '24h', '7d'/,
  },
  { args: ['--older-than', '-1h'], exit: 1, out: '', err: /Error: Invalid number in duration/ },
  { args: ['--nonsense'], exit: 2, out: '' },
  { args: ['a', 'b'], exit: 2, out: '' },
  ...['..', '.', '', '/', '/etc', 'a/b', '.metadata', '../..'].map((name) => ({
    args: [name, '--force'],
    exit: 1,
    out: '',
    err: /is not the name of a worktree/,
  })),
  {
    args: ['nobody', '--force'],
    exit: 1,
    out: '',
    err: /Error: Failed to remove worktree: 'nobody' is not a working tree/,
  },
];

test('what it says and how it ends, form by form, as Prodigy has it; nothing is touched', async (t) => {
  const shop = await makeShop(t);
  const ids = await threeWorktrees(shop);
  const named = (text: string): string =>
    text.replace(/%(merged|kept|dirty)/g, (_, which: keyof Ids) => ids[which]);
  const before = fingerprint(join(shop.home.root, 'worktrees'));
  for (const { args, exit, out, err } of dry) {
    const ran = await worktree(shop, ['clean', ...args.map(named)]);
    const shown = `worktree clean ${args.join(' ')}\n${ran.stdout}${ran.stderr}`;
    t.is(ran.exitCode, exit, shown);
    t.is(ran.stdout, named(out), shown);
    if (err !== undefined) t.regex(ran.stderr, new RegExp(named(err.source)), shown);
    if (exit !== 2) t.regex(ran.stderr, deprecated, shown);
  }
  t.deepEqual(fingerprint(join(shop.home.root, 'worktrees')), before);
});

test('--all removes what is proven, keeps and tells the rest, never asks, and can be undone', async (t) => {
  const shop = await makeShop(t);
  const { merged, kept, dirty } = await threeWorktrees(shop);
  const young = await finishedWork(shop, '2h');
  const ran = await worktree(shop, ['clean', '-af']);
  t.is(ran.exitCode, 1, ran.stderr);
  t.is(
    ran.stdout,
    [
      'Cleaning all worktrees (forced)',
      `Cleaning up worktree: ${merged}`,
      `Cleaning up worktree: ${kept}`,
      'Cleaned 2 worktrees\n',
    ].join('\n'),
  );
  t.regex(ran.stderr, new RegExp(`Kept worktree ${dirty}: kept: untracked`));
  t.regex(ran.stderr, new RegExp(`Kept worktree ${young}: kept: active`));
  t.deepEqual(
    [merged, kept, dirty, young].map((id) => fs.existsSync(worktreeOf(shop, id))),
    [false, false, true, true],
  );
  t.regex(await git(shop.repository, 'branch', '--list'), new RegExp(`prodigy-${kept}`));
  const started = (await journalOf(shop)).findLast(({ type }) => type === 'RunStarted');
  t.like(started?.data, { command: 'worktree clean', argv: ['--all', '--force'] });
  t.is((await clean(shop, ['undo', started?.run ?? ''])).exitCode, 0);
  t.true(fs.existsSync(worktreeOf(shop, kept)));
});

test('NAME, --older-than and --merged-only remove what they say, and nothing else', async (t) => {
  const shop = await makeShop(t);
  const { merged, kept, dirty } = await threeWorktrees(shop);
  const there = (): boolean[] => [merged, kept, dirty].map((id) => fs.existsSync(worktreeOf(shop, id)));

  const refused = await worktree(shop, ['clean', dirty]);
  t.is(refused.exitCode, 1);
  t.regex(refused.stderr, new RegExp(`Error: Failed to remove worktree: ${dirty}: kept: untracked`));
  t.is(refused.stdout, '');
  const none = await worktree(shop, ['clean', '--older-than', '100d']);
  t.deepEqual([none.exitCode, none.stdout], [0, 'No worktrees older than the specified age.\n']);
  const only = await worktree(shop, ['clean', '--merged-only', '--older-than', '24h']);
  t.is(only.stdout, `Removing old worktree '${merged}' (age: 2160 hours)\nCleaned 1 old worktrees\n`);
  t.deepEqual(there(), [false, true, true]);
  const named = await worktree(shop, ['clean', kept]);
  t.deepEqual(
    [named.exitCode, named.stdout],
    [0, `Removing worktree: ${kept}\nWorktree '${kept}' removed successfully\n`],
  );
  t.deepEqual(there(), [false, false, true]);
});

test('--mapreduce removes agents alone, and --job-id those of one job', async (t) => {
  const shop = await makeShop(t);
  const parent = await finishedWork(shop, '90d');
  const [one, other] = ['mapreduce-20250101_000000', 'mapreduce-20250202_000000'];
  const pool = { repository: shop.repository, session: parent, ago: '90d' };
  const [first = ''] = await agentPool(shop.home, { ...pool, job: one, agents: [{ agent: 1 }] });
  const [second = ''] = await agentPool(shop.home, { ...pool, job: other, agents: [{ agent: 2 }] });
  t.true(first.endsWith(agent(one, 1)));
  const byJob = await worktree(shop, ['clean', '--mapreduce', '--job-id', one]);
  t.is(
    byJob.stdout,
    `Cleaning worktrees for job ${one}...\nCleaned 1 worktrees for job ${one}\n`,
    byJob.stderr,
  );
  t.deepEqual([first, second].map(fs.existsSync), [false, true]);
  const rest = await worktree(shop, ['clean', '--mapreduce']);
  t.is(rest.stdout, 'Cleaning all orphaned MapReduce worktrees...\nCleaned 1 orphaned MapReduce worktrees\n');
  t.deepEqual([first, second, worktreeOf(shop, parent)].map(fs.existsSync), [false, false, true]);
});

test('clean-orphaned takes only worktrees of the storage, asks unless forced, and says what became of each', async (t) => {
  const shop = await makeShop(t);
  const none = await worktree(shop, ['clean-orphaned']);
  t.deepEqual([none.exitCode, none.stdout], [0, 'No orphaned worktrees registry found.\n']);
  const parent = await finishedWork(shop, '90d');
  const job = 'mapreduce-20250101_000000';
  const [path = ''] = await agentPool(shop.home, {
    repository: shop.repository,
    session: parent,
    job,
    ago: '90d',
    agents: [{ agent: 1 }],
  });
  const outside = join(shop.top, 'src', 'shop');
  const entries = [
    { path, agent: 1 },
    { path: `${path}0`, agent: 2 },
    { path: outside, agent: 3 },
  ];
  const registry = await orphanRegistry(shop.home, { repository: 'shop', job, ago: '90d', entries });
  const [unknown, listed, cancelled, done] = [
    await worktree(shop, ['clean-orphaned', 'nobody']),
    await worktree(shop, ['clean-orphaned', '--dry-run']),
    await worktree(shop, ['clean-orphaned', job], { input: 'n\n' }),
    await worktree(shop, ['clean-orphaned', job], { input: 'y\n' }),
  ];
  t.is(unknown.stdout, 'No orphaned worktrees found for the specified job.\n');
  t.regex(
    listed.stdout,
    /^Found 3 orphaned worktree\(s\):\n {2}- .* \(agent: .*, item: item_1, error: .*\)\n/,
  );
  t.regex(listed.stdout, /Dry run: would clean 1 worktree\(s\)\n$/);
  t.true(listed.stderr.includes(`Would not clean ${path}0: already removed\n`), listed.stderr);
  t.true(listed.stderr.includes(`Would not clean ${outside}: it is no worktree in the storage\n`));
  t.regex(cancelled.stdout, /Proceed with cleanup\? \[y\/N\]\nCleanup cancelled\.\n$/);
  t.is(done.exitCode, 0, done.stderr);
  t.true(done.stdout.includes(`✅ Cleaned: ${path}\n⚠️  Already removed: ${path}0\n`), done.stdout);
  t.true(done.stderr.includes(`❌ Failed to clean ${outside}: it is no worktree in the storage\n`));
  t.true(done.stdout.endsWith('⚠️  Cleaned 1 worktree(s), 1 failed\n'));
  t.deepEqual([path, outside, registry].map(fs.existsSync), [false, true, true]);
});

test('a registry that cannot be understood is told, with another way (P8)', async (t) => {
  const shop = await makeShop(t);
  const job = 'mapreduce-20250101_000000';
  const registry = await orphanRegistry(shop.home, { repository: 'shop', job, ago: '90d', entries: [] });
  fs.writeFileSync(registry, '[{');
  const ran = await worktree(shop, ['clean-orphaned', job, '--force']);
  t.is(ran.exitCode, 1);
  t.regex(ran.stderr, /cannot be understood: .*\n {2}prodigy clean --worktrees --mapreduce --dry-run shows/);
});

(canChattr() ? test : test.skip)(
  'a worktree that cannot be moved is told with a next step (P8)',
  async (t) => {
    const shop = await makeShop(t);
    const id = await finishedWork(shop, '90d');
    setImmutable(worktreeOf(shop, id), true);
    const ran = await worktree(shop, ['clean', id]);
    t.is(ran.exitCode, 1, ran.stdout);
    t.regex(ran.stderr, /Error: Failed to remove worktree: .*\n {2}.*prodigy clean resume\n/);
  },
);

for (const isWritten of [false, true]) {
  const then = isWritten ? 'stays when a Prodigy wrote to it meanwhile' : 'goes when all of it is cleaned';
  test(`the registry of clean-orphaned ${then}`, async (t) => {
    const shop = await makeShop(t);
    const job = 'mapreduce-20250101_000000';
    const [path = ''] = await agentPool(shop.home, {
      repository: shop.repository,
      session: await finishedWork(shop, '90d'),
      job,
      ago: '90d',
      agents: [{ agent: 1 }],
    });
    const registry = await orphanRegistry(shop.home, {
      repository: 'shop',
      job,
      ago: '90d',
      entries: [{ path, agent: 1 }],
    });
    const preload = join(repositoryTop(), 'test', 'helpers', 'preload.cjs');
    const env = {
      APPEND_AT: `rename::${path}`,
      APPEND_TO: registry,
      NODE_OPTIONS: `--require=${preload}`,
    };
    const ran = await worktree(shop, ['clean-orphaned', job, '--force'], isWritten ? { env } : {});
    t.is(ran.exitCode, 0, ran.stdout + ran.stderr);
    t.deepEqual([path, registry].map(fs.existsSync), [false, isWritten]);
  });
}

test('help says deprecated and names the new command; other worktree commands are handed over', async (t) => {
  const shop = await makeShop(t);
  for (const command of ['clean', 'clean-orphaned']) {
    const help = await worktree(shop, [command, '--help']);
    t.is(help.exitCode, 0);
    t.regex(help.stdout, /deprecated: use prodigy clean --worktrees/);
  }
  t.is((await worktree(shop, ['ls'], { env: { PATH: '/nonexistent' } })).exitCode, 127);
});
