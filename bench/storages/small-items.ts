import { join } from 'node:path';
import { workflowCheckpoint } from '../../test/helpers/checkpoint-artefacts.ts';
import { makeRepository } from '../../test/helpers/git.ts';
import { homeIn, type ProdigyHome } from '../../test/helpers/prodigy-home.ts';
import { session } from '../../test/helpers/session-artefacts.ts';
import { claudeLog, eventDirectory } from '../../test/helpers/trace-artefacts.ts';
import type { Stage } from '../stage.ts';

/** So many are written at once: Prodigy's files are made by the helpers of the tests, one call a file. */
const atOnce = 64;
const startedMinutes = 40 * 1_440;
const daySeconds = 86_400;

function emptyHome(stage: Stage): Promise<ProdigyHome> {
  return homeIn(join(stage.directory, 'home'), { seed: stage.seed });
}

/**
 * Old logs of Claude's of one day, the oldest first as it writes them, all of one finished session whose record is
 * there. Their names begin with the time: read in the order of their names, they are read as they lie on the disk.
 */
export async function makeLogs(stage: Stage, count: number): Promise<ProdigyHome> {
  const home = await emptyHome(stage);
  const { id } = await session(home, {
    status: 'Completed',
    startedAgo: `${startedMinutes + 10}m`,
    endedAgo: `${startedMinutes}m`,
  });
  const cwd = join(home.root, 'worktrees', 'shop', id);
  await inBatches(count, async (index) => {
    const ago = `${startedMinutes * 60 + daySeconds - Math.floor((index * daySeconds) / count)}s`;
    await claudeLog(home, { startedAgo: ago, endedAgo: ago, cwd, lines: 4 });
  });
  return home;
}

/** Records of finished sessions with their checkpoints, the oldest first, spread over so many repositories. */
export async function makeSessions(
  stage: Stage,
  { sessions, repositories }: { readonly sessions: number; readonly repositories: number },
): Promise<ProdigyHome> {
  const home = await emptyHome(stage);
  const paths = Array.from({ length: repositories }, (_, index) =>
    join(home.home, 'src', `project-${index}`),
  );
  await inBatches(
    paths.length,
    async (index) => {
      await makeRepository(paths[index] ?? '');
    },
    4,
  );
  await inBatches(sessions, async (index) => {
    const started = startedMinutes + sessions - index;
    const ended = `${started - 5}m`;
    const { id } = await session(home, { status: 'Completed', startedAgo: `${started}m`, endedAgo: ended });
    const workingDirectory = paths[index % paths.length] ?? home.home;
    await workflowCheckpoint(home, { session: id, ago: ended, status: 'Completed', workingDirectory });
  });
  return home;
}

/**
 * Old event directories, the oldest first, with a flushed batch in every fifth, as Prodigy leaves them: most files are
 * empty.
 */
export async function makeEvents(stage: Stage, count: number): Promise<ProdigyHome> {
  const home = await emptyHome(stage);
  await inBatches(count, async (index) => {
    const started = startedMinutes + count - index;
    await eventDirectory(home, {
      repository: 'shop',
      startedAgo: `${started}m`,
      ...(index % 5 === 0 ? { endedAgo: `${started - 5}m`, records: 100 } : {}),
    });
  });
  return home;
}

async function inBatches(
  count: number,
  make: (index: number) => Promise<void>,
  size: number = atOnce,
): Promise<void> {
  for (let from = 0; from < count; from += size) {
    const length = Math.min(size, count - from);
    await Promise.all(Array.from({ length }, (_, index) => make(from + index)));
  }
}
