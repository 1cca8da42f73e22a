import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ageAdmin, ageWorktree, commitFile, git, makeRepository } from '../helpers/git.ts';
import { msAgo } from '../helpers/prodigy-home.ts';
import { runProdigy } from '../helpers/run-prodigy.ts';
import { clean, documentOf, finishedWork, makeShop, worktreeOf, type Shop } from './shop.ts';

type Made = { readonly shop: Shop; readonly id: string; readonly worktree: string };

async function withLibrary(t: ExecutionContext): Promise<Made & { readonly library: string }> {
  const shop = await makeShop(t);
  const library = await makeRepository(join(shop.top, 'library'));
  await commitFile(library, 'lib.txt', 'lib\n');
  const local = ['-c', 'protocol.file.allow=always'];
  await git(shop.repository, ...local, 'submodule', '--quiet', 'add', library, 'lib');
  await git(shop.repository, 'commit', '--quiet', '-m', 'Add lib');
  const id = await finishedWork(shop, '40d');
  return { shop, id, worktree: worktreeOf(shop, id), library };
}

async function settle({ shop, worktree }: Made): Promise<void> {
  await ageWorktree(worktree, msAgo(shop.home, '40d'));
  await ageAdmin(worktree, msAgo(shop.home, '40d'));
}

/** The last line of `clean why`: what to type. */
async function step({ shop, worktree }: Made): Promise<string> {
  const { stdout } = await clean(shop, ['why', worktree]);
  return stdout.trim().split('\n').at(-1)?.trim() ?? '';
}

async function keptFor({ shop, id }: Made): Promise<unknown> {
  const { items } = documentOf(await clean(shop, ['worktrees', '--dry-run', '--json']));
  const item = items.find(({ path }) => path.endsWith(id));
  return { verdict: item?.verdict, reason: item?.reason, nested: item?.evidence['nested'] };
}

test('a worktree with a clean submodule stays, and goes when the directory is emptied as told', async (t) => {
  const made = await withLibrary(t);
  const { shop, id, worktree } = made;
  await git(worktree, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'update', '--init');
  await settle(made);
  const reason = 'nested-repository';
  t.deepEqual(await keptFor(made), { verdict: 'keep', reason, nested: 'submodule lib' });
  const forced = await runProdigy(shop.home, ['worktree', 'clean', '-f', id], { cwd: shop.repository });
  t.is(forced.exitCode, 1);
  t.regex(forced.stderr, /kept: nested-repository \(.*submodule lib\)/);

  const registered = await git(shop.repository, 'config', 'submodule.lib.url');
  execFileSync('sh', ['-c', await step(made)]);
  t.true(fs.existsSync(join(worktree, 'lib')));
  t.is(await git(shop.repository, 'config', 'submodule.lib.url'), registered);
  const ran = await clean(shop, ['worktrees', '--force']);
  t.is(ran.exitCode, 0, ran.stderr);
  t.false(fs.existsSync(worktree), ran.stdout);
  const back = await clean(shop, ['undo', id]);
  t.is(back.exitCode, 0, back.stderr);
  t.is(await git(worktree, 'status', '--short'), '');
});

test('a worktree with a clone in it stays, and goes when it is moved out as told', async (t) => {
  const made = await withLibrary(t);
  const { shop, id, worktree, library } = made;
  const clone = join(worktree, 'node_modules', 'library');
  await git(worktree, 'clone', '--quiet', library, clone);
  await settle(made);
  t.deepEqual(await keptFor(made), {
    verdict: 'keep',
    reason: 'nested-repository',
    nested: 'repository node_modules/library',
  });
  execFileSync('sh', ['-c', await step(made)]);
  const moved = join(dirname(shop.repository), `${id}-library`);
  t.is(await git(moved, 'status', '--short'), '');
  t.deepEqual(await keptFor(made), { verdict: 'remove', reason: 'expired', nested: 'none' });
});

test('what only a clone in the worktree has is shown by the next step, and is gone from there when pushed', async (t) => {
  const made = await withLibrary(t);
  const { worktree, library } = made;
  const clone = join(worktree, 'node_modules', 'library');
  await git(worktree, 'clone', '--quiet', library, clone);
  await git(clone, 'checkout', '--quiet', '-b', 'mine');
  await commitFile(clone, 'mine.txt', 'mine\n', { message: 'Mine alone' });
  await settle(made);
  t.like(await keptFor(made), { reason: 'unreachable-commits' });
  t.regex(execFileSync('sh', ['-c', await step(made)], { encoding: 'utf8' }), /^[0-9a-f]+ Mine alone\n$/);
  await git(clone, 'push', '--quiet', 'origin', 'mine');
  await settle(made);
  t.like(await keptFor(made), { reason: 'nested-repository' });
});
