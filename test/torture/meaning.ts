import { basename, dirname } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Form } from './stored.ts';

/**
 * What a file says of what the verdicts rest on, read as strictly as Prodigy's own reader would and apart from the
 * product's code: `undefined` when it is not understood. Equal text, equal meaning.
 */
export function meaningOf(form: Form, path: string, bytes: Buffer): string | undefined {
  try {
    return (readers[form] ?? raw)(bytes, path);
  } catch {
    return undefined;
  }
}

type Fields = Record<string, unknown>;

const readers: Partial<Record<Form, (bytes: Buffer, path: string) => string>> = {
  session(bytes, path) {
    const record = object(json(bytes));
    same(record['id'], basename(path, '.json'));
    among(record['session_type'], ['Workflow', 'MapReduce']);
    among(record['status'], ['Initializing', 'Running', 'Paused', 'Completed', 'Failed', 'Cancelled']);
    const times = [record['started_at'], record['updated_at']].map(time);
    const completed = record['completed_at'] ?? null;
    if (completed !== null) times.push(time(completed));
    const metadata = optional(record['metadata'], object) ?? {};
    const checkpoints = optional(record['checkpoints'], list) ?? [];
    const data = record['mapreduce_data'] === null ? undefined : optional(record['mapreduce_data'], object);
    const job = data?.['job_id'] ?? null;
    if (job !== null) text(job);
    return says(record['status'], times, metadata['project_name'], job, checkpoints.map(workingDirectory));
  },
  checkpoint(bytes, path) {
    const record = object(json(bytes));
    const name = basename(path, '.checkpoint.json');
    // `sessions/<id>/checkpoint.json` bears no name.
    if (name === 'checkpoint.json') text(record['workflow_id']);
    else same(record['workflow_id'], name);
    same(record['version'], 1);
    const state = object(record['execution_state']);
    among(state['status'], ['Running', 'Paused', 'Completed', 'Failed', 'Interrupted']);
    const timestamp = time(record['timestamp']);
    const workflow = record['workflow_path'] ?? null;
    if (workflow !== null) text(workflow);
    return says(timestamp, workflow, snapshotDirectory(record['variable_checkpoint_state']));
  },
  'job-metadata'(bytes) {
    const record = object(json(bytes));
    count(record['version']);
    time(record['created_at']);
    return says(basename(text(record['path'])));
  },
  'job-checkpoint'(bytes, path) {
    const record = object(json(bytes));
    same(record['job_id'], basename(dirname(path)));
    same(record['checkpoint_format_version'] ?? 1, 1);
    const parent = record['parent_worktree'] ?? null;
    if (parent !== null) text(parent);
    return says(time(record['updated_at']), flag(record['is_complete']), parent);
  },
  'library-checkpoint'(bytes, path) {
    const plain = path.endsWith('.gz') ? gunzipSync(bytes, { maxOutputLength: 1 << 26 }) : bytes;
    const metadata = object(object(json(plain))['metadata']);
    same(metadata['job_id'], basename(dirname(dirname(dirname(path)))));
    return says(metadata['phase'] === 'Complete', phase(metadata['phase']), time(metadata['created_at']));
  },
  'reduce-checkpoint'(bytes) {
    const record = object(json(bytes));
    same(record['version'], 1);
    const [done, total] = [count(record['completed_steps']), count(record['total_steps'])];
    return says(done >= total, time(record['timestamp']));
  },
  letter(bytes, path) {
    const record = object(json(bytes));
    same(record['item_id'], basename(path, '.json'));
    const marks = [flag(record['reprocess_eligible']), flag(record['manual_review_required'])];
    return says(time(record['last_attempt']), marks);
  },
  'letter-index'(bytes) {
    const record = object(json(bytes));
    text(record['job_id']);
    time(record['updated_at']);
    return '';
  },
  mapping(bytes, path) {
    const record = object(json(bytes));
    const ids = [text(record['session_id']), text(record['job_id'])];
    among(basename(path, '.json'), ids);
    return says(ids, time(record['created_at']));
  },
  lock(bytes, path) {
    const record = object(json(bytes));
    same(record['job_id'], basename(path, '.lock'));
    const pid = count(record['process_id']);
    if (pid === 0 || pid > 0xffff_ffff || text(record['hostname']) === '') throw new Error('no holder');
    return says(pid, record['hostname'], time(record['acquired_at']));
  },
  'run-lock'(bytes) {
    const record = object(json(bytes));
    if (count(record['pid']) === 0) throw new Error('no holder');
    const words = ['startTime', 'bootId', 'host', 'command', 'since'].map((key) => text(record[key]));
    return says(record['pid'], words.slice(0, 3));
  },
  metadata(bytes, path) {
    const record = object(json(bytes));
    same(record['worktree_name'], basename(path, '.json'));
    const words = ['in_progress', 'completed', 'merged', 'cleaned_up', 'failed', 'abandoned', 'interrupted'];
    among(record['status'], words);
    text(record['branch']);
    const original = text(record['original_branch'] ?? '');
    return says(original, time(record['created_at']), time(record['updated_at']));
  },
  // Read by nobody but to be there, or for its age alone.
  'merge-checkpoint': () => '',
  registry: () => '',
  events: () => '',
  'git-index': () => '',
  'git-locked': () => '',
  'git-operation': () => '',
  log: (bytes) => says(/"cwd":("[^"]*")/.exec(utf8(bytes).split('\n', 1)[0] ?? '')?.[1] ?? null),
  'git-file': (bytes) => known(bytes, /^gitdir: ([^\n]+?)\r?\n?$/),
  'git-pointer': (bytes) => known(bytes, /^([^\n]+?)\s*$/),
  'git-head': (bytes) => known(bytes, /^(ref: *\S+|[0-9a-f]{40})\s*$/),
  'git-log'(bytes) {
    const lines = bytes
      .toString('latin1')
      .split('\n')
      .filter((line) => line !== '');
    const pairs = lines.map((line) => /^[0-9a-f]{40} [0-9a-f]{40} /.exec(line)?.[0]);
    if (pairs.includes(undefined)) throw new Error('no reflog');
    return says(pairs);
  },
};

function raw(bytes: Buffer): string {
  return bytes.toString('latin1');
}

function utf8(bytes: Buffer): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
}

