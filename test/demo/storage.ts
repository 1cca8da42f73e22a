import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { durationMs } from '../helpers/duration.ts';
import { ageAdmin, ageWorktree, commitFile, git } from '../helpers/git.ts';
import { homeIn, msAgo, writeAged, type ProdigyHome } from '../helpers/prodigy-home.ts';
import { mergeCheckpoint, workflowCheckpoint } from '../helpers/checkpoint-artefacts.ts';
import { resumeLock } from '../helpers/lock-artefact.ts';
import { worktreeMetadata } from '../helpers/metadata-artefact.ts';
import { session, type SessionSpec } from '../helpers/session-artefacts.ts';
import { settleDirectories } from '../helpers/settle-directories.ts';
import { eventDirectory } from '../helpers/trace-artefacts.ts';
import { sessionWorktree, type WorktreeSpec } from '../helpers/worktree-artefacts.ts';
import { writeTree, symlink } from '../helpers/write-tree.ts';
import { makeJobs } from './jobs.ts';
import { detach, makeProjects, mergeBranch, squashBranch, type Projects } from './projects.ts';
import type { DemoIds } from './roles.ts';
import { makeTraces } from './traces.ts';

export type DemoStorage = {
  readonly home: string;
  /** `<home>/.prodigy`. */
  readonly root: string;
  /** `directory/src/shop`. */
  readonly repository: string;
  readonly projects: Projects;
  readonly ids: DemoIds;
  /** Absolute paths that no `clean --all --force` may remove or change. */
  readonly mustStay: readonly string[];
  /** Absolute paths that `clean --all --force` in the repository is for. */
  readonly mayGo: readonly string[];
  /** For whoever adds more to it. */
  readonly prodigy: ProdigyHome;
  readonly worktreeOf: (id: string) => string;
  readonly recordOf: (id: string) => string;
};

