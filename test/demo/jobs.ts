import { join } from 'node:path';
import { msAgo, type ProdigyHome } from '../helpers/prodigy-home.ts';
import { deadLetters } from '../helpers/dead-letter-artefacts.ts';
import { emptyJobDirectory, jobIdOf, jobState, mapping } from '../helpers/job-artefacts.ts';
import { orphanRegistry } from '../helpers/orphan-registry.ts';
import { workflowCheckpoint } from '../helpers/checkpoint-artefacts.ts';
import { session } from '../helpers/session-artefacts.ts';
import { eventDirectory } from '../helpers/trace-artefacts.ts';
import { agentPool, sessionWorktree } from '../helpers/worktree-artefacts.ts';
import { mergeBranch } from './projects.ts';

export type JobIds = {
  /** Status Running, no checkpoint, its parent worktree unmerged and two of its twelve agents leaked, one dirty. */
  readonly mapReduceRunning: string;
  readonly mapReduceRunningJob: string;
  /** Paths of the two leaked agents: a clean one and a dirty one. */
  readonly leakedAgents: readonly string[];
  /** Completed and merged, with dead letters in the doubled layout. */
  readonly mapReduceCompleted: string;
  readonly mapReduceCompletedJob: string;
  readonly legacyComplete: string;
  readonly legacyIncomplete: string;
  /** Dead letters in the short layout, none eligible. */
  readonly shortLettersJob: string;
  /** Dead letters below `state`, one eligible. */
  readonly stateLettersJob: string;
  /** Dead letters one of which cannot be read. */
  readonly corruptLettersJob: string;
};

/** MapReduce: one crashed job, one finished, two of an older release, and dead letters in every layout. */
export async function makeJobs(
  home: ProdigyHome,
  repository: string,
): Promise<{ readonly ids: JobIds; readonly mustStay: readonly string[] }> {
  const running = await crashedJob(home, repository);
  const completed = await finishedJob(home, repository);

  const legacyComplete = await jobState(home, { repository: 'shop', complete: true, updatedAgo: '120d' });
  const legacyIncomplete = await jobState(home, {
    repository: 'shop',
    complete: false,
    updatedAgo: '110d',
    parentWorktree: join(home.root, 'worktrees', 'shop', running.session),
  });
  await mapping(home, {
    repository: 'shop',
    session: completed.session,
    job: completed.job,
    ago: '47d',
  });

  const letters = async (
    layout: 'short' | 'state',
    ago: string,
    odd: 'eligible' | 'corrupt' | 'none',
  ): Promise<string> => {
    const job = home.ids.job(msAgo(home, ago));
    await deadLetters(home, {
      layout,
      repository: 'shop',
      job,
      letters: [
        { item: 'item_2', lastAttemptAgo: ago },
        { item: 'item_5', lastAttemptAgo: ago, eligible: odd === 'eligible', corrupt: odd === 'corrupt' },
      ],
    });
    return job;
  };
  const shortLettersJob = await letters('short', '85d', 'none');
  const stateLettersJob = await letters('state', '84d', 'eligible');
  const corruptLettersJob = await letters('short', '83d', 'corrupt');

  return {
    ids: {
      mapReduceRunning: running.session,
      mapReduceRunningJob: running.job,
      leakedAgents: running.agents,
      mapReduceCompleted: completed.session,
      mapReduceCompletedJob: completed.job,
      legacyComplete: legacyComplete.job,
      legacyIncomplete: legacyIncomplete.job,
      shortLettersJob,
      stateLettersJob,
      corruptLettersJob,
    },
    mustStay: [
      ...running.agents,
      legacyIncomplete.path,
      join(home.dataRoot, 'dlq', running.session, running.job),
      join(home.dataRoot, 'dlq', 'shop', corruptLettersJob),
    ],
  };
}

type Made = { readonly session: string; readonly job: string; readonly agents: readonly string[] };

async function crashedJob(home: ProdigyHome, repository: string): Promise<Made> {
  const made = await session(home, { status: 'Running', startedAgo: '35d', mapreduce: true });
  const job = jobIdOf(home, '35d');
  // Nine of the twelve agents were merged into the parent worktree before the crash.
  const merged = Object.fromEntries(
    [0, 1, 2, 4, 5, 6, 7, 8, 10].map((agent) => [`docs/item_${agent}.md`, `# Item ${agent}\n`]),
  );
  await sessionWorktree(home, { repository, id: made.id, createdAgo: '35d', commits: merged });
  const agents = await agentPool(home, {
    repository,
    session: made.id,
    job,
    ago: '35d',
    agents: [
      { agent: 3, commits: { 'docs/item_3.md': '# Item 3\n' } },
      { agent: 9, files: { 'README.md': '# Half rewritten\n' } },
    ],
  });
  await emptyJobDirectory(home, { session: made.id, ago: '35d' });
  await eventDirectory(home, { repository: made.id, id: job, startedAgo: '35d' });
  await deadLetters(home, {
    layout: 'doubled',
    repository: made.id,
    job,
    letters: [{ item: 'item_11', lastAttemptAgo: '35d', eligible: true }],
  });
  await orphanRegistry(home, {
    repository: 'shop',
    job,
    ago: '35d',
    entries: agents.slice(0, 1).map((path) => ({ path, agent: 3 })),
  });
  return { session: made.id, job, agents };
}

async function finishedJob(home: ProdigyHome, repository: string): Promise<Made> {
  const made = await session(home, {
    status: 'Completed',
    startedAgo: '48d',
    endedAgo: '47d',
    mapreduce: true,
  });
  const job = jobIdOf(home, '48d');
  await sessionWorktree(home, {
    repository,
    id: made.id,
    createdAgo: '48d',
    lastAgo: '47d',
    commits: { 'docs/reviewed.md': '# Reviewed\n' },
    modules: 40,
    metadata: { mergedAgo: '47d' },
  });
  await mergeBranch(repository, `prodigy-${made.id}`, msAgo(home, '47d'));
  await emptyJobDirectory(home, { session: made.id, ago: '48d' });
  await eventDirectory(home, { repository: made.id, id: job, startedAgo: '48d' });
  await deadLetters(home, {
    layout: 'doubled',
    repository: made.id,
    job,
    letters: [
      { item: 'item_4', lastAttemptAgo: '47d' },
      { item: 'item_7', lastAttemptAgo: '47d' },
    ],
  });
  await workflowCheckpoint(home, {
    session: made.id,
    ago: '47d',
    status: 'Completed',
    workingDirectory: repository,
  });
  return { session: made.id, job, agents: [] };
}
