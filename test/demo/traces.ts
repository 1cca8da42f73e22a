import { join } from 'node:path';
import { type ProdigyHome } from '../helpers/prodigy-home.ts';
import { workflowCheckpoint } from '../helpers/checkpoint-artefacts.ts';
import { session } from '../helpers/session-artefacts.ts';
import { claudeLog, eventDirectory } from '../helpers/trace-artefacts.ts';

/**
 * What most sessions leave: a record, a checkpoint, an event directory and Claude's logs, their worktrees long gone.
 * Sixteen sessions and forty logs times `scale`. Answers the ids of the sessions.
 *
 * @param others - sessions that have worktrees; some logs belong to them
 */
export async function makeTraces(
  home: ProdigyHome,
  repository: string,
  scale: number,
  others: readonly string[],
): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let index = 0; index < 16 * scale; index += 1) {
    // Ages in minutes from 35 days upwards, so that no two sessions share a start.
    const startedMinutes = 35 * 1_440 + index * 977;
    const started = `${startedMinutes}m`;
    const ended = `${startedMinutes - 47}m`;
    const { id } = await session(home, { status: 'Completed', startedAgo: started, endedAgo: ended });
    await workflowCheckpoint(home, {
      session: id,
      ago: ended,
      status: 'Completed',
      workingDirectory: repository,
    });
    await eventDirectory(home, {
      repository: 'shop',
      startedAgo: `${startedMinutes * 60 + 6}s`,
      ...(index % 5 === 0 ? { endedAgo: ended, records: 200 } : {}),
      rotated: index === 3,
    });
    ids.push(id);
  }
  await makeLogs(home, 40 * scale, [...others, ...ids]);
  return ids;
}

/** Logs of all ages, from an hour to ten months; every ninth is an old one that does not say where Claude worked. */
async function makeLogs(home: ProdigyHome, count: number, sessions: readonly string[]): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const startedMinutes = 61 + Math.floor((index / count) ** 2 * 300 * 1_440);
    const owner = sessions[index % sessions.length] ?? '';
    await claudeLog(home, {
      startedAgo: `${startedMinutes}m`,
      endedAgo: `${startedMinutes - 9}m`,
      lines: 5 + (index % 8) * 12,
      ...(index % 9 === 8 ? {} : { cwd: join(home.root, 'worktrees', 'shop', owner) }),
    });
  }
}

/** Adds `count` old sessions with all that belongs to them and thrice as many old logs: work for a second run. */
export async function addOldItems(home: ProdigyHome, repository: string, count: number): Promise<void> {
  const base = Math.floor(home.ids.random() * 50_000);
  for (let index = 0; index < count; index += 1) {
    const startedMinutes = 100 * 1_440 + base + index * 7;
    const ended = `${startedMinutes - 5}m`;
    const { id } = await session(home, {
      status: 'Completed',
      startedAgo: `${startedMinutes}m`,
      endedAgo: ended,
    });
    await workflowCheckpoint(home, {
      session: id,
      ago: ended,
      status: 'Completed',
      workingDirectory: repository,
    });
    // Below the session's own name, as a resumed run writes it: whose it is needs no guess.
    await eventDirectory(home, { repository: id, startedAgo: `${startedMinutes * 60 + 6}s` });
    for (let log = 0; log < 3; log += 1) {
      await claudeLog(home, {
        startedAgo: `${startedMinutes - log}m`,
        endedAgo: `${startedMinutes - log}m`,
        cwd: join(home.root, 'worktrees', 'shop', id),
      });
    }
  }
}
