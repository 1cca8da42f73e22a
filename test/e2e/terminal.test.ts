import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { binary, prodigyEnvironment } from '../helpers/run-prodigy.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { clean, finished, finishedWork, makeShop, worktreeOf, type Shop } from './shop.ts';
import { hasTerminal, onScreen, shownOf } from './terminal.ts';

/** Skipped, and shown as such, where no terminal can be made. */
const terminalTest = hasTerminal() ? test : test.skip;
const tmuxTest = spawnSync('tmux', ['-V']).status === 0 ? test : test.skip;

const escape = '\u001b';
const progress = /Scanning|Cleaning \w+\.\.\./;

type Slow = {
  /** A file that is there once git is asked to let go of a worktree, which takes a while. */
  readonly atHand: string;
  readonly shop: Shop;
  readonly ids: readonly string[];
  readonly env: Record<string, string>;
};

/** A shop with old worktrees, where git takes its time: long enough for the live line to be seen. */
async function slowShop(t: ExecutionContext): Promise<Slow> {
  const shop = await makeShop(t);
  const ids: string[] = [];
  for (let day = 60; day < 64; day += 1) ids.push(await finishedWork(shop, `${day}d`));
  const directory = temporaryDirectory(t);
  const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
  const atHand = join(directory, 'at-hand');
  // The first is gone some time before the others: what is said of it can be seen.
  const first = `mkdir '${join(directory, 'first')}' 2>/dev/null`;
  const remove = `*'worktree remove'*) touch '${atHand}'; if ${first}; then sleep 2; else sleep 4; fi;;`;
  const script = `#!/bin/sh\nsleep 0.2\ncase "$*" in ${remove} esac\nexec '${real}' "$@"\n`;
  writeFileSync(join(directory, 'git'), script);
  chmodSync(join(directory, 'git'), 0o755);
  return { shop, ids, atHand, env: { PATH: `${directory}:${process.env['PATH'] ?? ''}` } };
}

function left({ shop, ids }: Slow): number {
  return ids.filter((id) => existsSync(worktreeOf(shop, id))).length;
}

terminalTest('the live line tells in the words of the specification, and nothing of it stays', async (t) => {
  const slow = await slowShop(t);
  const talk = await onScreen(slow.shop, ['--worktrees', '--force'], [], { env: slow.env });
  t.is(talk.exitCode, 0, talk.screen);
  t.regex(talk.screen, /Scanning worktrees\.\.\. \(4 found\)/);
  t.regex(talk.screen, /Cleaning worktrees\.\.\. \(0\/4\) 0%/);
  t.regex(talk.screen, /Cleaning worktrees\.\.\. \([1-4]\/4\) \d+%, \d+ KB/);
  const shown = shownOf(talk.screen);
  t.deepEqual(
    shown.filter((line) => progress.test(line)),
    [],
  );
  t.true(
    shown.some((line) => /^✓ Cleaned 4 worktrees, reclaimed \d+ KB$/.test(line)),
    shown.join('\n'),
  );
  t.is(left(slow), 0);
});

terminalTest(
  'Ctrl-C finishes what is at hand, says how to go on, and exits with 130; the rest is resumed',
  async (t) => {
    const slow = await slowShop(t);
    const steps = [{ on: String.raw`Cleaning worktrees\.\.\. \(0`, after: slow.atHand, type: '\x03' }];
    const talk = await onScreen(slow.shop, ['--worktrees', '--force'], steps, { env: slow.env });
    t.is(talk.exitCode, 130, talk.screen);
    const shown = shownOf(talk.screen);
    const stopping = shown.findIndex((line) => line.startsWith('Stopping: finishing the item at hand'));
    t.true(stopping > 0 && shown[stopping - 1] !== '', 'in the place of the live line');
    t.true(
      shown.some((line) => /^Interrupted: \d items? remain\. Go on with: prodigy clean resume$/.test(line)),
      shown.join('\n'),
    );
    t.deepEqual(
      shown.filter((line) => progress.test(line) || line.includes('^C')),
      [],
      'no rest of the live line',
    );

    const overview = await clean(slow.shop, []);
    t.regex(overview.stdout, /^Unfinished: +run \w{8} of .*, \d of 4 items removed$/m);
    t.regex(overview.stdout, /^Finish what was begun: +prodigy clean resume$/m);
    const resumed = await clean(slow.shop, ['resume']);
    t.is(resumed.exitCode, 0, resumed.stdout + resumed.stderr);
    t.is(left(slow), 0);
    t.is((await clean(slow.shop, ['log', 'verify'])).exitCode, 0);
  },
);

terminalTest('Ctrl-C twice stops at once, and resume ends where it would have ended', async (t) => {
  const slow = await slowShop(t);
  const steps = [
    { on: String.raw`Cleaning worktrees\.\.\. \(0`, after: slow.atHand, type: '\x03' },
    { on: 'Stopping:', type: '\x03' },
  ];
  const talk = await onScreen(slow.shop, ['--worktrees', '--force'], steps, { env: slow.env });
  t.is(talk.exitCode, 130, talk.screen);
  t.regex(talk.screen, /Stopped at once\. Whatever was begun: prodigy clean resume/);
  t.false(/Interrupted:/.test(talk.screen), 'it did not wait for the item');
  const resumed = await clean(slow.shop, ['resume']);
  t.is(resumed.exitCode, 0, resumed.stdout + resumed.stderr);
  t.is(left(slow), 0);
  t.is((await clean(slow.shop, ['log', 'verify'])).exitCode, 0);
});

