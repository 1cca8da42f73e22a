import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { binary, json, prodigyEnvironment } from '../helpers/run-prodigy.ts';
import { assertSame, fingerprint } from '../helpers/tree.ts';
import { clean, finished, makeShop, type Shop } from './shop.ts';

/** A directory of `PATH` in which `prodigy` is ours, and what a shell has to run in. */
function shellOf(
  shop: Shop,
  name: string,
): (script: string, ...args: readonly string[]) => { readonly stdout: string; readonly stderr: string } {
  const bin = join(shop.top, 'bin');
  mkdirSync(bin, { recursive: true });
  if (!existsSync(join(bin, 'prodigy'))) symlinkSync(binary(), join(bin, 'prodigy'));
  const env = { ...prodigyEnvironment(shop.home.home), PATH: `${bin}:${process.env['PATH'] ?? ''}` };
  const bare = { bash: ['--norc', '--noprofile'], zsh: ['-f'], fish: ['--no-config'] }[name] ?? [];
  return (script, ...args) => {
    const named = name === 'fish' ? args : [name, ...args];
    const ran = spawnSync(name, [...bare, '-c', script, ...named], {
      cwd: shop.repository,
      env,
      encoding: 'utf8',
      timeout: 60_000,
    });
    if (ran.error !== undefined) throw ran.error;
    return ran;
  };
}

/** What bash would offer at the end of the line, each as it would be inserted. */
function inBash(shop: Shop, line: string): readonly string[] {
  const script = `
    source <(prodigy clean completion bash)
    COMP_LINE=$1 COMP_POINT=\${#1}
    _prodigy
    for reply in "\${COMPREPLY[@]}"; do printf '%s\\n' "$reply"; done`;
  const { stdout, stderr } = shellOf(shop, 'bash')(script, line);
  if (stderr !== '') throw new Error(stderr);
  return stdout.split('\n').slice(0, -1);
}

function isThere(shell: string): boolean {
  return spawnSync(shell, ['--version']).status === 0;
}

const hostile = [
  'two words',
  "it's",
  'say "x"',
  '$(touch PWNED)',
  '`touch PWNED`',
  'a;touch PWNED',
  'a&touch PWNED',
  'a>PWNED',
  'back\\slash',
  '~root',
  '#x',
  '*',
  '{a,b}',
  '!!',
  '=x:y',
  '-n',
  'ünï',
];
const untypable = ['new\nline', 'tab\tbed', '\u001b[31mred'];

function makeHostile({ home }: Shop): void {
  const sessions = join(home.root, 'sessions');
  mkdirSync(sessions, { recursive: true });
  for (const name of [...hostile, ...untypable]) writeFileSync(join(sessions, `${name}.json`), '{}');
}

function assertUnharmed(t: ExecutionContext, { repository, home }: Shop): void {
  for (const directory of [repository, home.home]) t.false(readdirSync(directory).includes('PWNED'));
}

test('bash completes commands, flags, kinds, events and reasons from the tree', async (t) => {
  const shop = await makeShop(t);
  t.deepEqual(inBash(shop, 'prodigy cl'), ['clean']);
  t.deepEqual(inBash(shop, 'prodigy clean lo'), ['log', 'logs']);
  t.deepEqual(inBash(shop, 'A=1 prodigy clean log v'), ['verify']);
  t.deepEqual(inBash(shop, 'prodigy clean --dr'), ['--dry-run']);
  t.deepEqual(inBash(shop, 'prodigy clean --dry-run lo'), ['logs'], 'log would refuse it');
  t.deepEqual(inBash(shop, 'prodigy clean --accept lo'), ['log', 'logs'], 'not an option at all');
  t.deepEqual(inBash(shop, 'prodigy clean --json lo'), ['log', 'logs']);
  t.deepEqual(inBash(shop, 'prodigy clean --repo=x log s'), [], 'none below takes --repo');
  t.deepEqual(inBash(shop, 'prodigy clean log --kind=lo'), ['logs'], 'bash replaces what is after the sign');
  t.deepEqual(inBash(shop, 'prodigy clean log --event ItemR'), ['ItemRemoved', 'ItemRestored']);
  t.deepEqual(inBash(shop, 'prodigy clean log --reason unreach'), ['unreachable-commits']);
  t.deepEqual(inBash(shop, 'prodigy clean help un'), ['undo']);
  t.deepEqual(inBash(shop, 'prodigy clean completion f'), ['fish']);
  t.deepEqual(inBash(shop, 'prodigy clean hold x --reason '), []);
  t.deepEqual(inBash(shop, 'prodigy run '), [], 'not ours: the shell offers what it has');
});