/** A storage as a year of work leaves it, below `directory`, with real repositories and real worktrees. */
export async function makeDemoStorage(
  directory: string,
  { seed = 1, scale = 1 }: { readonly seed?: number; readonly scale?: number } = {},
): Promise<DemoStorage> {
  const home = await homeIn(join(directory, 'home'), { seed });
  const projects = await makeProjects(directory, home.nowMs);
  const { shop } = projects;
  const root = home.root;
  const worktreeOf = (id: string): string => join(root, 'worktrees', 'shop', id);
  const recordOf = (id: string): string => join(root, 'sessions', `${id}.json`);

  /** One session with its worktree and one commit of its own. */
  const worked = async (spec: SessionSpec, more: Partial<WorktreeSpec> = {}): Promise<string> => {
    const { id } = await session(home, { workingDirectory: more.repository ?? shop, ...spec });
    await sessionWorktree(home, {
      repository: shop,
      id,
      createdAgo: spec.startedAgo,
      lastAgo: spec.endedAgo ?? spec.updatedAgo ?? spec.startedAgo,
      commits: { [`src/feature-${id.slice(-6)}.ts`]: `export const feature = '${id}';\n` },
      modules: 40,
      ...more,
    });
    const started = msAgo(home, spec.startedAgo) - 4_000;
    await eventDirectory(home, { repository: 'shop', startedAgo: `${home.nowMs - started}ms` });
    return id;
  };
  const checkpoint = (id: string, ago: string, status = 'Running'): Promise<string> =>
    workflowCheckpoint(home, { session: id, ago, status, workingDirectory: shop });
  const landed = async (id: string, ago: string): Promise<void> => {
    await mergeBranch(shop, `prodigy-${id}`, msAgo(home, ago));
  };

  const completedMerged = await worked(
    { status: 'Completed', startedAgo: '46d', endedAgo: '45d' },
    { modules: 300, metadata: { mergedAgo: '45d' } },
  );
  await landed(completedMerged, '45d');
  await checkpoint(completedMerged, '45d', 'Completed');

  const completedUnmerged = await worked(
    { status: 'Completed', startedAgo: '61d', endedAgo: '60d' },
    { modules: 300 },
  );
  await checkpoint(completedUnmerged, '60d', 'Completed');

  const completedSquashed = await worked({ status: 'Completed', startedAgo: '56d', endedAgo: '55d' });
  await squashBranch(shop, `prodigy-${completedSquashed}`, msAgo(home, '55d'));

  const completedApi = await worked(
    { status: 'Completed', startedAgo: '51d', endedAgo: '50d' },
    { repository: projects.api },
  );
  const completedOtherShop = await worked(
    { status: 'Completed', startedAgo: '53d', endedAgo: '52d' },
    { repository: projects.otherShop, container: 'shop' },
  );

  const failedResumable = await worked({ status: 'Failed', startedAgo: '51d', endedAgo: '50d' });
  await checkpoint(failedResumable, '50d', 'Failed');

  const failedNoWorktree = (
    await session(home, { status: 'Failed', startedAgo: '58d', endedAgo: '57d', workingDirectory: shop })
  ).id;
  await checkpoint(failedNoWorktree, '57d', 'Failed');

  const crashedRunning = await worked({ status: 'Running', startedAgo: '81d', updatedAgo: '80d' });
  await checkpoint(crashedRunning, '80d');

  const paused = await worked({ status: 'Paused', startedAgo: '41d', updatedAgo: '40d' });
  await checkpoint(paused, '40d');

  const interrupted = await worked(
    { status: 'Running', startedAgo: '39d', updatedAgo: '38d' },
    { metadata: { interruptedAgo: '38d' } },
  );
  await checkpoint(interrupted, '38d');

  const dirty = await worked(
    { status: 'Completed', startedAgo: '45d', endedAgo: '44d' },
    { files: { 'src/cart.ts': '// rewritten, not yet committed\n' } },
  );
  const untracked = await worked(
    { status: 'Completed', startedAgo: '43d', endedAgo: '42d' },
    { files: { 'design-notes.md': 'Only here.\n' } },
  );
  const precious = await worked(
    { status: 'Completed', startedAgo: '42d', endedAgo: '41d' },
    { files: { '.env': 'TOKEN=made-up\n' } },
  );

  const locked = await worked({ status: 'Completed', startedAgo: '71d', endedAgo: '70d' });
  await landed(locked, '70d');
  await git(shop, 'worktree', 'lock', '--reason', 'on a portable disk', worktreeOf(locked));
  await ageAdmin(worktreeOf(locked), msAgo(home, '70d'));

  const detached = await worked({ status: 'Completed', startedAgo: '66d', endedAgo: '65d' });
  await landed(detached, '65d');
  await detach(worktreeOf(detached));
  await ageAdmin(worktreeOf(detached), msAgo(home, '65d'));

  const detachedCommit = await worked({ status: 'Completed', startedAgo: '68d', endedAgo: '67d' });
  await detach(worktreeOf(detachedCommit));
  await commitFile(worktreeOf(detachedCommit), 'src/lonely.ts', 'export {};\n', { atMs: msAgo(home, '67d') });
  await ageWorktree(worktreeOf(detachedCommit), msAgo(home, '67d'));

  const recent = await worked(
    { status: 'Completed', startedAgo: '50h', endedAgo: '2d' },
    { metadata: { mergedAgo: '2d' } },
  );
  await landed(recent, '2d');

  const merging = await worked({ status: 'Completed', startedAgo: '1h', endedAgo: '5m' });
  await mergeCheckpoint(home, { repository: 'shop', worktree: merging, ago: '4m' });

  const truncated = (
    await session(home, { status: 'Completed', startedAgo: '91d', endedAgo: '90d', cutTo: 0.5 })
  ).id;
  const archived = (await session(home, { status: 'Archived', startedAgo: '92d', endedAgo: '91d' })).id;

  const prunable = await worked({ status: 'Completed', startedAgo: '76d', endedAgo: '75d' });
  await rm(worktreeOf(prunable), { recursive: true });

  const staleMetadata = home.ids.workflow(msAgo(home, '98d'));
  await worktreeMetadata(home, { repository: 'shop', id: staleMetadata, createdAgo: '98d' });

  const linked = (await session(home, { status: 'Completed', startedAgo: '88d', endedAgo: '87d' })).id;
  await writeTree(root, { [`worktrees/shop/${linked}`]: symlink(projects.realProject, '87d') }, home.nowMs);
  await worktreeMetadata(home, { repository: 'shop', id: linked, createdAgo: '88d' });

  const foreignLock = (
    await session(home, { status: 'Failed', startedAgo: '49d', endedAgo: '48d', workingDirectory: shop })
  ).id;
  await resumeLock(home, { id: foreignLock, holder: 'foreign', ago: '48d' });

  const cleaned = await makeTraces(home, shop, scale, [
    completedMerged,
    completedUnmerged,
    crashedRunning,
    recent,
  ]);
  const [staleLock = ''] = cleaned;
  await resumeLock(home, { id: staleLock, holder: 'dead', ago: '59d' });

  const jobs = await makeJobs(home, shop);
  const odd = await makeOddities(home);
  await writeAged(
    join(root, 'worktrees', 'shop', '.metadata', 'cleanup.log'),
    `[2026-01-05 10:11:12 UTC] Cleaned up merged worktree session: ${staleLock} (branch: prodigy-${staleLock})\n`,
    msAgo(home, '60d'),
  );

  await settleDirectories(root);

  const ids: DemoIds = {
    ...jobs.ids,
    completedMerged,
    completedUnmerged,
    completedSquashed,
    completedApi,
    completedOtherShop,
    failedResumable,
    failedNoWorktree,
    crashedRunning,
    paused,
    interrupted,
    dirty,
    untracked,
    precious,
    locked,
    detached,
    detachedCommit,
    recent,
    merging,
    truncated,
    archived,
    prunable,
    staleMetadata,
    linked,
    foreignLock,
    staleLock,
    cleaned,
  };
  const bundles = [failedResumable, crashedRunning, paused, interrupted, dirty, untracked, precious, locked];
  const stay = [...bundles, detachedCommit, recent, merging, jobs.ids.mapReduceRunning];
  const gone = [completedMerged, completedUnmerged, completedSquashed, detached, jobs.ids.mapReduceCompleted];
  return {
    home: home.home,
    root,
    repository: shop,
    projects,
    ids,
    prodigy: home,
    worktreeOf,
    recordOf,
    mustStay: [
      ...stay.flatMap((id) => [worktreeOf(id), recordOf(id)]),
      ...[failedResumable, crashedRunning, paused, interrupted].map((id) =>
        join(root, 'state', id, 'checkpoints'),
      ),
      ...[truncated, archived, foreignLock, completedApi, completedOtherShop].map(recordOf),
      worktreeOf(completedOtherShop),
      join(root, 'worktrees', 'api', completedApi),
      worktreeOf(linked),
      ...Object.values(projects),
      ...jobs.mustStay,
      ...odd,
    ],
    mayGo: [...gone.flatMap((id) => [worktreeOf(id), recordOf(id)]), ...cleaned.map(recordOf)],
  };
}

/** Things that are nobody's to delete. Answers their paths. */
async function makeOddities({ root, nowMs }: ProdigyHome): Promise<readonly string[]> {
  const tree: Readonly<Record<string, string>> = {
    'sessions/notes.txt': 'Remember to ask Ada about the discount rules.\n',
    'my-backup/archive.tar': 'not really a tar\n',
    'config.yml': 'log_level: info\n',
    'templates/review.yml': '- claude: /review\n',
    'logs/claude-streaming/README': 'These are logs.\n',
  };
  for (const [path, content] of Object.entries(tree)) {
    await writeAged(join(root, path), content, nowMs - durationMs('150d'));
  }
  return Object.keys(tree).map((path) => join(root, path));
}
