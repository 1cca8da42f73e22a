import { basename } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { openSync, readFileSync } from 'node:fs';
import * as v from 'valibot';
import type { JobFacts } from '../model/owner.ts';
import type { Size } from '../model/item.ts';
import type { Doubt } from '../model/reason.ts';
import { readJson, type Reading } from './json-file.ts';
import { isPlainId } from './names.ts';
import { openFlags } from '../regular-file.ts';
import { closeRead, type Seen } from './see.ts';
import { instant, plainId } from './shape.ts';
import { parseStrictly } from './strict-json.ts';
import { newest } from './time.ts';
import { readTree, type Tree, type TreeFile } from './tree.ts';

/** What one directory of job state says. */
export type JobState = {
  readonly state: JobFacts['state'];
  readonly doubts: readonly Doubt[];
  /** Time of the latest checkpoint. */
  readonly recordedAtMs: number | undefined;
  readonly youngestSignMs: number;
  /** The session whose worktree the job worked in. */
  readonly parentSession: string | undefined;
  readonly size: Size | undefined;
  readonly stamp: string;
};

/** One checkpoint, of whichever of the three formats. */
type Mark = { readonly complete: boolean; readonly atMs: number; readonly parent?: string | undefined };
type Marked = { readonly mark: Mark } | { readonly doubt: Doubt };

const numbered = /^checkpoint-v(\d{1,9})\.json$/;
const reduced = /^reduce-checkpoint-v\d+-\d{8}_\d{6}\.json$/;
const library = /^cp-[0-9a-f-]{36}\.checkpoint\.(json|gz|zst|lz4)$/;
const knownFormat = 1;
const maxUnzippedBytes = 64 * 1024 * 1024;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const metadataSchema = v.object({ path: v.string(), version: count, created_at: instant });

const numberedSchema = v.object({
  job_id: plainId,
  updated_at: instant,
  is_complete: v.boolean(),
  checkpoint_format_version: v.optional(v.pipe(count, v.minValue(1)), 1),
  // Not a hint: it ties the job to a session that may protect it.
  parent_worktree: v.nullish(v.string()),
});

const librarySchema = v.object({
  metadata: v.object({
    job_id: plainId,
    created_at: instant,
    phase: v.picklist(['Setup', 'Map', 'Reduce', 'Complete']),
  }),
});

const reducedSchema = v.object({
  version: v.literal(1),
  completed_steps: count,
  total_steps: count,
  timestamp: instant,
});

/** Reads `state/.../<job>`. It is complete only when every latest checkpoint says so itself. */
export async function readJobState(directory: Seen, job: string): Promise<JobState> {
  const tree = readTree(directory, isExpected);
  const marks = (
    await Promise.all([
      numberedMark(tree, job),
      ...tree.files.filter(({ name }) => library.test(name)).map((file) => libraryMark(file, job)),
      ...tree.files.filter(({ name }) => reduced.test(name)).map(reducedMark),
    ])
  ).flat();
  const doubts = [...tree.doubts];
  let state: JobFacts['state'] = 'none';
  let recordedAtMs: number | undefined;
  let parentSession: string | undefined;
  let isBroken = false;
  let latest: Mark | undefined;
  for (const marked of marks) {
    if ('doubt' in marked) {
      doubts.push(marked.doubt);
      isBroken = true;
      continue;
    }
    const { mark } = marked;
    recordedAtMs = newest(recordedAtMs, mark.atMs);
    if (mark.parent !== undefined) parentSession = mark.parent;
    if (latest === undefined || mark.atMs >= latest.atMs) latest = mark;
  }
  if (latest !== undefined) state = latest.complete ? 'complete' : 'incomplete';
  // Earlier interval checkpoints of a finished job say "not yet"; the numbered ones are settled among themselves.
  if (isBroken || tree.doubts.length > 0) state = 'broken';
  return {
    state,
    doubts,
    recordedAtMs,
    youngestSignMs: tree.youngestSignMs,
    parentSession,
    size: tree.size,
    stamp: tree.stamp,
  };
}

