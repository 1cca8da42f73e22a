import { spawnSync } from 'node:child_process';
import { linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { makeDemoStorage } from '../demo/storage.ts';
import { canarySecret } from '../helpers/checkpoint-artefacts.ts';
import { ageTree } from '../helpers/git.ts';
import { msAgo } from '../helpers/prodigy-home.ts';
import { binary, jsonLines, prodigyEnvironment, type Ran } from '../helpers/run-prodigy.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { claudeLog, eventDirectory } from '../helpers/trace-artefacts.ts';
import {
  clean,
  documentOf,
  finished,
  finishedWork,
  journalOf,
  makeShop,
  type Document,
  type Shop,
} from './shop.ts';

const kinds = ['worktrees', 'sessions', 'logs', 'state', 'events', 'dlq'] as const;

/** Adds up what a document says in more than one place. */
function assertArithmetic(t: ExecutionContext, document: Document): void {
  const { before, after, items } = document;
  const sum = (of: Record<string, { items: number; bytes: number }>, key: 'items' | 'bytes'): number =>
    Object.entries(of).reduce((total, [kind, tally]) => total + (kind === 'total' ? 0 : tally[key]), 0);
  for (const of of [before, after]) {
    t.deepEqual({ items: sum(of, 'items'), bytes: sum(of, 'bytes') }, of['total']);
  }
  for (const [kind, counts] of Object.entries(document.kinds)) {
    const ours = items.filter((item) => item.kind === kind);
    t.is(counts['scanned'], ours.length, kind);
    t.is(counts['kept'], ours.filter(({ verdict }) => verdict === 'keep').length, kind);
    t.is(counts['condemned'], ours.filter(({ verdict }) => verdict === 'remove').length, kind);
    t.is(counts['removed'], ours.filter(({ outcome }) => outcome === 'removed').length, kind);
    t.is(counts['failed'], ours.filter(({ outcome }) => outcome === 'failed').length, kind);
    t.is(
      before[kind]?.bytes,
      ours.reduce((total, { bytes }) => total + bytes, 0),
      kind,
    );
    if (document.dryRun) continue;
    const removed = ours.filter(({ outcome }) => outcome === 'removed');
    t.is(
      counts['bytesReclaimed'],
      removed.reduce((total, { bytes }) => total + bytes, 0),
      kind,
    );
    const { items: count = 0, bytes = 0 } = before[kind] ?? {};
    const left = { items: count - (counts['removed'] ?? 0), bytes: bytes - (counts['bytesReclaimed'] ?? 0) };
    t.deepEqual(after[kind], left, kind);
  }
  const reclaimed = Object.values(document.kinds).reduce(
    (total, of) => total + (of['bytesReclaimed'] ?? 0),
    0,
  );
  t.is(document.reclaimedBytes, reclaimed);
}

test('--json is one document with the promised keys, and its numbers add up, before, during and after (P9)', async (t) => {
  const top = temporaryDirectory(t);
  const demo = await makeDemoStorage(top);
  const shop: Shop = { home: demo.prodigy, top, repository: demo.repository };
  const outputs: Ran[] = [];
  const ask = async (...args: string[]): Promise<Document> => {
    const ran = await clean(shop, [...args, '--json']);
    outputs.push(ran);
    return documentOf(ran);
  };
  const overview = await ask();
  const dry = await ask('--all', '--dry-run');
  const run = await ask('--all', '--force');
  const after = await ask('--all', '--dry-run');
  const keys = [
    'schema',
    'run',
    'plan',
    'outcome',
    'exitCode',
    'dryRun',
    'startedAt',
    'endedAt',
    'cutoffs',
    'scope',
  ];
  const more = [
    'before',
    'after',
    'kinds',
    'items',
    'reclaimedBytes',
    'heldForUndoBytes',
    'freeBytes',
    'failures',
  ];
  for (const document of [overview, dry, run, after]) {
    for (const key of [...keys, ...more]) t.true(key in document, key);
    t.is(document['schema'], 'prodigy-clean/1');
    for (const at of [document['startedAt'], document['endedAt']])
      t.regex(String(at), /^\d{4}-.*T.*\.\d{3}Z$/);
    for (const { bytes } of document.items) t.true(Number.isSafeInteger(bytes));
    assertArithmetic(t, document);
  }
  t.deepEqual(Object.keys(dry['cutoffs'] as object).sort(), [...kinds].sort());
  t.deepEqual(overview.before, dry.before);
  const stayed = run.items.filter(({ verdict, outcome }) => verdict === 'remove' && outcome !== 'removed');
  t.deepEqual(stayed, [], 'nobody meddled with it meanwhile');
  t.deepEqual(dry.after, run.after, 'what was estimated is what came');
  t.is(run.exitCode, 0);
  t.deepEqual(after.before, run.after, 'what was left is what is found next');
  t.is(after.items.filter(({ verdict }) => verdict === 'remove').length, 0);
  t.is(outputs[2]?.exitCode, run.exitCode);

  // P10: what checkpoints hold is nobody's business.
  const everything = [
    ...outputs.flatMap(({ stdout, stderr }) => [stdout, stderr]),
    (await clean(shop, ['log', '--json'])).stdout,
    (await clean(shop, ['log'])).stdout,
    readFileSync(join(demo.root, 'clean', 'clean.log'), 'utf8'),
    ...filesBelow(join(demo.root, 'clean', 'journal')).map((path) => readFileSync(path, 'latin1')),
  ];
  t.deepEqual(
    everything.filter((text) => text.includes(canarySecret)),
    [],
  );
});

test('--jsonl is the journal as it happens', async (t) => {
  const shop = await makeShop(t);
  for (const kind of kinds) await finished(shop, kind, '60d');
  const ran = await clean(shop, ['--all', '--force', '--jsonl']);
  t.is(ran.exitCode, 0, ran.stderr);
  const told = jsonLines(ran);
  const run = (told[0] as { run: string }).run;
  const stored = jsonLines(await clean(shop, ['log', '--run', run, '--jsonl']));
  t.deepEqual(told, stored);
  t.is(told.at(-1)?.['type'], 'RunCompleted');
});

test('the human log has a line for each removal, and losing it loses nothing of the journal', async (t) => {
  const shop = await makeShop(t);
  const log = join(shop.home.root, 'clean', 'clean.log');
  const first = [...(await finished(shop, 'logs', '60d')), ...(await finished(shop, 'events', '61d'))];
  t.is((await clean(shop, ['--all', '--force', '--no-undo'])).exitCode, 0);
  const lines = readFileSync(log, 'utf8').split('\n');
  for (const path of first)
    t.is(lines.filter((line) => line.includes(`removed: `) && line.includes(path)).length, 1);
  t.is(statSync(log).mode & 0o077, 0, 'nobody else reads it');

  const next = await makeShop(t);
  mkdirSync(join(next.home.root, 'clean', 'clean.log'), { recursive: true });
  const second = await finished(next, 'logs', '60d');
  const ran = await clean(next, ['--all', '--force', '--no-undo']);
  t.is(ran.exitCode, 0, ran.stderr);
  const entries = await journalOf(next);
  t.deepEqual(
    entries.filter(({ type }) => type === 'ItemRemoved').map(({ data }) => data['item']),
    second.map((path) => `logs:${path}`),
  );
  t.is((await clean(next, ['log', 'verify'])).exitCode, 0);
});

test('a file name cannot forge a line, nor move the cursor', async (t) => {
  const shop = await makeShop(t);
  const { home, repository } = shop;
  const evil = '20260101_000000-x\n✓ Cleaned 99 sessions, reclaimed 9 GB\u001b[2K\u001b[1A\r\u202e.jsonl';
  await claudeLog(home, { cwd: repository, startedAgo: '60d', name: evil });
  await claudeLog(home, { cwd: `${repository}\n  - worktree forged`, startedAgo: '60d' });
  const name = 'session-\u001b]0;owned\u0007\nforged';
  await eventDirectory(home, { repository: 'shop', id: name, startedAgo: '60d' });
  const outputs: string[] = [];
  for (const args of [
    ['--all', '--all-repos', '--dry-run', '--full'],
    ['--all', '--all-repos', '--force'],
    ['log'],
  ]) {
    const ran = await clean(shop, args);
    t.is(ran.exitCode, 0, ran.stderr);
    outputs.push(ran.stdout, ran.stderr);
  }
  outputs.push(readFileSync(join(home.root, 'clean', 'clean.log'), 'utf8'));
  for (const text of outputs) {
    // eslint-disable-next-line no-control-regex
    t.false(/[\u0000-\u0009\u000b-\u001f\u007f\u202e]/u.test(text), JSON.stringify(text));
    t.false(/^✓ Cleaned 99/m.test(text));
    t.false(/^\s*(- remove )?forged/m.test(text));
  }
});

test('no colour unless asked for, and a reader that goes away is no error', async (t) => {
  const shop = await makeShop(t);
  for (let day = 30; day < 60; day += 1) await finished(shop, 'logs', `${day}d`);
  const escape = '\u001b[';
  t.false((await clean(shop, ['--all', '--dry-run'])).stdout.includes(escape));
  t.false(
    (await clean(shop, ['--all', '--dry-run'], { env: { NO_COLOR: undefined } })).stdout.includes(escape),
  );
  const forced = { NO_COLOR: undefined, FORCE_COLOR: '1' };
  t.true((await clean(shop, ['--all', '--dry-run'], { env: forced })).stdout.includes(escape));
  t.false((await clean(shop, ['--all', '--dry-run', '--no-color'], { env: forced })).stdout.includes(escape));
  t.false((await clean(shop, ['--all', '--dry-run'], { env: { FORCE_COLOR: '1' } })).stdout.includes(escape));

  for (const args of ['--all --dry-run --full', 'log', 'log --json', '--all --force']) {
    const script = `"${process.execPath}" "${binary()}" clean ${args} | head -1; echo "\${PIPESTATUS[0]}"`;
    const piped = spawnSync('bash', ['-c', script], {
      cwd: shop.repository,
      env: prodigyEnvironment(shop.home.home),
      encoding: 'utf8',
    });
    // On a slow machine there is something to wait for.
    t.is(piped.stderr.replace(/^(?:Scanning|Cleaning) .*\n/gm, ''), '', args);
    t.is(piped.stdout.trim().split('\n').at(-1), '0', `${args}: ${piped.stdout}`);
  }
  t.deepEqual(readdirSync(join(shop.home.root, 'logs', 'claude-streaming')), [], 'the work went on');
});

test('clean log selects by time, run, kind and count, and gives everything without a limit', async (t) => {
  const shop = await makeShop(t);
  for (const kind of kinds) await finished(shop, kind, '60d');
  const first = documentOf(await clean(shop, ['--logs', '--force', '--json'])).run;
  const second = documentOf(await clean(shop, ['--all', '--force', '--json'])).run;
  const all = await journalOf(shop);
  const log = async (...args: string[]): Promise<Record<string, unknown>[]> => [
    ...jsonLines(await clean(shop, ['log', '--jsonl', ...args])),
  ];
  t.deepEqual(
    all.map((entry) => entry['seq']),
    all.map((_, index) => index),
    'every entry, in order',
  );
  t.deepEqual(
    await log('--run', first),
    all.filter(({ run }) => run === first),
  );
  t.deepEqual(
    await log('--run', second.slice(0, 12)),
    all.filter(({ run }) => run === second),
  );
  t.deepEqual(await log('--limit', '3'), all.slice(-3));
  const at = all.findLast(({ run }) => run === first)?.at ?? '';
  t.deepEqual(
    await log('--until', at),
    all.filter((entry) => entry.at <= at),
  );
  t.deepEqual(
    await log('--since', at),
    all.filter((entry) => entry.at >= at),
  );
  t.is((await log('--since', '1h')).length, all.length);
  t.is((await log('--since', 'yesterday')).length, all.length);
  t.is((await log('--until', '2 hours ago')).length, 0);
  const kind = (entry: (typeof all)[number]): unknown =>
    entry.data['kind'] ?? (entry.data['item'] as string | undefined)?.split(':')[0];
  t.deepEqual(
    await log('--kind', 'logs'),
    all.filter((entry) => kind(entry) === 'logs'),
  );
  t.deepEqual(JSON.parse((await clean(shop, ['log', '--json', '--limit', '5'])).stdout), all.slice(-5));
  t.deepEqual(JSON.parse((await clean(shop, ['log', '--json', '--until', '1y'])).stdout), []);
  const text = (await clean(shop, ['log'])).stdout.trimEnd().split('\n');
  t.is(text.filter((line) => /^ {2}\S.* #\d+ {2}/.test(line)).length, all.length, 'one line each');
  const runs = text.filter((line) => line.startsWith('Run '));
  t.deepEqual(
    runs.map((line) => line.split(' ')[1]),
    [...new Set(all.flatMap(({ run = [] }) => run))],
    'below a line for each run',
  );
});

test('sizes are what the disk allocates, and hard links count once (P9, story 30)', async (t) => {
  const shop = await makeShop(t);
  const { home } = shop;
  const { path } = await eventDirectory(home, {
    repository: 'shop',
    startedAgo: '60d',
    records: 200,
    rotated: true,
  });
  const [file = ''] = readdirSync(path);
  // A second name of the same bytes, in the same item and in another.
  linkSync(join(path, file), join(path, 'events-20260101_000000.jsonl'));
  const other = await eventDirectory(home, { repository: 'shop', startedAgo: '70d' });
  linkSync(join(path, file), join(other.path, 'events-20260101_000001.jsonl'));
  await finished(shop, 'sessions', '60d');
  await finished(shop, 'dlq', '60d');
  const sparse = await claudeLog(home, { cwd: shop.repository, startedAgo: '60d' });
  spawnSync('truncate', ['-s', '64M', sparse]);
  await finishedWork(shop, '65d', { modules: 40 });
  await ageTree(join(home.root, 'events'), msAgo(home, '60d'));
  await ageTree(join(home.root, 'logs'), msAgo(home, '60d'));

  const document = documentOf(await clean(shop, ['--all', '--all-repos', '--dry-run', '--json']));
  const paths = document.items.flatMap((item) => partsOf(shop, item.path, item.kind));
  const du = spawnSync('du', ['-s', '-B1', '-c', ...paths], { encoding: 'utf8' });
  const total = Number(/(\d+)\s+total/.exec(du.stdout)?.[1]);
  t.is(document.before['total']?.bytes, total, du.stdout);
  t.true(total < 64 * 1024 * 1024, 'a hole is no bytes');
});

/** What goes with an item besides its own path. */
function partsOf({ home }: Shop, path: string, kind: string): string[] {
  const id =
    path
      .split('/')
      .at(-1)
      ?.replace(/\.json$/, '') ?? '';
  const more =
    kind === 'worktrees'
      ? [join(home.root, 'worktrees', 'shop', '.metadata', `${id}.json`)]
      : kind === 'sessions'
        ? [join(home.root, 'state', id, 'checkpoints')]
        : [];
  return [path, ...more].filter((part) => lstatSync(part, { throwIfNoEntry: false }) !== undefined);
}

test('what is in the way of the journal refuses the run before anything is touched', async (t) => {
  const shop = await makeShop(t);
  const [log = ''] = await finished(shop, 'logs', '60d');
  mkdirSync(join(shop.home.root, 'clean'), { recursive: true });
  writeFileSync(join(shop.home.root, 'clean', 'journal'), 'a file in its place\n');
  const ran = await clean(shop, ['--all', '--force']);
  t.is(ran.exitCode, 1, ran.stdout + ran.stderr);
  t.regex(ran.stderr, /^Error: .*journal/);
  t.truthy(lstatSync(log));
  t.is((await clean(shop, ['--all', '--dry-run'])).exitCode, 0);
});

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
