import { join } from 'node:path';
import { msAgo, pretty, writeAged, type ProdigyHome } from './prodigy-home.ts';
import { stamp } from './stamps.ts';

export type MetadataSpec = {
  /** First level below `worktrees`: the repository's name, or the parent session's id for an agent. */
  readonly repository: string;
  /** Session id or agent directory name. */
  readonly id: string;
  readonly createdAgo: string;
  readonly updatedAgo?: string;
  readonly originalBranch?: string;
  readonly branch?: string;
  /** `in_progress` unless told: real code hardly ever writes another. */
  readonly status?: string;
  readonly mergedAgo?: string;
  readonly interruptedAgo?: string;
  readonly patch?: Readonly<Record<string, unknown>>;
};

/** `worktrees/<repository>/.metadata/<id>.json`, with the container's `.gitignore`. */
export async function worktreeMetadata(home: ProdigyHome, spec: MetadataSpec): Promise<string> {
  const createdAtMs = msAgo(home, spec.createdAgo);
  const touchedAgo = spec.updatedAgo ?? spec.mergedAgo ?? spec.interruptedAgo ?? spec.createdAgo;
  const updatedAtMs = msAgo(home, touchedAgo);
  const derived =
    spec.mergedAgo !== undefined
      ? 'merged'
      : spec.interruptedAgo !== undefined
        ? 'interrupted'
        : 'in_progress';
  const content = pretty({
    session_id: spec.id,
    worktree_name: spec.id,
    branch: spec.branch ?? `prodigy-${spec.id}`,
    original_branch: spec.originalBranch ?? 'main',
    created_at: stamp(createdAtMs),
    updated_at: stamp(updatedAtMs),
    status: spec.status ?? derived,
    iterations: { completed: 0, max: 10 },
    stats: { files_changed: 0, commits: 0, last_commit_sha: null },
    merged: spec.mergedAgo !== undefined,
    merged_at: spec.mergedAgo === undefined ? null : stamp(msAgo(home, spec.mergedAgo)),
    error: null,
    merge_prompt_shown: false,
    merge_prompt_response: null,
    interrupted_at: spec.interruptedAgo === undefined ? null : stamp(msAgo(home, spec.interruptedAgo)),
    interruption_type: spec.interruptedAgo === undefined ? null : 'termination',
    last_checkpoint: null,
    resumable: spec.interruptedAgo !== undefined,
    ...spec.patch,
  });
  const container = join(home.root, 'worktrees', spec.repository);
  await writeAged(join(container, '.gitignore'), '.metadata/\n', createdAtMs);
  return writeAged(join(container, '.metadata', `${spec.id}.json`), content, updatedAtMs);
}