/** The checkpoint that `metadata.json` names, and the highest there is: both must agree that the job is complete. */
async function numberedMark(tree: Tree, job: string): Promise<Marked[]> {
  const top = tree.files.filter(({ segments }) => segments.length === 1);
  const checkpoints = top.filter(({ name }) => numbered.test(name)).sort((a, b) => numberOf(b) - numberOf(a));
  const metadata = top.find(({ name }) => name === 'metadata.json');
  const [highest] = checkpoints;
  if (metadata === undefined) {
    if (highest === undefined) return [];
    const doubt: Doubt = { reason: 'unknown-format', detail: 'no metadata.json', path: highest.path };
    return [await checkpointMark(highest, job), { doubt }];
  }
  const reading = await readJson(metadata.path, metadataSchema);
  if (reading.state !== 'read') return [{ doubt: doubtOf(reading, metadata.path) }];
  // Its path is absolute and may lead anywhere: only the name is believed.
  const name = basename(reading.value.path.replaceAll('\\', '/'));
  const named = checkpoints.find((checkpoint) => checkpoint.name === name);
  if (named === undefined || highest === undefined) {
    return [
      { doubt: { reason: 'unknown-format', detail: 'names a missing checkpoint', path: metadata.path } },
    ];
  }
  const marks = await Promise.all([...new Set([named, highest])].map((file) => checkpointMark(file, job)));
  const incomplete = marks.filter((marked) => 'doubt' in marked || !marked.mark.complete);
  return incomplete.length > 0 ? incomplete : marks;
}

async function checkpointMark(file: TreeFile, job: string): Promise<Marked> {
  const reading = await readJson(file.path, numberedSchema);
  if (reading.state !== 'read') return { doubt: doubtOf(reading, file.path) };
  const { value } = reading;
  if (value.job_id !== job) return { doubt: odd('another job inside', file.path) };
  if (value.checkpoint_format_version > knownFormat) {
    return { doubt: odd(`checkpoint format ${value.checkpoint_format_version}`, file.path) };
  }
  const parent = value.parent_worktree == null ? undefined : basename(value.parent_worktree);
  if (parent !== undefined && !isPlainId(parent)) return { doubt: odd('odd parent_worktree', file.path) };
  return { mark: { complete: value.is_complete, atMs: value.updated_at, parent } };
}

async function libraryMark(file: TreeFile, job: string): Promise<Marked> {
  const format = library.exec(file.name)?.[1];
  if (format !== 'json' && format !== 'gz') return { doubt: odd(`compressed with ${format}`, file.path) };
  const reading =
    format === 'json' ? await readJson(file.path, librarySchema) : readZipped(file, librarySchema);
  if (reading.state !== 'read') return { doubt: doubtOf(reading, file.path) };
  const { metadata } = reading.value;
  if (metadata.job_id !== job) return { doubt: odd('another job inside', file.path) };
  return { mark: { complete: metadata.phase === 'Complete', atMs: metadata.created_at } };
}

async function reducedMark(file: TreeFile): Promise<Marked> {
  const reading = await readJson(file.path, reducedSchema);
  if (reading.state !== 'read') return { doubt: doubtOf(reading, file.path) };
  const { completed_steps: done, total_steps: total, timestamp } = reading.value;
  return { mark: { complete: done >= total, atMs: timestamp } };
}

function readZipped<S extends v.GenericSchema>(file: TreeFile, schema: S): Reading<v.InferOutput<S>> {
  const broken = (detail: string): Reading<never> => ({
    state: 'broken',
    doubt: { reason: 'unreadable', detail, path: file.path },
    seen: file,
  });
  if (file.identity.size > maxUnzippedBytes) return broken('larger than 64 MiB');
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file.path, openFlags);
    const zipped = readFileSync(descriptor);
    const parsed = parseStrictly(gunzipSync(zipped, { maxOutputLength: maxUnzippedBytes }));
    if (parsed.isErr()) return broken(parsed.error);
    const checked = v.safeParse(schema, parsed.value);
    return checked.success ? { state: 'read', value: checked.output, seen: file } : broken('odd fields');
  } catch {
    return broken('not gzip');
  } finally {
    if (descriptor !== undefined) closeRead(descriptor);
  }
}

function numberOf(file: TreeFile): number {
  return Number(numbered.exec(file.name)?.[1]);
}

function doubtOf(reading: Reading<unknown>, path: string): Doubt {
  return reading.state === 'broken' ? reading.doubt : odd('vanished', path);
}

function odd(detail: string, path: string): Doubt {
  return { reason: 'unknown-format', detail, path };
}

function isExpected(segments: readonly string[], type: 'file' | 'directory'): boolean {
  const [first, second, third] = segments;
  const name = segments.at(-1) ?? '';
  if (type === 'directory') {
    if (segments.length === 1) return first === 'events' || first === 'mapreduce' || first === 'checkpoints';
    return segments.length === 2 && first === 'mapreduce' && second === 'checkpoints';
  }
  if (first === 'events' && segments.length === 2)
    return second === 'events.jsonl' || second === 'index.json';
  const inner =
    first === 'mapreduce' && second === 'checkpoints' ? third : first === 'checkpoints' ? second : first;
  if (inner !== name) return false;
  return (
    name === 'metadata.json' ||
    name.endsWith('.tmp') ||
    numbered.test(name) ||
    reduced.test(name) ||
    library.test(name)
  );
}
