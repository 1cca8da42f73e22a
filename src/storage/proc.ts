import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setImmediate, setTimeout as delay } from 'node:timers/promises';
import { isAncestorOrSelf } from '../disk/path.ts';
import { tellingName } from './process-name.ts';
import { errorCode } from './see.ts';

export type ProcessRow = {
  readonly pid: number;
  readonly parent: number;
  /** UTC milliseconds, by today's clock: off by as much as the clock was set since. */
  readonly startedAtMs: number;
  /** As the kernel has it: 15 bytes at most on Linux. */
  readonly name: string;
  /** Real path; `undefined` when it cannot be read. */
  readonly executable?: string | undefined;
  /** Name of the script or program in the command line, for programs that an interpreter runs. */
  readonly script?: string | undefined;
  readonly cwd?: string | undefined;
  /** Only those under the prefixes asked for. Real paths. */
  readonly openFiles: readonly string[];
  /** Whether cwd and open files could be read. */
  readonly open: boolean;
};

const suspectNames = /^(?:prodigy|claude|git)$/u;

/** The name by which a process that cannot be looked into might be at work on our storage. */
export function suspectName({ name, script }: ProcessRow): string | undefined {
  return [name, script ?? ''].find((it) => suspectNames.test(it));
}

function isSuspect(row: ProcessRow): boolean {
  return !row.open && suspectName(row) !== undefined;
}

const lanes = 16;

/** Who runs, in order of their ids, as `proc` of a Linux kernel has it; `undefined` when that does not tell the time. */
export async function readProc(
  proc: string,
  prefixes: readonly string[],
): Promise<readonly ProcessRow[] | undefined> {
  const pids = (await readdir(proc)).filter((name) => /^\d+$/u.test(name));
  const uptimeSeconds = Number((await readFile(join(proc, 'uptime'), 'utf8')).split(' ')[0]);
  const clock = { bootedAtMs: Date.now() - uptimeSeconds * 1_000, ticksPerSecond: await clockTicks() };
  if (!Number.isFinite(clock.bootedAtMs)) return undefined;
  const rows: ProcessRow[] = [];
  const next = pids.values();
  const lane = async (): Promise<void> => {
    for (const pid of next) {
      // Whoever presses Ctrl-C meanwhile is heard.
      await setImmediate();
      const row = await readLiving(join(proc, pid), clock, prefixes);
      if (row !== undefined) rows.push(row);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return rows.sort((a, b) => a.pid - b.pid);
}

type Clock = { readonly bootedAtMs: number; readonly ticksPerSecond: number };

/** A process that is just ending has a name and nothing to look into for a moment: only one that stays so is a suspect. */
async function readLiving(
  directory: string,
  clock: Clock,
  prefixes: readonly string[],
): Promise<ProcessRow | undefined> {
  let row = await readOne(directory, clock, prefixes);
  for (let retry = 0; retry < endingRetries && row !== undefined && isSuspect(row); retry += 1) {
    await delay(endingPauseMs);
    row = await readOne(directory, clock, prefixes);
  }
  return row;
}

const endingRetries = 3;
const endingPauseMs = 20;

/**
 * What the kernel answers from its memory is asked at once, which takes a third of the time of the thread pool: there are
 * some ten questions for each process. Not so the command line: it waits for the process itself when that is stuck.
 */
async function readOne(
  directory: string,
  clock: Clock,
  prefixes: readonly string[],
): Promise<ProcessRow | undefined> {
  const stat = statOf(directory);
  if (stat === undefined || isDead(stat)) return undefined;
  if (stat.isOfKernel) return ofKernel(stat, clock);
  const executable = linkOf(join(directory, 'exe'));
  const cwd = linkOf(join(directory, 'cwd'));
  const openFiles = openFilesOf(join(directory, 'fd'), prefixes);
  const interpreted = executable === undefined || interpreters.test(basename(executable));
  return {
    pid: stat.pid,
    parent: stat.parent,
    name: tellingName(stat.name, executable),
    startedAtMs: startOf(stat, clock),
    executable,
    script: interpreted ? await scriptOf(join(directory, 'cmdline'), executable !== undefined) : undefined,
    cwd,
    openFiles: openFiles ?? [],
    open: cwd !== undefined && openFiles !== undefined,
  };
}

/** Half of what runs on a machine with many cores: it has no files, and nothing to look into. */
function ofKernel(stat: Stat, clock: Clock): ProcessRow {
  const { pid, parent, name } = stat;
  return { pid, parent, name, startedAtMs: startOf(stat, clock), openFiles: [], open: true };
}

function startOf({ startTicks }: Stat, { bootedAtMs, ticksPerSecond }: Clock): number {
  return Math.round(bootedAtMs + (startTicks / ticksPerSecond) * 1_000);
}

/** The dead stay in the table until somebody asks for them; they hold nothing. */
function isDead({ state }: Stat): boolean {
  return state === 'Z' || state === 'X';
}

/** Whether a process that was seen is gone, or on its way out: it holds nothing any more. In doubt, it is there. */
export function hasEnded(pid: number): boolean {
  try {
    const stat = parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    // Only its first thread is told of.
    return stat !== undefined && stat.threads <= 1 && (isDead(stat) || stat.isExiting);
  } catch (cause) {
    return ['ENOENT', 'ESRCH'].includes(errorCode(cause) ?? '');
  }
}

function statOf(directory: string): Stat | undefined {
  try {
    return parseStat(readFileSync(join(directory, 'stat'), 'utf8'));
  } catch {
    return undefined;
  }
}

const interpreters = /^(?:node|nodejs|bun|deno)/u;

export type Stat = {
  readonly pid: number;
  readonly name: string;
  readonly state: string;
  readonly parent: number;
  /** Of field 9, the flags: nothing of it runs any more but what the kernel does to clear it away. */
  readonly isExiting: boolean;
  /** Of field 9: a thread of the kernel. */
  readonly isOfKernel: boolean;
  /** Field 20. */
  readonly threads: number;
  /** Field 22: clock ticks since boot. */
  readonly startTicks: number;
};

/** `PF_EXITING` and `PF_KTHREAD` of the kernel. */
const exiting = 0x4;
const ofTheKernel = 0x20_0000;

/** `/proc/<pid>/stat`: the name is in parentheses and may hold any of them, and spaces. */
export function parseStat(text: string): Stat | undefined {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  const fields = text.slice(close + 2).split(' ');
  const pid = Number(text.slice(0, open));
  const [state = '', parent = ''] = fields;
  const startTicks = Number(fields[19]);
  if (!Number.isInteger(pid) || !Number.isFinite(startTicks)) return undefined;
  return {
    pid,
    name: text.slice(open + 1, close),
    state,
    parent: Number(parent),
    isExiting: (Number(fields[6]) & exiting) !== 0,
    isOfKernel: (Number(fields[6]) & ofTheKernel) !== 0,
    threads: Number(fields[17]),
    startTicks,
  };
}

/** What was renamed or removed meanwhile is still shown under its old name, with this at the end. */
const deleted = / \(deleted\)$/u;

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path).replace(deleted, '');
  } catch {
    return undefined;
  }
}

