import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { lchown } from 'node:fs/promises';
import test from 'ava';
import { asNobody, giveToNobody } from '../helpers/as-nobody.ts';
import { ageWorktree } from '../helpers/git.ts';
import { msAgo } from '../helpers/prodigy-home.ts';
import { binary } from '../helpers/run-prodigy.ts';
import { canChattr, isRoot, setImmutable } from '../helpers/temporary.ts';
import { claudeLog, eventDirectory } from '../helpers/trace-artefacts.ts';
import { setTimes } from '../helpers/write-tree.ts';
import {
  clean,
  documentOf,
  finished,
  finishedWork,
  goneSince,
  inQuarantine,
  journalOf,
  look,
  makeShop,
  metadataOf,
  recordOf,
  worktreeOf,
  type Shop,
} from './shop.ts';

/** Skipped, and shown as such, where a machine cannot do it. */
const immutableTest = canChattr() ? test : test.skip;
const rootTest = isRoot() ? test : test.skip;

async function endsOf(shop: Shop, item: string): Promise<string[]> {
  return (await journalOf(shop))
    .filter(({ data, type }) => data['item'] === item && /^Item(?!Kept|Condemned|Quarantined)/.test(type))
    .map(({ type }) => type);
}

immutableTest(
  'an immutable file is reported with cause and next step, the others go, and resume finishes it (P8, story 31)',
  async (t) => {
    const shop = await makeShop(t);
    const stuck = await claudeLog(shop.home, { cwd: shop.repository, startedAgo: '60d' });
    const others = [
      ...(await finished(shop, 'logs', '61d')),
      ...(await finished(shop, 'events', '61d')),
      ...(await finished(shop, 'sessions', '61d')),
    ];
    setImmutable(stuck, true);
    const before = look(shop);
    const ran = await clean(shop, ['--all', '--force', '--no-undo']);
    t.is(ran.exitCode, 3, ran.stdout + ran.stderr);
    t.deepEqual(goneSince(t, shop, before).sort(), others.sort());
    t.true(ran.stdout.includes(stuck), ran.stdout);
    t.regex(ran.stdout, /EPERM/);
    t.regex(ran.stdout, /not permitted \(immutable, or owned by another user\)/);
    t.regex(ran.stdout, /chattr -R -i .*prodigy clean resume/);

    const still = await clean(shop, ['resume', '--json']);
    t.is(still.exitCode, 3, 'the cause is still there');
    t.true(existsSync(stuck));

    setImmutable(stuck, false);
    const resumed = await clean(shop, ['resume']);
    t.is(resumed.exitCode, 0, resumed.stderr + resumed.stdout);
    t.deepEqual(goneSince(t, shop, before).sort(), [...others, stuck].sort());
    const ends = await endsOf(shop, `logs:${stuck}`);
    t.is(ends.filter((type) => type === 'ItemRemoved').length + inQuarantine(shop).length, 1, ends.join(' '));
    const again = await clean(shop, ['resume']);
    t.regex(again.stdout, /Nothing to resume/);
    t.is((await clean(shop, ['log', 'verify'])).exitCode, 0);
  },
);

