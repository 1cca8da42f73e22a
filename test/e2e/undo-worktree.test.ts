import fs from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { durationMs } from '../helpers/duration.ts';
import { faulty } from '../helpers/faulty.ts';
import { ageWorktree, git } from '../helpers/git.ts';
import { json } from '../helpers/run-prodigy.ts';
import { fingerprint } from '../helpers/tree.ts';
import {
  clean,
  finished,
  finishedWork,
  inQuarantine,
  journalOf,
  makeShop,
  metadataOf,
  recordOf,
  worktreeOf,
  type Shop,
} from './shop.ts';

type Before = {
  readonly list: string;
  readonly head: string;
  readonly files: unknown;
  readonly record: unknown;
};

/** What undo has to bring back: registration, HEAD, files by content and mode, metadata to the nanosecond. */
async function stateOf(shop: Shop, id: string): Promise<Before> {
  const worktree = worktreeOf(shop, id);
  const files = [...fingerprint(worktree)]
    .filter(([, { type }]) => type !== 'directory')
    .map(([path, print]) => [path, { ...print, mtimeNs: '', object: '' }]);
  const { mtimeNs, mode } = fs.statSync(metadataOf(shop, id), { bigint: true });
  return {
    list: await git(shop.repository, 'worktree', 'list', '--porcelain'),
    head: fs.readFileSync(join(await adminOf(worktree), 'HEAD'), 'utf8'),
    files,
    record: [fs.readFileSync(metadataOf(shop, id), 'utf8'), String(mtimeNs), String(mode)],
  };
}

async function adminOf(worktree: string): Promise<string> {
  return (await git(worktree, 'rev-parse', '--absolute-git-dir')).trim();
}

function leftAside({ home }: Shop): string[] {
  const top = join(home.root, 'clean', 'undo');
  return fs.existsSync(top) ? fs.readdirSync(top).flatMap((id) => fs.readdirSync(join(top, id))) : [];
}

test('a removed worktree comes back with branch, HEAD, registration, files and metadata, and can be removed and put back again', async (t) => {
  const shop = await makeShop(t);
  const id = await finishedWork(shop, '90d');
  const worktree = worktreeOf(shop, id);
  const before = await stateOf(shop, id);
  for (const round of [1, 2]) {
    t.is((await clean(shop, ['worktrees', '--force'])).exitCode, 0);
    t.false(fs.existsSync(worktree));
    t.deepEqual(inQuarantine(shop), []);
    const listed = await clean(shop, ['undo', '--list', '--json']);
    t.like((json(listed)['items'] as object[])[0], { id: `worktrees:${worktree}`, from: 'git' });

    const undone = await clean(shop, ['undo', round === 1 ? worktree : `worktrees:shop/${id}`]);
    t.is(undone.exitCode, 0, undone.stdout + undone.stderr);
    t.regex(undone.stdout, /Put back 1 worktree/);
    t.deepEqual(await stateOf(shop, id), before);
    t.is(await git(worktree, 'status', '--porcelain'), '');
    t.deepEqual(leftAside(shop), []);
  }
  const twice = await clean(shop, ['undo', worktree]);
  t.is(twice.exitCode, 1);
  t.regex(twice.stdout, /was put back already/);
  t.regex((await clean(shop, ['undo', '--list'])).stdout, /Nothing can be put back/);
  await git(shop.repository, 'fsck', '--strict');
  t.is((await clean(shop, ['log', 'verify'])).exitCode, 0);
  const why = await clean(shop, ['why', worktree]);
  t.is(why.exitCode, 0, why.stderr);
});

test('the end of a run says until when git can make its worktrees again, and how; not when undo was declined', async (t) => {
  const shop = await makeShop(t);
  const id = await finishedWork(shop, '90d');
  const ran = await clean(shop, ['worktrees', '--force']);
  t.is(ran.exitCode, 0, ran.stderr);
  const [, until, command] =
    /^1 worktree can be made again from git until (.+ UTC), but not what it\s+ignores [^:]+:\s+prodigy (clean undo \S+)$/mu.exec(
      ran.stdout,
    ) ?? [];
  const listed = await clean(shop, ['undo', '--list']);
  t.true(listed.stdout.includes(`until ${until}, git makes it again`), `${ran.stdout}${listed.stdout}`);
  t.is((await clean(shop, (command ?? '').split(' ').slice(1))).exitCode, 0);
  t.true(fs.existsSync(worktreeOf(shop, id)));

  const document = json(await clean(shop, ['worktrees', '--force', '--json']));
  const [told] = document['items'] as { undoUntil: string }[];
  const [known] = json(await clean(shop, ['undo', '--list', '--json']))['items'] as { until: string }[];
  t.is(told?.undoUntil, known?.until);
  t.is((await clean(shop, ['undo', worktreeOf(shop, id)])).exitCode, 0);

  const freed = await clean(shop, ['worktrees', '--force', '--no-undo']);
  t.is(freed.exitCode, 0, freed.stderr);
  t.notRegex(freed.stdout, /undo/);
});

