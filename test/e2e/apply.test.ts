import { appendFileSync, existsSync, rmSync, symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { faulty } from '../helpers/faulty.ts';
import { commitFile, git } from '../helpers/git.ts';
import {
  blockQuarantine,
  clean,
  documentOf,
  finished,
  finishedWork,
  goingOf,
  goneSince,
  journalOf,
  look,
  makeShop,
  reasonsOf,
  recordOf,
  worktreeOf,
  type Shop,
} from './shop.ts';
import { hasTerminal, onTerminal } from './terminal.ts';

const terminalTest = hasTerminal() ? test : test.skip;
const hourMs = 3_600_000;

function shifted(ms: number): ReturnType<typeof faulty> {
  return faulty({ SHIFT_CLOCK: String(ms) });
}

/** The plan of a dry run, by the id that it shows. */
async function planOf(shop: Shop, args: readonly string[]): Promise<string> {
  const ran = await clean(shop, [...args, '--dry-run']);
  const [, plan = ''] = /Apply this exact plan: {2}prodigy clean apply (\w+)\n$/.exec(ran.stdout) ?? [];
  if (plan === '') throw new Error(`no plan to apply: ${ran.stdout}${ran.stderr}`);
  return plan;
}

test('apply removes exactly what the dry run listed, by its rules, and nothing that could go since (P6)', async (t) => {
  const shop = await makeShop(t);
  const planned = [...(await finished(shop, 'logs', '3d')), ...(await finished(shop, 'events', '60d'))];
  await finished(shop, 'sessions', '60d');
  const plan = await planOf(shop, ['--logs', '--events', '--older-than', '2d']);
  const [later = ''] = await finished(shop, 'logs', '60d');
  const before = look(shop);
  const ran = await clean(shop, ['apply', plan.slice(0, 7), '--force'], { cwd: shop.top });
  t.is(ran.exitCode, 0, ran.stderr);
  t.deepEqual(goneSince(t, shop, before).sort(), planned.sort());
  t.regex(ran.stdout, /Applying plan \w+ of .*2 items\): all of it is as it was\./);
  t.regex(ran.stdout, /= keep .*not-in-plan/);
  t.true(existsSync(later));

  const entries = await journalOf(shop);
  const started = entries.findLast(({ type }) => type === 'RunStarted');
  t.like(started?.data, { command: 'apply', applies: plan });
  const told = await clean(shop, ['log', 'show', String(started?.run)]);
  t.true(told.stdout.includes(`plan ${plan}, or less of it`), told.stdout);
  t.true(told.stdout.includes(`prodigy clean apply ${plan} --force`), told.stdout);
  const machine = await clean(shop, ['log', 'show', String(started?.run), '--json']);
  t.is((JSON.parse(machine.stdout) as { applies: string }).applies, plan);
  const why = await clean(shop, ['why', planned[0] ?? '']);
  t.true(why.stdout.includes(`prodigy clean apply ${plan}`), why.stdout);
  t.is((await clean(shop, ['log', 'verify'])).exitCode, 0);
});

