import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { readJobState, type JobState } from '../../src/storage/job.ts';
import { see } from '../../src/storage/see.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

const job = 'mapreduce-20251228_031129';
const at = (minute: number): string => `2025-12-28T03:${minute}:00Z`;

/** The state of a job whose directory holds these files; contents that are not text are written as JSON. */
async function stateOf(t: ExecutionContext, files: Record<string, unknown>): Promise<JobState> {
  const path = join(temporaryDirectory(t), job);
  await mkdir(path);
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    const isRaw = typeof content === 'string' || content instanceof Uint8Array;
    await writeFile(join(path, name), isRaw ? content : JSON.stringify(content));
  }
  const seen = see(path)._unsafeUnwrap();
  if (seen === undefined) throw new Error('vanished');
  return readJobState(seen, job);
}

const checkpoint = (complete: unknown, minute: number, more = {}): Record<string, unknown> => ({
  job_id: job,
  updated_at: at(minute),
  is_complete: complete,
  ...more,
});
const metadata = (name: string): Record<string, unknown> => ({
  path: `/elsewhere/${name}`,
  version: 1,
  created_at: at(10),
});
const phase = (word: string, minute: number): Record<string, unknown> => ({
  metadata: { job_id: job, created_at: at(minute), phase: word },
});
const library = 'mapreduce/checkpoints/cp-86e6dec2-c2b2-457e-b430-e213a88c730c.checkpoint';

const isState = test.macro({
  async exec(t, _what: string, files: Record<string, unknown>, expected: JobState['state']) {
    const state = await stateOf(t, files);
    t.is(state.state, expected);
    t.is(state.doubts.length > 0, expected === 'broken');
  },
  title: (_: string | undefined, what: string, _files: unknown, expected: string) =>
    `a job with ${what} is ${expected}`,
});

test(isState, 'nothing', {}, 'none');
test(isState, 'only a temporary file', { 'checkpoint-v1.tmp': '{' }, 'none');
test(isState, 'only events', { 'events/events.jsonl': '' }, 'none');
test(
  isState,
  'a complete checkpoint',
  {
    'metadata.json': metadata('checkpoint-v2.json'),
    'checkpoint-v1.json': checkpoint(false, 10),
    'checkpoint-v2.json': checkpoint(true, 20),
  },
  'complete',
);
test(
  isState,
  'a newer checkpoint than metadata names, incomplete',
  {
    'metadata.json': metadata('checkpoint-v2.json'),
    'checkpoint-v2.json': checkpoint(true, 20),
    'checkpoint-v10.json': checkpoint(false, 15),
  },
  'incomplete',
);
test(
  isState,
  'the word "true" for true',
  { 'metadata.json': metadata('checkpoint-v1.json'), 'checkpoint-v1.json': checkpoint('true', 10) },
  'broken',
);
test(
  isState,
  'the checkpoint of another job',
  {
    'metadata.json': metadata('checkpoint-v1.json'),
    'checkpoint-v1.json': checkpoint(true, 10, { job_id: 'x' }),
  },
  'broken',
);
test(isState, 'a final library checkpoint', { [`${library}.json`]: phase('Complete', 10) }, 'complete');
test(
  isState,
  'a zipped library checkpoint',
  { [`${library}.gz`]: gzipSync(JSON.stringify(phase('Complete', 10))) },
  'complete',
);
test(
  isState,
  'a library checkpoint on the way',
  { [`${library}.gz`]: gzipSync(JSON.stringify(phase('Map', 10))) },
  'incomplete',
);
test(isState, 'something that only looks zipped', { [`${library}.gz`]: 'not zipped' }, 'broken');
test(isState, 'a compression nobody here knows', { [`${library}.zst`]: 'x' }, 'broken');
const steps = (done: number): Record<string, unknown> => ({
  version: 1,
  completed_steps: done,
  total_steps: 2,
  timestamp: at(10),
});
test(
  isState,
  'a reduce phase half done',
  { 'reduce-checkpoint-v1-20251228_031129.json': steps(1) },
  'incomplete',
);
test(isState, 'a reduce phase done', { 'reduce-checkpoint-v1-20251228_031129.json': steps(2) }, 'complete');
const odd: Record<string, unknown> = {
  'more steps done than numbers count': { ...steps(1), completed_steps: 1e308 },
  'fewer steps than none': { ...steps(0), total_steps: -5 },
};
for (const [what, content] of Object.entries(odd)) {
  test(isState, what, { 'reduce-checkpoint-v1-20251228_031129.json': content }, 'broken');
}
for (const [what, more] of Object.entries({
  'a checkpoint of format one half': { checkpoint_format_version: 0.5 },
  'a parent that is no text': { parent_worktree: ['workflow-1764118326168'] },
})) {
  const files = {
    'metadata.json': metadata('checkpoint-v1.json'),
    'checkpoint-v1.json': checkpoint(true, 10, more),
  };
  test(isState, what, files, 'broken');
}
test(isState, 'a file that nobody knows', { 'notes.txt': 'mine' }, 'broken');

test('a zip that unpacks without end is given up', async (t) => {
  const bomb = gzipSync(Buffer.alloc(80 * 1024 * 1024));
  t.is((await stateOf(t, { [`${library}.gz`]: bomb })).state, 'broken');
});

test('the parent worktree names the session', async (t) => {
  const files = {
    'metadata.json': metadata('checkpoint-v1.json'),
    'checkpoint-v1.json': checkpoint(true, 10, {
      parent_worktree: '/home/u/.prodigy/worktrees/app/workflow-1764118326168',
    }),
  };
  t.is((await stateOf(t, files)).parentSession, 'workflow-1764118326168');
});
