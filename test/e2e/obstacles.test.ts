import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'ava';
import { claudeLog } from '../helpers/trace-artefacts.ts';
import {
  clean,
  documentOf,
  finishedWork,
  makeShop,
  metadataOf,
  recordOf,
  worktreeOf,
  type Shop,
} from './shop.ts';

/** Puts a link in the place of a directory, which lies elsewhere then. */
function linkAway(shop: Shop, path: string): void {
  const away = join(shop.top, 'away');
  fs.renameSync(path, away);
  fs.symlinkSync(away, path);
}

function pipeAt(path: string): void {
  fs.rmSync(path, { force: true });
  fs.mkdirSync(dirname(path), { recursive: true });
  execFileSync('mkfifo', [path]);
}

type Obstacle = readonly [name: string, reason: RegExp, make: (shop: Shop, id: string) => void];

const obstacles: readonly Obstacle[] = [
  [
    'the worktrees of a repository behind a link',
    /^symlink$/,
    (shop, id) => linkAway(shop, dirname(worktreeOf(shop, id))),
  ],
  ['metadata behind a link', /^symlink$/, (shop, id) => linkAway(shop, dirname(metadataOf(shop, id)))],
  ['a pipe for metadata', /^unknown-format$/, (shop, id) => pipeAt(metadataOf(shop, id))],
  [
    'a file for the directory of metadata',
    /^unknown-format$/,
    (shop, id) => {
      fs.rmSync(dirname(metadataOf(shop, id)), { recursive: true });
      fs.writeFileSync(dirname(metadataOf(shop, id)), '');
    },
  ],
  [
    'a pipe for a resume lock',
    /^unknown-format$/,
    (shop, id) => pipeAt(join(shop.home.root, 'resume_locks', `${id}.lock`)),
  ],
  [
    'a file for the directory of resume locks',
    /^unknown-format$/,
    (shop) => fs.writeFileSync(join(shop.home.root, 'resume_locks'), ''),
  ],
  ['a pipe for a session record', /^unknown-format$/, (shop, id) => pipeAt(recordOf(shop, id))],
  [
    'a file for the directory of sessions',
    /^(?:unknown-format|active)$/,
    (shop, id) => {
      fs.rmSync(dirname(recordOf(shop, id)), { recursive: true });
      fs.writeFileSync(dirname(recordOf(shop, id)), '');
    },
  ],
];

for (const [name, reason, make] of obstacles) {
  test(`what the last look would refuse is kept, not planned for ever: ${name} (P6)`, async (t) => {
    const shop = await makeShop(t);
    const id = await finishedWork(shop, '40d');
    const log = await claudeLog(shop.home, { cwd: worktreeOf(shop, id), startedAgo: '40d' });
    make(shop, id);
    const ran = await clean(shop, ['all', '--all-repos', '--force', '--json']);
    t.is(ran.exitCode, 0, ran.stderr);
    const { items } = documentOf(ran);
    for (const item of items) {
      t.is(item.verdict, 'keep', item.id);
      t.regex(item.reason, reason, item.id);
    }
    t.true(items.some(({ path }) => path === log));
    t.true(fs.existsSync(log));
  });
}

test('a link beside what a session has keeps nothing of it', async (t) => {
  const shop = await makeShop(t);
  const id = await finishedWork(shop, '40d');
  fs.symlinkSync(shop.top, join(shop.home.root, 'worktrees', 'other'));
  fs.mkdirSync(join(shop.home.root, 'resume_locks'));
  pipeAt(join(shop.home.root, 'resume_locks', 'other.lock'));
  const ran = await clean(shop, ['all', '--all-repos', '--force']);
  t.is(ran.exitCode, 0, ran.stderr);
  t.deepEqual([worktreeOf(shop, id), recordOf(shop, id)].map(fs.existsSync), [false, false]);
});
