import { AsyncLocalStorage } from 'node:async_hooks';
import fs from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Handle } from './handle.ts';

/** Node's own, as they were: for the harness. They are not named, not counted and never fail on purpose. */
export const real: typeof fs = { ...fs };

/** One call of Node's file system, whichever of its three forms it came in. */
export type Call = {
  /** As Node names it, but `fsync-directory` and `create` where that is what it does. */
  readonly name: string;
  /** The real path: `/proc/self/fd/<n>/name` is resolved. */
  readonly path: string;
  /** The second path of a rename or link. */
  readonly to?: string | undefined;
  /** The paths as they were given: where the call really goes. */
  readonly given: readonly unknown[];
  /** Of a call on a descriptor. */
  readonly fd?: number | undefined;
};

/** A process of the simulated machine, or anything else that wants to stand between the product and the disk. */
export type Between = {
  /** Only calls below one of these are told. */
  readonly roots: readonly string[];
  /** Once true, no call of this process has an effect or an answer any more. */
  readonly isDead: () => boolean;
  /** What `process.pid` says. */
  readonly pid?: number | undefined;
  /** Carries the call out, or not: what it throws is what the caller gets. */
  readonly on: (call: Call, perform: () => unknown) => unknown;
  /** How many turns of the queue an asynchronous answer waits. */
  readonly turns: () => number;
};

/** Thrown by calls of a process that is dead. It is no error of the system: nobody may take it for one. */
export class Death extends Error {
  constructor() {
    super('this process is dead');
  }
}

const processes = new AsyncLocalStorage<Between>();

/** Runs `work` with every call below `roots` carried out at once, which is many times faster than in threads. */
export function runSwiftly<T>(roots: readonly string[], work: () => Promise<T>): Promise<T> {
  const between = {
    roots,
    isDead: () => false,
    on: (_: Call, perform: () => unknown) => perform(),
    turns: () => 0,
  };
  return runBetween(between, work);
}

/**
 * Runs `work` with `between` between it and the file system. Asynchronous calls are carried out at once, by their
 * synchronous twins, and answered some turns later: one seed, one order. LevelDB is native and not concerned.
 */
export function runBetween<T>(between: Between, work: () => Promise<T>): Promise<T> {
  install();
  return processes.run(between, work);
}

/** Runs what is not the process's doing although it is called from within it: even `real` calls others of the module. */
export function outside<T>(work: () => T): T {
  return processes.exit(work);
}

const pathCalls = [
  'access',
  'appendFile',
  'chmod',
  'chown',
  'copyFile',
  'lchown',
  'link',
  'lstat',
  'lutimes',
  'mkdir',
  'mkdtemp',
  'opendir',
  'readdir',
  'readFile',
  'readlink',
  'realpath',
  'rename',
  'rm',
  'rmdir',
  'stat',
  'statfs',
  'symlink',
  'truncate',
  'unlink',
  'utimes',
  'writeFile',
] as const;
const descriptorCalls = [
  'close',
  'fchmod',
  'fdatasync',
  'fstat',
  'fsync',
  'ftruncate',
  'futimes',
  'read',
  'write',
] as const;

type Named = Record<string, (...args: unknown[]) => unknown>;
const sync = real as unknown as Named;

/** Node's own functions call each other through the module: what a call needs is part of it. */
let isInside = false;

/** Calls the synchronous twin of `name` through whoever stands between; `undefined` when nobody does. */
function through(
  name: string,
  args: readonly unknown[],
): { answer: () => unknown; turns: number } | undefined {
  const between = isInside ? undefined : processes.getStore();
  if (between === undefined) return undefined;
  // Whatever it is: a descriptor may be somebody else's by now.
  if (between.isDead()) return { answer: dead, turns: 0 };
  const call = describe(name, args);
  if (call === undefined || !between.roots.some((root) => isBelow(call.path, root) || isBelow(call.to, root)))
    return undefined;
  return {
    answer: () => {
      isInside = true;
      try {
        return between.on(call, () => sync[`${name}Sync`]?.(...args));
      } finally {
        isInside = false;
      }
    },
    turns: between.turns(),
  };
}

function dead(): never {
  throw new Death();
}

function isBelow(path: string | undefined, root: string): boolean {
  return path !== undefined && (path === root || path.startsWith(`${root}/`));
}

