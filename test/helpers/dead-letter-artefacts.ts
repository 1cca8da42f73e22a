import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { msAgo, pretty, writeAged, type ProdigyHome } from './prodigy-home.ts';
import { stamp } from './stamps.ts';
import { setTimes } from './write-tree.ts';

export type Letter = {
  readonly item: string;
  readonly lastAttemptAgo: string;
  readonly eligible?: boolean;
  readonly review?: boolean;
  /** Cuts the file off in the middle. */
  readonly corrupt?: boolean;
};

export type LettersSpec = {
  /** `doubled`: as written today. `short`: as documented. `state`: below `state`, as the resume manager has it. */
  readonly layout: 'doubled' | 'short' | 'state';
  /** First level below `dlq` or `state`: a session's id today, a repository's name in the other layouts. */
  readonly repository: string;
  readonly job: string;
  readonly letters: readonly Letter[];
  /** Time of the directory when there are no letters. */
  readonly ago?: string;
};

/** The dead letters of one job. Answers the job's directory. */
export async function deadLetters(home: ProdigyHome, spec: LettersSpec): Promise<string> {
  const { repository, job } = spec;
  const path =
    spec.layout === 'state'
      ? join(home.dataRoot, 'state', repository, 'mapreduce', 'dlq', job)
      : join(home.dataRoot, 'dlq', repository, job);
  await mkdir(path, { recursive: true });
  if (spec.letters.length === 0) {
    await setTimes(path, msAgo(home, spec.ago ?? '0s'));
    return path;
  }
  const base = spec.layout === 'doubled' ? join(path, 'mapreduce', 'dlq', job) : path;
  let lastAtMs = -Infinity;
  for (const letter of spec.letters) {
    const atMs = msAgo(home, letter.lastAttemptAgo);
    lastAtMs = Math.max(lastAtMs, atMs);
    const full = pretty(deadLetter(home, letter, atMs));
    const content = letter.corrupt === true ? full.slice(0, full.length / 2) : full;
    await writeAged(join(base, 'items', `${letter.item}.json`), content, atMs);
  }
  const index = {
    item_count: spec.letters.length,
    item_ids: spec.letters.map(({ item }) => item),
    job_id: job,
    updated_at: stamp(lastAtMs),
  };
  await writeAged(join(base, 'index.json'), pretty(index), lastAtMs);
  return path;
}

function deadLetter(home: ProdigyHome, letter: Letter, atMs: number): Record<string, unknown> {
  const text = 'Processing error: command exited with code 101';
  return {
    item_id: letter.item,
    item_data: { path: `docs/${letter.item}.md`, title: letter.item },
    first_attempt: stamp(atMs - 1),
    last_attempt: stamp(atMs),
    failure_count: 1,
    failure_history: [
      {
        attempt_number: 1,
        timestamp: stamp(atMs),
        error_type: { CommandFailed: { exit_code: 101 } },
        error_message: text,
        stack_trace: text,
        agent_id: `agent-${letter.item}`,
        step_failed: 'agent_execution',
        duration_ms: 0,
      },
    ],
    error_signature: home.ids.signature(),
    worktree_artifacts: null,
    reprocess_eligible: letter.eligible ?? false,
    manual_review_required: letter.review ?? false,
  };
}
