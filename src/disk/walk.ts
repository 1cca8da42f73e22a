import fs from 'node:fs';
import type { Stats } from 'node:fs';
import type { DiskFailure } from '../model/failure.ts';
import { enterDeep } from './deep.ts';
import { toDiskFailure } from './failure.ts';
import { isDoubtful, joined, toName, toText } from './name.ts';
import type { Name } from './name.ts';

/** A directory to be read, or a whole tree that nobody has looked at yet. */
export type WalkTask = {
  /** Number of the tree it belongs to. */
  readonly tree: number;
  readonly path: Name;
  /** Below the tree's own directory; empty for that directory. */
  readonly relative: string;
  /** Device of the tree; `undefined` for a tree that nobody has looked at yet. */
  readonly dev: number | undefined;
};

/** Names seen of one object that has several. */
export type LinkTally = { readonly nlink: number; readonly bytes: number; seen: number };

/** What one walk found of one tree. Sums of tallies are tallies. */
export type Tally = {
  readonly tree: number;
  /** Without objects that have several names: those are in `links`. */
  bytes: number;
  files: number;
  special: number;
  newestMtimeMs: number;
  problemCount: number;
  readonly problems: DiskFailure[];
  readonly nestedRepositories: string[];
  readonly links: Map<string, LinkTally>;
};

/** Of problems, and of nested repositories, this many are kept; the smallest, so that it is always the same ones. */
export const examplesKept = 20;

export function newTally(tree: number): Tally {
  return {
    tree,
    bytes: 0,
    files: 0,
    special: 0,
    newestMtimeMs: 0,
    problemCount: 0,
    problems: [],
    nestedRepositories: [],
    links: new Map(),
  };
}

/** Inserts in order and drops what is too many. */
export function keepSmallest<T>(kept: T[], value: T, textOf: (value: T) => string): void {
  const text = textOf(value);
  if (kept.length >= examplesKept && text >= textOf(kept[kept.length - 1] as T)) return;
  const at = kept.findIndex((other) => textOf(other) > text);
  kept.splice(at === -1 ? kept.length : at, 0, value);
  if (kept.length > examplesKept) kept.pop();
}

/** One object for all calls: there are millions. */
const undefinedIfAbsent = { throwIfNoEntry: false } as const;

type Reading = {
  readonly task: WalkTask;
  readonly names: readonly Name[];
  next: number;
  /** What leads to the directory; not its path when that is too long for the system. */
  readonly at: Name;
  readonly close: () => void;
};

function namesIn(at: Name): readonly Name[] {
  const names = fs.readdirSync(at);
  if (!names.some((name) => isDoubtful(name))) return names;
  return fs.readdirSync(at, { encoding: 'buffer' }).map((name) => toName(name));
}

/**
 * Reads trees with synchronous calls, which threads do faster than anything asynchronous (SPEED.md), and can stop
 * after any number of entries. Never follows a link, never enters another device or a mount point.
 */
export class Walk {
  readonly #mounts: ReadonlySet<string>;
  #tallies = new Map<number, Tally>();
  /** The one that was needed last: most entries follow one of the same tree. */
  #current: Tally | undefined;
  #reading: Reading | undefined;
  /** What is still to be read, the next one last. */
  readonly tasks: WalkTask[] = [];

  constructor(mounts: ReadonlySet<string>) {
    this.#mounts = mounts;
  }

  get isDone(): boolean {
    return this.#reading === undefined && this.tasks.length === 0;
  }

