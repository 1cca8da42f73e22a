import { hostname } from 'node:os';
import { join } from 'node:path';
import { ResultAsync, type Result } from 'neverthrow';
import picocolors from 'picocolors';
import type { Shell } from '../../src/commands/shell.ts';
import type { Config } from '../../src/config.ts';
import type { Store } from '../../src/journal/store.ts';
import type { Failure } from '../../src/model/failure.ts';
import type { ProcessInfo } from '../../src/storage/processes.ts';
import { CrashFs, type Loss } from './crash-fs.ts';
import { Death, outside, real, runBetween, type Between, type Call } from './interpose.ts';
import type { Random } from './random.ts';

/** Where a process dies: at its so many-eth step, or batch of the journal, with its effect or without it. */
export type Stop = { unit: 'step' | 'batch'; number: number; readonly when: 'before' | 'after' };

/** What a process meets beside what the machine is. */
export type Fate = {
  readonly stop?: Stop | undefined;
  /** An error to give instead of carrying the call out. `index` counts every call below the roots. */
  readonly fault?: (call: Call, index: number) => string | undefined;
  /**
   * Called when a batch of the journal is durable, `batch` counting from 1: the world may change here. `hasLooked`: the
   * run has looked at the storage.
   */
  readonly onJournal?: (batch: number, hasLooked: boolean) => void;
  /** Called before the process table is read, `time` counting from 1, after `steps`: somebody may have come in. */
  readonly onProcesses?: (time: number, steps: number) => void;
};

export type Ran = {
  readonly crashed: boolean;
  readonly result: Result<number, Failure> | undefined;
  /** A defect that was thrown. */
  readonly thrown: unknown;
  readonly out: string;
  readonly err: string;
  readonly steps: number;
  readonly calls: number;
};

const changing: ReadonlySet<string> = new Set([
  'rename',
  'link',
  'unlink',
  'rmdir',
  'mkdir',
  'create',
  'write',
  'writeFile',
  'fsync',
  'fsync-directory',
  'chmod',
]);

/** Beyond every pid that Linux gives: whoever asks is told that it is dead. */
let lastPid = 5_000_000;

export type MachineOptions = {
  readonly top: string;
  readonly random: Random;
  readonly nowMs: number;
  readonly loss: Loss;
  /** A synced write of the journal then saves every earlier change of names. */
  readonly isJournalOnSameVolume: boolean;
};

/**
 * A machine of its own: a storage and a journal on real disks, a clock, a process table, and one process of ours at a
 * time, which can be killed at any step, with the power or without it.
 */
export class Machine {
  readonly root: string;
  readonly home: string;
  readonly random: Random;
  readonly disk: CrashFs;
  nowMs: number;
  /** Who runs beside us, and what of the storage he stands in or holds open, wherever that is by now. */
  neighbours: Neighbour[] = [];
  undoBytes: number = 512 * 1024 * 1024;
  /** So much time has passed that what was young may be old. */
  isLate = false;
  /** One of ours is running right now. */
  isRunning = false;
  readonly #bootedAtMs: number;
  readonly #top: string;
  readonly #loss: Loss;
  readonly #isJournalOnSameVolume: boolean;
  #journals = 0;
  #ids = 0;

  constructor({ top, random, nowMs, loss, isJournalOnSameVolume }: MachineOptions) {
    this.#top = top;
    this.home = join(top, 'home');
    this.root = join(this.home, '.prodigy');
    this.random = random;
    this.nowMs = nowMs;
    this.#bootedAtMs = nowMs - 3_600_000;
    this.#loss = loss;
    this.#isJournalOnSameVolume = isJournalOnSameVolume;
    const shadow = join(top, 'shadow');
    real.mkdirSync(shadow, { recursive: true });
    real.mkdirSync(this.root, { recursive: true });
    this.disk = new CrashFs(loss, shadow);
  }

