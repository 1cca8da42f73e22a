import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'ava';
import { Level } from 'level';
import { makeDemoStorage } from '../demo/storage.ts';
import { asNobody } from '../helpers/as-nobody.ts';
import { binary, runProdigy } from '../helpers/run-prodigy.ts';
import { canChattr, isRoot, setImmutable, temporaryDirectory } from '../helpers/temporary.ts';
import { assertSame, fingerprint } from '../helpers/tree.ts';
import { claudeLog } from '../helpers/trace-artefacts.ts';
import { clean, documentOf, finished, goingOf, look, makeShop, type Shop } from './shop.ts';

/** Skipped, and shown as such, where a machine cannot do it. */
const immutableTest = canChattr() ? test : test.skip;
const rootTest = isRoot() ? test : test.skip;

const kinds = ['worktrees', 'sessions', 'logs', 'state', 'events', 'dlq'] as const;

test('a dry run over everything shows usage, estimate and every item, and changes nothing outside clean/ (P6, stories 11 and 12)', async (t) => {
  const top = temporaryDirectory(t);
  const demo = await makeDemoStorage(top);
  const shop: Shop = { home: demo.prodigy, top, repository: demo.repository };
  mkdirSync(join(demo.root, 'clean'));
  const before = look(shop);
  const text = await clean(shop, ['--all', '--dry-run', '--full']);
  t.is(text.exitCode, 0, text.stderr);
  const machine = documentOf(await clean(shop, ['--all', '--dry-run', '--json']));
  const overview = await clean(shop, []);
  t.is(overview.exitCode, 0, overview.stderr);
  assertSame(t, before, look(shop));

  const going = machine.items.filter(({ verdict }) => verdict === 'remove');
  for (const kind of kinds) t.true((machine.before[kind]?.items ?? 0) > 0, kind);
  for (const { name } of going) t.true(text.stdout.includes(name), name);
  t.true(text.stdout.includes(`Plan: ${going.length} to remove`));
  t.regex(text.stdout, /Dry run: nothing was removed\./);
  t.is(machine.outcome, 'planned');
  t.true(machine.dryRun);
  const bytes = going.reduce((sum, item) => sum + item.bytes, 0);
  t.is(machine.after['total']?.bytes, (machine.before['total']?.bytes ?? 0) - bytes);
  t.is(machine.after['total']?.items, (machine.before['total']?.items ?? 0) - going.length);
  t.deepEqual(
    machine.items.filter(({ outcome, verdict }) => outcome !== (verdict === 'keep' ? 'kept' : 'planned')),
    [],
  );

  // And a run removes exactly that.
  const run = documentOf(await clean(shop, ['--all', '--force', '--json']));
  t.is(run.outcome, 'completed');
  t.is(run.plan, machine.plan);
  t.deepEqual(
    run.items.filter(({ outcome }) => outcome === 'removed').map(({ id }) => id),
    goingOf(machine),
  );
  t.deepEqual(run.after, machine.after);
  for (const path of demo.mustStay) t.true(existsSync(path), path);
  for (const path of demo.mayGo) t.false(existsSync(path), path);
  for (const { path } of going) t.false(existsSync(path), path);
});

test('looking again and again gives the same plan, and the same dry run twice is not news (P6)', async (t) => {
  const shop = await makeShop(t);
  for (const kind of kinds) await finished(shop, kind, '60d');
  const plans = new Set<string>();
  for (let round = 0; round < 3; round += 1) {
    plans.add(documentOf(await clean(shop, ['--all', '--dry-run', '--json'])).plan);
  }
  t.is(plans.size, 1);
  const log = (await clean(shop, ['log', '--jsonl'])).stdout;
  t.is(log.split('\n').filter((line) => line.includes('"type":"ItemCondemned"')).length, 7);
});

test('--detailed-exitcode tells whether a dry run found something', async (t) => {
  const shop = await makeShop(t);
  const args = ['--logs', '--dry-run', '--detailed-exitcode'];
  t.is((await clean(shop, args)).exitCode, 0);
  await finished(shop, 'logs', '60d');
  t.is((await clean(shop, args)).exitCode, 10);
  t.is((await clean(shop, ['--logs', '--detailed-exitcode'])).exitCode, 2, 'it speaks of a dry run');
});

