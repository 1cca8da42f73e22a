import { hostname } from 'node:os';
import { join } from 'node:path';
import { msAgo, pretty, writeAged, type ProdigyHome } from './prodigy-home.ts';
import { stamp } from './stamps.ts';

/** Stands in every checkpoint's copy of the environment: it must never appear in a journal or on a screen. */
export const canarySecret = 'sk-canary-7d1f0c52e9';

export type CheckpointSpec = {
  /** The session's id: names the directory. */
  readonly session: string;
  readonly ago: string;
  /** `Running` after a step, `Completed` or `Failed` at the end. */
  readonly status?: string;
  /** Differs from the session's id, as for real. */
  readonly workflowId?: string;
  readonly workingDirectory: string;
  readonly workflowPath?: string | null;
  readonly version?: number;
};

/** `state/<session>/checkpoints/<workflow id>.checkpoint.json`. Answers its path. */
export async function workflowCheckpoint(home: ProdigyHome, spec: CheckpointSpec): Promise<string> {
  const atMs = msAgo(home, spec.ago);
  const status = spec.status ?? 'Running';
  const workflowId = spec.workflowId ?? home.ids.workflow(atMs);
  const failed = {
    __error_message: 'command exited with code 1',
    __error_timestamp: stamp(atMs, { zone: '+00:00' }),
    __failed_step_index: '1',
  };
  const content = pretty({
    workflow_id: workflowId,
    execution_state: {
      current_step_index: 1,
      total_steps: status === 'Running' ? 2 : 0,
      status,
      start_time: stamp(atMs),
      last_checkpoint: stamp(atMs),
      current_iteration: null,
      total_iterations: null,
    },
    completed_steps: [
      {
        step_index: 0,
        command: 'claude: /prodigy-implement-spec 42',
        success: true,
        output: 'implemented',
        captured_variables: {},
        duration: { secs: 812, nanos: 401_233_120 },
        completed_at: stamp(atMs - 1),
      },
    ],
    variable_state: status === 'Failed' ? failed : {},
    mapreduce_state: null,
    timestamp: stamp(atMs),
    version: spec.version ?? 1,
    workflow_hash: 'default-2',
    total_steps: 2,
    workflow_name: 'default',
    workflow_path:
      spec.workflowPath === undefined
        ? join(spec.workingDirectory, 'workflows', 'implement.yml')
        : spec.workflowPath,
    retry_checkpoint_state: null,
    variable_checkpoint_state: {
      global_variables: {},
      phase_variables: {},
      computed_cache: {},
      environment_snapshot: {
        variables: { ANTHROPIC_API_KEY: canarySecret, HOME: home.home, PATH: '/usr/bin:/bin' },
        captured_at: stamp(atMs),
        hostname: hostname(),
        working_directory: spec.workingDirectory,
      },
      interpolation_history: [],
      variable_metadata: {
        total_variables: 0,
        computed_variables: 0,
        total_interpolations: 0,
        checkpoint_version: '1.0.0',
      },
      captured_outputs: {},
      iteration_vars: {},
    },
  });
  const name = `${workflowId}.checkpoint.json`;
  return writeAged(join(home.dataRoot, 'state', spec.session, 'checkpoints', name), content, atMs);
}

/** `state/<repository>/checkpoints/merge-workflow-<worktree>.checkpoint.json`: a merge runs, or failed half way. */
export async function mergeCheckpoint(
  home: ProdigyHome,
  spec: { readonly repository: string; readonly worktree: string; readonly ago: string },
): Promise<string> {
  const atMs = msAgo(home, spec.ago);
  const name = `merge-workflow-${spec.worktree}`;
  const content = pretty({
    workflow_id: name,
    execution_state: {
      current_step_index: 0,
      total_steps: 2,
      status: 'Running',
      start_time: stamp(atMs),
      last_checkpoint: stamp(atMs),
      current_iteration: 1,
      total_iterations: 1,
    },
    completed_steps: [],
    variable_state: {},
    mapreduce_state: null,
    timestamp: stamp(atMs),
    version: 1,
    workflow_hash: `merge-${spec.worktree}`,
    total_steps: 2,
    workflow_name: name,
    workflow_path: null,
    retry_checkpoint_state: null,
    variable_checkpoint_state: null,
  });
  const directory = join(home.dataRoot, 'state', spec.repository, 'checkpoints');
  return writeAged(join(directory, `${name}.checkpoint.json`), content, atMs);
}
