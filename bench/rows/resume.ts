import { readdirSync, statfsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { endOf, runOurs } from '../child.ts';
import type { Contender, Row, Sample } from '../row.ts';
import { scaled, type Stage } from '../stage.ts';
import { makeWorktrees, type WorktreesStorage } from '../storages/worktrees.ts';
import { checkRemoval } from './removal.ts';

const resumed = 'clean resume';
const anew = 'a run over what remained';

const sizes = (stage: Pick<Stage, 'scale'>) => ({
  worktrees: scaled(stage, 40, 2),
  files: scaled(stage, 200_000, 1_000),
});
const words = ['clean', '--worktrees', '--all-repos', '--force', '--json'];

function filesBelow(directory: string): number {
  if (!existsSync(directory)) return 0;
  return readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    .length;
}

/** In their places, or in quarantine on their way. */
function remaining({ home, container }: WorktreesStorage): number {
  return filesBelow(container) + filesBelow(join(home.root, 'clean', 'quarantine'));
}

/** Kills a run when half the files are gone, told by the inodes that are free: asking costs the run nothing. */
async function killAtHalf(stage: Stage, made: WorktreesStorage): Promise<number> {
  const free = (): number => statfsSync(stage.directory).ffree;
  if (free() === 0)
    throw new Error('this file system does not count its inodes: when half is gone cannot be told');
  const enough = free() + made.files / 2;
  const ran = await runOurs(stage, made.home.home, words, { killWhen: () => free() >= enough });
  const left = remaining(made);
  if (ran.signal !== 'SIGKILL') throw new Error(`it ended before half was gone: ${endOf(ran)}`);
  if (left === 0) throw new Error('nothing remained when it was killed');
  return left;
}

async function resumeAfterKill(stage: Stage): Promise<Sample & { readonly left: number }> {
  const made = await makeWorktrees(stage, sizes(stage));
  stage.goCold();
  const left = await killAtHalf(stage, made);
  stage.goCold();
  const ran = await runOurs(stage, made.home.home, ['clean', 'resume', '--json']);
  if (ran.exitCode !== 0) throw new Error(`resume failed: ${endOf(ran)}`);
  const { outcome } = JSON.parse(ran.stdout) as { readonly outcome?: unknown };
  if (outcome !== 'completed') throw new Error(`resume ended as ${String(outcome)}`);
  const still = made.worktrees.filter((path) => existsSync(path));
  if (still.length > 0) throw new Error(`resume left ${still.length} worktrees, ${still[0]} first`);
  await rm(made.home.home, { recursive: true, force: true });
  return { ...ran, left };
}

async function runOverRest(stage: Stage, files: number): Promise<Sample> {
  const all = sizes(stage);
  const worktrees = Math.max(1, Math.round((all.worktrees * files) / all.files));
  const made = await makeWorktrees(stage, { worktrees, files });
  stage.goCold();
  const ran = await runOurs(stage, made.home.home, words);
  checkRemoval(ran, { home: made.home, kind: 'worktrees', items: worktrees, directories: [made.container] });
  await rm(made.home.home, { recursive: true, force: true });
  return ran;
}

export const resume: Row = {
  name: 'resume',
  title: 'resume after a kill at half',
  targets: [{ type: 'ratio', of: resumed, to: anew, most: 1.1 }],
  diskBytes: 1024 ** 3,
  work: (scale) => {
    const { worktrees, files } = sizes({ scale });
    return `${worktrees} worktrees, ${files.toLocaleString('en-US')} files`;
  },
  contenders: (stage) => {
    // What a round left over is what the other has to do in the next turn: the half, before any was killed.
    let left = Math.round(sizes(stage).files / 2);
    const contenders: readonly Contender[] = [
      {
        name: resumed,
        run: async () => {
          const { left: remained, ...sample } = await resumeAfterKill(stage);
          left = remained;
          return sample;
        },
      },
      { name: anew, run: () => runOverRest(stage, left) },
    ];
    return Promise.resolve(contenders);
  },
};
