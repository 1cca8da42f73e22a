import test from 'ava';
import { clean, finished, finishedWork, goneSince, journalOf, look, makeShop, worktreeOf } from './shop.ts';
import { hasTerminal, onTerminal } from './terminal.ts';

/** Skipped, and shown as such, where no terminal can be made. */
const terminalTest = hasTerminal() ? test : test.skip;

const question = /Remove 2 items \(.*\) of repository shop .*on .*\?/;

test('without a terminal and without --force nothing happens: exit 4, and the message names the flag', async (t) => {
  const shop = await makeShop(t);
  await finished(shop, 'logs', '60d');
  const before = look(shop);
  for (const input of ['', 'y\n', 'yes\n']) {
    const ran = await clean(shop, ['--logs'], { input });
    t.is(ran.exitCode, 4, ran.stdout);
    t.regex(ran.stderr, /Nothing of this plan was removed: there is no terminal to ask on/);
    t.regex(ran.stderr, /--force/);
  }
  const machine = await clean(shop, ['--logs', '--json']);
  t.is(machine.exitCode, 4);
  t.is((JSON.parse(machine.stdout) as { outcome: string }).outcome, 'refused');
  t.deepEqual(goneSince(t, shop, before), []);
  const types = (await journalOf(shop)).map(({ type }) => type);
  t.is(types.filter((type) => type === 'RunRefused').length, 4);
  t.false(types.includes('RemovalIntended'));
});

terminalTest('with --json nobody is asked, terminal or not, and that is what is said', async (t) => {
  const shop = await makeShop(t);
  await finished(shop, 'logs', '60d');
  const before = look(shop);
  const { screen, exitCode } = await onTerminal(shop, ['--logs', '--json'], '');
  t.is(exitCode, 4, screen);
  t.regex(screen, /Nothing of this plan was removed: with --json no question is asked/);
  t.deepEqual(goneSince(t, shop, before), []);
});

test('with nothing to remove there is no question: exit 0', async (t) => {
  const shop = await makeShop(t);
  await finished(shop, 'logs', '2d');
  const ran = await clean(shop, ['--all']);
  t.is(ran.exitCode, 0, ran.stderr);
  t.regex(ran.stdout, /Nothing to do\./);
});

for (const flag of ['--force', '-f', '--yes', '-y']) {
  test(`${flag} skips the question`, async (t) => {
    const shop = await makeShop(t);
    const log = await finished(shop, 'logs', '60d');
    const before = look(shop);
    const ran = await clean(shop, ['--logs', flag]);
    t.is(ran.exitCode, 0, ran.stderr);
    t.false(/\[y\/N\]/.test(ran.stdout + ran.stderr));
    t.deepEqual(goneSince(t, shop, before), log);
  });
}

for (const [name, answer] of [
  ['y', 'y\r'],
  ['yes', 'yes\r'],
  ['Y', 'Y\r'],
] as const) {
  terminalTest(`on a terminal the answer ${name} removes what was shown, exit 0`, async (t) => {
    const shop = await makeShop(t);
    const paths = [...(await finished(shop, 'logs', '60d')), ...(await finished(shop, 'events', '60d'))];
    const before = look(shop);
    const talk = await onTerminal(shop, ['--all'], answer);
    t.is(talk.exitCode, 0, talk.screen);
    t.regex(talk.screen, question);
    t.regex(talk.screen, /put back for 7 days/);
    t.deepEqual(goneSince(t, shop, before).sort(), paths.sort());
  });
}

for (const [name, answer] of [
  ['n', 'n\r'],
  ['nothing, the default', '\r'],
  ['something else', 'sure\r'],
  ['the end of the input', '\x04'],
] as const) {
  terminalTest(`on a terminal the answer "${name}" is a no: exit 5, nothing touched`, async (t) => {
    const shop = await makeShop(t);
    await finished(shop, 'logs', '60d');
    await finished(shop, 'events', '60d');
    const before = look(shop);
    const talk = await onTerminal(shop, ['--all'], answer);
    t.is(talk.exitCode, 5, talk.screen);
    t.regex(talk.screen, question);
    t.regex(talk.screen, /Nothing of this plan was removed\./);
    t.deepEqual(goneSince(t, shop, before), []);
    const types = (await journalOf(shop)).map(({ type }) => type);
    t.true(types.includes('RunDeclined'));
    t.false(types.includes('RemovalIntended'));
    const resumed = await clean(shop, ['resume']);
    t.is(resumed.exitCode, 0);
    t.regex(resumed.stdout, /Nothing to resume/, 'a no is not taken up later');
    t.deepEqual(goneSince(t, shop, before), []);
  });
}

terminalTest(
  'Ctrl-C at the question ends the run with 130, nothing touched and nothing to resume',
  async (t) => {
    const shop = await makeShop(t);
    await finished(shop, 'logs', '60d');
    const before = look(shop);
    const talk = await onTerminal(shop, ['--all'], '\x03');
    t.is(talk.exitCode, 130, talk.screen);
    t.deepEqual(goneSince(t, shop, before), []);
    const resumed = await clean(shop, ['resume', '--json']);
    t.is(resumed.exitCode, 0, resumed.stderr);
    t.deepEqual(goneSince(t, shop, before), [], 'consent was never given');
  },
);

terminalTest('the question stays on the screen while somebody thinks', async (t) => {
  const shop = await makeShop(t);
  await finished(shop, 'logs', '60d');
  const talk = await onTerminal(shop, ['--all'], 'n\r', { thinkMs: 1_500 });
  t.is(talk.exitCode, 5, talk.screen);
  const after = talk.screen.slice(talk.screen.indexOf('[y/N]'));
  t.false(/Scanning|Cleaning/.test(after), after);
});

terminalTest('the question says that worktrees are freed at once and their branches stay', async (t) => {
  const shop = await makeShop(t);
  const id = await finishedWork(shop, '60d');
  const before = look(shop);
  const talk = await onTerminal(shop, ['--worktrees'], 'n\r');
  t.is(talk.exitCode, 5, talk.screen);
  t.regex(talk.screen, /Remove 1 item /);
  t.regex(talk.screen, /freed at once, the branches stay/);
  t.true(talk.screen.includes(id));
  t.deepEqual(goneSince(t, shop, before), []);
  t.truthy(worktreeOf(shop, id));
});

terminalTest('more than half of a kind and more than a hundred items want the word yes', async (t) => {
  const shop = await makeShop(t);
  for (let index = 0; index < 101; index += 1) await finished(shop, 'logs', `${60 + index}d`);
  const before = look(shop);
  const y = await onTerminal(shop, ['--logs'], 'y\r', { question: 'Type yes to go on' });
  t.is(y.exitCode, 5, y.screen);
  t.deepEqual(goneSince(t, shop, before), []);
  const yes = await onTerminal(shop, ['--logs'], 'yes\r', { question: 'Type yes to go on' });
  t.is(yes.exitCode, 0, yes.screen);
  t.is(goneSince(t, shop, before).length, 101);
});
