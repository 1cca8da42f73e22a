import { lstatSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { toIdentity } from '../../src/disk/identity.ts';
import type { Doubt } from '../../src/model/reason.ts';
import { ownPlaces, type OwnPlaces } from '../../src/storage/own-places.ts';
import { permitted } from '../disk/fixtures.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

function doubtOf(own: OwnPlaces, path: string, root: string): Doubt | undefined {
  return own.doubtOf({ path, identity: toIdentity(lstatSync(path, { bigint: true })) }, root);
}

test('what holds a root, what it holds, and what lies beside it are told apart', async (t) => {
  const top = temporaryDirectory(t);
  const root = join(top, 'root');
  const item = join(root, 'worktrees', 'app', 'one');
  const beside = join(root, 'worktrees', 'app', 'one-more');
  const inner = join(item, 'build', 'prodigy');
  mkdirSync(join(inner, 'state'), { recursive: true });
  mkdirSync(beside);
  const own = await ownPlaces([root, inner]);
  t.like(doubtOf(own, item, root), { reason: 'in-use', path: inner });
  t.like(doubtOf(own, inner, root), { reason: 'in-use', path: inner });
  t.like(doubtOf(own, join(inner, 'state'), root), {
    detail: 'it lies in another storage root, which is looked at by itself',
  });
  t.is(doubtOf(own, join(inner, 'state'), inner), undefined);
  t.is(doubtOf(own, beside, root), undefined);
  t.is(doubtOf(await ownPlaces([root]), item, root), undefined);
});

test('a place that is not there yet, behind a link, lies where the link leads', async (t) => {
  const top = temporaryDirectory(t);
  const item = join(top, 'item');
  mkdirSync(join(item, 'in'), { recursive: true });
  symlinkSync(join(item, 'in'), join(top, 'link'));
  const journal = { what: 'journal', path: join(top, 'link', 'a', 'journal') } as const;
  t.like(doubtOf(await ownPlaces([], [journal]), item, top), { detail: 'the journal lies in it' });
});

test('a mount hides nothing: neither what it shows of an item, nor an item that it shows', async (t) => {
  const top = temporaryDirectory(t);
  const item = join(top, 'item');
  const inner = join(item, 'build', 'prodigy');
  const shown = join(top, 'shown');
  const all = join(top, 'all');
  mkdirSync(inner, { recursive: true });
  mkdirSync(shown);
  mkdirSync(all);
  if (!(await permitted(t, ['mount', '--bind', join(item, 'build'), shown], ['umount', shown]))) return;
  t.like(doubtOf(await ownPlaces([join(shown, 'prodigy')]), item, top), { path: join(shown, 'prodigy') });
  if (!(await permitted(t, ['mount', '--bind', item, all], ['umount', all]))) return;
  t.like(doubtOf(await ownPlaces([inner]), all, top), { path: inner });
});

test('the name is enough, and so is the object: where mounts are not told, or numbers differ by who asks', async (t) => {
  const top = temporaryDirectory(t);
  const item = join(top, 'item');
  const inner = join(item, 'prodigy');
  mkdirSync(inner, { recursive: true });
  const own = await ownPlaces([inner], [], []);
  const identity = toIdentity(lstatSync(item, { bigint: true }));
  const anywhere = { path: join(top, 'another', 'name'), identity };
  t.like(own.doubtOf(anywhere, top), { reason: 'in-use', path: inner });
  const renumbered = { path: item, identity: { ...identity, dev: '1', ino: '1' } };
  t.like(own.doubtOf(renumbered, top), { reason: 'in-use', path: inner });
});
