import * as v from 'valibot';
import { readJson, type Reading } from './json-file.ts';
import { instant, plainId } from './shape.ts';

/** `state/<repository>/mappings/*.json`: which session started which job. */
export type Mapping = { readonly session: string; readonly job: string; readonly createdAtMs: number };

const schema = v.object({ session_id: plainId, job_id: plainId, created_at: instant });

/** @param name - of the file: the session or the job */
export async function readMapping(path: string, name: string): Promise<Reading<Mapping>> {
  const reading = await readJson(path, schema);
  if (reading.state !== 'read') return reading;
  const { session_id: session, job_id: job, created_at: createdAtMs } = reading.value;
  if (name !== session && name !== job) {
    const doubt = { reason: 'unknown-format', detail: 'of others', path } as const;
    return { state: 'broken', doubt, seen: reading.seen };
  }
  return { ...reading, value: { session, job, createdAtMs } };
}