  get journalDirectory(): string {
    return join(this.#top, `journal-${this.#journals}`);
  }

  /**
   * Starts a command and waits until it has ended, or died of its fate; after a death the power may be gone, too. What was
   * changed and not synced may stay so for the next ones.
   */
  async run(command: (shell: Shell) => Promise<Result<number, Failure>>, fate: Fate = {}): Promise<Ran> {
    const process = new Process(this, fate);
    this.isRunning = true;
    const shell = this.#shell(process);
    const ended = runBetween(process, () => command(shell)).then(
      (result) => ({ result, thrown: undefined }),
      (thrown: unknown) => ({ result: undefined, thrown }),
    );
    const end = await Promise.race([ended, process.death]);
    // What is thrown because of the death is no defect.
    const crashed = process.isDead();
    this.isRunning = false;
    if (crashed) await this.#afterDeath(process);
    else if (this.random.chance(0.5)) this.disk.everythingIsDurable();
    return {
      crashed,
      result: crashed ? undefined : end?.result,
      thrown: crashed ? undefined : end?.thrown,
      out: process.out,
      err: process.err,
      steps: process.steps,
      calls: process.calls,
    };
  }

  /** The power is cut while none of ours runs: what it told is to be there afterwards. */
  cutPower(): void {
    if (this.#loss !== 'none') this.disk.lose(this.random);
  }

  async #afterDeath(process: Process): Promise<void> {
    await process.closeAll();
    // A process that died had the journal open: in this one it still counts as open under its old name.
    const before = this.journalDirectory;
    this.#journals += 1;
    if (real.existsSync(before)) real.renameSync(before, this.journalDirectory);
    if (this.#loss === 'none') return;
    // The process alone is killed: what it changed is seen by the next one, and may be lost when that one dies.
    if (this.random.chance(0.5)) return;
    this.disk.lose(this.random);
  }

  journalIsDurable(): void {
    if (this.#isJournalOnSameVolume) this.disk.everythingIsDurable();
  }

  #shell(process: Process): Shell {
    const self: ProcessInfo = {
      pid: process.pid,
      startedAtMs: this.nowMs,
      name: 'node',
      cwd: '/',
      openFiles: [],
      self: true,
      ancestor: false,
    };
    const colours = picocolors.createColors(false);
    return {
      config: this.config(),
      version: '0.0.0-torture',
      clock: () => (this.nowMs += 1),
      newId: () => `id${String((this.#ids += 1)).padStart(10, '0')}`,
      machine: () => ({ bootId: 'torture', uptimeMs: this.nowMs - this.#bootedAtMs }),
      readProcesses: async () => {
        process.readsProcesses();
        return {
          readable: true,
          processes: [self, ...this.neighbours.map((neighbour) => this.#asSeen(neighbour))],
          suspects: [],
          aliases: [],
        };
      },
      openDiagnostics: () => ({
        entries: () => undefined,
        line: () => undefined,
        close: () => Promise.resolve(),
      }),
      journalSeams: { wrapStore: (store) => process.watch(store), reserveBytes: 4096 },
      terminal: {
        out: (text) => process.say('out', text),
        pour: (text) => {
          process.say('out', text);
          return Promise.resolve(true);
        },
        err: (text) => process.say('err', text),
        outColours: colours,
        errColours: colours,
        canAsk: false,
        live: undefined,
        columns: () => 120,
      },
      cwd: this.home,
      signal: new AbortController().signal,
      receivedSignal: () => undefined,
    };
  }

  /** A working directory and an open file follow a rename. */
  #asSeen({ uses, ...info }: Neighbour): ProcessInfo {
    if (uses === undefined) return info;
    const at = this.find(uses);
    if (at === undefined) return info;
    return real.statSync(at).isDirectory() ? { ...info, cwd: at } : { ...info, openFiles: [at] };
  }

  /** Where an object of the storage is by now. */
  find({ path, ino }: { readonly path: string; readonly ino: bigint }): string | undefined {
    const inode = (at: string): bigint | undefined =>
      real.lstatSync(at, { bigint: true, throwIfNoEntry: false })?.ino;
    return [path, ...quarantined(this.root)].find((at) => inode(at) === ino);
  }

  config(): Config {
    return {
      roots: [this.root],
      namedRoots: [this.root],
      firstRoot: this.root,
      nodeOptions: '',
      journalDirectory: this.journalDirectory,
      home: this.home,
      host: hostname(),
      user: 'torture',
      uid: 0,
      refugeBases: [],
      invoker: {},
      searchPath: '',
      handedOverBy: [],
      colour: 'never',
      dumbTerminal: true,
      zone: undefined,
      undoMs: 7 * 24 * 3_600_000,
      undoBytes: this.undoBytes,
    };
  }
}

export type Neighbour = ProcessInfo & { readonly uses?: { readonly path: string; readonly ino: bigint } };

/** Everything that lies in the quarantines of a root. */
export function quarantined(root: string): readonly string[] {
  const above = join(root, 'clean', 'quarantine');
  if (!real.existsSync(above)) return [];
  return real
    .readdirSync(above)
    .flatMap((id) => real.readdirSync(join(above, id)).map((name) => join(above, id, name)));
}

/** One process of ours on the machine. */
class Process implements Between {
  readonly pid: number = (lastPid += 1);
  readonly roots: readonly string[];
  readonly death: Promise<undefined>;
  out = '';
  err = '';
  steps = 0;
  calls = 0;
  #batches = 0;
  #begun = 0;
  #tables = 0;
  #hasLooked = false;
  #isDead = false;
  #die: () => void = () => undefined;
  readonly #machine: Machine;
  readonly #fate: Fate;
  readonly #descriptors = new Set<number>();
  readonly #stores = new Set<Store>();

  constructor(machine: Machine, fate: Fate) {
    this.#machine = machine;
    this.#fate = fate;
    this.roots = [machine.root, machine.journalDirectory];
    this.death = new Promise((resolve) => {
      this.#die = () => resolve(undefined);
    });
  }

  isDead = (): boolean => this.#isDead;

  turns = (): number => this.#machine.random.below(4);

  on = (call: Call, perform: () => unknown): unknown => {
    this.calls += 1;
    const code = this.#fate.fault?.(call, this.calls - 1);
    if (code !== undefined) {
      // Linux gives a descriptor back whatever it answers.
      if (call.name === 'close') this.#tracked(call, perform());
      throw systemError(code, call);
    }
    if (!changing.has(call.name)) return this.#tracked(call, perform());
    this.#step('before');
    const isStorage = !call.path.startsWith(this.#machine.journalDirectory);
    const result = isStorage ? this.#machine.disk.carryOut(call, perform) : perform();
    this.#tracked(call, result);
    this.#step('after');
    return result;
  };

  say(where: 'out' | 'err', text: string): void {
    if (!this.#isDead) this[where] += text;
  }

  readsProcesses(): void {
    this.#tables += 1;
    outside(() => this.#fate.onProcesses?.(this.#tables, this.steps));
  }

  /** Each synced batch is a step; a batch in flight at the death is there or not, as a whole. */
  watch(store: Store): Store {
    this.#stores.add(store);
    const never = new Promise<never>(() => undefined);
    const write = async (writes: Parameters<Store['write']>[0]): Promise<Result<void, never>> => {
      if (this.#hasDied('before', true)) return never;
      const written = await store.write(writes);
      this.#machine.journalIsDurable();
      if (this.#hasDied('after', true)) return never;
      this.#batches += 1;
      this.#hasLooked ||= writes.some((one) => one.type === 'put' && one.value.includes('"ScanCompleted"'));
      outside(() => this.#fate.onJournal?.(this.#batches, this.#hasLooked));
      return written as Result<void, never>;
    };
    return {
      ...store,
      get: (key) => {
        if (this.#isDead) throw new Death();
        return store.get(key);
      },
      write: (writes) => new ResultAsync(write(writes)),
      close: async () => {
        if (this.#isDead) return never;
        this.#stores.delete(store);
        return store.close();
      },
    };
  }

  /** What the system does when a process is gone. */
  async closeAll(): Promise<void> {
    for (const store of this.#stores) await store.close();
    for (const fd of this.#descriptors) real.closeSync(fd);
  }

  #tracked(call: Call, result: unknown): unknown {
    if (typeof result === 'number' && (call.name === 'open' || call.name === 'create')) {
      this.#descriptors.add(result);
    }
    if (call.name === 'close' && call.fd !== undefined) this.#descriptors.delete(call.fd);
    return result;
  }

  #step(when: Stop['when']): void {
    if (this.#hasDied(when)) throw new Death();
  }

  #hasDied(when: Stop['when'], isBatch = false): boolean {
    if (this.#isDead) return true;
    if (when === 'before') {
      this.steps += 1;
      if (isBatch) this.#begun += 1;
    }
    const { stop } = this.#fate;
    if (stop === undefined || stop.when !== when) return false;
    if (stop.unit === 'batch' && !isBatch) return false;
    if (stop.number !== (stop.unit === 'batch' ? this.#begun : this.steps)) return false;
    this.#isDead = true;
    this.#die();
    return true;
  }
}

function systemError(code: string, { name, path, to }: Call): Error {
  const syscall = name === 'fsync-directory' ? 'fsync' : name === 'create' ? 'open' : name;
  const where = to === undefined ? `'${path}'` : `'${path}' -> '${to}'`;
  const message = `${code}: fault on purpose, ${syscall} ${where}`;
  return Object.assign(new Error(message), { code, syscall, path, errno: -1 });
}