test('a run that brings the removal of another to its end says how that is undone, too', async (t) => {
  const shop = await makeShop(t);
  const id = await finishedWork(shop, '90d');
  const killed = await clean(shop, ['worktrees', '--force'], faulty({ KILL_AT: 'spawn::worktree,remove' }));
  t.is(killed.signal, 'SIGKILL', killed.stdout + killed.stderr);
  const ran = await clean(shop, ['worktrees', '--force']);
  t.is(ran.exitCode, 0, ran.stderr);
  t.regex(
    ran.stdout,
    /^1 worktree can be made again from git until .+, but not what it\s+ignores [^:]+:\s+prodigy clean undo --list$/mu,
  );
  const listed = await clean(shop, ['undo', '--list']);
  const [, run = ''] = /^prodigy clean undo (\S+)/mu.exec(listed.stdout) ?? [];
  t.is((await clean(shop, ['undo', run])).exitCode, 0);
  t.true(fs.existsSync(worktreeOf(shop, id)));
});

test('undo of a run brings back the worktree and the record that explains it', async (t) => {
  const shop = await makeShop(t);
  const id = await finishedWork(shop, '90d');
  const before = await stateOf(shop, id);
  const ran = json(await clean(shop, ['--all', '--force', '--json']));
  t.false(fs.existsSync(recordOf(shop, id)));
  const undone = await clean(shop, ['undo', String(ran['run']).slice(0, 8), '--json']);
  t.is(undone.exitCode, 0, undone.stderr);
  const items = json(undone)['items'] as { kind: string; outcome: string }[];
  t.deepEqual(
    items.map(({ kind, outcome }) => [kind, outcome]),
    [
      ['sessions', 'restored'],
      ['worktrees', 'restored'],
    ],
  );
  t.true(fs.existsSync(recordOf(shop, id)));
  t.deepEqual(await stateOf(shop, id), before);
  const again = await clean(shop, ['undo', String(ran['run'])]);
  t.is(again.exitCode, 1);
  t.regex(again.stdout, /put back/);
});

test('a detached HEAD comes back detached, and branches that were deleted are made again', async (t) => {
  const shop = await makeShop(t);
  const [detached, merged] = [await finishedWork(shop, '90d'), await finishedWork(shop, '80d')];
  await git(worktreeOf(shop, detached), 'checkout', '--quiet', '--detach');
  await git(shop.repository, 'merge', '--quiet', `prodigy-${merged}`);
  const commit = await git(shop.repository, 'rev-parse', `prodigy-${merged}`);
  const before = await Promise.all([detached, merged].map((id) => stateOf(shop, id)));
  const ran = await clean(shop, [
    'worktrees',
    '--force',
    '--delete-merged-branches',
    '--older-than',
    '1h',
    '--json',
  ]);
  t.is(ran.exitCode, 0, ran.stderr);
  const run = String(json(ran)['run']);
  const gone = [detached, merged].filter((id) => !fs.existsSync(worktreeOf(shop, id)));
  t.true(gone.includes(merged));
  await t.throwsAsync(git(shop.repository, 'rev-parse', '--verify', `prodigy-${merged}`));
  t.is((await clean(shop, ['undo', run])).exitCode, 0);
  t.is(await git(shop.repository, 'rev-parse', `prodigy-${merged}`), commit);
  t.deepEqual(await Promise.all([detached, merged].map((id) => stateOf(shop, id))), before);
});

