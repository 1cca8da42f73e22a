import { dirname, join } from 'node:path';
import { real, type Call } from './interpose.ts';
import type { Random } from './random.ts';

/**
 * What a power cut does to names that were changed and not synced:
 * `none`: the process is killed, the system lives; nothing is lost.
 * `ordered`: one journal for the whole file system, as ext4 has it. What is lost is the end of the story, and any
 *   sync saves all before it.
 * `directories`: the weakest promise there is. Only a sync of its directories saves a change; what is kept and what is
 *   lost is in order within each directory only.
 */
export type Loss = 'none' | 'ordered' | 'directories';

/** A change of names that a power cut may take back. */
type Change = {
  /** Those not synced since. */
  readonly directories: Set<string>;
  readonly undo: () => void;
  /** A file made and never synced itself may have lost its content, too. */
  readonly made?: { readonly path: string; readonly ino: bigint; isSynced: boolean };
  /** A directory that went: when that is durable, so is all that happened in it. */
  readonly removed?: string;
};

/**
 * Two states for each name on a real disk, the visible and the durable one: changes are carried out, and remembered
 * with the way back until a sync makes them durable.
 */
export class CrashFs {
  readonly #loss: Loss;
  readonly #shadow: string;
  #changes: Change[] = [];
  #shadows = 0;
  /** Of the directories of the call under way, as they were before it. */
  #times: readonly (readonly [path: string, at: number | undefined])[] = [];
  readonly #shadowOf = new Map<bigint, string>();

  /** @param shadow - a directory of the same file system that nobody else knows */
  constructor(loss: Loss, shadow: string) {
    this.#loss = loss;
    this.#shadow = shadow;
  }