function openFilesOf(directory: string, prefixes: readonly string[]): readonly string[] | undefined {
  let names: readonly string[];
  try {
    names = readdirSync(directory);
  } catch (cause) {
    return errorCode(cause) === 'ENOENT' ? [] : undefined;
  }
  const links = names.map((name) => linkOf(join(directory, name)));
  const isWanted = (path: string | undefined): path is string =>
    path?.startsWith('/') === true && prefixes.some((prefix) => isAncestorOrSelf(prefix, path));
  return [...new Set(links.filter(isWanted))];
}

/** Which program an interpreter runs, or which one this is when the executable itself cannot be read. Never the arguments. */
async function scriptOf(path: string, isInterpreter: boolean): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const words = text.split('\0');
  const word = isInterpreter ? words.slice(1).find((it) => it !== '' && !it.startsWith('-')) : words[0];
  return word === undefined || word === '' ? undefined : basename(word);
}

let ticks: Promise<number> | undefined;

async function clockTicks(): Promise<number> {
  ticks ??= readFile('/proc/self/auxv')
    .then((auxv) => ticksIn(auxv))
    .catch(() => usualTicks);
  return ticks;
}

/** What every Linux in use answers. */
const usualTicks = 100;
const clockTicksKey = 17;
const narrow: ReadonlySet<string> = new Set(['arm', 'ia32', 'mips', 'mipsel', 'ppc', 's390']);

/**
 * `/proc/self/auxv`: pairs of words that the kernel gave this process on its way, as long and in the order of bytes as
 * its own. To ask `getconf` would be a process more.
 */
export function ticksIn(auxv: Buffer, arch: string = process.arch): number {
  // In a buffer of its own, because words must lie where words may.
  const { buffer } = Uint8Array.from(auxv);
  const words = narrow.has(arch) ? new Uint32Array(buffer) : new BigUint64Array(buffer);
  for (let at = 0; at + 1 < words.length; at += 2) {
    const count = Number(words[at + 1]);
    if (Number(words[at]) === clockTicksKey && count > 0) return count;
  }
  return usualTicks;
}
