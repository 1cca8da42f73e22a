import { dirname, isAbsolute, sep } from 'node:path';
import { ok } from 'neverthrow';
import * as v from 'valibot';
import { pathIn } from '../disk/path.ts';
import type { Size } from '../model/item.ts';
import type { Doubt } from '../model/reason.ts';
import { readJson } from './json-file.ts';
import { isPlainId } from './names.ts';
import { fileType, isNameable, list, see, sizeOf, type Seen } from './see.ts';
import { instant } from './shape.ts';
import { stampOf } from './stamp.ts';
import { newest } from './time.ts';

/** A directory of workflow checkpoints, `state/<holder>/checkpoints`. Never holds what is in the files: they have API keys. */
export type CheckpointFolder = {
  /** Checkpoints of the holder itself. */
  readonly own: number;
  /** Session by whose merge a `merge-workflow-*` file was left, with the file. */
  readonly merges: readonly { readonly session: string; readonly path: string }[];
  readonly doubts: readonly Doubt[];
  /** Where the runs worked, newest first. */
  readonly workingDirectories: readonly string[];
  readonly recordedAtMs: number | undefined;
  readonly youngestSignMs: number | undefined;
  readonly size: Size | undefined;
  /** As {@link stampOf}, of what was seen before any of it was read. */
  readonly stamp: string;
};

/** Highest `version` of a checkpoint that is understood; upstream rejects newer ones too. */
const knownVersion = 1;
const suffix = '.checkpoint.json';
const mergePrefix = 'merge-workflow-';

const schema = v.object({
  workflow_id: v.string(),
  execution_state: v.looseObject({
    status: v.picklist(['Running', 'Paused', 'Completed', 'Failed', 'Interrupted']),
  }),
  timestamp: instant,
  version: v.pipe(v.number(), v.integer(), v.minValue(1)),
  workflow_path: v.nullish(v.string()),
  variable_checkpoint_state: v.optional(v.unknown()),
});

const workingDirectorySchema = v.object({
  variable_checkpoint_state: v.object({
    environment_snapshot: v.object({ working_directory: v.string() }),
  }),
});

export async function readCheckpointFolder(folder: Seen): Promise<CheckpointFolder> {
  const doubts: Doubt[] = [];
  const isDirectory = folder.identity.type === 'directory';
  if (!isDirectory) doubts.push({ reason: 'symlink', detail: 'not a directory', path: folder.path });
  const listed = isDirectory ? list(folder.path) : ok([]);
  if (listed.isErr()) doubts.push(listed.error);
  const merges: { session: string; path: string }[] = [];
  const read: { directory: string | undefined; timestampMs: number }[] = [];
  const all: Seen[] = [folder];
  let own = 0;
  let youngestSignMs: number | undefined = folder.mtimeMs;
  for (const entry of listed.unwrapOr([])) {
    const { name } = entry;
    const path = pathIn(folder.path, name);
    // Its name alone tells of a merge, whatever has become of the file.
    const merged = mergeIn(name);
    if (merged !== undefined) {
      if (isPlainId(merged)) merges.push({ session: merged, path });
      else doubts.push({ reason: 'unknown-format', detail: 'a merge of no session', path });
    }
    if (!isNameable(name) || fileType(entry) !== 'file' || !isKnown(name)) {
      const reason = fileType(entry) === 'symlink' ? 'symlink' : 'unknown-format';
      doubts.push({ reason, detail: 'unknown entry among checkpoints', path });
      continue;
    }
    if (merged !== undefined || !name.endsWith(suffix)) {
      all.push(...seenOf(path));
      continue;
    }
    own += 1;
    const checkpoint = await readCheckpoint(path);
    if (checkpoint.seen !== undefined) all.push(checkpoint.seen);
    youngestSignMs = newest(youngestSignMs, checkpoint.seen?.mtimeMs, checkpoint.timestampMs);
    if (checkpoint.doubt !== undefined) doubts.push(checkpoint.doubt);
    if (checkpoint.timestampMs !== undefined) {
      read.push({ directory: checkpoint.workingDirectory, timestampMs: checkpoint.timestampMs });
    }
  }
  read.sort((a, b) => b.timestampMs - a.timestampMs);
  return {
    own,
    merges,
    doubts,
    workingDirectories: read.flatMap(({ directory }) => (directory === undefined ? [] : [directory])),
    recordedAtMs: read[0]?.timestampMs,
    youngestSignMs,
    size: isDirectory && listed.isOk() && all.length === listed.value.length + 1 ? sizeOf(all) : undefined,
    stamp: stampOf(folder.path, all),
  };
}

function seenOf(path: string): Seen[] {
  const seen = see(path).unwrapOr(undefined);
  return seen === undefined ? [] : [seen];
}

type Checkpoint = {
  readonly doubt: Doubt | undefined;
  readonly timestampMs: number | undefined;
  readonly seen: Seen | undefined;
  readonly workingDirectory: string | undefined;
};

export async function readCheckpoint(path: string): Promise<Checkpoint> {
  const reading = await readJson(path, schema);
  if (reading.state === 'absent') {
    return { doubt: undefined, timestampMs: undefined, seen: undefined, workingDirectory: undefined };
  }
  const { seen } = reading;
  if (reading.state === 'broken') {
    return { doubt: reading.doubt, timestampMs: undefined, seen, workingDirectory: undefined };
  }
  const { value } = reading;
  const detail = oddityOf(value, path);
  const doubt: Doubt | undefined =
    detail === undefined ? undefined : { reason: 'unknown-format', detail, path };
  return { doubt, timestampMs: value.timestamp, seen, workingDirectory: workingDirectoryOf(value) };
}

function oddityOf(
  { version, workflow_id: id }: v.InferOutput<typeof schema>,
  path: string,
): string | undefined {
  if (version > knownVersion) return `checkpoint version ${version}`;
  // `sessions/<id>/checkpoint.json` bears nobody's name.
  const name = path.slice(path.lastIndexOf(sep) + 1);
  return name.endsWith(suffix) && name !== `${id}${suffix}` ? 'another workflow inside' : undefined;
}

function workingDirectoryOf(value: v.InferOutput<typeof schema>): string | undefined {
  const snapshot = v.safeParse(workingDirectorySchema, value);
  const directory = snapshot.success
    ? snapshot.output.variable_checkpoint_state.environment_snapshot.working_directory
    : undefined;
  if (directory !== undefined && isAbsolute(directory)) return directory;
  const { workflow_path: workflow } = value;
  return workflow != null && isAbsolute(workflow) ? dirname(workflow) : undefined;
}

function mergeIn(name: string): string | undefined {
  const isMerge = name.startsWith(mergePrefix) && name.endsWith(suffix);
  return isMerge ? name.slice(mergePrefix.length, -suffix.length) : undefined;
}

function isKnown(name: string): boolean {
  return name.endsWith(suffix) || name.endsWith('.checkpoint.tmp');
}
