import { join } from 'node:path';
import { msAgo, pretty, writeAged, type ProdigyHome } from './prodigy-home.ts';
import { stamp, type StampStyle } from './stamps.ts';

export type SessionSpec = {
  readonly id?: string;
  /** Any word, so that unknown ones can be written too. */
  readonly status: string;
  readonly startedAgo: string;
  /** `completed_at` and `updated_at`. Without it the session was never touched after its start. */
  readonly endedAgo?: string;
  /** `updated_at` of a session that has not ended. */
  readonly updatedAgo?: string;
  /** Named `session-<uuid>`, as MapReduce runs are; the type stays `Workflow`, as it does for real. */
  readonly mapreduce?: boolean;
  readonly error?: string;
  /** Goes into the checkpoint that a failed session embeds. */
  readonly workingDirectory?: string;
  readonly stamps?: StampStyle;
  /** Laid over the finished record, to make it odd. */
  readonly patch?: Readonly<Record<string, unknown>>;
  /** Cuts the file to this fraction of its bytes. */
  readonly cutTo?: number;
};

export type Session = {
  readonly id: string;
  readonly path: string;
  readonly startedAtMs: number;
  readonly lastAtMs: number;
};

/** `sessions/<id>.json`. */
export async function session(home: ProdigyHome, spec: SessionSpec): Promise<Session> {
  const startedAtMs = msAgo(home, spec.startedAgo);
  const lastAtMs = msAgo(home, spec.endedAgo ?? spec.updatedAgo ?? spec.startedAgo);
  const id = spec.id ?? (spec.mapreduce === true ? home.ids.session() : home.ids.workflow(startedAtMs));
  const record = {
    id,
    session_type: 'Workflow',
    status: spec.status,
    started_at: stamp(startedAtMs, spec.stamps),
    updated_at: stamp(lastAtMs, spec.stamps),
    completed_at: spec.endedAgo === undefined ? null : stamp(lastAtMs, spec.stamps),
    metadata: spec.mapreduce === true ? {} : standardMetadata(startedAtMs),
    checkpoints: spec.status === 'Failed' ? [embeddedCheckpoint(home, id, spec, startedAtMs, lastAtMs)] : [],
    timings:
      spec.mapreduce === true
        ? {}
        : { 'claude: /prodigy-implement-spec 42': { secs: 812, nanos: 401_233_120 } },
    error: spec.error ?? (spec.status === 'Failed' ? "Step 'shell: npm test' failed with exit code 1" : null),
    workflow_data: {
      workflow_id: id,
      workflow_name: '',
      current_step: 0,
      total_steps: 0,
      completed_steps: [],
      variables: {},
      iterations_completed: spec.mapreduce === true ? 0 : 1,
      files_changed: spec.mapreduce === true ? 0 : 5,
      worktree_name: null,
    },
    mapreduce_data: null,
    ...spec.patch,
  };
  const text = pretty(record);
  const content = spec.cutTo === undefined ? text : text.slice(0, Math.floor(text.length * spec.cutTo));
  const path = await writeAged(join(home.dataRoot, 'sessions', `${id}.json`), content, lastAtMs);
  return { id, path, startedAtMs, lastAtMs };
}

function standardMetadata(startedAtMs: number): Record<string, unknown> {
  return {
    workflow_type: 'standard',
    total_steps: 2,
    current_step: 0,
    execution_start_time: stamp(startedAtMs, { zone: '+00:00' }),
    increment_iteration: true,
    files_changed_delta: 3,
  };
}

function embeddedCheckpoint(
  home: ProdigyHome,
  id: string,
  spec: SessionSpec,
  startedAtMs: number,
  lastAtMs: number,
): Record<string, unknown> {
  const directory = spec.workingDirectory ?? join(home.home, 'src', 'app');
  return {
    id: `checkpoint-${home.ids.uuid()}`,
    created_at: stamp(lastAtMs),
    state: {
      checkpoint_version: 1,
      command_timings: [],
      current_iteration_number: null,
      current_iteration_started_at: null,
      ended_at: null,
      errors: ["Step 'shell: npm test' failed with exit code 1"],
      execution_context: null,
      execution_environment: {
        command_args: [],
        environment_vars: {},
        working_directory: directory,
        worktree_name: null,
      },
      files_changed: 2,
      iteration_timings: [],
      iterations_completed: 1,
      last_checkpoint: null,
      last_validated_at: null,
      session_id: id,
      started_at: stamp(startedAtMs),
      status: 'Failed',
      workflow_hash: null,
      workflow_started_at: null,
      workflow_state: {
        completed_steps: [],
        current_iteration: 0,
        current_step: 0,
        input_args: [],
        map_patterns: [],
        using_worktree: true,
        workflow_path: directory,
      },
      workflow_type: null,
      working_directory: directory,
      worktree_name: null,
    },
    metadata: {},
  };
}
