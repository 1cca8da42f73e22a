import { spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

const longest = 64;

/** What a process is called: its name alone, never its arguments. `undefined` when nobody tells. */
export function processName(pid: number): string | undefined {
  const told = process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
  const name = told?.trim().slice(0, longest);
  return name === '' ? undefined : name;
}

/** What Node 24 and later call the thread that they begin with, and Linux then the process. */
const namelessThread = 'MainThread';

/** The name of a process, or that of its program where its own says nothing. */
export function tellingName(name: string, executable: string | undefined): string {
  return name === namelessThread && executable !== undefined ? basename(executable) : name;
}

function fromProc(pid: number): string | undefined {
  try {
    return tellingName(readFileSync(`/proc/${pid}/comm`, 'utf8').trim(), executableOf(pid));
  } catch {
    return undefined;
  }
}

/** None of another user's process. */
function executableOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
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
