import { join } from 'node:path';
import {
  finished,
  finishedSession,
  finishedWork,
  makeShop,
  metadataOf,
  recordOf,
  worktreeOf,
} from '../e2e/shop.ts';
import type { Shop } from '../e2e/shop.ts';
import { addOldItems } from '../demo/traces.ts';
import { workflowCheckpoint } from '../helpers/checkpoint-artefacts.ts';
import { session } from '../helpers/session-artefacts.ts';
import { settleDirectories } from '../helpers/settle-directories.ts';
import { sessionWorktree } from '../helpers/worktree-artefacts.ts';

/** Sessions by the part they play: what is here today, old, and beside somebody at work. */
export type Cast = {
  readonly shop: Shop;
  /** Finished, with a worktree: they go. */
  readonly finished: readonly string[];
  /** Finished long ago, only record and checkpoint left: locks are put on them. */
  readonly lockable: readonly string[];
  /** Failed, with checkpoint and worktree: stays, because `resume` could take it up. */
  readonly resumable: string;
  /** Running for ever without a process, nothing to resume: goes. */
  readonly dead: string;
  /** Failed, with a checkpoint and no worktree: goes. */
  readonly failed: string;
  /** An event directory that goes. */
  readonly events: string;
};

export async function makeCast(undo: (undo: () => void) => void): Promise<Cast> {
  const shop = await makeShop({ teardown: (remove) => undo(() => void remove()) }, { seed: 11 });
  const { home, repository } = shop;
  const works = [await finishedWork(shop, '60d', { modules: 20 }), await finishedWork(shop, '66d')];
  const lockable: string[] = [];
  for (const ago of ['71d', '74d', '77d']) {
    const [record = ''] = await finishedSession(shop, ago);
    lockable.push(record.slice(record.lastIndexOf('/') + 1, -'.json'.length));
  }
  const at = { repository, createdAgo: '80d' };
  const resumable = await session(home, { status: 'Failed', startedAgo: '80d', endedAgo: '80d' });
  await workflowCheckpoint(home, { session: resumable.id, ago: '80d', workingDirectory: repository });
  await sessionWorktree(home, { ...at, id: resumable.id, commits: { 'half.txt': 'done\n' } });
  const dead = await session(home, { status: 'Running', startedAgo: '85d' });
  await sessionWorktree(home, { ...at, createdAgo: '85d', id: dead.id });
  const failed = await session(home, { status: 'Failed', startedAgo: '90d', endedAgo: '90d' });
  await workflowCheckpoint(home, { session: failed.id, ago: '90d', workingDirectory: repository });
  const [events = ''] = await finished(shop, 'events', '95d');
  await addOldItems(home, repository, 3);
  await settleDirectories(home.root);
  return {
    shop,
    finished: works,
    lockable,
    resumable: resumable.id,
    dead: dead.id,
    failed: failed.id,
    events,
  };
}

/** Every path that is one session's. */
export function pathsOf(shop: Shop, id: string): readonly string[] {
  const state = join(shop.home.dataRoot, 'state', id);
  return [worktreeOf(shop, id), metadataOf(shop, id), recordOf(shop, id), state];
}
