import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runOurs } from '../child.ts';
import type { Row, Sample } from '../row.ts';
import { scaled, type Stage } from '../stage.ts';
import { makeLogs } from '../storages/small-items.ts';
import { makeWorktrees } from '../storages/worktrees.ts';
import { checkRemoval, type Removable } from './removal.ts';

const filesPerWorktree = 5_000;
const mostBytes = 200 * 1024 ** 2;
/** Twice as much to do may take so much more memory and still be called the same. */
const mostGrowth = 1.1;

/** Removes what was made for it, cold. */
export async function removeAll(stage: Stage, removable: Removable): Promise<Sample> {
  stage.goCold();
  const words = ['clean', `--${removable.kind}`, '--all-repos', '--force', '--json'];
  const ran = await runOurs(stage, removable.home.home, words);
  checkRemoval(ran, removable);
  await rm(removable.home.home, { recursive: true, force: true, maxRetries: 3 });
  return ran;
}

export async function makeFiles(stage: Stage, files: number): Promise<Removable> {
  const worktrees = Math.max(1, Math.round(files / filesPerWorktree));
  const made = await makeWorktrees(stage, { worktrees, files });
  return { home: made.home, kind: 'worktrees', items: worktrees, directories: [made.container] };
}

export async function makeItems(stage: Stage, count: number): Promise<Removable> {
  const home = await makeLogs(stage, count);
  return { home, kind: 'logs', items: count, directories: [join(home.root, 'logs', 'claude-streaming')] };
}

type Memory = {
  readonly name: string;
  readonly what: string;
  readonly count: number;
  readonly diskBytes: number;
  readonly make: (stage: Stage, count: number) => Promise<Removable>;
};

function memory({ name, what, count, diskBytes, make }: Memory): Row {
  return {
    name,
    title: `memory, ${what}`,
    isByHand: true,
    targets: [
      { type: 'memory', of: 'all', mostBytes },
      { type: 'memory-ratio', of: 'all', to: 'half', most: mostGrowth },
    ],
    diskBytes,
    work: (scale) => `${scaled({ scale }, count, 100).toLocaleString('en-US')} ${what}`,
    contenders: (stage) => {
      const all = scaled(stage, count, 100);
      const run = (size: number) => async () => removeAll(stage, await make(stage, size));
      return Promise.resolve([
        { name: 'all', run: run(all) },
        { name: 'half', run: run(Math.round(all / 2)) },
      ]);
    },
  };
}

export const memoryRows: readonly Row[] = [
  memory({
    name: 'memory-files',
    what: 'files',
    count: 2_000_000,
    diskBytes: 9 * 1024 ** 3,
    make: makeFiles,
  }),
  memory({
    name: 'memory-items',
    what: 'items',
    count: 100_000,
    diskBytes: 600 * 1024 ** 2,
    make: makeItems,
  }),
];
