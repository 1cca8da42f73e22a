import * as v from 'valibot';
import type { Size } from '../model/item.ts';
import type { Doubt } from '../model/reason.ts';
import { readJson } from './json-file.ts';
import type { Seen } from './see.ts';
import { instant } from './shape.ts';
import { newest } from './time.ts';
import { readTree } from './tree.ts';

/** What one directory of dead letters holds, whichever of its layouts it has. */
export type DeadLetters = {
  readonly letters: number;
  readonly pendingRetry: number;
  readonly pendingReview: number;
  /** Newest `last_attempt`. */
  readonly lastAttemptMs: number | undefined;
  /** Jobs named by a doubled path below it. */
  readonly jobs: readonly string[];
  readonly doubts: readonly Doubt[];
  readonly youngestSignMs: number;
  readonly size: Size | undefined;
  readonly stamp: string;
};

const letterSchema = v.object({
  item_id: v.string(),
  last_attempt: instant,
  reprocess_eligible: v.boolean(),
  manual_review_required: v.boolean(),
});

const indexSchema = v.object({ job_id: v.string(), updated_at: instant });

/** One letter that cannot be read keeps them all: a letter can be the only record of lost work. */
export async function readDeadLetters(directory: Seen): Promise<DeadLetters> {
  const tree = readTree(directory, isExpected);
  const doubts = [...tree.doubts];
  let letters = 0;
  let pendingRetry = 0;
  let pendingReview = 0;
  let lastAttemptMs: number | undefined;
  for (const file of tree.files) {
    if (file.name === 'index.json') {
      // It can be made again from the letters; only its presence without them would be odd.
      const index = await readJson(file.path, indexSchema);
      if (index.state === 'broken') doubts.push(index.doubt);
      continue;
    }
    letters += 1;
    const letter = await readJson(file.path, letterSchema);
    if (letter.state === 'broken') doubts.push(letter.doubt);
    if (letter.state !== 'read') continue;
    if (`${letter.value.item_id}.json` !== file.name) {
      doubts.push({ reason: 'unknown-format', detail: 'another item inside', path: file.path });
    }
    if (letter.value.reprocess_eligible) pendingRetry += 1;
    if (letter.value.manual_review_required) pendingReview += 1;
    lastAttemptMs = newest(lastAttemptMs, letter.value.last_attempt);
  }
  const jobs = tree.files.flatMap(({ segments }) => (segments[0] === 'mapreduce' ? [segments[2] ?? ''] : []));
  return {
    letters,
    pendingRetry,
    pendingReview,
    lastAttemptMs,
    jobs: [...new Set(jobs)].filter((job) => job !== ''),
    doubts,
    youngestSignMs: tree.youngestSignMs,
    size: tree.size,
    stamp: tree.stamp,
  };
}

function isExpected(segments: readonly string[], type: 'file' | 'directory'): boolean {
  // `mapreduce/dlq/<job>/...` repeats the layout one job further down.
  const [first, second, third, ...rest] = segments;
  const inner = first === 'mapreduce' ? rest : segments;
  if (first === 'mapreduce') {
    if (second !== undefined && second !== 'dlq') return false;
    if (third === undefined || rest.length === 0) return type === 'directory';
  }
  if (type === 'directory') return inner.length === 1 && inner[0] === 'items';
  const name = inner.at(-1) ?? '';
  return name.endsWith('.json') && (inner.length === 1 || (inner.length === 2 && inner[0] === 'items'));
}