function known(bytes: Buffer, shape: RegExp): string {
  const found = shape.exec(utf8(bytes))?.[1];
  if (found === undefined) throw new Error('odd');
  return found.replace(/^ref: */, 'ref: ');
}

function json(bytes: Buffer): unknown {
  return JSON.parse(utf8(bytes));
}

function says(...facts: readonly unknown[]): string {
  return JSON.stringify(facts);
}

function object(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('no object');
  return value as Fields;
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error('no list');
  return value;
}

function optional<T>(value: unknown, read: (value: unknown) => T): T | undefined {
  return value === undefined ? undefined : read(value);
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new Error('no text');
  return value;
}

function flag(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new Error('no flag');
  return value;
}

function count(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw new Error('no count');
  return value;
}

function same(value: unknown, wanted: unknown): void {
  if (value !== wanted) throw new Error('another');
}

function among(value: unknown, words: readonly unknown[]): void {
  if (!words.includes(value)) throw new Error('unknown word');
}

function phase(value: unknown): unknown {
  among(value, ['Setup', 'Map', 'Reduce', 'Complete']);
  return value;
}

/** RFC 3339 with a day that the calendar has, of a time in which there was a Prodigy. */
function time(value: unknown): number {
  const match = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/.exec(
    text(value),
  );
  const [year = 0, month = 0, day = 0, hour = 0] = (match ?? []).slice(1).map(Number);
  const days = new Date(Date.UTC(year, month, 0)).getUTCDate();
  const ms = Date.parse(text(value));
  if (month < 1 || day < 1 || day > days || hour > 23 || year < 2015 || Number.isNaN(ms)) {
    throw new Error('no time');
  }
  return ms;
}

function workingDirectory(checkpoint: unknown): unknown {
  const state = (checkpoint as { state?: { working_directory?: unknown } } | null)?.state;
  return typeof state?.working_directory === 'string' ? state.working_directory : null;
}

function snapshotDirectory(state: unknown): unknown {
  const snapshot = (state as { environment_snapshot?: { working_directory?: unknown } } | null)
    ?.environment_snapshot;
  return snapshot?.working_directory ?? null;
}
