import { spawnSync } from 'node:child_process';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { msAgo, pretty, writeAged, type ProdigyHome } from './prodigy-home.ts';
import { stamp } from './stamps.ts';

export type LockHolder = 'live' | 'dead' | 'foreign' | 'empty' | 'corrupt';

/** `resume_locks/<id>.lock`. `live` names this process unless `pid` is given. */
export async function resumeLock(
  home: ProdigyHome,
  spec: { readonly id: string; readonly holder: LockHolder; readonly ago: string; readonly pid?: number },
): Promise<string> {
  const atMs = msAgo(home, spec.ago);
  const full = pretty({
    job_id: spec.id,
    process_id: spec.pid ?? (spec.holder === 'dead' ? deadPid() : process.pid),
    hostname: spec.holder === 'foreign' ? 'another-host.example.org' : hostname(),
    acquired_at: stamp(atMs),
  });
  const content = spec.holder === 'empty' ? '' : spec.holder === 'corrupt' ? full.slice(0, 40) : full;
  return writeAged(join(home.dataRoot, 'resume_locks', `${spec.id}.lock`), content, atMs);
}

/** The number of a process that was, and is no more. */
export function deadPid(): number {
  return spawnSync(process.execPath, ['--version']).pid;
}