  /** The trees that are not read to their end. */
  get unfinished(): Set<number> {
    const trees = new Set(this.tasks.map(({ tree }) => tree));
    if (this.#reading !== undefined) trees.add(this.#reading.task.tree);
    return trees;
  }

  /** Looks at `budget` entries, or all that is left. */
  run(budget: number): void {
    for (let left = budget; left > 0 && !this.isDone; left -= 1) this.#step();
  }

  /**
   * Reads on in the directory at hand, whose names cannot be handed to anybody else.
   *
   * @returns whether it is read to its end
   */
  finishDirectory(budget: number): boolean {
    for (let left = budget; left > 0 && this.#reading !== undefined; left -= 1) this.#step();
    return this.#reading === undefined;
  }

  /** Hands over what was counted since the last time. */
  takeTallies(): Tally[] {
    const tallies = [...this.#tallies.values()];
    this.#tallies = new Map();
    this.#current = undefined;
    return tallies;
  }

  #step(): void {
    if (this.#reading === undefined) {
      const task = this.tasks.pop();
      if (task === undefined) return;
      if (task.dev === undefined) this.#lookAtTop(task);
      else this.#reading = this.#enter(task);
      return;
    }
    const { task, names, at } = this.#reading;
    const name = names[this.#reading.next];
    if (name === undefined) {
      this.#reading.close();
      this.#reading = undefined;
      return;
    }
    this.#reading.next += 1;
    this.#lookAt(task, name, at);
  }

  #enter(task: WalkTask): Reading | undefined {
    try {
      const { at, close } = enterDeep(task.path);
      try {
        const names = namesIn(at);
        if (isBareRepository(task, names)) {
          keepSmallest(this.#tally(task.tree).nestedRepositories, task.relative, String);
        }
        return { task, names, next: 0, at, close };
      } catch (cause) {
        close();
        throw cause;
      }
    } catch (cause) {
      this.#problem(task.tree, toDiskFailure(cause, toText(task.path), 'scandir'));
      return undefined;
    }
  }

  #lookAtTop(task: WalkTask): void {
    const { tree, path } = task;
    try {
      const stats = fs.lstatSync(path);
      if (this.#mounts.has(toText(path))) this.#problem(tree, notEntered(path));
      else if (stats.isDirectory()) this.tasks.push({ ...task, dev: stats.dev });
      this.#count(tree, stats, path);
    } catch (cause) {
      this.#problem(tree, toDiskFailure(cause, toText(path), 'lstat'));
    }
  }

  #lookAt(directory: WalkTask, name: Name, at: Name): void {
    const { tree, dev } = directory;
    let stats: Stats | undefined;
    const through = joined(at, name);
    try {
      stats = fs.lstatSync(through, undefinedIfAbsent);
    } catch (cause) {
      this.#problem(tree, toDiskFailure(cause, toText(joined(directory.path, name)), 'lstat'));
      return;
    }
    // Removed since its directory was read.
    if (stats === undefined) return;
    if (name === '.git' && directory.relative !== '') {
      keepSmallest(this.#tally(tree).nestedRepositories, `${directory.relative}/.git`, String);
    }
    if (!stats.isDirectory()) {
      this.#count(tree, stats, through);
      return;
    }
    const path = joined(directory.path, name);
    if (stats.dev !== dev || (this.#mounts.size > 0 && this.#mounts.has(toText(path)))) {
      this.#tally(tree).files += 1;
      this.#problem(tree, notEntered(path));
      return;
    }
    const text = toText(name);
    const relative = directory.relative === '' ? text : `${directory.relative}/${text}`;
    this.tasks.push({ tree, path, relative, dev });
    this.#count(tree, stats, through);
  }

  #count(tree: number, stats: Stats, through: Name): void {
    const tally = this.#tally(tree);
    tally.files += 1;
    if (stats.mtimeMs > tally.newestMtimeMs) tally.newestMtimeMs = stats.mtimeMs;
    const bytes = stats.blocks * 512;
    if (stats.isDirectory()) {
      tally.bytes += bytes;
      return;
    }
    if (!stats.isFile() && !stats.isSymbolicLink()) tally.special += 1;
    if (stats.nlink <= 1) {
      tally.bytes += bytes;
      return;
    }
    const key = keyOf(stats, through);
    const link = tally.links.get(key);
    if (link === undefined) tally.links.set(key, { nlink: stats.nlink, bytes, seen: 1 });
    else link.seen += 1;
  }

  #tally(tree: number): Tally {
    if (this.#current?.tree === tree) return this.#current;
    let tally = this.#tallies.get(tree);
    if (tally === undefined) this.#tallies.set(tree, (tally = newTally(tree)));
    this.#current = tally;
    return tally;
  }

  #problem(tree: number, failure: DiskFailure): void {
    const tally = this.#tally(tree);
    tally.problemCount += 1;
    keepSmallest(tally.problems, failure, ({ path }) => path);
  }
}

/** A git directory with another name than `.git`, and not inside of one of that name. */
function isBareRepository({ relative }: WalkTask, names: readonly Name[]): boolean {
  if (relative === '' || !['HEAD', 'objects', 'refs'].every((name) => names.includes(name))) return false;
  return !`${relative}/`.includes('/.git/');
}

function notEntered(path: Name): DiskFailure {
  return { type: 'disk', code: 'EXDEV', syscall: 'scandir', path: toText(path) };
}

/** Device and inode; inode numbers of some file systems exceed what a number holds. */
function keyOf({ dev, ino }: Stats, path: Name): string {
  if (Number.isSafeInteger(ino)) return `${dev}:${ino}`;
  const exact = fs.lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return `${dev}:${exact?.ino ?? ino}`;
}