function describe(name: string, args: readonly unknown[]): Call | undefined {
  const [first, second, third] = args;
  if (typeof first === 'number') {
    const path = pathOfDescriptor(first);
    if (path === undefined) return undefined;
    const isDirectory = name === 'fsync' && real.fstatSync(first).isDirectory();
    return { name: isDirectory ? 'fsync-directory' : name, path, fd: first, given: [] };
  }
  // A symbolic link is made at its second argument; the first is only text.
  const path = pathOf(name === 'symlink' ? second : first);
  if (path === undefined) return undefined;
  const hasTwo = name === 'rename' || name === 'link' || name === 'copyFile';
  const isCreating = name === 'open' && mayCreate(second);
  return {
    name: isCreating ? 'create' : name,
    path,
    to: hasTwo ? pathOf(second) : undefined,
    given: hasTwo ? [first, second] : [first, isCreating ? second : undefined, third],
  };
}

function mayCreate(flags: unknown): boolean {
  if (typeof flags === 'number') return (flags & fs.constants.O_CREAT) !== 0;
  return typeof flags === 'string' && /[wa]/.test(flags);
}

function pathOf(given: unknown): string | undefined {
  const text =
    typeof given === 'string'
      ? given
      : Buffer.isBuffer(given)
        ? given.toString('latin1')
        : given instanceof URL
          ? fileURLToPath(given)
          : undefined;
  if (text === undefined) return undefined;
  const [, fd, rest = ''] = /^\/proc\/self\/fd\/(\d+)(\/.*)?$/s.exec(text) ?? [];
  if (fd === undefined) return resolve(text);
  const directory = pathOfDescriptor(Number(fd));
  return directory === undefined ? undefined : join(directory, rest);
}

function pathOfDescriptor(fd: number): string | undefined {
  try {
    return real.readlinkSync(`/proc/self/fd/${fd}`).replace(/ \(deleted\)$/, '');
  } catch {
    return undefined;
  }
}

async function answered(answer: () => unknown, turns: number): Promise<unknown> {
  let settle: () => unknown;
  try {
    const value = answer();
    settle = () => value;
  } catch (cause) {
    // A dead process does not even learn that it is dead.
    if (cause instanceof Death) return new Promise(() => undefined);
    settle = () => {
      throw cause;
    };
  }
  for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
  return settle();
}

let isInstalled = false;

function install(): void {
  if (isInstalled) return;
  isInstalled = true;
  const module = fs as unknown as Named;
  const promised = promises as unknown as Named;
  for (const name of [...pathCalls, ...descriptorCalls, 'open']) {
    module[`${name}Sync`] = synchronous(name, module[`${name}Sync`]);
    module[name] = withCallback(name, module[name]);
    if (typeof promised[name] === 'function') promised[name] = promising(name, promised[name]);
  }
  const { pid } = process;
  Object.defineProperty(process, 'pid', {
    configurable: true,
    enumerable: true,
    get: () => processes.getStore()?.pid ?? pid,
  });
  syncBuiltinESMExports();
}

type Function = (...args: unknown[]) => unknown;

function like(replacement: Function, original: Function | undefined): Function {
  // `realpath.native`, and what `util.promisify` looks for.
  return Object.defineProperties(replacement, Object.getOwnPropertyDescriptors(original ?? replacement));
}

function synchronous(name: string, original: Function | undefined): Function {
  return like((...args) => {
    const between = through(name, args);
    return between === undefined ? original?.(...args) : between.answer();
  }, original);
}

function withCallback(name: string, original: Function | undefined): Function {
  return like((...args) => {
    const done = args.at(-1);
    const between = typeof done === 'function' ? through(name, args.slice(0, -1)) : undefined;
    if (between === undefined || typeof done !== 'function') return original?.(...args);
    const tell = done as (cause: unknown, value?: unknown) => void;
    // Outside of the promise, so that what the callback throws is thrown where Node would throw it.
    void answered(between.answer, between.turns).then(
      (value) => queueMicrotask(() => tell(null, value)),
      (cause: unknown) => queueMicrotask(() => tell(cause)),
    );
    return undefined;
  }, original);
}

function promising(name: string, original: Function | undefined): Function {
  return like((...args) => {
    const between = through(name, args);
    if (between === undefined) return original?.(...args);
    const answer = answered(between.answer, between.turns);
    return name === 'open' ? answer.then((fd) => new Handle(fd as number, promisedCall)) : answer;
  }, original);
}

/** A call on a descriptor that was opened through us, by its synchronous twin. */
function promisedCall(name: string, args: readonly unknown[]): Promise<unknown> {
  const between = through(name, args);
  return answered(between?.answer ?? (() => sync[`${name}Sync`]?.(...args)), between?.turns ?? 0);
}
