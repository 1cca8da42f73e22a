import { mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { beginWorktrees } from '../../src/commands/begin-worktrees.ts';
import { readConfig } from '../../src/config.ts';
import { makeRepository } from '../helpers/git.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

type Place = { readonly home: string; readonly root: string };

function placeWith(t: ExecutionContext, worktrees: number): Place {
  const home = temporaryDirectory(t);
  const root = join(home, '.prodigy');
  mkdirSync(join(root, 'sessions'), { recursive: true });
  for (let index = 0; index < worktrees; index += 1)
    mkdirSync(join(root, 'worktrees', `app-${index % 3}`, `session-${index}`), { recursive: true });
  return { home, root };
}

async function isBegun({ home, root }: Place, cwd: string, allRepositories: boolean): Promise<boolean> {
  const config = readConfig({ HOME: home, PRODIGY_HOME: root })._unsafeUnwrap();
  await using begun = await beginWorktrees({ allRepositories, repository: undefined }, { config, cwd });
  return begun !== undefined;
}

test('worktrees are added up early when there are many', async (t) => {
  const many = placeWith(t, 16);
  t.true(await isBegun(many, many.home, true));
  const few = placeWith(t, 15);
  t.false(await isBegun(few, few.home, true));
});

test('worktrees are added up early when all will be asked for, and not those of others in vain', async (t) => {
  const place = placeWith(t, 16);
  const repository = join(place.home, 'src', 'app');
  await makeRepository(repository);
  t.false(await isBegun(place, repository, false));
  t.true(await isBegun(place, repository, true));
  t.true(await isBegun(place, place.home, false));
});

test('what lies behind a link is not added up', async (t) => {
  for (const linked of ['worktrees', 'worktrees/app-0']) {
    const place = placeWith(t, 17);
    const elsewhere = join(place.home, 'elsewhere');
    renameSync(join(place.root, linked), elsewhere);
    symlinkSync(elsewhere, join(place.root, linked));
    t.false(await isBegun(place, place.home, true), linked);
  }
});
