import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { prodigyHome } from '../helpers/prodigy-home.ts';
import { json, runProdigy } from '../helpers/run-prodigy.ts';
import { canMount, mountTmpfs } from '../helpers/temporary.ts';
import { spawnJournal } from '../journal/spawn-journal.ts';
import {
  clean,
  documentOf,
  finished,
  finishedWork,
  goingOf,
  look,
  makeShop,
  recordOf,
  worktreeOf,
  type Shop,
} from './shop.ts';

type Why = {
  readonly item: { readonly id: string };
  readonly story: readonly {
    event: string;
    run: string;
    actor: { user: string };
    data: Record<string, unknown>;
  }[];
  readonly now: null | {
    verdict: string;
    reason: string;
    agedFrom: string;
    release: { sentence: string; command?: string; after?: string };
  };
  readonly recovery: null | { possible: boolean; sentence: string; command?: string; until?: string };
};

async function why(shop: Shop, what: string, cwd = shop.repository): Promise<Why> {
  return json(await clean(shop, ['why', what, '--json'], { cwd })) as unknown as Why;
}

/** A command that was shown, typed as it stands. */
function typed(command: string | undefined, cwd: string): string {
  return execFileSync('sh', ['-c', command ?? 'false'], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

test('the story of a worktree: locked, released, removed, and made again by the commands it was told', async (t) => {
  const shop = await makeShop(t);
  const id = await finishedWork(shop, '60d');
  const path = worktreeOf(shop, id);
  execFileSync('git', ['worktree', 'lock', path], { cwd: shop.repository });
  t.is((await clean(shop, ['--worktrees', '--dry-run'])).exitCode, 0);
  const locked = await why(shop, `worktrees:${id}`);
  t.like(locked.now, { verdict: 'keep', reason: 'locked' });
  typed(locked.now?.release.command, shop.repository);

  // By a path inside, seen from elsewhere; and nothing is changed by looking.
  const inside = relative(shop.top, join(path, `feature-${id}.txt`));
  const before = look(shop);
  const free = await why(shop, inside, shop.top);
  t.deepEqual(look(shop), before);
  t.is(free.item.id, `worktrees:${path}`);
  t.like(free.now, {
    verdict: 'remove',
    release: { command: `prodigy clean --worktrees --repo ${shop.repository}` },
  });
  t.is((await clean(shop, ['--worktrees', '--force'])).exitCode, 0);

  const gone = await why(shop, `worktrees/shop/${id}`);
  t.is(gone.now, null);
  t.deepEqual(
    gone.story.map(({ event }) => event),
    ['ItemKept', 'ItemCondemned', 'RemovalIntended', 'ItemQuarantined', 'ItemRemoved'],
  );
  t.is(new Set(gone.story.map(({ run }) => run)).size, 2);
  t.true(gone.story.every(({ actor }) => actor.user !== ''));
  t.like(gone.story[0]?.data, { reason: 'locked' });
  t.regex(gone.recovery?.sentence ?? '', /freed; it can be made again until 2/);
  const text = (await clean(shop, ['why', path])).stdout;
  t.regex(
    text,
    /^worktree shop\/.*\n[^]*kept worktree .*: locked \([^]*about to remove worktree[^]*\nNow: it is not in its place; freed; it can be made again/,
  );
  const [, , ...undo] = (gone.recovery?.command ?? '').split(' ');
  t.is((await clean(shop, undo)).exitCode, 0);
  t.true(typed(`git -C ${path} log -1 --format=%s%d`, shop.repository).includes(id), 'on its branch again');
  t.is((await why(shop, path)).recovery, null);
});

test('what is held comes back by the command, until when it says; what is not there was perhaps not removed by us', async (t) => {
  const shop = await makeShop(t);
  const [held = ''] = await finished(shop, 'logs', '60d');
  t.is((await clean(shop, ['--logs', '--force'])).exitCode, 0);
  const told = await why(shop, held);
  t.like(told.recovery, { possible: true, command: `prodigy clean undo logs:${held}` });
  const days = (Date.parse(told.recovery?.until ?? '') - Date.now()) / 86_400_000;
  t.true(days > 6.9 && days <= 7);
  t.is((await clean(shop, ['undo', `logs:${held}`])).exitCode, 0);
  const back = await why(shop, held);
  t.is(back.story.at(-1)?.event, 'ItemRestored');
  t.like(back.now, { verdict: 'remove' });
  unlinkSync(held);
  t.regex(
    (await clean(shop, ['why', held])).stdout,
    /Now: it is not in its place, and no run of this tool removed it; the last word/,
  );

  const [freed = ''] = await finished(shop, 'logs', '61d');
  t.is((await clean(shop, ['--logs', '--force', '--no-undo'])).exitCode, 0);
  t.like((await why(shop, freed)).recovery, { possible: false });
  t.regex(
    (await clean(shop, ['why', freed])).stdout,
    /cannot be put back: it was freed on .* for it was not to be held/,
  );
});

test('what keeps an item is looked at now, and what would let it go is exact', async (t) => {
  const shop = await makeShop(t);
  const [young = ''] = await finished(shop, 'logs', '3d');
  const aged = await why(shop, young);
  t.false(existsSync(join(shop.home.root, 'clean')), 'asking makes no journal');
  t.is(aged.story.length, 0, 'no run has looked at it');
  t.is(aged.now?.reason, 'young');
  t.is(Date.parse(aged.now?.release.after ?? '') - Date.parse(aged.now?.agedFrom ?? ''), 7 * 86_400_000);
  const sooner = (aged.now?.release.command ?? '').split(' ').slice(2);
  const going = documentOf(await clean(shop, [...sooner, '--dry-run', '--json']));
  t.deepEqual(goingOf(going), [`logs:${young}`]);

  const paused = await finishedWork(shop, '60d', { status: 'Paused' });
  t.regex(
    (await why(shop, `sessions:${paused}`)).now?.release.command ?? '',
    new RegExp(`prodigy clean abandon ${paused} --reason`),
  );
  const dirty = await finishedWork(shop, '61d');
  writeFileSync(join(worktreeOf(shop, dirty), `feature-${dirty}.txt`), 'changed\n');
  const session = await why(shop, recordOf(shop, dirty));
  t.like(session.now, { reason: 'has-worktree' });
  t.true(session.now?.release.command?.includes(`worktrees:${worktreeOf(shop, dirty)}`));
  t.like((await why(shop, worktreeOf(shop, dirty))).now, { verdict: 'keep' });
  // Its record goes with a worktree that may go: asked alone, it must not look as if it had to stay.
  const both = await finishedWork(shop, '62d');
  t.like((await why(shop, `sessions:${both}`)).now, { verdict: 'remove' });

  const ambiguous = await clean(shop, ['why', both]);
  t.is(ambiguous.exitCode, 2);
  t.regex(
    ambiguous.stderr,
    new RegExp(`Several items are called[^]*worktrees:.*${both}, sessions:|sessions:.*worktrees:`),
  );
  const unknown = await clean(shop, ['why', both.slice(0, -3)]);
  t.is(unknown.exitCode, 2);
  t.regex(unknown.stderr, new RegExp(`similar: .*${both}`));
  mkdirSync(join(shop.home.root, 'my-backup'));
  const odd = await clean(shop, ['why', join(shop.home.root, 'my-backup', 'x')]);
  t.is(odd.exitCode, 0);
  t.regex(odd.stdout, /is no item, and is left alone/);
});

test('asked where nothing was ever stored, it says that it knows nothing', async (t) => {
  const home = await prodigyHome(t);
  const ran = await runProdigy(home, ['clean', 'why', 'session-1']);
  t.is(ran.exitCode, 2, ran.stdout + ran.stderr);
  t.regex(ran.stderr, /Nothing is known of an item 'session-1'/);
});

test('it needs no lock, and no room: the journal may be held, read-only or full', async (t) => {
  const shop = await makeShop(t);
  const journal = join(shop.top, 'journal');
  mkdirSync(journal);
  const isSmall = canMount() && mountTmpfs(journal, '24m');
  const env = { PRODIGY_CLEAN_JOURNAL_DIR: join(journal, 'j') };
  const [held = ''] = await finished(shop, 'logs', '60d');
  t.is((await clean(shop, ['--logs', '--force'], { env })).exitCode, 0);
  const ask = async (): Promise<void> => {
    for (const args of [
      ['why', held],
      ['log', '--item', held],
    ]) {
      const ran = await clean(shop, args, { env });
      t.is(ran.exitCode, 0, ran.stdout + ran.stderr);
      t.regex(ran.stdout, /removed, and held for undo until/);
    }
  };
  const holder = spawnJournal('hold', env.PRODIGY_CLEAN_JOURNAL_DIR);
  await holder.nextLine();
  await ask();
  holder.child.kill('SIGKILL');
  await holder.ended;
  if (!isSmall) return t.log('full and read-only volumes are left out: nothing can be mounted here');
  execFileSync('sh', ['-c', `cat /dev/zero > '${join(journal, 'filler')}' || true`], { stdio: 'ignore' });
  await ask();
  // A file that was just closed can keep it busy for a moment.
  for (let tries = 0; spawnSync('mount', ['-o', 'remount,ro', journal]).status !== 0; tries += 1) {
    t.true(tries < 100);
    await delay(100);
  }
  await ask();
  t.deepEqual(
    readdirSync(env.PRODIGY_CLEAN_JOURNAL_DIR).filter((name) => name.startsWith('snap-')),
    [],
  );
});