immutableTest(
  'a worktree with an immutable file inside: its record stays or goes with it, and resume finishes (P8)',
  async (t) => {
    const shop = await makeShop(t);
    const stuck = await finishedWork(shop, '60d');
    const deep = join(worktreeOf(shop, stuck), 'node_modules', 'native');
    mkdirSync(deep, { recursive: true });
    await ageWorktree(worktreeOf(shop, stuck), msAgo(shop.home, '60d'));
    const other = await finishedWork(shop, '63d');
    setImmutable(deep, true);
    const before = look(shop);
    const ran = await clean(shop, ['--worktrees', '--sessions', '--force', '--no-undo', '--json']);
    t.is(ran.exitCode, 3, ran.stdout + ran.stderr);
    const document = documentOf(ran);
    t.is(document.outcome, 'partial');
    const [failure, ...others] = document.failures;
    t.deepEqual(others, []);
    t.like(failure, { code: 'EPERM', cause: 'not permitted (immutable, or owned by another user)' });
    t.regex(String(failure?.['next']), /lsattr -d .*, then prodigy clean resume$/);
    t.false(existsSync(worktreeOf(shop, other)));
    t.false(existsSync(recordOf(shop, other)));
    t.is(document.kinds['worktrees']?.['removed'], 1, 'what still lies in quarantine is not called removed');

    // Wherever the rest of it waits now.
    const waiting = inQuarantine(shop).map((name) => name);
    t.true(existsSync(deep) || waiting.length > 0);
    lift(shop, deep);
    const resumed = await clean(shop, ['resume']);
    t.is(resumed.exitCode, 0, resumed.stdout + resumed.stderr);
    t.deepEqual(
      inQuarantine(shop).filter((name) => name.startsWith(stuck)),
      [],
    );
    t.deepEqual(
      goneSince(t, shop, before).sort(),
      [stuck, other].flatMap((id) => [worktreeOf(shop, id), metadataOf(shop, id), recordOf(shop, id)]).sort(),
    );
    for (const id of [stuck, other]) {
      const ends = await endsOf(shop, `worktrees:${worktreeOf(shop, id)}`);
      t.is(ends.filter((type) => type === 'ItemRemoved').length, 1, ends.join(' '));
    }
    t.is((await clean(shop, ['log', 'verify'])).exitCode, 0);
  },
);

immutableTest(
  'an immutable worktree directory cannot be moved: it stays where it is, registered in git (P8)',
  async (t) => {
    const shop = await makeShop(t);
    const stuck = await finishedWork(shop, '60d');
    const path = worktreeOf(shop, stuck);
    setImmutable(path, true);
    const before = look(shop);
    const ran = await clean(shop, ['--worktrees', '--sessions', '--force']);
    t.is(ran.exitCode, 3, ran.stdout + ran.stderr);
    t.deepEqual(goneSince(t, shop, before), [], 'neither the worktree, nor its metadata, nor its record');
    setImmutable(path, false);
    const resumed = await clean(shop, ['resume']);
    t.is(resumed.exitCode, 0, resumed.stdout + resumed.stderr);
    t.deepEqual(
      goneSince(t, shop, before).sort(),
      [path, metadataOf(shop, stuck), recordOf(shop, stuck)].sort(),
    );
  },
);

rootTest(
  'a directory of another user is reported, the others go, and resume finishes once it is ours (P8)',
  async (t) => {
    const shop = await makeShop(t);
    const theirs = await eventDirectory(shop.home, { repository: 'shop', startedAgo: '60d' });
    const ours = await claudeLog(shop.home, { startedAgo: '60d' });
    await giveToNobody(shop.top);
    const container = dirname(theirs.path);
    const containerAtMs = msAgo(shop.home, '60d');
    await setTimes(container, containerAtMs);
    for (const path of [container, theirs.path]) await lchown(path, 0, 0);
    const asThem = (...args: string[]): ReturnType<typeof asNobody> =>
      asNobody([binary(), 'clean', ...args], { env: { HOME: shop.home.home }, cwd: shop.top });
    const before = look(shop);
    const ran = await asThem('--all', '--all-repos', '--older-than', '30d', '--force');
    t.is(ran.exitCode, 3, ran.stdout + ran.stderr);
    t.deepEqual(goneSince(t, shop, before), [ours]);
    t.true(ran.stdout.includes(theirs.path), ran.stdout);
    t.regex(ran.stdout, /permission denied[^]*EACCES|EACCES[^]*permission denied/);
    t.regex(ran.stdout, /sudo chown -R .*prodigy clean resume/);

    await giveToNobody(shop.top);
    const resumed = await asThem('resume');
    t.is(resumed.exitCode, 0, resumed.stdout + resumed.stderr);
    t.deepEqual(goneSince(t, shop, look(shop)), []);
    t.false(existsSync(theirs.path));
  },
);

rootTest(
  'a read-only tree of our own goes: directories inside the item are opened, none outside (story 31)',
  async (t) => {
    const shop = await makeShop(t);
    const { path } = await eventDirectory(shop.home, { repository: 'shop', startedAgo: '60d' });
    await giveToNobody(shop.top);
    chmodSync(path, 0o555);
    const before = look(shop);
    const ran = await asNobody(
      [binary(), 'clean', '--events', '--all-repos', '--older-than', '30d', '--force', '--no-undo'],
      { env: { HOME: shop.home.home }, cwd: shop.top },
    );
    t.is(ran.exitCode, 0, ran.stdout + ran.stderr);
    t.deepEqual(goneSince(t, shop, before), [path]);
    t.deepEqual(inQuarantine(shop), []);
  },
);

