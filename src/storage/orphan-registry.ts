import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { readJson, type Reading } from './json-file.ts';
import { isPlainId } from './names.ts';

/** A worktree that Prodigy could not remove. The path is whatever the file says. */
export type Orphan = {
  readonly path: string;
  readonly agent_id: string;
  readonly item_id: string;
  readonly error?: string | null | undefined;
};

const schema = v.array(
  v.object({
    path: v.string(),
    agent_id: v.string(),
    item_id: v.string(),
    error: v.optional(v.nullable(v.string())),
  }),
);

/** Ids of the jobs that have a registry, in order; `undefined` when there is no directory of them. */
export async function orphanedJobs(directory: string): Promise<readonly string[] | undefined> {
  try {
    const names = await readdir(directory);
    return names
      .filter((name) => name.endsWith('.json'))
      .map((name) => name.slice(0, -'.json'.length))
      .sort();
  } catch {
    return undefined;
  }
}

export function registryPath(directory: string, job: string): string | undefined {
  return isPlainId(job) ? join(directory, `${job}.json`) : undefined;
}

export function readRegistry(path: string): Promise<Reading<readonly Orphan[]>> {
  return readJson(path, schema);
}