test('what drifted, is held or is gone since is left out, each with why, and does not change the exit code', async (t) => {
  const shop = await makeShop(t);
  const moved = await finishedWork(shop, '60d');
  const [touched = ''] = await finished(shop, 'logs', '60d');
  const [held = ''] = await finished(shop, 'logs', '61d');
  const [removed = ''] = await finished(shop, 'logs', '62d');
  const [goes = ''] = await finished(shop, 'logs', '63d');
  const plan = await planOf(shop, ['--all']);

  await commitFile(worktreeOf(shop, moved), 'more.txt', 'more\n', { atMs: Date.now() - 59 * 24 * hourMs });
  const aged = new Date(Date.now() - 60 * 24 * hourMs);
  appendFileSync(touched, '\n');
  utimesSync(touched, aged, aged);
  t.is((await clean(shop, ['hold', held, '--reason', 'evidence'])).exitCode, 0);
  rmSync(removed);
  const before = look(shop);
  const ran = await clean(shop, ['apply', plan, '--force', '--json']);
  t.is(ran.exitCode, 0, ran.stderr);
  t.deepEqual(goneSince(t, shop, before), [goes]);
  const document = documentOf(ran);
  const reasons = reasonsOf(document);
  t.is(reasons[`worktrees:${worktreeOf(shop, moved)}`], 'changed-since-decision');
  t.is(reasons[`sessions:${recordOf(shop, moved)}`], 'has-worktree');
  t.is(reasons[`logs:${touched}`], 'changed-since-decision');
  t.is(reasons[`logs:${held}`], 'held');
  t.is(document['applies'], plan);
  const outcomes = new Map(document.items.map(({ id, outcome }) => [id, outcome]));
  for (const id of [`worktrees:${worktreeOf(shop, moved)}`, `logs:${touched}`, `logs:${held}`])
    t.is(outcomes.get(id), 'drifted', id);
  t.is((document['drifted'] as unknown[]).length, 4);

  // The same in words, and nothing left to do.
  const again = await clean(shop, ['apply', plan, '--force']);
  t.is(again.exitCode, 0, again.stderr);
  t.regex(again.stdout, /6 items of it are left out/);
  t.regex(again.stdout, /~ worktrees .*kept: changed-since-decision \(changed: HEAD/);
  t.regex(again.stdout, /~ sessions .*kept: has-worktree/);
  t.regex(again.stdout, /~ logs .*kept: held \(evidence\)/);
  for (const path of [removed, goes]) t.true(again.stdout.includes(`~ ${path}: it is not there any more`));
  t.deepEqual(goneSince(t, shop, before), [goes]);
});

test('a plan can be applied for a day: then it is refused, journalled, and the dry run to repeat is told', async (t) => {
  const shop = await makeShop(t);
  const [log = ''] = await finished(shop, 'logs', '60d');
  const plan = await planOf(shop, ['--logs', '--older-than', '30d']);
  const late = await clean(shop, ['apply', plan, '--force'], shifted(25 * hourMs));
  t.is(late.exitCode, 4, late.stdout);
  t.regex(late.stderr, /it can be applied for 24 hours/);
  t.regex(late.stderr, /prodigy clean --logs --older-than 30d --dry-run/);
  t.true(existsSync(log));
  const refused = (await journalOf(shop)).find(({ type }) => type === 'RunRefused');
  t.like(refused?.data, { rule: 'plan-expired' });

  const other = await makeShop(t);
  const [intime = ''] = await finished(other, 'logs', '60d');
  const fresh = await planOf(other, ['--logs']);
  t.is((await clean(other, ['apply', fresh, '--force'], shifted(23 * hourMs))).exitCode, 0);
  t.false(existsSync(intime));
});

test('a plan of the future is refused: its age is not known', async (t) => {
  const shop = await makeShop(t);
  const [log = ''] = await finished(shop, 'logs', '60d');
  const plan = await planOf(shop, ['--logs']);
  const back = shifted(-2 * hourMs);
  t.is((await clean(shop, ['apply', plan, '--force'], back)).exitCode, 4);
  const accepted = await clean(shop, ['apply', plan, '--force', '--accept-clock'], back);
  t.is(accepted.exitCode, 4);
  t.regex(accepted.stderr, /it can be applied for 24 hours/);
  t.true(existsSync(log));
});

test('what is no plan that was shown is wrong usage: exit 2, nothing touched', async (t) => {
  const shop = await makeShop(t);
  t.is((await clean(shop, ['apply', 'abc'])).exitCode, 2, 'without a journal');
  await finished(shop, 'logs', '60d');
  await finished(shop, 'events', '60d');
  const before = look(shop);
  const overview = documentOf(await clean(shop, ['--json']));
  t.is(goingOf(overview).length, 2);
  const plan = await planOf(shop, ['--logs', '--older-than', '59d']);
  for (const text of [overview.plan, 'zzz', '', `${plan}0`, 'abc']) {
    const ran = await clean(shop, ['apply', text, '--force']);
    t.is(ran.exitCode, 2, `${text}: ${ran.stdout}`);
  }
  t.is((await clean(shop, ['apply', plan, '--force', '--max-delete', 'many'])).exitCode, 2);
  t.is((await clean(shop, ['apply'])).exitCode, 2);
  t.deepEqual(goneSince(t, shop, before), []);
});

test('a plan of a dry run that was killed before it showed its list is none', async (t) => {
  const shop = await makeShop(t);
  await finished(shop, 'logs', '60d');
  t.is((await clean(shop, ['--events', '--dry-run'])).exitCode, 0);
  const killed = await clean(shop, ['--logs', '--dry-run'], faulty({ KILL_AT: 'statfs::.' }));
  t.is(killed.signal, 'SIGKILL');
  const planned = (await journalOf(shop)).findLast(({ type }) => type === 'RunPlanned');
  t.is(planned?.data['items'], 1);
  const plan = String(planned?.data['plan']);
  t.is((await clean(shop, ['apply', plan, '--force'])).exitCode, 2);
  t.is(await planOf(shop, ['--logs']), plan);
  t.is((await clean(shop, ['apply', plan, '--force'])).exitCode, 0);
});

test('the beginning of several plans is none of them', async (t) => {
  const shop = await makeShop(t);
  const plans = new Set<string>();
  let shared: string | undefined;
  // Of 17 ids two begin with the same hexadecimal digit.
  for (let index = 0; index < 17 && shared === undefined; index += 1) {
    await finished(shop, 'logs', `${60 + index}d`);
    const plan = await planOf(shop, ['--logs']);
    shared = [...plans].find((other) => other[0] === plan[0])?.slice(0, 1);
    plans.add(plan);
  }
  const before = look(shop);
  const ran = await clean(shop, ['apply', shared ?? '', '--force']);
  t.is(ran.exitCode, 2, ran.stdout);
  t.regex(ran.stderr, /Several plans begin with/);
  t.deepEqual(goneSince(t, shop, before), []);
});

test('apply with --force frees nothing that was shown to be undoable, and what was shown not to be (P6)', async (t) => {
  const shop = await makeShop(t);
  const [log = ''] = await finished(shop, 'logs', '60d');
  const plan = await planOf(shop, ['--logs']);
  const quarantine = blockQuarantine(shop);
  const ran = await clean(shop, ['apply', plan, '--force']);
  t.is(ran.exitCode, 3, ran.stdout + ran.stderr);
  t.true(existsSync(log));
  t.regex(ran.stdout, /ENOHOLD/);
  t.regex((await clean(shop, ['resume'])).stdout, /ENOHOLD/);
  t.true(existsSync(log));

  const shown = await clean(shop, ['--logs', '--dry-run']);
  t.regex(shown.stdout, /Undo: it cannot be undone: /);
  t.is(await planOf(shop, ['--logs']), plan);
  // Another obstacle is not the one that was agreed to.
  rmSync(quarantine);
  symlinkSync(shop.top, quarantine);
  t.is((await clean(shop, ['apply', plan, '--force'])).exitCode, 3);
  t.true(existsSync(log));
  blockQuarantine(shop);
  const freed = await clean(shop, ['apply', plan, '--force']);
  t.is(freed.exitCode, 0, freed.stdout + freed.stderr);
  t.false(existsSync(log));
  t.is((await clean(shop, ['log', 'verify'])).exitCode, 0);
});

terminalTest(
  'at a terminal the question tells what cannot be undone by now, whatever the plan was',
  async (t) => {
    const shop = await makeShop(t);
    const [log = ''] = await finished(shop, 'logs', '60d');
    const plan = await planOf(shop, ['--logs']);
    blockQuarantine(shop);
    const yes = await onTerminal(shop, ['apply', plan], 'y\r');
    t.is(yes.exitCode, 0, yes.screen);
    t.regex(yes.screen.replaceAll(/\s+/g, ' '), /cannot be undone.*quarantine is not a directory/);
    t.false(existsSync(log));
  },
);

test('without a terminal and without --force nothing is applied', async (t) => {
  const shop = await makeShop(t);
  await finished(shop, 'logs', '60d');
  const plan = await planOf(shop, ['--logs']);
  const before = look(shop);
  t.is((await clean(shop, ['apply', plan])).exitCode, 4);
  t.deepEqual(goneSince(t, shop, before), []);
});

terminalTest('it asks like any run', async (t) => {
  const shop = await makeShop(t);
  const [log = ''] = await finished(shop, 'logs', '60d');
  const plan = await planOf(shop, ['--logs']);
  const no = await onTerminal(shop, ['apply', plan], 'n\r');
  t.is(no.exitCode, 5, no.screen);
  t.true(existsSync(log));
  const yes = await onTerminal(shop, ['apply', plan], 'y\r');
  t.is(yes.exitCode, 0, yes.screen);
  t.regex(yes.screen, /Remove 1 item .*repository shop/);
  t.false(existsSync(log));
});

test('a crash of an applied plan is resumed like any run, and adds nothing either', async (t) => {
  const shop = await makeShop(t);
  const planned = [...(await finished(shop, 'logs', '60d')), ...(await finished(shop, 'events', '60d'))];
  const plan = await planOf(shop, ['--all']);
  await finished(shop, 'logs', '70d');
  const before = look(shop);
  const killed = await clean(shop, ['apply', plan, '--force'], faulty({ KILL_AT: 'rename::quarantine' }));
  t.is(killed.signal, 'SIGKILL');
  t.deepEqual(goneSince(t, shop, before), []);
  const resumed = await clean(shop, ['resume']);
  t.is(resumed.exitCode, 0, resumed.stderr);
  t.deepEqual(goneSince(t, shop, before).sort(), planned.sort());
});

test('the brake of the dry run counts when its plan is applied, until another is given', async (t) => {
  const shop = await makeShop(t);
  await finished(shop, 'logs', '60d');
  await finished(shop, 'logs', '61d');
  const plan = await planOf(shop, ['--logs', '--max-delete', '1']);
  const before = look(shop);
  t.is((await clean(shop, ['apply', plan, '--force'])).exitCode, 4);
  t.is((await clean(shop, ['apply', plan, '--force', '--max-delete', '99%'])).exitCode, 4);
  t.deepEqual(goneSince(t, shop, before), []);
  t.is((await clean(shop, ['apply', plan, '--force', '--max-delete', '2'])).exitCode, 0);
  t.is(goneSince(t, shop, before).length, 2);
});

test('a budget is in the list of the plan: no other item stands in for one that stays now', async (t) => {
  const shop = await makeShop(t);
  const [older = ''] = await finished(shop, 'logs', '99d');
  t.is((await clean(shop, ['hold', older, '--reason', 'evidence'])).exitCode, 0);
  const [oldest = ''] = await finished(shop, 'logs', '90d');
  const [next = ''] = await finished(shop, 'logs', '80d');
  const plan = await planOf(shop, ['--logs', '--free', '1B']);
  t.is((await clean(shop, ['hold', oldest, '--reason', 'evidence'])).exitCode, 0);
  t.is((await clean(shop, ['apply', plan, '--force'])).exitCode, 0);
  t.deepEqual([existsSync(oldest), existsSync(next)], [true, true]);
  for (const path of [oldest, older]) t.is((await clean(shop, ['release', path])).exitCode, 0);
  t.is((await clean(shop, ['apply', plan, '--force', '--no-undo'])).exitCode, 0);
  t.deepEqual([older, oldest, next].map(existsSync), [true, false, true]);
});

test('of branches only those go that the plan showed', async (t) => {
  const shop = await makeShop(t);
  const id = await finishedWork(shop, '60d');
  const plan = await planOf(shop, ['--worktrees', '--delete-merged-branches']);
  await git(shop.repository, 'merge', '--no-ff', '-m', 'merged since', `prodigy-${id}`);
  t.is((await clean(shop, ['apply', plan, '--force'])).exitCode, 0);
  t.false(existsSync(worktreeOf(shop, id)));
  t.true(existsSync(join(shop.repository, '.git', 'refs', 'heads', `prodigy-${id}`)));
});

test('a dry run with nothing to remove, or without a journal, offers no plan', async (t) => {
  const shop = await makeShop(t);
  await finished(shop, 'logs', '1d');
  t.notRegex((await clean(shop, ['--logs', '--dry-run'])).stdout, /Apply this/);
  const machine = documentOf(await clean(shop, ['--logs', '--dry-run', '--json']));
  t.deepEqual(goingOf(machine), []);
  const empty = await clean(shop, ['apply', machine.plan, '--force']);
  t.is(empty.exitCode, 0, empty.stderr);
  t.regex(empty.stdout, /Nothing to do\./);
});
