import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { msAgo, pretty, writeAged, type ProdigyHome } from './prodigy-home.ts';
import { nameStamp, stamp } from './stamps.ts';
import { setTimes } from './write-tree.ts';

export type JobSpec = {
  /** First level below `state`: a repository's name or a session's id. */
  readonly repository: string;
  readonly job?: string;
  /** What `is_complete` says; `null` leaves the key out. */
  readonly complete: boolean | null;
  /** Checkpoint numbers to write; the newest has the update time. 1 to 3 unless told. */
  readonly versions?: readonly number[];
  readonly updatedAgo: string;
  /** `checkpoint_format_version`. */
  readonly formatVersion?: number;
  /** What is the matter with `metadata.json`. */
  readonly metadata?: 'good' | 'absent' | 'corrupt' | 'points-nowhere';
  readonly parentWorktree?: string;
};

/** `state/<repository>/mapreduce/jobs/<job>/`, as older releases wrote it. */
export async function jobState(
  home: ProdigyHome,
  spec: JobSpec,
): Promise<{ readonly job: string; readonly path: string }> {
  const updatedAtMs = msAgo(home, spec.updatedAgo);
  const job = spec.job ?? home.ids.job(updatedAtMs - 3_600_000);
  const path = join(home.dataRoot, 'state', spec.repository, 'mapreduce', 'jobs', job);
  const versions = spec.versions ?? [1, 2, 3];
  const latest = Math.max(...versions);
  let latestBytes = 0;
  for (const version of versions) {
    const atMs = updatedAtMs - (latest - version) * 60_000;
    const content = pretty(jobCheckpoint(home, job, spec, version, version === latest, atMs));
    if (version === latest) latestBytes = Buffer.byteLength(content);
    await writeAged(join(path, `checkpoint-v${version}.json`), content, atMs);
  }
  const named = spec.metadata === 'points-nowhere' ? latest + 5 : latest;
  const metadata = pretty({
    path: join(path, `checkpoint-v${named}.json`),
    version: named,
    created_at: stamp(updatedAtMs),
    size_bytes: latestBytes,
  });
  if (spec.metadata !== 'absent') {
    const content = spec.metadata === 'corrupt' ? metadata.slice(0, 30) : metadata;
    await writeAged(join(path, 'metadata.json'), content, updatedAtMs);
  }
  await setTimes(path, updatedAtMs);
  return { job, path };
}

/** `state/<repository>/mappings/{<session>,<job>}.json`, both with the same content. */
export async function mapping(
  home: ProdigyHome,
  spec: { readonly repository: string; readonly session: string; readonly job: string; readonly ago: string },
): Promise<readonly [string, string]> {
  const atMs = msAgo(home, spec.ago);
  const content = pretty({
    session_id: spec.session,
    job_id: spec.job,
    workflow_name: 'review-all',
    created_at: stamp(atMs),
  });
  const directory = join(home.dataRoot, 'state', spec.repository, 'mappings');
  return [
    await writeAged(join(directory, `${spec.session}.json`), content, atMs),
    await writeAged(join(directory, `${spec.job}.json`), content, atMs),
  ];
}

/** The empty `state/<session>/mapreduce/` that each MapReduce run makes at its start. */
export async function emptyJobDirectory(
  home: ProdigyHome,
  spec: { readonly session: string; readonly ago: string },
): Promise<string> {
  const path = join(home.dataRoot, 'state', spec.session, 'mapreduce');
  await mkdir(path, { recursive: true });
  await setTimes(path, msAgo(home, spec.ago));
  return path;
}

/** The id a job gets that starts so long ago. */
export function jobIdOf(home: ProdigyHome, startedAgo: string): string {
  return `mapreduce-${nameStamp(msAgo(home, startedAgo))}`;
}

function jobCheckpoint(
  home: ProdigyHome,
  job: string,
  spec: JobSpec,
  version: number,
  isLatest: boolean,
  atMs: number,
): Record<string, unknown> {
  const done = isLatest && spec.complete === true;
  const worktree = `mapreduce-agent-${job}_agent_0`;
  return {
    job_id: job,
    config: {
      input: 'items.json',
      json_path: '$.items[*]',
      max_parallel: 10,
      agent_timeout_secs: 300,
      continue_on_failure: false,
      batch_size: null,
      enable_checkpoints: true,
      max_items: null,
      offset: null,
    },
    started_at: stamp(atMs - 3_600_000),
    updated_at: stamp(atMs),
    work_items: [{ path: 'src/a.ts' }, { path: 'src/b.ts' }],
    agent_results: {
      item_0: {
        item_id: 'item_0',
        status: 'Success',
        output: 'done',
        commits: ['4be1c2d'],
        duration: { secs: 91, nanos: 0 },
        worktree_path: join(home.root, 'worktrees', spec.repository, worktree),
        branch_name: `prodigy-${worktree}`,
        worktree_session_id: worktree,
      },
      item_1: {
        item_id: 'item_1',
        status: { Failed: 'timeout' },
        commits: [],
        duration: { secs: 300, nanos: 0 },
        error: 'timeout',
      },
    },
    completed_agents: ['item_0', 'item_1'],
    failed_agents: {
      item_1: {
        item_id: 'item_1',
        attempts: 1,
        last_error: 'timeout',
        last_attempt: stamp(atMs - 1),
        worktree_info: null,
      },
    },
    pending_items: [],
    checkpoint_version: version,
    checkpoint_format_version: spec.formatVersion ?? 1,
    parent_worktree: spec.parentWorktree ?? null,
    reduce_phase_state: {
      started: done,
      completed: done,
      executed_commands: [],
      output: null,
      error: null,
      started_at: null,
      completed_at: null,
    },
    total_items: 2,
    successful_count: 1,
    failed_count: 1,
    ...(spec.complete === null ? {} : { is_complete: done }),
    agent_template: [],
    reduce_commands: null,
    variables: {},
    setup_output: null,
    setup_completed: false,
    item_retry_counts: {},
  };
}
