import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { clean, documentOf, finished, journalOf, makeShop } from './shop.ts';

test('the overview tells what the last run did, what undo holds, and what comes of age next', async (t) => {
  const shop = await makeShop(t);
  await finished(shop, 'logs', '60d');
  await finished(shop, 'logs', '6d');
  const first = await clean(shop, []);
  t.is(first.exitCode, 0, first.stderr);
  t.false(/Last run|Held for undo|Unfinished/.test(first.stdout), first.stdout);
  t.regex(first.stdout, /^logs +2 +- /m);
  t.regex(first.stdout, /^Old enough next: 1 log, in \d+h \(/m);

  const { run } = documentOf(await clean(shop, ['--logs', '--force', '--json']));
  const second = await clean(shop, []);
  const last = new RegExp(
    `^Last run: +${run.slice(0, 8)} on .*prodigy clean --logs.*: completed, 1 item removed`,
    'm',
  );
  t.regex(second.stdout, last);
  t.regex(second.stdout, /^Held for undo: +4 KB, 1 item; the oldest leaves after .* \(in 6d\)$/m);
  t.regex(second.stdout, /^Put something back: +prodigy clean undo --list$/m);
  t.regex((await clean(shop, [])).stdout, last, 'a look is no run');

  const types = (await journalOf(shop)).filter(({ type }) => type === 'RemovalIntended');
  t.is(types.length, 1, 'nothing but the run removes');
});

test('a run that finds nothing to do says what comes of age next', async (t) => {
  const shop = await makeShop(t);
  await finished(shop, 'logs', '6d');
  const ran = await clean(shop, ['--logs', '--force']);
  t.is(ran.exitCode, 0, ran.stderr);
  t.regex(ran.stdout, /^Nothing to do\. Old enough next: 1 log, in \d+h \(.*\)\.$/m);
});

test('worktrees that are added up before all of the program is loaded count like those that are not', async (t) => {
  const shop = await makeShop(t);
  const trees = Array.from({ length: 20 }, (_, index) =>
    join(shop.home.root, 'worktrees/shop', `odd-${index}`),
  );
  for (const [index, tree] of trees.entries()) {
    mkdirSync(join(tree, 'src'), { recursive: true });
    writeFileSync(join(tree, 'src', 'own'), 'x'.repeat(10_000 * index));
  }
  // Asked for in the order of the listing, whoever was read first.
  for (const tree of trees.slice(1)) linkSync(join(trees[0] ?? '', 'src/own'), join(tree, 'src/shared'));
  const overview = documentOf(await clean(shop, ['--all-repos', '--json']));
  const dryRun = documentOf(await clean(shop, ['--worktrees', '--all-repos', '--dry-run', '--json']));
  t.true(overview.items.length >= trees.length);
  const sizes = ({ items }: typeof overview): unknown =>
    items.filter(({ kind }) => kind === 'worktrees').map(({ id, bytes }) => [id, bytes]);
  t.deepEqual(sizes(overview), sizes(dryRun));
});
