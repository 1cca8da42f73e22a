import { createHash } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { uptime } from 'node:os';
import * as v from 'valibot';
import { readBootId } from './machine.ts';

/** Who holds a lock, and all it takes to tell later, from wherever it is read, whether he still does. */
export type Holder = {
  /** Counted in his pid namespace. */
  readonly pid: number;
  /** Start of the process, in the platform's own words: compared, never parsed. */
  readonly startTime: string;
  readonly bootId: string;
  /** A digest of the machine's id, which is not for everybody to see; empty when there is none. Not in older locks. */
  readonly machine?: string | undefined;
  /** As the kernel names it; empty when it does not. Not in older locks. */
  readonly pidNamespace?: string | undefined;
  readonly host: string;
  readonly command: string;
  /** RFC 3339. */
  readonly since: string;
};

export const holderShape: v.GenericSchema<unknown, Holder> = v.object({
  pid: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  startTime: v.string(),
  bootId: v.string(),
  machine: v.optional(v.string()),
  pidNamespace: v.optional(v.string()),
  host: v.string(),
  command: v.string(),
  since: v.string(),
});

/**
 * `gone`: the process is no more. The others may be at work: `here` it is; on another host (`host`), in another pid
 * namespace of this kernel (`namespace`), under another kernel (`kernel`) nobody can tell from here.
 */
export type Whereabouts = 'gone' | 'here' | 'host' | 'namespace' | 'kernel';

/** The pid namespace that a kernel begins with (`PROC_PID_INIT_INO`): no container. */
const firstNamespace = 'pid:[4026531836]';

/** This process, as the holder of a lock. */
export async function ourselves(): Promise<Omit<Holder, 'host' | 'command' | 'since'>> {
  return {
    pid: process.pid,
    startTime: (await startTimeOf(process.pid)) ?? '',
    bootId: readBootId(),
    machine: await machine(),
    pidNamespace: await pidNamespace(),
  };
}

/** Where the holder of a lock is, as far as it can be known here. In doubt he is not gone. */
export async function whereabouts(holder: Holder, host: string): Promise<Whereabouts> {
  if (holder.host !== host) return 'host';
  const boot = readBootId();
  if (boot !== '' && holder.bootId !== '' && boot !== holder.bootId) {
    return (await isOfEarlierBoot(holder)) ? 'gone' : 'kernel';
  }
  // Two containers can have one name: a pid says nothing beyond its namespace.
  if (holder.pidNamespace !== undefined && holder.pidNamespace !== (await pidNamespace())) return 'namespace';
  const start = await startTimeOf(holder.pid);
  const isGone =
    start === undefined ? !isAlive(holder.pid) : holder.startTime !== '' && start !== holder.startTime;
  return isGone ? 'gone' : 'here';
}

/**
 * Whether a lock of another boot is of this machine before it was started again, and not of another machine that has
 * the same name and the same home. The id alone does not tell: images of containers bring theirs along.
 */
async function isOfEarlierBoot({ machine: theirs, pidNamespace: where, since }: Holder): Promise<boolean> {
  const bootedAtMs = Date.now() - uptime() * 1_000;
  // What was locked while this machine ran as it runs now was locked by another one.
  if (!(Date.parse(since) < bootedAtMs)) return false;
  if (theirs === undefined && where === undefined) return true;
  const isContained = where !== firstNamespace || (await pidNamespace()) !== firstNamespace;
  return !isContained && theirs !== '' && theirs === (await machine());
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function machine(): Promise<string> {
  const id = await readFile('/etc/machine-id', 'utf8').then(
    (text) => text.trim(),
    () => '',
  );
  // "uninitialized" is what an image says before its first boot.
  return /^[0-9a-f]{32}$/u.test(id)
    ? createHash('sha256').update(`prodigy-clean run.lock ${id}`).digest('hex').slice(0, 16)
    : '';
}

async function pidNamespace(): Promise<string> {
  return readlink('/proc/self/ns/pid').catch(() => '');
}

/** When a process started, as the platform tells it; `undefined` when there is no such process or no way to know. */
async function startTimeOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
    // The command may hold spaces and parentheses: fields are counted after the last one. Field 22 is the start.
    return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  }
  // A hundred modules: loaded where they are needed.
  const { execa } = await import('execa');
  const { stdout, exitCode } = await execa('ps', ['-o', 'lstart=', '-p', String(pid)], {
    reject: false,
    cwd: '/',
  });
  return exitCode === 0 && stdout.trim() !== '' ? stdout.trim() : undefined;
}