for (const kind of kinds) {
  test(`--detailed-exitcode is 10 when something of ${kind} would go, in every form of output, and only then`, async (t) => {
    const shop = await makeShop(t);
    await finished(shop, kind, '1d');
    const args = [kind, '--dry-run', '--detailed-exitcode'];
    const nothing = await clean(shop, [...args, '--json']);
    t.is(nothing.exitCode, 0, nothing.stderr);
    t.like(documentOf(nothing), { exitCode: 0, outcome: 'planned' });
    await finished(shop, kind, '60d');
    t.is((await clean(shop, args)).exitCode, 10);
    const machine = await clean(shop, [...args, '--json']);
    t.is(machine.exitCode, 10, machine.stderr);
    t.like(documentOf(machine), { exitCode: 10, outcome: 'planned' });
    const lines = await clean(shop, [...args, '--jsonl']);
    t.is(lines.exitCode, 10);
    t.like(JSON.parse(lines.stdout.trimEnd().split('\n').at(-1) ?? ''), {
      type: 'RunCompleted',
      data: { exitCode: 10 },
    });
    t.is((await clean(shop, [kind, '--dry-run'])).exitCode, 0, 'only when it is asked for');
  });
}

test('a dry run works while another process holds the journal, and says that it was not journalled', async (t) => {
  const shop = await makeShop(t);
  await finished(shop, 'logs', '60d');
  t.is((await clean(shop, ['--logs', '--dry-run'])).exitCode, 0);
  const db = new Level(join(shop.home.root, 'clean', 'journal', 'db'));
  await db.open();
  try {
    const ran = await clean(shop, ['--logs', '--dry-run']);
    t.is(ran.exitCode, 0, ran.stderr);
    t.regex(ran.stdout, /Plan: 1 to remove/);
    t.regex(ran.stderr, /Not journalled: .*in use by another process/);
    const overview = await clean(shop, []);
    t.is(overview.exitCode, 0, overview.stderr);
    t.regex(overview.stderr, /Not journalled/);
  } finally {
    await db.close();
  }
});

immutableTest(
  'a dry run works where clean/ cannot be written or made, and a run refuses to remove without a journal',
  async (t) => {
    for (const immutable of ['clean', '.'] as const) {
      const shop = await makeShop(t);
      await finished(shop, 'logs', '60d');
      const place = join(shop.home.root, immutable);
      mkdirSync(place, { recursive: true });
      t.true(setImmutable(place, true));
      const before = fingerprint(shop.top);
      const ran = await clean(shop, ['--logs', '--dry-run']);
      t.is(ran.exitCode, 0, ran.stderr);
      t.regex(ran.stdout, /Plan: 1 to remove/);
      t.regex(ran.stderr, /Not journalled: /);
      t.is((await clean(shop, [])).exitCode, 0);
      const run = await clean(shop, ['--logs', '--force']);
      t.is(run.exitCode, 1, run.stdout);
      t.not(run.stderr, '');
      assertSame(t, before, fingerprint(shop.top));
      setImmutable(place, false);
    }
  },
);

rootTest('a dry run of somebody who may only read works, and leaves no trace', async (t) => {
  const shop = await makeShop(t);
  await claudeLog(shop.home, { startedAgo: '60d' });
  chmodSync(shop.top, 0o755);
  chmodSync(dirname(shop.home.root), 0o755);
  const before = fingerprint(shop.top);
  const ran = await asNobody([binary(), 'clean', '--logs', '--all-repos', '--dry-run'], {
    env: { HOME: shop.home.home },
  });
  t.is(ran.exitCode, 0, ran.stderr);
  t.regex(ran.stdout, /Plan: 1 to remove/);
  t.regex(ran.stderr, /Not journalled: /);
  assertSame(t, before, fingerprint(shop.top));
});

test('no command makes a storage that is not there', async (t) => {
  const top = temporaryDirectory(t);
  writeFileSync(join(top, 'diary.txt'), 'dear diary\n');
  const before = fingerprint(top);
  const commands = [
    [],
    ['--all', '--all-repos', '--dry-run'],
    ['--all', '--all-repos', '--force'],
    ['log'],
    ['log', 'verify'],
    ['resume'],
  ];
  for (const env of [{}, { PRODIGY_HOME: join(top, 'data') }]) {
    for (const args of commands) {
      const ran = await runProdigy(top, ['clean', ...args], { env });
      t.is(ran.exitCode, 0, `${args.join(' ')}: ${ran.stderr}`);
    }
  }
  assertSame(t, before, fingerprint(top));
});

test('looking at one root does not make the other', async (t) => {
  const shop = await makeShop(t);
  await claudeLog(shop.home, { startedAgo: '60d' });
  const before = fingerprint(shop.top);
  const env = { PRODIGY_HOME: join(shop.top, 'data') };
  for (const args of [['--logs', '--all-repos', '--dry-run'], [], ['log'], ['resume']]) {
    const ran = await clean(shop, args, { env });
    t.is(ran.exitCode, 0, ran.stderr);
  }
  assertSame(t, before, fingerprint(shop.top));
});
