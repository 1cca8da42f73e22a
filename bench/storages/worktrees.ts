import { closeSync, futimesSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { commitFile, makeRepository } from '../../test/helpers/git.ts';
import { homeIn, msAgo, type ProdigyHome } from '../../test/helpers/prodigy-home.ts';
import { session } from '../../test/helpers/session-artefacts.ts';
import { setTimes } from '../../test/helpers/write-tree.ts';
import { sessionWorktree } from '../../test/helpers/worktree-artefacts.ts';
import type { Stage } from '../stage.ts';

export type WorktreesStorage = {
  readonly home: ProdigyHome;
  /** The directories that a run has to remove. */
  readonly worktrees: readonly string[];
  /** `worktrees/shop`, which holds them. */
  readonly container: string;
  /** Files in all of them that git ignores. */
  readonly files: number;
};

const fileBytes = 3 * 1024;
const perDirectory = 10;

/**
 * A home with real git worktrees of finished sessions, forty days old, that hold so many ignored files of 3 KB between
 * them. The same arguments make the same storage.
 */
export async function makeWorktrees(
  stage: Stage,
  { worktrees: count, files }: { readonly worktrees: number; readonly files: number },
): Promise<WorktreesStorage> {
  const home = await homeIn(join(stage.directory, 'home'), { seed: stage.seed });
  const repository = await makeRepository(join(home.home, 'src', 'shop'));
  const begunMs = msAgo(home, '200d');
  await commitFile(repository, '.gitignore', 'node_modules/\n', { atMs: begunMs });
  await commitFile(repository, 'src/cart.ts', 'export const total = 0;\n'.repeat(40), { atMs: begunMs });
  const worktrees: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const { id } = await session(home, {
      status: 'Completed',
      startedAgo: `${40 * 1_440 + index}m`,
      endedAgo: `${39 * 1_440 + index}m`,
    });
    const worktree = await sessionWorktree(home, {
      repository,
      id,
      createdAgo: `${40 * 1_440 + index}m`,
      lastAgo: `${39 * 1_440 + index}m`,
      commits: { 'src/feature.ts': `export const feature = ${index};\n` },
    });
    const share = Math.floor((files * (index + 1)) / count) - Math.floor((files * index) / count);
    const lastMs = msAgo(home, '39d');
    await writeModules(join(worktree, 'node_modules'), share, lastMs);
    await setTimes(worktree, lastMs);
    worktrees.push(worktree);
  }
  return { home, worktrees, container: join(home.root, 'worktrees', 'shop'), files };
}

/** As npm leaves dependencies: two directories to a package, ten files to a directory. */
async function writeModules(directory: string, count: number, atMs: number): Promise<void> {
  const content = Buffer.alloc(fileBytes, 'export const answer = 42;\n');
  const atSeconds = atMs / 1_000;
  for (let index = 0, group = 0; index < count; group += 1) {
    const packagePath = join(directory, `package-${group >> 1}`);
    const path = group % 2 === 0 ? packagePath : join(packagePath, 'lib');
    mkdirSync(path, { recursive: true });
    for (let file = 0; file < perDirectory && index < count; file += 1, index += 1) {
      const fd = openSync(join(path, `module-${file}.js`), 'w');
      writeSync(fd, content);
      futimesSync(fd, atSeconds, atSeconds);
      closeSync(fd);
    }
    if (group % 2 === 1) await utimes(packagePath, atSeconds, atSeconds);
    await utimes(path, atSeconds, atSeconds);
    // A signal gets its turn.
    if (group % 50 === 0) await setImmediate();
  }
}
