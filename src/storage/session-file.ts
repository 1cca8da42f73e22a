import * as v from 'valibot';
import type { SessionStatus } from '../model/owner.ts';
import { readJson, type Reading } from './json-file.ts';
import { fields, hint, instant, plainId } from './shape.ts';
import { newest } from './time.ts';

/** What we take from `sessions/<id>.json`. Times are UTC milliseconds. */
export type SessionRecord = {
  readonly id: string;
  readonly status: SessionStatus;
  readonly startedAtMs: number;
  readonly lastRecordedMs: number;
  readonly updatedAtMs: number;
  /** Where it ran, from embedded checkpoints; the last one first. */
  readonly workingDirectories: readonly string[];
  /** Migrated sessions only. */
  readonly projectName: string | undefined;
  readonly job: string | undefined;
};

const statuses = ['Initializing', 'Running', 'Paused', 'Completed', 'Failed', 'Cancelled'] as const;

const sessionSchema = v.object({
  id: plainId,
  session_type: v.picklist(['Workflow', 'MapReduce']),
  status: v.picklist(statuses),
  started_at: instant,
  updated_at: instant,
  completed_at: v.nullish(instant),
  metadata: v.optional(fields(v.looseObject({ project_name: hint }))),
  checkpoints: v.optional(v.array(v.unknown())),
  mapreduce_data: v.nullish(fields(v.looseObject({ job_id: v.nullish(plainId) }))),
});

const embeddedCheckpoint = v.object({ state: v.object({ working_directory: v.string() }) });

export async function readSession(path: string, id: string): Promise<Reading<SessionRecord>> {
  const reading = await readJson(path, sessionSchema);
  if (reading.state !== 'read') return reading;
  const { value, seen } = reading;
  if (value.id !== id) {
    return { state: 'broken', doubt: { reason: 'unknown-format', detail: 'another id inside', path }, seen };
  }
  const record: SessionRecord = {
    id,
    status: value.status,
    startedAtMs: value.started_at,
    updatedAtMs: value.updated_at,
    lastRecordedMs: newest(value.started_at, value.updated_at, value.completed_at ?? undefined) ?? 0,
    workingDirectories: (value.checkpoints ?? []).flatMap(workingDirectory).reverse(),
    projectName: value.metadata?.project_name,
    job: value.mapreduce_data?.job_id ?? undefined,
  };
  return { state: 'read', value: record, seen };
}

/** Nothing more will come from this session by itself. */
export function isTerminal(status: SessionStatus): boolean {
  return status === 'Completed' || status === 'Failed' || status === 'Cancelled';
}

function workingDirectory(checkpoint: unknown): string[] {
  const checked = v.safeParse(embeddedCheckpoint, checkpoint);
  return checked.success ? [checked.output.state.working_directory] : [];
}
