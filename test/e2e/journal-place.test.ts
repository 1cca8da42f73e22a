import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { execFileSync, spawnSync } from 'node:child_process';
import test from 'ava';
import { asNobody, giveToNobody } from '../helpers/as-nobody.ts';
import { binary } from '../helpers/run-prodigy.ts';
import { assertSame, fingerprint } from '../helpers/tree.ts';
import { canMount, isRoot, mountTmpfs } from '../helpers/temporary.ts';
import {
  clean,
  documentOf,
  finished,
  goingOf,
  goneSince,
  journalOf,
  look,
  makeShop,
  type Shop,
} from './shop.ts';

const mountTest = canMount() ? test : test.skip;
const rootTest = isRoot() ? test : test.skip;

async function oldThings(shop: Shop): Promise<string[]> {
  return [...(await finished(shop, 'logs', '90d')), ...(await finished(shop, 'events', '90d'))];
}

mountTest(
  'with its journal on a read-only volume a run removes nothing, and says what to do (P7)',
  async (t) => {
    const shop = await makeShop(t);
    await oldThings(shop);
    const at = join(shop.top, 'volume');
    mkdirSync(at);
    t.true(mountTmpfs(at, '1m'));
    t.is(spawnSync('mount', ['-o', 'remount,ro', at]).status, 0);
    const env = { PRODIGY_CLEAN_JOURNAL_DIR: join(at, 'journal') };
    const before = look(shop);
    const dry = await clean(shop, ['--all', '--dry-run', '--json'], { env });
    t.is(dry.exitCode, 0, dry.stderr);
    t.is(goingOf(documentOf(dry)).length, 2);
    const ran = await clean(shop, ['--all', '--force'], { env });
    t.is(ran.exitCode, 1, ran.stdout + ran.stderr);
    t.regex(ran.stderr, /EROFS[^]*nothing is removed[^]*PRODIGY_CLEAN_JOURNAL_DIR/);
    t.deepEqual(goneSince(t, shop, before), []);
  },
);

rootTest("another user's journal is not written, whatever its rights: nothing is removed (P7)", async (t) => {
  const shop = await makeShop(t);
  await oldThings(shop);
  await giveToNobody(shop.top);
  const theirs = join(shop.top, 'theirs');
  mkdirSync(theirs);
  chownSync(theirs, 0, 0);
  for (const mode of [0o755, 0o777]) {
    chmodSync(theirs, mode);
    const before = look(shop);
    const ran = await asNobody([binary(), 'clean', '--all', '--all-repos', '--force'], {
      env: { HOME: shop.home.home, PRODIGY_CLEAN_JOURNAL_DIR: theirs },
      cwd: shop.top,
    });
    t.is(ran.exitCode, 1, ran.stdout + ran.stderr);
    t.regex(ran.stderr, /belongs to user 0[^]*PRODIGY_CLEAN_JOURNAL_DIR/);
    t.deepEqual(readdirSync(theirs), []);
    t.deepEqual(goneSince(t, shop, before), []);
  }
});

mountTest(
  'the first run on a full disk keeps its journal elsewhere, says where, and everybody finds it (P7)',
  async (t) => {
    const shop = await makeShop(t);
    const runtime = join(shop.top, 'runtime');
    mkdirSync(runtime, { mode: 0o700 });
    const { root } = shop.home;
    t.true(mountTmpfs(root, '24m'));
    const old = await oldThings(shop);
    t.is(spawnSync('fallocate', ['-l', '23M', join(root, 'locks')]).status, 0);
    const env = { XDG_RUNTIME_DIR: runtime };
    const ran = await clean(shop, ['--all', '--force'], { env });
    t.is(ran.exitCode, 0, ran.stdout + ran.stderr);
    t.true(
      ran.stderr.includes(`The disk is full: the journal lies in ${runtime}/prodigy-clean-`),
      ran.stderr,
    );
    t.deepEqual(
      old.filter((path) => existsSync(path)),
      [],
    );
    t.false(existsSync(join(root, 'clean', 'journal', 'db')));
    const logged = await clean(shop, ['log', '--jsonl'], { env });
    t.is(logged.stdout.split('\n').filter((line) => line.includes('"ItemRemoved"')).length, old.length);
    t.regex((await clean(shop, ['resume'], { env })).stdout, /Nothing to resume/);

    const [away = ''] = readdirSync(runtime);
    const anchor = join(runtime, away, 'anchor.json');
    const known = JSON.parse(readFileSync(anchor, 'utf8')) as { seq: number };
    writeFileSync(anchor, JSON.stringify({ ...known, seq: known.seq + 7 }));
    const accepted = await clean(shop, ['log', 'verify', '--accept'], { env });
    t.is(accepted.exitCode, 0, accepted.stdout + accepted.stderr);
    t.regex(accepted.stdout, /Accepted/);
    t.false(existsSync(join(root, 'clean', 'journal', 'db')));

    spawnSync('truncate', ['-s', '0', join(root, 'locks')]);
    const again = await clean(shop, ['--all', '--force'], { env });
    t.is(again.exitCode, 0, again.stderr);
    t.deepEqual(readdirSync(runtime), []);
    const types = (await journalOf(shop)).map(({ type }) => type);
    t.is(types.filter((type) => type === 'JournalMoved').length, 2);
    t.is(types.filter((type) => type === 'ItemRemoved').length, old.length);
    t.is((await clean(shop, ['log', 'verify'])).exitCode, 0);
  },
);