test('conflicts are told, nothing is overwritten, and what is free again comes back later', async (t) => {
  const shop = await makeShop(t);
  const id = await finishedWork(shop, '90d');
  const worktree = worktreeOf(shop, id);
  const branch = `prodigy-${id}`;
  const commit = (await git(shop.repository, 'rev-parse', branch)).trim();
  const before = await stateOf(shop, id);
  t.is((await clean(shop, ['worktrees', '--force'])).exitCode, 0);

  const refused = async (says: RegExp): Promise<void> => {
    const ran = await clean(shop, ['undo', worktree]);
    t.is(ran.exitCode, 3, ran.stdout);
    t.regex(ran.stdout, says);
    t.deepEqual(
      leftAside(shop).filter((name) => name.endsWith('.tree')),
      [],
    );
  };
  fs.mkdirSync(worktree);
  fs.writeFileSync(join(worktree, 'mine.txt'), 'mine\n');
  await refused(/its place is taken/);
  t.is(fs.readFileSync(join(worktree, 'mine.txt'), 'utf8'), 'mine\n');
  fs.rmSync(worktree, { recursive: true });

  await git(shop.repository, 'update-ref', `refs/heads/${branch}`, 'main');
  await refused(/has moved on/);
  t.is(await git(shop.repository, 'rev-parse', branch), await git(shop.repository, 'rev-parse', 'main'));
  await git(shop.repository, 'update-ref', `refs/heads/${branch}`, commit);

  await git(shop.repository, 'checkout', '--quiet', branch);
  await refused(/is in use: /);
  await git(shop.repository, 'checkout', '--quiet', 'main');

  fs.writeFileSync(metadataOf(shop, id), 'mine\n');
  await refused(/its place is taken: .*metadata/);
  fs.rmSync(metadataOf(shop, id));

  await git(shop.repository, 'branch', '-D', branch);
  t.is((await clean(shop, ['undo', worktree])).exitCode, 0);
  t.deepEqual(await stateOf(shop, id), before);
});

for (const point of [
  'spawn::worktree,add',
  'spawn::reset,--hard',
  'rename::ready.json',
  'rename::\\.tree/.* -> .*worktrees',
  'spawn::worktree,repair',
  'link::clean/undo',
  'unlink::clean/undo',
]) {
  test(`an undo that was killed at ${point} is finished by the next run, whole and once (P5)`, async (t) => {
    const shop = await makeShop(t);
    const id = await finishedWork(shop, '90d');
    const before = await stateOf(shop, id);
    t.is((await clean(shop, ['worktrees', '--force'])).exitCode, 0);
    const killed = await clean(shop, ['undo', worktreeOf(shop, id)], faulty({ KILL_AT: point }));
    t.is(killed.signal, 'SIGKILL', killed.stdout + killed.stderr);

    const resumed = await clean(shop, ['resume']);
    t.is(resumed.exitCode, 0, resumed.stderr);
    t.deepEqual(await stateOf(shop, id), before);
    t.is(await git(worktreeOf(shop, id), 'status', '--porcelain'), '');
    t.deepEqual(leftAside(shop), []);
    const entries = await journalOf(shop);
    t.is(entries.filter(({ type }) => type === 'ItemRestored').length, 1);
    t.is((await git(shop.repository, 'worktree', 'list')).split('\n').length, 2);
    t.regex((await clean(shop, ['resume'])).stdout, /Nothing to resume/);
  });
}

test('an undo that was killed and cannot be finished is told by every command that takes it up', async (t) => {
  const shop = await makeShop(t);
  const [id, other] = [await finishedWork(shop, '90d'), await finishedWork(shop, '80d')];
  const [worktree, second] = [worktreeOf(shop, id), worktreeOf(shop, other)];
  t.is((await clean(shop, ['worktrees', '--force'])).exitCode, 0);
  const interrupt = async (): Promise<void> => {
    fs.rmSync(worktree, { recursive: true, force: true });
    const killed = await clean(shop, ['undo', worktree], faulty({ KILL_AT: 'spawn::worktree,add' }));
    t.is(killed.signal, 'SIGKILL', killed.stdout + killed.stderr);
    fs.mkdirSync(worktree);
    fs.writeFileSync(join(worktree, 'mine.txt'), 'mine\n');
  };

  await interrupt();
  const resumed = await clean(shop, ['resume']);
  t.is(resumed.exitCode, 3, resumed.stdout + resumed.stderr);
  t.regex(resumed.stdout, /1 failed:/);
  t.regex(resumed.stdout, /its place is taken: /);
  t.notRegex(resumed.stderr, /Took up/);

  await interrupt();
  const ran = await clean(shop, ['--worktrees', '--force', '--json']);
  t.is(ran.exitCode, 3, ran.stdout + ran.stderr);
  t.like(json(ran), { outcome: 'partial', failures: [{ item: `worktrees:${worktree}`, code: 'ECONFLICT' }] });

  await interrupt();
  const undone = await clean(shop, ['undo', second, '--json']);
  t.is(undone.exitCode, 3, undone.stdout + undone.stderr);
  t.like(json(undone), {
    outcome: 'partial',
    items: [
      { id: `worktrees:${worktree}`, outcome: 'failed' },
      { id: `worktrees:${second}`, outcome: 'restored' },
    ],
  });
  t.true(fs.existsSync(second));
  t.is(fs.readFileSync(join(worktree, 'mine.txt'), 'utf8'), 'mine\n');
  t.is((await clean(shop, ['log', 'verify'])).exitCode, 0);
  fs.rmSync(worktree, { recursive: true });
  t.is((await clean(shop, ['undo', worktree])).exitCode, 0);
});