test('bash completes what is there now: runs, what can be put back, what is on hold, repositories', async (t) => {
  const shop = await makeShop(t);
  const kept = await finished(shop, 'sessions', '3d');
  await finished(shop, 'logs', '90d');
  const run = json(await clean(shop, ['logs', '--force', '--json']))['run'] as string;
  const held = await clean(shop, ['hold', sessionOf(shop), '--reason', 'for the audit']);
  t.is(held.exitCode, 0, held.stderr + kept);
  for (const command of ['resume', 'log show', 'undo', 'log --run', 'log --kind logs --run']) {
    t.true(inBash(shop, `prodigy clean ${command} ${run.slice(0, 3)}`).includes(run), command);
  }
  t.deepEqual(inBash(shop, `prodigy clean log --run=${run.slice(0, 5)}`), [run]);
  t.deepEqual(inBash(shop, 'prodigy clean release '), [sessionOf(shop)]);
  t.true(inBash(shop, 'prodigy clean why ').includes(sessionOf(shop)));
  t.deepEqual(inBash(shop, 'prodigy clean why ./'), [], 'of paths the shell knows more');
});

function sessionOf({ home }: Shop): string {
  const [name = ''] = readdirSync(join(home.root, 'sessions'));
  return name.replace(/\.json$/, '');
}

test('whatever a name is, bash reads it back as it is and runs nothing of it', async (t) => {
  const shop = await makeShop(t);
  makeHostile(shop);
  const bash = shellOf(shop, 'bash');
  const readBack = (replies: readonly string[], open: string): readonly string[] =>
    replies.map((reply) => bash(`printf '%s' ${open}${reply}${open}`).stdout);

  const replies = inBash(shop, 'prodigy clean abandon ');
  t.deepEqual([...readBack(replies, '')].sort(), [...hostile].sort());
  const inDouble = inBash(shop, 'prodigy clean abandon "');
  t.deepEqual([...readBack(inDouble, '"')].sort(), hostile.filter((name) => !name.includes('!')).sort());
  const inSingle = inBash(shop, "prodigy clean abandon '");
  t.deepEqual([...readBack(inSingle, "'")].sort(), hostile.filter((name) => !name.includes("'")).sort());
  t.deepEqual(inBash(shop, 'prodigy clean abandon \\$\\(to'), ['\\$\\(touch\\ PWNED\\)']);
  t.deepEqual(inBash(shop, 'prodigy clean abandon =x:'), ['y'], 'bash replaces what is after the colon');
  // What stands on the line is not run, either.
  inBash(shop, 'prodigy clean abandon $(touch PWNED) `touch PWNED` "$(touch PWNED)');
  assertUnharmed(t, shop);
});

test('a journal that is not there, damaged or unreadable offers nothing, at once, and nothing is changed', async (t) => {
  const shop = await makeShop(t);
  t.deepEqual(inBash(shop, 'prodigy clean resume '), []);
  t.false(existsSync(join(shop.home.root, 'clean')), 'no journal is made');
  await finished(shop, 'logs', '90d');
  t.is((await clean(shop, ['logs', '--force'])).exitCode, 0);
  t.is(inBash(shop, 'prodigy clean resume ').length, 1);
  const whole = fingerprint(shop.home.home);
  inBash(shop, 'prodigy clean resume ');
  assertSame(t, whole, fingerprint(shop.home.home));

  const database = join(shop.home.root, 'clean', 'journal', 'db');
  for (const name of readdirSync(database)) writeFileSync(join(database, name), 'not a database');
  const damaged = fingerprint(shop.home.home);
  t.deepEqual(inBash(shop, 'prodigy clean resume '), []);
  t.deepEqual(
    inBash(shop, 'prodigy clean log --kind=lo'),
    ['logs'],
    'what the tree knows is there all the same',
  );
  assertSame(t, damaged, fingerprint(shop.home.home));
});

(isThere('zsh') ? test : test.skip)('zsh is handed every name as it is, with its description', async (t) => {
  const shop = await makeShop(t);
  makeHostile(shop);
  const zsh = shellOf(shop, 'zsh');
  const offered = (...words: readonly string[]): readonly string[] => {
    const { stdout, stderr } = zsh(
      `compdef() { }
       source <(prodigy clean completion zsh)
       compadd() { print -rl -- $values }
       _files() { print files }
       words=(prodigy "$@"); CURRENT=$#words; PREFIX=$words[-1]
       _prodigy`,
      ...words,
    );
    t.is(stderr, '');
    return stdout.split('\n').slice(0, -1);
  };
  t.deepEqual(offered('clean', 'log', '--kind=lo'), ['--kind=logs']);
  t.deepEqual(offered('run', ''), ['files']);
  t.deepEqual([...offered('clean', 'abandon', '')].sort(), [...hostile].sort());
  assertUnharmed(t, shop);
});

(isThere('fish') ? test : test.skip)(
  'fish completes from the tree, and runs nothing of a name',
  async (t) => {
    const shop = await makeShop(t);
    makeHostile(shop);
    const fish = shellOf(shop, 'fish');
    const offered = (line: string): readonly string[] => {
      const { stdout, stderr } = fish('prodigy clean completion fish | source; complete -C $argv[1]', line);
      t.is(stderr, '');
      return stdout.split('\n').slice(0, -1);
    };
    t.deepEqual(offered('prodigy clean log --kind=lo'), ['--kind=logs']);
    t.true(offered('prodigy clean lo').includes('log\tthe audit trail'));
    const names = offered('prodigy clean abandon ');
    t.true(names.length >= hostile.length, names.join('\n'));
    assertUnharmed(t, shop);
  },
);