tmuxTest('a window that is made narrower while the live line is shown keeps nothing of it', async (t) => {
  const slow = await slowShop(t);
  const env = prodigyEnvironment(slow.shop.home.home, {
    ...slow.env,
    TMUX_TMPDIR: temporaryDirectory(t),
    SHELL: '/bin/sh',
  });
  const tmux = (...args: string[]): string =>
    execFileSync('tmux', ['-f', '/dev/null', ...args], { env, cwd: slow.shop.repository, encoding: 'utf8' });
  const command = `'${process.execPath}' '${binary()}' clean --worktrees --force; echo "ended with $?"; sleep 60`;
  tmux('new-session', '-d', '-x', '100', '-y', '70', command);
  t.teardown(() => tmux('kill-server'));
  const screen = (): string => tmux('capture-pane', '-p');
  const until = async (text: RegExp): Promise<void> => {
    for (let tries = 0; !text.test(screen()); tries += 1) {
      if (tries > 600) throw new Error(`never seen: ${text.source}\n${screen()}`);
      await setTimeout(50);
    }
  };
  await until(/Scanning worktrees/);
  // Narrower than the line is long, twice, and wider again.
  for (const columns of ['20', '13', '90']) {
    tmux('resize-window', '-x', columns);
    await setTimeout(300);
  }
  const rests = (): readonly string[] =>
    screen()
      .split('\n')
      .filter((line) => /Scanning|^\w*found\)/.test(line) || /Cleaning \w*\.\.\.|^\w*\d\/4\)/.test(line));
  await until(/^Plan \w/m);
  t.deepEqual(
    rests().filter((line) => !line.startsWith('Cleaning')),
    [],
    screen(),
  );
  await until(/Cleaning worktrees/);
  tmux('resize-window', '-x', '25');
  await until(/ended with/);
  // Not in a wider window again: tmux brings back from its history what was cleared there.
  t.deepEqual(rests(), [], screen());
  t.true(screen().includes('ended with 0'), screen());
});

terminalTest('stdout and stderr are judged each by itself', async (t) => {
  const slow = await slowShop(t);
  const files = temporaryDirectory(t);
  const [out, errors] = [join(files, 'out'), join(files, 'errors')];
  const dry = ['--worktrees', '--dry-run'];
  const talk = await onScreen(slow.shop, dry, [], {
    env: { ...slow.env, NO_COLOR: undefined },
    redirect: `> '${out}'`,
  });
  t.is(talk.exitCode, 0, talk.screen);
  t.true(talk.screen.includes(`\r${escape}[J`), 'the live line is on the terminal');
  t.false(readFileSync(out, 'utf8').includes(escape), 'the results are in a file: no colour');
  t.regex(
    readFileSync(out, 'utf8'),
    /^ {2}- remove .* shop\/\S+ +unmerged, branch \S+ kept at \w{7}, clean/m,
  );

  const other = await onScreen(slow.shop, dry, [], {
    env: { ...slow.env, NO_COLOR: undefined },
    redirect: `2> '${errors}'`,
  });
  t.is(other.exitCode, 0, other.screen);
  t.true(other.screen.includes(`${escape}[1m`), 'the results are on the terminal, and coloured');
  t.regex(readFileSync(errors, 'utf8'), /^(?:Scanning worktrees\.\.\. \(4 found\)\n)+$/);
});

terminalTest(
  'a dumb terminal gets plain lines, and NO_COLOR takes the colours but not the live line',
  async (t) => {
    const slow = await slowShop(t);
    const dry = ['--worktrees', '--dry-run'];
    const dumb = await onScreen(slow.shop, dry, [], { env: { ...slow.env, TERM: 'dumb' } });
    t.is(dumb.exitCode, 0, dumb.screen);
    t.false(dumb.screen.includes(escape), JSON.stringify(dumb.screen));
    t.regex(dumb.screen, /^Scanning worktrees\.\.\. \(4 found\)\r?$/m);
    const bare = await onScreen(slow.shop, dry, [], { env: slow.env });
    t.true(bare.screen.includes(`\r${escape}[J`));
    t.false(bare.screen.includes(`${escape}[1m`) || bare.screen.includes(`${escape}[31m`));
    const coloured = { ...slow.env, NO_COLOR: undefined };
    const flag = await onScreen(slow.shop, [...dry, '--no-color'], [], { env: coloured });
    t.false(flag.screen.includes(`${escape}[1m`));
  },
);

terminalTest('the end of the input at the question leaves no half of a line', async (t) => {
  const shop = await makeShop(t);
  await finished(shop, 'logs', '60d');
  for (const type of ['\x04', '\r', 'n\r']) {
    const talk = await onScreen(shop, ['--logs'], [{ on: String.raw`\[y/N\]`, type }]);
    t.is(talk.exitCode, 5, talk.screen);
    t.true(
      shownOf(talk.screen).includes('Nothing of this plan was removed.'),
      JSON.stringify(shownOf(talk.screen)),
    );
  }
});

terminalTest('a narrow terminal gets the question after a plan that fits', async (t) => {
  const shop = await makeShop(t);
  await finished(shop, 'logs', '60d');
  const talk = await onScreen(shop, ['--logs'], [{ on: String.raw`\[y/N\]`, type: 'n\r' }], { columns: 40 });
  const lines = shownOf(talk.screen);
  const plan = lines.slice(
    0,
    lines.findIndex((line) => line.includes('[y/N]')),
  );
  t.deepEqual(
    plan.filter((line) => line.length > 40 && /\S +\S/.test(line)),
    [],
    plan.join('\n'),
  );
});
