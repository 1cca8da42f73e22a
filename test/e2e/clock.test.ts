import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { faulty } from '../helpers/faulty.ts';
import type { RunOptions } from '../helpers/run-prodigy.ts';
import { clean, documentOf, finished, goneSince, journalOf, look, makeShop, type Shop } from './shop.ts';

const dayMs = 24 * 3_600_000;

/** The network keeps the clock right, or says that it does not: whatever the machine that the tests run on says. */
const says = { yes: stubTimedatectl('yes'), no: stubTimedatectl('no') };
test.after.always(() => Object.values(says).forEach((directory) => rmSync(directory, { recursive: true })));

function stubTimedatectl(answer: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'prodigy-clean-clock-'));
  const program = join(directory, 'timedatectl');
  writeFileSync(program, `#!/bin/sh\necho ${answer}\n`);
  chmodSync(program, 0o755);
  return directory;
}

/** So many days later by the clock, the machine up for so many hours since a start of this name. */
function later(days: number, upHours: number, boot: string, network: 'yes' | 'no' = 'no'): RunOptions {
  const PATH = `${says[network]}:${process.env['PATH']}`;
  return faulty({ PATH, SHIFT_CLOCK: String(days * dayMs), BOOT: `${boot}::${upHours * 3600}` });
}

/** A storage that was cleaned on day 0, a day after the machine had been started, with something to remove since. */
async function cleanedOnce(t: Parameters<typeof makeShop>[0]): Promise<Shop> {
  const shop = await makeShop(t);
  await finished(shop, 'logs', '90d');
  const ran = await clean(shop, ['--logs', '--force'], later(0, 24, 'first'));
  if (ran.exitCode !== 0) throw new Error(ran.stderr);
  await finished(shop, 'logs', '80d');
  return shop;
}

test('a clock that was set ahead while the machine was up is refused, with what was seen, until it is accepted (story 14)', async (t) => {
  const shop = await cleanedOnce(t);
  const before = look(shop);
  const yearLater = later(365, 25, 'first');
  for (let round = 0; round < 2; round += 1) {
    const ran = await clean(shop, ['--logs', '--force'], yearLater);
    t.is(ran.exitCode, 4, ran.stdout);
    t.regex(ran.stderr, /has been up all the time since \(for 1d1h\)/);
    t.regex(ran.stderr, /the clock has gone 364d\d+h.* further than it has/);
    t.regex(ran.stderr, /--accept-clock/);
  }
  t.deepEqual(goneSince(t, shop, before), []);
  const refused = (await journalOf(shop)).find(({ type }) => type === 'RunRefused');
  t.is(refused?.data['rule'], 'clock-ahead');
  t.is((await clean(shop, ['resume'], yearLater)).exitCode, 0, 'there is nothing to resume');

  t.is((await clean(shop, ['--logs', '--force', '--accept-clock'], yearLater)).exitCode, 0);
  t.is(goneSince(t, shop, before).length, 1);
  t.is((await clean(shop, ['--logs', '--force'], yearLater)).exitCode, 0, 'once is enough');
  t.is((await clean(shop, ['--logs', '--force'], later(0, 26, 'first'))).exitCode, 4, 'now it is behind');
});

test('a dry run and an overview say that a run would be refused, and are not refused', async (t) => {
  const shop = await cleanedOnce(t);
  const yearLater = later(365, 25, 'first');
  for (const args of [['--logs', '--dry-run'], []]) {
    const text = await clean(shop, args, yearLater);
    t.is(text.exitCode, 0, text.stderr);
    t.regex(text.stderr, /A run would be refused: The clock says/);
    const machine = documentOf(await clean(shop, [...args, '--json'], yearLater));
    t.regex(String(machine['notes']), /A run would be refused: The clock says/);
  }
  const behind = await clean(shop, ['--logs', '--dry-run'], later(-3, 23, 'first'));
  t.regex(behind.stderr, /A run would be refused: The clock says/);
  t.notRegex((await clean(shop, ['--logs', '--dry-run'], later(1, 48, 'first'))).stderr, /refused/);
});

test('a machine that was up for months is not refused, nor one that was used between two starts', async (t) => {
  const up = await cleanedOnce(t);
  t.is((await clean(up, ['--logs', '--force'], later(90, 91 * 24, 'first'))).exitCode, 0);

  const used = await cleanedOnce(t);
  const trace = join(used.home.root, 'sessions');
  mkdirSync(trace, { recursive: true });
  for (const days of [20, 40, 58]) {
    const file = join(trace, `trace-${days}`);
    writeFileSync(file, '');
    utimesSync(file, new Date(Date.now() + days * dayMs), new Date(Date.now() + days * dayMs));
  }
  const ran = await clean(used, ['--logs', '--force'], later(60, 3, 'second'));
  t.is(ran.exitCode, 0, ran.stderr);
});

test('after a holiday the clock is asked for once, unless the network keeps it right', async (t) => {
  const shop = await cleanedOnce(t);
  const before = look(shop);
  const refused = await clean(shop, ['--logs', '--force'], later(21, 1, 'second'));
  t.is(refused.exitCode, 4, refused.stdout);
  t.regex(refused.stderr, /has been up for 1h only, and nothing on it tells of the 20d23h/);
  t.regex(refused.stderr, /it was off, or the clock is wrong/);
  const right = later(21, 1, 'second', 'yes');
  t.is((await clean(shop, ['--logs', '--force'], right)).exitCode, 0);
  t.is(goneSince(t, shop, before).length, 1);
});

test('a machine that slept without knowing it is believed when the network keeps its clock right', async (t) => {
  const shop = await cleanedOnce(t);
  t.is((await clean(shop, ['--logs', '--force'], later(21, 25, 'first'))).exitCode, 4);
  t.is((await clean(shop, ['--logs', '--force'], later(21, 25, 'first', 'yes'))).exitCode, 0);
});

test('a week away is no matter', async (t) => {
  const shop = await cleanedOnce(t);
  t.is((await clean(shop, ['--logs', '--force'], later(6, 1, 'second'))).exitCode, 0);
});

test('what only looks or pins does not make a wrong clock right', async (t) => {
  const shop = await cleanedOnce(t);
  const yearLater = later(365, 25, 'first');
  const [log = ''] = await finished(shop, 'logs', '70d');
  t.is((await clean(shop, [], yearLater)).exitCode, 0);
  t.is((await clean(shop, ['hold', log, '--reason', 'why'], yearLater)).exitCode, 0);
  t.is((await clean(shop, ['--logs', '--force'], yearLater)).exitCode, 4);
  t.true(existsSync(log));
});