test('after its time an undo is over: what was kept for it is freed, and that is journalled', async (t) => {
  const shop = await makeShop(t);
  const id = await finishedWork(shop, '90d');
  t.is((await clean(shop, ['worktrees', '--force'])).exitCode, 0);
  t.is(leftAside(shop).length, 1);
  const later = faulty({ SHIFT_CLOCK: String(8 * 86_400_000) });
  const refused = await clean(shop, ['undo', worktreeOf(shop, id)], later);
  t.is(refused.exitCode, 1);
  t.regex(refused.stdout, /cannot be put back any more/);
  await finishedWork(shop, '90d');
  const args = ['worktrees', '--force', '--no-undo', '--accept-clock'];
  t.is((await clean(shop, args, later)).exitCode, 0);
  t.deepEqual(leftAside(shop), []);
  const ended = (await journalOf(shop)).filter(({ type }) => type === 'UndoExpired');
  t.deepEqual(
    ended.map(({ data }) => data['item']),
    [`worktrees:${worktreeOf(shop, id)}`],
  );
});

test('every other kind comes back byte for byte, with modes, times and links', async (t) => {
  const shop = await makeShop(t);
  const paths: string[] = [];
  for (const kind of ['sessions', 'logs', 'state', 'events', 'dlq']) {
    paths.push(...(await finished(shop, kind, '90d')));
  }
  for (const path of paths.filter((one) => fs.statSync(one).isFile())) fs.chmodSync(path, 0o640);
  const seen = (): unknown => paths.map((path) => (fs.existsSync(path) ? [...fingerprint(path)] : undefined));
  const before = seen();
  const ran = json(await clean(shop, ['--all', '--force', '--all-repos', '--json']));
  t.deepEqual(paths.filter(fs.existsSync), []);
  const list = json(await clean(shop, ['undo', '--list', '--json']));
  t.is((list['items'] as unknown[]).length, 5);
  t.is((await clean(shop, ['undo', String(ran['run'])])).exitCode, 0);
  t.deepEqual(seen(), before);
  t.deepEqual(inQuarantine(shop), []);
});

for (const name of ['HEAD', '-b', '--detach']) {
  test(`a worktree on a branch that is called ${name} is made again on it`, async (t) => {
    const shop = await makeShop(t);
    const id = await finishedWork(shop, '60d');
    const path = worktreeOf(shop, id);
    const head = await git(path, 'rev-parse', 'HEAD');
    await git(path, 'update-ref', `refs/heads/${name}`, head);
    await git(path, 'symbolic-ref', 'HEAD', `refs/heads/${name}`);
    await ageWorktree(path, shop.home.nowMs - durationMs('60d'));
    const ran = await clean(shop, ['--worktrees', '--force']);
    t.is(ran.exitCode, 0, ran.stdout + ran.stderr);
    t.false(fs.existsSync(path), ran.stdout);
    const undone = await clean(shop, ['undo', path]);
    t.is(undone.exitCode, 0, undone.stdout + undone.stderr);
    t.is(await git(path, 'symbolic-ref', 'HEAD'), `refs/heads/${name}`);
    t.is(await git(path, 'rev-parse', `refs/heads/${name}`), head);
    t.is(await git(path, 'status', '--porcelain'), '');
  });
}
