import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { canarySecret } from '../helpers/checkpoint-artefacts.ts';
import { binary, jsonLines, prodigyEnvironment, type Ran } from '../helpers/run-prodigy.ts';
import { canChattr, setImmutable } from '../helpers/temporary.ts';
import { claudeLog, eventDirectory } from '../helpers/trace-artefacts.ts';
import { noonMs, opened, remark } from '../journal/journal-options.ts';
import { clean, documentOf, finished, journalOf, makeShop, project, type LoggedEntry } from './shop.ts';

const ci = { GITHUB_ACTIONS: 'true', GITHUB_RUN_ID: '4711', CLAUDECODE: '1', CLAUDE_CODE_ENTRYPOINT: 'cli' };

function kindOf({ data }: LoggedEntry): unknown {
  return data['kind'] ?? (data['item'] as string | undefined)?.split(':')[0];
}

/** Fields of the records, as a reader of RFC 4180 sees them. */
function csv(text: string): string[][] {
  return text
    .split('\r\n')
    .slice(0, -1)
    .map((line) =>
      [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(
        ([, inner, bare]) => inner?.replaceAll('""', '"') ?? bare ?? '',
      ),
    );
}

test('each filter selects exactly what it names, in every form and direction', async (t) => {
  const shop = await makeShop(t);
  const { home } = shop;
  const api = await project(join(shop.top, 'src', 'api'), home);
  await finished(shop, 'sessions', '60d');
  const [log = ''] = await finished(shop, 'logs', '60d');
  const [young = ''] = await finished(shop, 'logs', '2d');
  await eventDirectory(home, { repository: 'shop', startedAgo: '60d' });
  await claudeLog(home, { cwd: api, startedAgo: '60d' });
  t.is((await clean(shop, ['--logs', '--events', '--all-repos', '--force'], { env: ci })).exitCode, 0);
  t.is(
    (await clean(shop, ['--all', '--dry-run'], { env: { SUDO_USER: 'alice', SUDO_UID: '1234' } })).exitCode,
    0,
  );
  const all = await journalOf(shop);
  const [first = '', second = ''] = [...new Set(all.flatMap(({ run }) => run ?? []))];
  const ofRun = (run: string) => all.filter((entry) => entry.run === run);
  const select = async (...args: string[]): Promise<LoggedEntry[]> =>
    jsonLines(await clean(shop, ['log', '--jsonl', ...args])) as unknown as LoggedEntry[];
  const about = (path: string) => all.filter(({ data }) => data['item'] === `logs:${path}`);

  t.deepEqual(
    await select('--kind', 'events', '--kind', 'sessions'),
    all.filter((entry) => ['events', 'sessions'].includes(kindOf(entry) as string)),
  );
  t.deepEqual(
    await select('--event', 'ItemRemoved', '--event', 'RunStarted', '--reverse'),
    all.filter(({ type }) => type === 'ItemRemoved' || type === 'RunStarted').toReversed(),
  );
  t.deepEqual(
    await select('--reason', 'young'),
    all.filter(({ data }) => data['reason'] === 'young'),
  );
  t.deepEqual(await select('--item', `logs:${log}`), about(log));
  t.deepEqual(await select('--item', young), about(young));
  t.deepEqual(
    await select('--item', log.split('/').at(-1)!, '--item', young),
    all.filter((entry) => [...about(log), ...about(young)].includes(entry)),
  );
  for (const who of ['github-actions', 'claude-code', '4711'])
    t.deepEqual(await select('--actor', who), ofRun(first), who);
  for (const who of ['alice', '1234']) t.deepEqual(await select('--actor', who), ofRun(second), who);
  t.deepEqual(
    await select('--run', first, '--run', second.slice(0, 12), '--kind', 'logs', '--limit', '2'),
    all.filter((entry) => kindOf(entry) === 'logs').slice(-2),
  );
  t.deepEqual(await select('--limit', '3', '--reverse'), all.slice(-3).toReversed());

  // What an operation did after its intent is about its repository, too.
  const gitDir = join(api, '.git');
  const operations = new Set(
    all.filter(({ data, op }) => op !== undefined && data['repository'] === gitDir).map(({ op }) => op),
  );
  t.is(operations.size, 1);
  const ofApi = all.filter(
    ({ data, op }) => data['repository'] === gitDir || (op !== undefined && operations.has(op)),
  );
  t.true(ofApi.some(({ type }) => type === 'ItemQuarantined'));
  for (const repository of ['api', api, '../api'])
    t.deepEqual(await select('--repo', repository), ofApi, repository);

  const [head = [], ...records] = csv((await clean(shop, ['log', '--csv'])).stdout);
  t.deepEqual(head.slice(0, 3), ['seq', 'at', 'run']);
  t.deepEqual(
    records.map((record) => record.length),
    all.map(() => head.length),
  );
  const column = (name: string) => records.map((record) => record[head.indexOf(name)]);
  t.deepEqual(
    column('at'),
    all.map(({ at }) => at),
  );
  t.deepEqual(
    column('item'),
    all.map(({ data }) => data['item'] ?? ''),
  );
  t.deepEqual(new Set(column('ci')), new Set(['', 'github-actions']));
  t.deepEqual(new Set(column('sudo_user')), new Set(['', 'alice']));

  const text = (await clean(shop, ['log', '--item', log])).stdout;
  t.regex(
    text,
    new RegExp(
      `^Run ${first}  .*github-actions 4711; claude-code cli\\)  prodigy clean --events --logs --all-repos --force: completed, 3 items removed`,
    ),
  );
  t.is(text.match(/^ {2}\S.*#\d+ {2}/gm)?.length, about(log).length);

  for (const [args, said] of [
    [['--run', 'nonesuch'], /knows no run 'nonesuch'/],
    [['--item', 'nonesuch'], /The journal knows nothing of an item 'nonesuch'/],
    [['--event', 'itemremoved'], /did you mean 'ItemRemoved'/],
    [['--csv', '--jsonl'], /exclude each other/],
  ] as const) {
    const ran = await clean(shop, ['log', ...args]);
    t.is(ran.exitCode, 2, args.join(' '));
    t.regex(ran.stderr, said);
    t.is(ran.stdout, '');
  }
  const nothing = await clean(shop, ['log', '--repo', 'elsewhere']);
  t.deepEqual([nothing.exitCode, nothing.stdout, nothing.stderr], [0, '', 'No entry matches.\n']);
});

test('times are looked for exactly, although the clock was set', async (t) => {
  const shop = await makeShop(t);
  const directory = join(shop.home.root, 'clean', 'journal');
  mkdirSync(directory, { recursive: true });
  let nowMs = noonMs;
  const journal = await opened(directory, { clock: () => nowMs });
  // Hours forward, days back, and on again: in 20 steps of 200 entries.
  for (let step = 0; step < 20; step += 1) {
    nowMs += step % 7 === 3 ? -86_400_000 : 3_600_000;
    await journal.append(Array.from({ length: 200 }, (_, index) => remark(`${step} ${index}`)));
  }
  await journal.close();
  const all = await journalOf(shop);
  for (const [since, until] of [
    ['2026-01-02T16:00:00Z', '2026-01-02T17:00:00Z'],
    ['2026-01-01T17:00:00Z', '2026-01-01T18:00:00Z'],
    ['2026-01-03', '2026-01-04'],
  ] as const) {
    const [from, to] = [since, until].map((edge, index) =>
      edge.length > 10 ? Date.parse(edge) : Date.parse(edge) + index * 86_399_999,
    );
    const wanted = all.filter(({ at }) => Date.parse(at) >= from! && Date.parse(at) <= to!);
    const ran = await clean(shop, ['log', '--since', since, '--until', until, '--jsonl']);
    t.deepEqual(
      jsonLines(ran).map(({ seq }) => seq),
      wanted.map(({ seq }) => seq as number),
    );
  }
});

test('--follow tells what another process writes, from before there is a journal, and ends quietly on Ctrl-C', async (t) => {
  const shop = await makeShop(t);
  for (const ago of ['50d', '60d']) await finished(shop, 'logs', ago);
  const follower = spawn(process.execPath, [binary(), 'clean', 'log', '--follow', '--jsonl'], {
    cwd: shop.repository,
    env: prodigyEnvironment(shop.home.home),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => follower.kill('SIGKILL'));
  let [told, complaints] = ['', ''];
  follower.stderr.on('data', (data: Buffer) => {
    complaints += data.toString();
  });
  const waitFor = (wanted: RegExp): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (wanted.test(told)) resolve();
        else follower.stdout.once('data', look);
      };
      look();
    });
  follower.stdout.on('data', (data: Buffer) => {
    told += data.toString();
  });
  t.is((await clean(shop, ['--logs', '--force'])).exitCode, 0);
  await waitFor(/"RunCompleted"/);
  t.is((await clean(shop, ['--all', '--dry-run'])).exitCode, 0);
  await waitFor(/"RunCompleted"[^]*"RunCompleted"/);
  const ended = new Promise<number | null>((resolve) => follower.once('exit', resolve));
  follower.kill('SIGINT');
  t.is(await ended, 130);
  t.is(complaints, '');
  t.is(told, (await clean(shop, ['log', '--jsonl'])).stdout, 'each entry once, in order, as it is stored');
});

test('log show replays a run: who, what was allowed, found, agreed to and done, how it ended and comes back', async (t) => {
  const shop = await makeShop(t);
  for (const kind of ['logs', 'logs', 'events', 'sessions', 'worktrees']) await finished(shop, kind, '60d');
  await finished(shop, 'logs', '2d');
  const [stuck = ''] = await finished(shop, 'dlq', '60d');
  const isStuck = canChattr() && setImmutable(stuck, true);
  t.teardown(() => void (isStuck && setImmutable(stuck, false)));
  const { run } = documentOf(await clean(shop, ['--all', '--force', '--json'], { env: ci }));
  const entries = (await journalOf(shop)).filter((entry) => entry.run === run);

  const shown = await clean(shop, ['log', 'show', run.slice(0, 8)]);
  t.is(shown.exitCode, 0, shown.stderr);
  const sections = [
    '^Run .*: (completed|partial)',
    '^  who .*github-actions 4711; claude-code cli; started by node \\(pid \\d+\\); without a terminal; prodigy-clean \\d',
    '^  scope .*repository shop',
    '^  policy +[0-9a-f]{16}$',
    'logs, worktrees: older than 7d, before 2',
    '^Found and decided',
    '^  logs +3 .* 2 .*1 young',
    '^Plan [0-9a-f]{16}: \\d items',
    '^  - worktrees',
    '^  confirmed by --force on',
    '^Done',
    '^Totals',
    '^  predicted \\d items.*; removed 6 items.*held for undo',
    '^Ended on .*',
    '^Since then, and now',
    `prodigy clean undo ${run}$`,
  ];
  let rest = shown.stdout;
  for (const section of sections) {
    const found = new RegExp(section, 'm').exec(rest);
    t.truthy(found, `${section} in\n${shown.stdout}`);
    rest = rest.slice(found?.index ?? 0);
  }
  for (const { seq, op } of entries)
    if (op !== undefined) t.regex(shown.stdout, new RegExp(`#${String(seq)} `), 'every act');
  if (isStuck) {
    t.regex(shown.stdout, /failed: dlq:.*EPERM/);
    t.regex(shown.stdout, /next: look at it with: lsattr/);
  }

  const document = documentOf(await clean(shop, ['log', 'show', run, '--json'])) as unknown as Record<
    string,
    never
  > & {
    acts: { outcome: string; steps: { seq: number }[] }[];
    failures: { next: string }[];
  };
  t.like(document, {
    run,
    outcome: isStuck ? 'partial' : 'completed',
    predicted: { items: isStuck ? 7 : 6 },
    removed: { items: 6 },
    confirmed: { how: 'force' },
  });
  t.deepEqual(
    document.acts.flatMap(({ steps }) => steps.map(({ seq }) => seq)).sort((a, b) => a - b),
    entries.filter(({ op }) => op !== undefined).map(({ seq }) => seq as number),
  );
  t.is(document.acts.filter(({ outcome }) => outcome === 'removed').length, 6);
  t.is(document.failures.length, isStuck ? 1 : 0);

  // As it stood in the middle: counted by hand.
  const moved = entries.filter(({ type }) => type === 'ItemQuarantined');
  const middle = moved[2]?.['seq'] as number;
  const then = documentOf(
    await clean(shop, ['log', 'show', run, '--at', String(middle), '--json']),
  ) as unknown as {
    asOf: { seq: number };
    kinds: Record<string, { before: { items: number }; held: { items: number }; removed: { items: number } }>;
  };
  t.is(then.asOf.seq, middle);
  t.is(then.kinds['logs']?.before.items, 3);
  const gone = Object.values(then.kinds).reduce(
    (sum, { held, removed }) => sum + held.items + removed.items,
    0,
  );
  t.is(gone, 3);
  t.regex(
    (await clean(shop, ['log', 'show', run, '--at', String(middle)])).stdout,
    /^As of entry #\d+, .*not how it is now/,
  );
  const at = entries.at(-1)?.at ?? '';
  const storage = documentOf(await clean(shop, ['--at', at, '--json'])) as unknown as {
    kinds: Record<string, { items: number }>;
  };
  t.is(storage.kinds['logs']?.items, 1);
  t.is(storage.kinds['worktrees']?.items, 0);
  t.regex(
    (await clean(shop, ['--at', at])).stdout,
    /^Storage as of .*\nFolded from the journal; nothing was looked at now/,
  );
  t.regex((await clean(shop, ['--at', '1y'])).stdout, /the journal had not begun/);

  t.is((await clean(shop, ['undo', run])).exitCode, 0);
  const after = (await clean(shop, ['log', 'show', run])).stdout;
  t.regex(after, /back in its place \(undo\)/);
  t.notRegex(after, /can be put back until/);
  for (const args of [
    ['log', 'show', 'nonesuch'],
    ['log', 'show', run, '--at', '999999'],
    ['--at', 'now', '--logs'],
  ])
    t.is((await clean(shop, args)).exitCode, 2, args.join(' '));
});

test('nothing secret gets into the journal or out of it: names and ids only (P10)', async (t) => {
  const shop = await makeShop(t);
  for (const kind of ['sessions', 'state', 'dlq', 'worktrees', 'logs']) await finished(shop, kind, '60d');
  const secret = 'sk-ant-api03-Pl4nt3dS3cr3tPl4nt3dS3cr3t';
  const names =
    'ANTHROPIC_API_KEY AWS_SECRET_ACCESS_KEY GITHUB_TOKEN CI CLAUDECODE CLAUDE_CODE_ENTRYPOINT GITHUB_ACTIONS GITHUB_RUN_ID CI_JOB_ID GITLAB_CI BUILD_TAG JENKINS_URL BUILDKITE_BUILD_ID SUDO_COMMAND SUDO_UID PRODIGY_AUTOMATION';
  const env = Object.fromEntries(
    [...names.split(' '), 'SUDO_USER'].map((name) => [name, name === 'SUDO_USER' ? `${secret}/x` : secret]),
  );
  const outputs: Ran[] = [];
  const ask = async (...args: string[]): Promise<void> => void outputs.push(await clean(shop, args, { env }));
  await ask('--all', '--force');
  await ask('log');
  await ask('log', '--csv');
  const { run = '' } = (await journalOf(shop)).at(-1) ?? {};
  await ask('log', 'show', run, '--json');
  await ask('why', 'logs:nothing');
  const directory = join(shop.home.root, 'clean');
  // What is held for undo is the item itself, and not told of.
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && !entry.parentPath.includes('quarantine'),
  );
  const texts = [
    ...files.map((file) => readFileSync(join(file.parentPath, file.name), 'latin1')),
    ...outputs.flatMap(({ stdout, stderr }) => [stdout, stderr]),
    JSON.stringify(await journalOf(shop)),
  ];
  t.true(
    texts.some((text) => text.includes('github-actions')),
    'the job was recognised',
  );
  const around = texts.flatMap((text) => [
    ...text.matchAll(new RegExp(`.{0,60}(${secret}|${canarySecret}).{0,20}`, 'g')),
  ]);
  t.deepEqual(around.map(String), []);
});

test('a journal is read in far less memory than its entries take', async (t) => {
  const shop = await makeShop(t);
  const directory = join(shop.home.root, 'clean', 'journal');
  mkdirSync(directory, { recursive: true });
  const entries = 40_000;
  // 80 MB, if they were kept.
  const detail = 'x'.repeat(2_000);
  const journal = await opened(directory);
  for (let next = 0; next < entries; next += 1_000)
    await journal.append(Array.from({ length: 1_000 }, (_, index) => remark(`${next + index} ${detail}`)));
  await journal.close();

  for (const args of [['--json'], ['--csv'], ['--since', '2026-01-02']]) {
    const ran = spawn(process.execPath, ['--max-old-space-size=64', binary(), 'clean', 'log', ...args], {
      env: prodigyEnvironment(shop.home.home),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(ran, 'close');
    let lines = 0;
    for await (const data of ran.stdout) lines += (data as Buffer).toString('latin1').split('\n').length - 1;
    t.deepEqual(await ended, [0, null], args.join(' '));
    t.true(lines >= entries, args.join(' '));
  }
});
