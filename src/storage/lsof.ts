import { basename } from 'node:path';

export type LsofProcess = {
  readonly cwd: string | undefined;
  readonly executable: string | undefined;
  readonly openFiles: readonly string[];
};

/** `lsof -F pfn`: one field a line, `p` begins a process, `f` a file of it, `n` its name. */
export function parseLsof(text: string): ReadonlyMap<number, LsofProcess> {
  type Building = { cwd: string | undefined; executable: string | undefined; openFiles: string[] };
  const processes = new Map<number, Building>();
  let at: Building | undefined;
  let descriptor = '';
  for (const line of text.split('\n')) {
    const value = line.slice(1);
    if (line.startsWith('p')) {
      at = { cwd: undefined, executable: undefined, openFiles: [] };
      processes.set(Number(value), at);
    } else if (line.startsWith('f')) descriptor = value;
    else if (line.startsWith('n') && at !== undefined && value.startsWith('/')) {
      if (descriptor === 'cwd') at.cwd = value;
      // The first text segment is the program, the others are its libraries.
      else if (descriptor === 'txt') at.executable ??= value;
      else at.openFiles.push(value);
    }
  }
  return processes;
}

export type PsProcess = {
  readonly pid: number;
  readonly parent: number;
  readonly startedAtMs: number;
  readonly name: string;
  /** As ps shows it: mostly the path of the executable. */
  readonly command: string;
};

/** `ps -axo pid=,ppid=,etime=,comm=`. Elapsed time, because start times come in words of the user's zone. */
export function parsePs(text: string, nowMs: number): readonly PsProcess[] {
  const rows: PsProcess[] = [];
  for (const line of text.split('\n')) {
    const [, pid, parent, days, hours, minutes, seconds, command] =
      /^\s*(\d+)\s+(\d+)\s+(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)\s+(.*\S)\s*$/u.exec(line) ?? [];
    if (command === undefined) continue;
    const elapsedSeconds =
      ((Number(days ?? 0) * 24 + Number(hours ?? 0)) * 60 + Number(minutes)) * 60 + Number(seconds);
    rows.push({
      pid: Number(pid),
      parent: Number(parent),
      startedAtMs: nowMs - elapsedSeconds * 1_000,
      name: basename(command),
      command,
    });
  }
  return rows;
}
