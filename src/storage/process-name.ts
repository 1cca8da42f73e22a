import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

const longest = 64;

/** What a process is called: its name alone, never its arguments. `undefined` when nobody tells. */
export function processName(pid: number): string | undefined {
  const told = process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
  const name = told?.trim().slice(0, longest);
  return name === '' ? undefined : name;
}

function fromProc(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8');
  } catch {
    return undefined;
  }
}

function fromPs(pid: number): string | undefined {
  if (process.platform === 'win32') return undefined;
  const { status, stdout } = spawnSync('ps', ['-o', 'comm=', '-p', String(pid)], {
    encoding: 'utf8',
    timeout: 2_000,
  });
  return status === 0 ? basename(stdout.trim()) : undefined;
}