  /** Carries the call out, and remembers what it takes to undo it. */
  carryOut(call: Call, perform: () => unknown): unknown {
    if (this.#loss === 'none') return perform();
    this.#times = [call.path, ...(call.to === undefined ? [] : [call.to])].map((path) => {
      const directory = dirname(path);
      return [directory, timesOf(directory)] as const;
    });
    const [from, to] = call.given as [string, string];
    switch (call.name) {
      case 'rename': {
        const was = real.lstatSync(to, { bigint: true, throwIfNoEntry: false });
        if (was !== undefined) this.#keep(to, was.ino);
        const { ino } = real.lstatSync(from, { bigint: true });
        const result = perform();
        this.#remember([call.path, call.to ?? ''], () => {
          this.#bringBack(call.path, call.to ?? '', ino);
          if (was !== undefined) this.#bringBack(call.to ?? '', '', was.ino);
        });
        return result;
      }
      case 'link': {
        const result = perform();
        const ino = inodeOf(call.to ?? '');
        this.#remember([call.to ?? ''], () => takeAway(call.to ?? '', ino));
        return result;
      }
      case 'unlink': {
        const stats = real.lstatSync(from, { bigint: true, throwIfNoEntry: false });
        if (stats !== undefined && !stats.isDirectory()) this.#keep(from, stats.ino);
        const result = perform();
        if (stats !== undefined) this.#remember([call.path], () => this.#bringBack(call.path, '', stats.ino));
        return result;
      }
      case 'rmdir':
        return this.#removeDirectory(from, call, perform);
      case 'mkdir': {
        const isNew = !real.existsSync(from);
        const result = perform();
        if (isNew) this.#remember([call.path], () => attempt(() => real.rmdirSync(call.path)));
        return result;
      }
      case 'create': {
        const isNew = !real.existsSync(from);
        const fd = perform();
        if (isNew) {
          const { ino } = real.fstatSync(fd as number, { bigint: true });
          const made = { path: call.path, ino, isSynced: false };
          this.#remember([call.path], () => takeAway(call.path, ino), { made });
        }
        return fd;
      }
      case 'fsync-directory': {
        const { ino } = real.fstatSync(call.fd ?? -1, { bigint: true });
        const result = perform();
        this.#synced(ino);
        return result;
      }
      case 'fsync': {
        const { ino } = real.fstatSync(call.fd ?? -1, { bigint: true });
        const result = perform();
        for (const { made } of this.#changes) if (made?.ino === ino) made.isSynced = true;
        if (this.#loss === 'ordered') this.everythingIsDurable();
        return result;
      }
      default:
        return perform();
    }
  }

  /** A synced write of a journal on the same file system; or a long time. */
  everythingIsDurable(): void {
    this.#changes = [];
  }

  /** The power is cut: some of what is not durable is undone, the last first. @returns how much */
  lose(random: Random): number {
    const lost = this.#loss === 'ordered' ? this.#lostEnd(random) : this.#lostByDirectory(random);
    for (const { undo } of lost.toReversed()) undo();
    for (const change of this.#changes) {
      const { made } = change;
      if (made === undefined || made.isSynced || lost.includes(change) || random.chance(0.5)) continue;
      attempt(() => {
        if (real.lstatSync(made.path, { bigint: true }).ino === made.ino) real.truncateSync(made.path, 0);
      });
    }
    this.#changes = [];
    return lost.length;
  }

  #lostEnd(random: Random): readonly Change[] {
    return this.#changes.slice(random.below(this.#changes.length + 1));
  }

  #lostByDirectory(random: Random): readonly Change[] {
    const broken = new Set<string>();
    const probability = random.pick([0.2, 0.5, 1]);
    return this.#changes.filter(({ directories }) => {
      const follows = [...directories].some((directory) => broken.has(directory));
      if (!follows && !random.chance(probability)) return false;
      for (const directory of directories) broken.add(directory);
      return true;
    });
  }

  #remember(
    paths: readonly string[],
    undo: () => void,
    { made, removed }: Pick<Change, 'made' | 'removed'> = {},
  ): void {
    const times = this.#times;
    const directories = new Set(paths.map((path) => String(inodeOf(dirname(path)))));
    const back = (): void => {
      undo();
      for (const [path, at] of times) if (at !== undefined) attempt(() => real.utimesSync(path, at, at));
    };
    this.#changes.push({
      directories,
      undo: back,
      ...(made === undefined ? {} : { made }),
      ...(removed === undefined ? {} : { removed }),
    });
  }

  #synced(ino: bigint): void {
    if (this.#loss === 'ordered') return this.everythingIsDurable();
    const durable = [String(ino)];
    // The list grows while it is walked.
    for (const directory of durable) {
      this.#changes = this.#changes.filter(({ directories, removed }) => {
        directories.delete(directory);
        if (directories.size > 0) return true;
        if (removed !== undefined) durable.push(removed);
        return false;
      });
    }
  }

  /** A second name for a file, so that it can come back as the same object. */
  #keep(path: string, ino: bigint): void {
    if (this.#shadowOf.has(ino)) return;
    const shadow = join(this.#shadow, String((this.#shadows += 1)));
    attempt(() => {
      real.linkSync(path, shadow);
      this.#shadowOf.set(ino, shadow);
    });
  }

  /** An empty directory is put aside instead: it could not come back as the same object otherwise. */
  #removeDirectory(given: string, call: Call, perform: () => unknown): unknown {
    const stats = real.lstatSync(given, { bigint: true, throwIfNoEntry: false });
    if (stats?.isDirectory() !== true || real.readdirSync(given).length > 0) return perform();
    const shadow = join(this.#shadow, String((this.#shadows += 1)));
    real.renameSync(given, shadow);
    this.#shadowOf.set(stats.ino, shadow);
    this.#remember([call.path], () => this.#bringBack(call.path, '', stats.ino), {
      removed: String(stats.ino),
    });
    return undefined;
  }

  /** Gives an object its name back, from where it is now or from its shadow; never over a newcomer. */
  #bringBack(path: string, from: string, ino: bigint): void {
    if (real.lstatSync(path, { throwIfNoEntry: false }) !== undefined) return;
    const there = from === '' ? undefined : real.lstatSync(from, { bigint: true, throwIfNoEntry: false });
    const source = there?.ino === ino ? from : this.#shadowOf.get(ino);
    if (source === undefined) return;
    if (source !== from) this.#shadowOf.delete(ino);
    attempt(() => real.renameSync(source, path));
  }
}

function inodeOf(path: string): bigint | undefined {
  return real.lstatSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}

function timesOf(path: string): number | undefined {
  const stats = real.lstatSync(path, { throwIfNoEntry: false });
  return stats === undefined ? undefined : stats.mtimeMs / 1000;
}

/** Takes a name from the object that it was given to; never from a newcomer that somebody else made meanwhile. */
function takeAway(path: string, ino: bigint | undefined): void {
  if (ino !== undefined && inodeOf(path) === ino) attempt(() => real.unlinkSync(path));
}

/** What a later change made impossible does not happen. */
function attempt(act: () => void): void {
  try {
    act();
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause)) throw cause;
  }
}
