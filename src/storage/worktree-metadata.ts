import * as v from 'valibot';
import { readJson, type Reading } from './json-file.ts';
import { instant } from './shape.ts';

/** What we take from `worktrees/<repository>/.metadata/<name>.json`. Its `status` says nothing about liveness. */
export type WorktreeMetadata = {
  readonly branch: string;
  /** Empty in old files. */
  readonly originalBranch: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
};

const schema = v.object({
  worktree_name: v.string(),
  branch: v.string(),
  original_branch: v.optional(v.string(), ''),
  created_at: instant,
  updated_at: instant,
  status: v.picklist([
    'in_progress',
    'completed',
    'merged',
    'cleaned_up',
    'failed',
    'abandoned',
    'interrupted',
  ]),
});

export async function readWorktreeMetadata(path: string, name: string): Promise<Reading<WorktreeMetadata>> {
  const reading = await readJson(path, schema);
  if (reading.state !== 'read') return reading;
  const { value, seen } = reading;
  if (value.worktree_name !== name) {
    return {
      state: 'broken',
      doubt: { reason: 'unknown-format', detail: 'another name inside', path },
      seen,
    };
  }
  return {
    state: 'read',
    seen,
    value: {
      branch: value.branch,
      originalBranch: value.original_branch,
      createdAtMs: value.created_at,
      updatedAtMs: value.updated_at,
    },
  };
}
