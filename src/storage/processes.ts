import { realpath } from 'node:fs/promises';
import { readMounts } from '../disk/mounts.ts';
import { isAncestorOrSelf } from '../disk/path.ts';
import { otherSpellings } from '../disk/spellings.ts';
import { parseLsof, parsePs } from './lsof.ts';
import { readProc, suspectName, type ProcessRow } from './proc.ts';

export type ProcessInfo = Omit<ProcessRow, 'parent' | 'open'> & {
  readonly self: boolean;
  readonly ancestor: boolean;
};

export type ProcessTable = {
  /** `false`: nothing is known of what runs. */
  readonly readable: boolean;
  readonly processes: readonly ProcessInfo[];
  /** Processes of others that cannot be looked into and whose name is one of those that work on our storage. */
  readonly suspects: readonly { readonly pid: number; readonly name: string }[];
  /** Prefixes asked for that the kernel calls otherwise: as given, and by its real path or the mount that shows it. */
  readonly aliases?: readonly (readonly [given: string, other: string])[];
};

/** Who runs, with what they use under the prefixes asked for. */
export type ReadProcesses = (interesting: readonly string[]) => Promise<ProcessTable>;

export const unreadableTable: ProcessTable = { readable: false, processes: [], suspects: [] };

/**
 * Who runs, where it stands and what it holds open under `interesting`. A process that ends meanwhile is left out; one
 * of another user that cannot be looked into is there by name only.
 */
export async function readProcessTable(interesting: readonly string[]): Promise<ProcessTable> {
  const aliases = await realPrefixes(interesting);
  const prefixes = aliases.map(([, real]) => real);
  const table = await readPlatform(prefixes);
  return { ...table, aliases: aliases.filter(([given, real]) => given !== real) };
}

async function readPlatform(prefixes: readonly string[]): Promise<ProcessTable> {
  try {
    if (process.platform === 'linux') return tableOf(await readProc('/proc', prefixes), process.pid);
    if (process.platform === 'darwin') return tableOf(await readLsof(prefixes), process.pid);
  } catch {
    // Whatever it was: what cannot be read is not believed to be empty.
  }
  return unreadableTable;
}

/** Whoever came in by another mount of the same directory is inside as well. */
async function realPrefixes(prefixes: readonly string[]): Promise<readonly (readonly [string, string])[]> {
  const mounts = (await readMounts())?.mounts ?? [];
  const all = prefixes.map(async (given) => {
    const real = await realpath(given).catch(() => given);
    return [real, ...otherSpellings(real, mounts)].map((other) => [given, other] as const);
  });
  return (await Promise.all(all)).flat();
}

/** Marks our own process and those above it, and names the suspects. */
function tableOf(rows: readonly ProcessRow[] | undefined, selfPid: number): ProcessTable {
  if (rows === undefined) return unreadableTable;
  const byPid = new Map(rows.map((row) => [row.pid, row]));
  const self = byPid.get(selfPid);
  // A table without ourselves shows somebody else's processes.
  if (self === undefined) return unreadableTable;
  const ancestors = new Set<number>();
  for (
    let at = byPid.get(self.parent);
    at !== undefined && !ancestors.has(at.pid);
    at = byPid.get(at.parent)
  ) {
    ancestors.add(at.pid);
  }
  const suspects = rows
    .filter((row) => !row.open && row.pid !== selfPid && !ancestors.has(row.pid))
    .map((row) => ({ pid: row.pid, name: suspectName(row) }))
    .filter((row): row is { pid: number; name: string } => row.name !== undefined);
  const processes = rows.map(
    ({ pid, startedAtMs, name, executable, script, cwd, openFiles }): ProcessInfo => ({
      pid,
      startedAtMs,
      name,
      executable,
      script,
      cwd,
      openFiles,
      self: pid === selfPid,
      ancestor: ancestors.has(pid),
    }),
  );
  return { readable: true, processes, suspects };
}

/** macOS. Open files of other users are not shown to us: they are there by name only. */
async function readLsof(prefixes: readonly string[]): Promise<readonly ProcessRow[] | undefined> {
  const options = {
    reject: false,
    timeout: 60_000,
    stdin: 'ignore',
    maxBuffer: 256 * 1024 * 1024,
    // Our own may be gone.
    cwd: '/',
  } as const;
  const env = { LC_ALL: 'C' };
  // A hundred modules: loaded where they are needed.
  const { execa } = await import('execa');
  const [ps, lsof] = await Promise.all([
    execa('ps', ['-axo', 'pid=,ppid=,etime=,comm='], { ...options, env }),
    // It fails when it could not tell everything, which is always.
    execa('lsof', ['-w', '-n', '-P', '-F', 'pfn'], { ...options, env }),
  ]);
  const open = parseLsof(lsof.stdout);
  if (ps.failed || open.size === 0) return undefined;
  return parsePs(ps.stdout, Date.now()).map((row): ProcessRow => {
    const files = open.get(row.pid);
    return {
      ...row,
      executable: files?.executable ?? (row.command.startsWith('/') ? row.command : undefined),
      cwd: files?.cwd,
      openFiles: (files?.openFiles ?? []).filter((path) =>
        prefixes.some((prefix) => isAncestorOrSelf(prefix, path)),
      ),
      open: files?.cwd !== undefined,
    };
  });
}