type Place = { readonly name: string; readonly exitCode: number; readonly says: RegExp };

/** Relative to `clean` in the storage; what a run answers when something else lies there. */
const ownFiles: readonly Place[] = [
  { name: 'journal/identity.json', exitCode: 1, says: /damaged: identity\.json is not a regular file/ },
  { name: 'journal/anchor.json', exitCode: 1, says: /damaged: anchor\.json is not a regular file/ },
  { name: 'run.lock', exitCode: 11, says: /run lock .*run\.lock cannot be understood/ },
  {
    name: 'clean.log',
    exitCode: 0,
    says: /clean\.log is not written: it is (?:not a regular file|a symbolic link)\./,
  },
];

const instead: Readonly<Record<string, (path: string) => void>> = {
  'a pipe': (path) => execFileSync('mkfifo', [path]),
  'a directory': (path) => mkdirSync(path),
  'a link to a file of somebody': (path) => {
    writeFileSync(`${path}.theirs`, 'theirs\n');
    symlinkSync(`${path}.theirs`, path);
  },
};

for (const [what, make] of Object.entries(instead)) {
  test(`${what} in the place of a file of our own is neither waited for, nor read, nor written`, async (t) => {
    for (const { name, exitCode, says } of ownFiles) {
      const shop = await makeShop(t);
      await finished(shop, 'logs', '90d');
      t.is((await clean(shop, ['--logs', '--all-repos', '--force'])).exitCode, 0);
      const [log = ''] = await finished(shop, 'logs', '91d');
      const path = join(shop.home.root, 'clean', name);
      rmSync(path, { force: true });
      make(path);
      if (what === 'a pipe') {
        // That it ends at all is what is asked: whoever waits for a pipe is killed by the helper.
        const readers = [['log', 'verify'], ['undo', '--list'], ['doctor'], ['why', log]].map(
          async (args) => {
            const ran = await clean(shop, args);
            t.true(
              [0, 1].includes(ran.exitCode ?? -1),
              `${name}: ${args.join(' ')}: ${ran.exitCode} ${ran.stderr}`,
            );
          },
        );
        await Promise.all(readers);
        const dry = await clean(shop, ['--logs', '--all-repos', '--dry-run']);
        t.is(dry.exitCode, 0, dry.stderr);
      }
      const ran = await clean(shop, ['--logs', '--all-repos', '--force']);
      t.is(ran.exitCode, exitCode, `${name}: ${ran.stderr}`);
      t.regex(ran.stderr, says);
      t.is(existsSync(log), exitCode !== 0, name);
      if (existsSync(`${path}.theirs`)) t.is(readFileSync(`${path}.theirs`, 'utf8'), 'theirs\n', name);
    }
  });
}

for (const name of ['clean', 'clean/journal']) {
  test(`${name} in the storage that is a link is refused, and nothing is written behind it (P4)`, async (t) => {
    const shop = await makeShop(t);
    await oldThings(shop);
    const elsewhere = join(shop.top, 'elsewhere');
    mkdirSync(elsewhere);
    const path = join(shop.home.root, name);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(elsewhere, path);
    const before = fingerprint(shop.top);
    for (const args of [['--all', '--force'], ['--all', '--dry-run'], [], ['log'], ['resume'], ['hold']]) {
      const ran = await clean(shop, args);
      t.is(ran.exitCode, 2, args.join(' '));
      t.regex(ran.stderr, new RegExp(`${name}' is a symbolic link[^]*PRODIGY_CLEAN_JOURNAL_DIR`));
    }
    const doctor = await clean(shop, ['doctor']);
    t.is(doctor.exitCode, 2, doctor.stderr);
    t.regex(doctor.stdout, new RegExp(`${name}' is a symbolic link`));
    assertSame(t, before, fingerprint(shop.top));
  });
}

test('a journal directory that was named may be reached through a link', async (t) => {
  const shop = await makeShop(t);
  const things = await oldThings(shop);
  const elsewhere = join(shop.top, 'elsewhere');
  mkdirSync(elsewhere);
  // The one that is not used is nobody's concern.
  mkdirSync(join(shop.home.root, 'clean'));
  symlinkSync(elsewhere, join(shop.home.root, 'clean', 'journal'));
  symlinkSync(elsewhere, join(shop.top, 'link'));
  const env = { PRODIGY_CLEAN_JOURNAL_DIR: join(shop.top, 'link', 'journal') };
  const ran = await clean(shop, ['--all', '--force'], { env });
  t.is(ran.exitCode, 0, ran.stderr);
  t.deepEqual(things.filter(existsSync), []);
  t.true(existsSync(join(elsewhere, 'journal', 'db')));
});

test('why a journal cannot be written is said once', async (t) => {
  const shop = await makeShop(t);
  await oldThings(shop);
  const file = join(shop.top, 'file');
  writeFileSync(file, '');
  const ran = await clean(shop, ['--all', '--force'], {
    env: { PRODIGY_CLEAN_JOURNAL_DIR: join(file, 'x') },
  });
  t.is(ran.exitCode, 1);
  t.regex(ran.stderr, /cannot be written \(ENOTDIR: (?!ENOTDIR)/);
});