rootTest(
  'a container that is 0555 keeps its items, with cause and next step, until it is opened (P8)',
  async (t) => {
    const shop = await makeShop(t);
    const { path } = await eventDirectory(shop.home, { repository: 'shop', startedAgo: '60d' });
    const log = await claudeLog(shop.home, { startedAgo: '60d' });
    await giveToNobody(shop.top);
    chmodSync(dirname(path), 0o555);
    const asThem = (...args: string[]): ReturnType<typeof asNobody> =>
      asNobody([binary(), 'clean', ...args], { env: { HOME: shop.home.home }, cwd: shop.top });
    const before = look(shop);
    const ran = await asThem('--all', '--all-repos', '--older-than', '30d', '--force');
    t.is(ran.exitCode, 3, ran.stdout + ran.stderr);
    t.deepEqual(goneSince(t, shop, before), [log]);
    t.true(ran.stdout.includes('EACCES'), ran.stdout);
    t.true(ran.stdout.includes(`chmod u+rwx '${dirname(path)}', then prodigy clean resume`), ran.stdout);
    chmodSync(dirname(path), 0o755);
    const resumed = await asThem('resume');
    t.is(resumed.exitCode, 0, resumed.stdout + resumed.stderr);
    t.false(existsSync(path));
  },
);

rootTest('a root that is 0555 is told by its own name, with a step that opens it (P8)', async (t) => {
  const shop = await makeShop(t);
  await claudeLog(shop.home, { startedAgo: '60d' });
  await giveToNobody(shop.top);
  chmodSync(shop.home.root, 0o555);
  const ran = await asNobody([binary(), 'clean', '--all', '--all-repos', '--force'], {
    env: { HOME: shop.home.home },
    cwd: shop.top,
  });
  t.is(ran.exitCode, 1, ran.stdout + ran.stderr);
  t.true(ran.stderr.includes(`chmod u+rwx '${shop.home.root}', then try again`), ran.stderr);
});

rootTest(
  'what git may not do is told in its words, with a step that works, by a run and by undo (P8)',
  async (t) => {
    const shop = await makeShop(t);
    const id = await finishedWork(shop, '60d');
    const path = worktreeOf(shop, id);
    const registrations = join(shop.repository, '.git', 'worktrees');
    await giveToNobody(shop.top);
    chmodSync(registrations, 0o555);
    const asThem = (...args: string[]): ReturnType<typeof asNobody> =>
      asNobody([binary(), 'clean', ...args], { env: { HOME: shop.home.home }, cwd: shop.repository });
    const ran = await asThem('--worktrees', '--force');
    t.is(ran.exitCode, 3, ran.stdout + ran.stderr);
    t.regex(ran.stdout.replaceAll(/\s+/g, ' '), /git would not let go of it: git says: .*Permission denied/);
    t.true(ran.stdout.includes(`chmod u+rwx '${registrations}', then prodigy clean resume`), ran.stdout);
    chmodSync(registrations, 0o755);
    t.is((await asThem('resume')).exitCode, 0);

    // git takes the directory away with the last of them.
    mkdirSync(registrations, { recursive: true });
    await giveToNobody(registrations);
    chmodSync(registrations, 0o555);
    const undone = await asThem('undo', path);
    t.is(undone.exitCode, 3, undone.stdout + undone.stderr);
    t.regex(undone.stdout, /git would not add it: git says: .*Permission denied/);
    t.true(
      undone.stdout.includes(`chmod u+rwx '${registrations}', then prodigy clean undo again`),
      undone.stdout,
    );
    chmodSync(registrations, 0o755);
    t.is((await asThem('undo', path)).exitCode, 0);
    t.true(existsSync(path));
  },
);

/** Makes what was immutable at `path` mutable again, there or in quarantine. */
function lift(shop: Shop, path: string): void {
  if (existsSync(path)) setImmutable(path, false);
  else liftBelow(join(shop.home.root, 'clean', 'quarantine'));
}

function liftBelow(path: string): void {
  spawnSync('chattr', ['-R', '-i', path]);
}
