import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { json, runProdigy } from '../helpers/run-prodigy.ts';
import { assertSame, fingerprint } from '../helpers/tree.ts';
import { clean, finished, makeShop } from './shop.ts';

type Wrong = { readonly args: readonly string[]; readonly says: RegExp };

/** Each with what its one sentence must tell: the input, and what is accepted instead. */
const wrong: readonly Wrong[] = [
  ...['0d', '-1d', '7', '7x', 'abc', '1.5d', '7d7d', '1m2', '', ' ', '999999999y', '1e3d', '٧d', '7d!'].map(
    (text): Wrong => ({ args: ['--all', `--older-than=${text}`], says: /accepted: 90s, 15m, 24h, 7d/ }),
  ),
  { args: ['--all', '--older-than'], says: /argument missing/ },
  { args: ['--older-than', '7d'], says: /--older-than needs to know what to clean.*\n.*--all/ },
  { args: ['--dry-run'], says: /--dry-run needs to know what to clean/ },
  { args: ['--force'], says: /--force needs to know what to clean/ },
  { args: ['--mapreduce'], says: /--mapreduce needs to know what to clean/ },
  { args: ['sesions'], says: /no 'prodigy clean sesions'; did you mean 'sessions'\?/ },
  { args: ['wortrees', '--force'], says: /did you mean 'worktrees'\?/ },
  { args: ['everything', '--force'], says: /no 'prodigy clean everything'.*\n.*accepted: all,/ },
  {
    args: ['logs', 'apply', 'nope', '-f'],
    says: /'apply' goes with no kind[^]*accepted: prodigy clean apply$/m,
  },
  { args: ['all', '..', '--force'], says: /no 'prodigy clean \.\.'/ },
  { args: ['logs', '', '--force'], says: /no 'prodigy clean '/ },
  { args: ['--al', '--force'], says: /unknown option '--al'[^]*did you mean [^]*--all/i },
  { args: ['--worktree', '--force'], says: /unknown option '--worktree'[^]*did you mean --worktrees/i },
  { args: ['--all', '-x'], says: /unknown option '-x'/ },
  { args: ['--all', '--json', '--jsonl', '--force'], says: /--json and --jsonl exclude each other/ },
  {
    args: ['--all', '--all-repos', '--repo', 'shop', '-f'],
    says: /--all-repos and --repo exclude each other/,
  },
  { args: ['--all', '--detailed-exitcode', '-f'], says: /--detailed-exitcode.*dry run/ },
  { args: ['--all', '--repo', '', '-f'], says: /--repo is empty/ },
  { args: ['--all', '--job-id', ' ', '-f'], says: /--job-id is empty/ },
  { args: ['--all', '--repo', 'nowhere', '-f'], says: /knows no repository: 'nowhere'/ },
  { args: ['--all', '--repo', './nowhere', '-f'], says: /no git repository: '\.\/nowhere'/ },
  { args: ['log', '--since', 'gestern'], says: /--since is not a time: 'gestern'[^]*accepted: .*yesterday/ },
  { args: ['log', '--until', ''], says: /--until is not a time/ },
  { args: ['log', '--since', '2026-13-45'], says: /--since is not a time/ },
  {
    args: ['log', '--since', '2026-13-01'],
    says: /--since is not a time: '2026-13-01'[^]*accepted: 2026-01-31/,
  },
  { args: ['log', '--until', 'this week'], says: /--until is not a time[^]*accepted: / },
  { args: ['--at', 'tomorrow'], says: /--at is not a time: 'tomorrow'[^]*accepted: / },
  { args: ['--at', '2999-01-01'], says: /--at is still to come: '2999-01-01'[^]*accepted: / },
  {
    args: ['log', '--kind', 'session'],
    says: /no kind 'session'; did you mean 'sessions'[^]*accepted: .*sessions/,
  },
  { args: ['log', '--limit', '0'], says: /--limit is not a count: '0'/ },
  { args: ['log', '--limit', '-3'], says: /--limit is not a count: '-3'/ },
  { args: ['log', '--limit', 'ten'], says: /--limit is not a count: 'ten'/ },
  { args: ['log', '--json', '--jsonl'], says: /exclude each other/ },
  { args: ['log', '--run', 'nope'], says: /knows no run 'nope'/ },
  {
    args: ['log', 'verfy'],
    says: /no 'prodigy clean log verfy'; did you mean 'verify'\?\n.*accepted: show, verify/,
  },
  { args: ['worktree', '-f'], says: /no 'prodigy clean worktree'; did you mean 'worktrees'\?/ },
  { args: ['--all', '--older-than', '7 days', '-f'], says: /not a duration: '7 days'; did you mean '7d'\?/ },
  { args: ['completion', 'bahs'], says: /no script for 'bahs'; did you mean 'bash'\?/ },
  { args: ['resume', 'nope'], says: /knows no run 'nope'/ },
  {
    args: ['--dry-run', 'apply', 'nope', '-f'],
    says: /apply' takes no --dry-run[^]*accepted: --max-delete,/,
  },
  { args: ['-n', 'resume'], says: /resume' takes no --dry-run; 'prodigy clean' itself does/ },
  { args: ['--older-than', '90d', 'log'], says: /log' takes no --older-than/ },
  { args: ['--keep-last', '3', '--json', 'doctor'], says: /doctor' takes no --keep-last/ },
  {
    args: ['--max-delete', '1', 'apply', 'nope', '-f', '--max-delete', '100'],
    says: /--max-delete has two values: '1' behind 'prodigy clean', and '100' behind 'prodigy clean apply'/,
  },
  { args: ['--logs', '--', 'undo', 'nope'], says: /undo' takes no --logs/ },
  { args: ['log', '--since', '7d', 'verify'], says: /log verify' takes no --since; '.* log' itself does/ },
];

test('wrong words, flags, ages, dates and counts are one clear sentence and exit 2, and nothing is touched (stories 1 and 17)', async (t) => {
  const shop = await makeShop(t);
  for (const kind of ['logs', 'events', 'state', 'sessions']) await finished(shop, kind, '90d');
  const before = fingerprint(shop.top);
  for (const { args, says } of wrong) {
    const ran = await clean(shop, args);
    const shown = `prodigy clean ${args.join(' ')}\n${ran.stderr}`;
    t.is(ran.exitCode, 2, shown);
    if (!args.includes('--json')) t.is(ran.stdout, '', shown);
    t.regex(ran.stderr, says, shown);
    t.true(ran.stderr.trim().split('\n').length <= 2, `one sentence and one next step: ${shown}`);
  }
  assertSame(t, before, fingerprint(shop.top));
});

test('a brake, a dry run and --json hold wherever they stand (P6)', async (t) => {
  const shop = await makeShop(t);
  for (const age of ['90d', '91d', '92d']) await finished(shop, 'logs', age);
  const [plan] = /apply (\S+)$/m.exec((await clean(shop, ['logs', '--dry-run'])).stdout)?.slice(1) ?? [];
  t.truthy(plan);
  const logs = join(shop.home.root, 'logs');
  const before = fingerprint(logs);
  const dry = await clean(shop, ['--dry-run', 'apply', plan ?? '', '--force']);
  t.is(dry.exitCode, 2, dry.stderr);
  const braked = await clean(shop, ['--max-delete', '1', 'apply', plan ?? '', '--force']);
  t.is(braked.exitCode, 4, braked.stderr);
  assertSame(t, before, fingerprint(logs));
  for (const args of [
    ['--json', 'log'],
    ['--json', 'log', 'verify'],
    ['log', '--json', 'verify'],
    ['--json', 'doctor'],
    ['--json', 'undo', '--list'],
  ])
    t.truthy(json(await clean(shop, args)), args.join(' '));
});

test('wrong usage with --json is a document, too', async (t) => {
  const shop = await makeShop(t);
  const ran = await clean(shop, ['--all', '--older-than', '7', '--json']);
  t.is(ran.exitCode, 2);
  const document = JSON.parse(ran.stdout) as Record<string, unknown>;
  t.is(document['exitCode'], 2);
  t.is((document['error'] as Record<string, unknown>)['type'], 'usage');
});

test('a HOME or PRODIGY_HOME that could mean anything is refused before anything is looked at (P4, stories 1, 2, 4)', async (t) => {
  const shop = await makeShop(t);
  const { home, repository, top } = shop;
  await finished(shop, 'logs', '90d');
  const project = join(top, 'thesis');
  mkdirSync(project);
  writeFileSync(join(project, 'chapter-1.md'), 'years of work\n');
  const link = join(top, 'link');
  symlinkSync(home.root, link);
  const file = join(top, 'file');
  writeFileSync(file, '');
  const cases: readonly [name: string, env: Record<string, string | undefined>, says: RegExp][] = [
    ['HOME unset', { HOME: undefined }, /HOME is not set/],
    ['HOME empty', { HOME: '' }, /HOME is set but empty/],
    ['HOME relative', { HOME: 'home' }, /HOME 'home' is not an absolute path/],
    ['PRODIGY_HOME empty', { PRODIGY_HOME: '' }, /PRODIGY_HOME is set but empty/],
    ['PRODIGY_HOME blank', { PRODIGY_HOME: ' ' }, /PRODIGY_HOME is set but empty/],
    ['PRODIGY_HOME relative', { PRODIGY_HOME: 'data' }, /PRODIGY_HOME 'data' is not an absolute path/],
    ['PRODIGY_HOME .', { PRODIGY_HOME: '.' }, /PRODIGY_HOME '\.' is not an absolute path/],
    ['PRODIGY_HOME ~', { PRODIGY_HOME: '~/data' }, /is not an absolute path/],
    ['PRODIGY_HOME /', { PRODIGY_HOME: '/' }, /root of the file system/],
    ['PRODIGY_HOME is the home', { PRODIGY_HOME: home.home }, /the home directory itself/],
    ['PRODIGY_HOME is the home, spelled oddly', { PRODIGY_HOME: `${home.root}/..` }, /home directory itself/],
    ['PRODIGY_HOME is a link', { PRODIGY_HOME: link }, /symbolic link/],
    ['PRODIGY_HOME is a file', { PRODIGY_HOME: file }, /not a directory/],
    ['PRODIGY_HOME is a project', { PRODIGY_HOME: project }, /not a Prodigy storage/],
    ['PRODIGY_HOME is a repository', { PRODIGY_HOME: repository }, /not a Prodigy storage/],
  ];
  const before = fingerprint(top);
  const others = [[], ['log'], ['resume'], ['log', 'verify']];
  for (const [index, [name, env, says]] of cases.entries()) {
    const run = ['--all', '--all-repos', '--older-than', '1h', '--force'];
    for (const args of [run, others[index % others.length] ?? []]) {
      const ran = await runProdigy(home, ['clean', ...args], { cwd: repository, env });
      t.is(ran.exitCode, 2, `${name}: ${args.join(' ')}\n${ran.stderr}${ran.stdout}`);
      t.regex(ran.stderr, says, name);
      t.is(ran.stdout, '', name);
    }
  }
  assertSame(t, before, fingerprint(top));
});

test('a storage that is itself a link, or no Prodigy storage, is refused and left as it is (story 1)', async (t) => {
  const shop = await makeShop(t);
  const { home, top } = shop;
  const moved = join(top, 'moved-home');
  mkdirSync(moved);
  symlinkSync(home.root, join(moved, '.prodigy'));
  await finished(shop, 'logs', '90d');
  const stranger = join(top, 'stranger');
  mkdirSync(join(stranger, '.prodigy'), { recursive: true });
  writeFileSync(join(stranger, '.prodigy', 'novel.txt'), '');
  const before = fingerprint(top);
  for (const [directory, says] of [
    [moved, /symbolic link/],
    [stranger, /not a Prodigy storage/],
  ] as const) {
    const ran = await runProdigy(directory, ['clean', '--all', '--all-repos', '--force']);
    t.is(ran.exitCode, 2, ran.stdout);
    t.regex(ran.stderr, says);
  }
  assertSame(t, before, fingerprint(top));
});

test('help and version work where nothing else would, and --help names every flag', async (t) => {
  const shop = await makeShop(t);
  for (const args of [
    ['clean', '--help'],
    ['clean', '--version'],
    ['clean', 'log', '--help'],
  ]) {
    const ran = await runProdigy(shop.home, args, { env: { HOME: undefined } });
    t.is(ran.exitCode, 0, ran.stderr);
    t.not(ran.stdout, '');
  }
  const help = (await runProdigy(shop.home, ['clean', '--help'])).stdout;
  for (const flag of [
    '--all',
    '--worktrees',
    '--dry-run',
    '--older-than',
    '--all-repos',
    '--force',
    '--json',
  ])
    t.true(help.includes(flag), flag);
});

test('help COMMAND is the help of that command, at any depth, and of an unknown one wrong usage', async (t) => {
  const { home } = await makeShop(t);
  // Another prodigy, whose commands of these names are never run.
  const other = join(home.home, 'bin');
  mkdirSync(other);
  writeFileSync(join(other, 'prodigy'), '#!/bin/sh\necho "the other: $*"\n', { mode: 0o755 });
  const env = { PATH: `${other}:${process.env['PATH'] ?? ''}` };
  const said = async (line: string): Promise<string> => {
    const ran = await runProdigy(home, line.split(' '), { env });
    return `${ran.exitCode} ${ran.stderr}${ran.stdout}`;
  };
  for (const [line, path] of [
    ['help clean', 'clean'],
    ['help clean apply', 'clean apply'],
    ['help clean log verify', 'clean log verify'],
    ['clean help log verify', 'clean log verify'],
    ['clean help', 'clean'],
    ['help worktree clean', 'worktree clean'],
    ['worktree help clean-orphaned', 'worktree clean-orphaned'],
  ] as const) {
    t.is(await said(line), await said(`${path} --help`), line);
    t.true((await said(line)).startsWith(`0 Usage: prodigy ${path} [options]`), line);
  }
  t.regex(
    await said('help clean aply'),
    /^2 Error: There is no 'prodigy clean aply'; did you mean 'apply'\?\n {2}acc/,
  );
  t.regex(
    await said('clean help log shwo'),
    /^2 Error: There is no 'prodigy clean log shwo'; did you mean 'show'/,
  );
  t.regex(
    await said('help clean apply x'),
    /^2 Error: There is no 'prodigy clean apply x'\n {2}prodigy clean --help/,
  );
  t.is(await said('help run'), '0 the other: help run\n');
  t.is(await said('worktree help ls'), '0 the other: worktree help ls\n');
  const alone = await runProdigy(home, ['help', 'nonsense'], { env: { PATH: '/nowhere' } });
  t.is(alone.exitCode, 127);
  t.regex(
    (await runProdigy(home, ['help'], { env: { PATH: '/nowhere' } })).stdout,
    /^Usage: prodigy \[options\]/,
  );
});

test('a slip in the name of the command is told of, not acted on, when there is nobody to hand it over to', async (t) => {
  const shop = await makeShop(t);
  await finished(shop, 'logs', '90d');
  const before = fingerprint(shop.top);
  const env = { PATH: '/nowhere' };
  const slip = await runProdigy(shop.home, ['claen', '--all', '--force'], { env });
  t.is(slip.exitCode, 127);
  t.regex(slip.stderr, /hand 'prodigy claen --all --force' over to\.\n {2}did you mean 'prodigy clean'\?\n$/);
  const other = await runProdigy(shop.home, ['run', 'workflow.yml'], { env });
  t.is(other.exitCode, 127);
  t.notRegex(other.stderr, /did you mean/);
  assertSame(t, before, fingerprint(shop.top));
});
