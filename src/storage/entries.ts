import type { ItemId, Size } from '../model/item.ts';
import type { Doubt } from '../model/reason.ts';
import type { CheckpointFolder } from './checkpoint.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { EventFiles } from './event-files.ts';
import type { JobState } from './job.ts';
import type { Reading } from './json-file.ts';
import type { Mapping } from './mapping.ts';
import type { Blind } from './places.ts';
import type { Seen } from './see.ts';
import type { SessionRecord } from './session-file.ts';
import type { Tree } from './tree.ts';
import type { WorktreeMetadata } from './worktree-metadata.ts';
import type { WorktreeSigns } from './worktree-signs.ts';

/** Where something was found. `link` is set when the name is a symbolic link: then nothing behind it was read. */
export type At = {
  readonly root: string;
  readonly path: string;
  readonly seen: Seen;
  readonly link: Doubt | undefined;
};

export type SessionEntry = At & { readonly id: string; readonly reading: Reading<SessionRecord> };
export type SessionDirectoryEntry = At & {
  readonly id: string;
  readonly tree: Tree;
  readonly hasCheckpoint: boolean;
  readonly doubts: readonly Doubt[];
};
export type CheckpointsEntry = At & { readonly holder: string; readonly folder: CheckpointFolder };
export type MapreduceEntry = At & { readonly holder: string };
export type JobEntry = At & {
  readonly holder: string | undefined;
  readonly job: string;
  readonly state: JobState;
};
export type MappingEntry = At & {
  readonly holder: string;
  readonly name: string;
  readonly reading: Reading<Mapping>;
};
export type EventsEntry = At & {
  readonly holder: string | undefined;
  readonly name: string;
  readonly files: EventFiles;
};
type EventFileEntry = At & { readonly name: string; readonly lastRecordMs: number | undefined };
export type DeadLettersEntry = At & {
  readonly holder: string | undefined;
  readonly job: string;
  readonly letters: DeadLetters;
};
export type LogEntry = At & {
  /** Of the item it is. */
  readonly id?: ItemId;
  readonly holder: string;
  readonly name: string;
  readonly cwd: string | undefined;
};
export type WorktreeEntry = At & {
  readonly holder: string;
  readonly name: string;
  readonly signs: WorktreeSigns;
};
export type MetadataEntry = At & {
  readonly holder: string;
  readonly name: string;
  readonly reading: Reading<WorktreeMetadata>;
};
export type LockEntry = At & { readonly id: string };

/** Everything read from the storage, once. Nothing in it is decided. */
export type Survey = {
  readonly roots: readonly string[];
  readonly sessions: readonly SessionEntry[];
  readonly sessionDirectories: readonly SessionDirectoryEntry[];
  readonly checkpoints: readonly CheckpointsEntry[];
  /** Empty `state/<holder>/mapreduce` only. */
  readonly mapreduces: readonly MapreduceEntry[];
  readonly jobs: readonly JobEntry[];
  readonly mappings: readonly MappingEntry[];
  readonly events: readonly EventsEntry[];
  readonly eventFiles: readonly EventFileEntry[];
  readonly deadLetters: readonly DeadLettersEntry[];
  readonly logs: readonly LogEntry[];
  readonly worktrees: readonly WorktreeEntry[];
  readonly metadata: readonly MetadataEntry[];
  readonly locks: readonly LockEntry[];
  /** By path, of what was seen whole and shares nothing: need not be measured. Logs tell their own. */
  readonly sizes: ReadonlyMap<string, Size>;
  readonly blind: readonly Blind[];
  readonly oddities: readonly Doubt[];
};
