import fs from 'node:fs';
import type { DiskFailure } from '../model/failure.ts';
import { Directory, OpenDirectories } from './directory.ts';
import { errnoOf } from './failure.ts';
import { inLanes } from './lanes.ts';
import { list } from './list.ts';
import type { Listing } from './list.ts';
import type { Name } from './name.ts';

/** What keeps the disk busy (SPEED.md): many calls in flight, here directories times names in each. */
const directoriesAtOnce = 32;
const namesAtOnce = 8;

/** How often a directory that fills again is emptied again. */
const attempts = 5;

/** At most this many failures are kept; the rest is counted. */
const failuresKept = 20;

/** A directory to be emptied and removed. */
class Doomed extends Directory {
  /** What it holds, as far as it is read. `undefined` before and after. */
  parts: AsyncGenerator<Listing> | undefined;
  /** Directories in it that are not finished yet. */
  unfinished = 0;
  attempts = 0;
  /** Something below it stays: then it stays too, and that is no failure of its own. */
  isBlocked = false;
}

const call = (act: (path: Name, done: (cause: Error | null) => void) => void, path: Name) =>
  new Promise<string | undefined>((resolve) => {
    act(path, (cause) => resolve(cause === null ? undefined : (errnoOf(cause) ?? 'EIO')));
  });

/** What has the name; the errno name when nobody can tell. */
export function lookAt(path: Name): fs.Stats | string | undefined {
  try {
    return fs.lstatSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    const code = errnoOf(cause);
    if (code === undefined) throw cause;
    return code;
  }
}

/** Tells whoever wants to know how many entries are gone. */
export type OnRemoved = (entries: number) => void;

/**
 * Removes one tree. Goes down first, so that few directories are open at a time; never stops at a failure; each
 * name is removed through its directory (see {@link OpenDirectories}), links as links.
 */
export class Removal {
  readonly #open: OpenDirectories;
  readonly #signal: AbortSignal | undefined;
  readonly #onRemoved: OnRemoved | undefined;
  /** Directories that can be worked on now, the next one last. */
  readonly #ready: Doomed[] = [];
  readonly #reading = new Set<Doomed>();
  #working = 0;
  #done: { resolve(): void; reject(cause: unknown): void } | undefined;
  #failed = false;

  removedEntries = 0;
  blockedCount = 0;
  readonly blocked: DiskFailure[] = [];

  constructor(open: OpenDirectories, signal: AbortSignal | undefined, onRemoved: OnRemoved | undefined) {
    this.#open = open;
    this.#signal = signal;
    this.#onRemoved = onRemoved;
  }

  /** Removes `name` and everything below it from the pinned `container`. */
  async run(container: Directory, name: Name): Promise<void> {
    const stats = lookAt(this.#open.at(container, name));
    if (typeof stats === 'string') return this.#block(container, name, stats, 'lstat');
    if (stats === undefined || this.#isStopped) return;
    if (!stats.isDirectory()) {
      const code = await this.#unlink(container, name);
      if (code !== undefined) this.#block(container, name, code, 'unlink');
      return;
    }
    const finished = new Promise<void>((resolve, reject) => {
      this.#done = { resolve, reject };
    });
    this.#ready.push(new Doomed(container, name));
    this.#pump();
    try {
      await finished;
    } finally {
      // Only after an abort is there something left half read.
      for (const { parts } of this.#reading) await parts?.return(undefined);
    }
  }

  get #isStopped(): boolean {
    return this.#failed || this.#signal?.aborted === true;
  }

  #pump(): void {
    while (!this.#isStopped && this.#working < directoriesAtOnce) {
      const next = this.#ready.pop();
      if (next === undefined) break;
      this.#working += 1;
      this.#work(next).then(
        () => this.#workedOn(),
        (cause: unknown) => {
          this.#failed = true;
          this.#done?.reject(cause);
          this.#workedOn();
        },
      );
    }
    if (this.#working === 0 && (this.#isStopped || this.#ready.length === 0)) this.#done?.resolve();
  }

  #workedOn(): void {
    this.#working -= 1;
    this.#pump();
  }

  /** Works on a directory until it has to wait for others, or is finished. */
  async #work(directory: Doomed): Promise<void> {
    const code = await this.#pin(directory);
    if (code === 'ENOENT') return this.#finish(directory);
    if (code !== undefined) return this.#couldNotOpen(directory, code);
    if (directory.object?.dev !== directory.parent?.object?.dev) {
      this.#open.unpin(directory);
      this.#block(directory, undefined, 'EXDEV', 'open');
      return this.#finish(directory);
    }
    const isEmptied = await this.#empty(directory);
    // Pinned still, and perhaps the only way to a parent whose descriptor was given up.
    if (isEmptied) await this.#open.openParent(directory);
    this.#open.unpin(directory);
    if (isEmptied) await this.#removeEmptied(directory);
  }

  async #pin(directory: Doomed): Promise<string | undefined> {
    const code = await this.#open.pin(directory);
    if (code !== 'EACCES' && code !== 'EPERM') return code;
    const { parent } = directory;
    if (parent === undefined || (await this.#open.pin(parent)) !== undefined) return code;
    const isLooser = parent instanceof Doomed && this.#open.loosen(parent);
    const isReadable = await this.#open.loosenClosed(parent, directory.name);
    this.#open.unpin(parent);
    return isLooser || isReadable ? this.#open.pin(directory) : code;
  }

  /** Somebody put another object in its place: if it is no directory now, its name can go. */
  async #couldNotOpen(directory: Doomed, code: string): Promise<void> {
    const { parent } = directory;
    if (parent !== undefined && (code === 'ENOTDIR' || code === 'ELOOP' || code === 'ESTALE')) {
      if ((await this.#open.pin(parent)) === undefined) {
        const again = await this.#unlink(parent, directory.name);
        this.#open.unpin(parent);
        if (again === undefined) return this.#finish(directory);
      }
    }
    this.#block(directory, undefined, code, 'open');
    return this.#finish(directory);
  }

  /** @returns whether all of it was gone through; `false` when it has to wait for those below */
  async #empty(directory: Doomed): Promise<boolean> {
    while (!this.#isStopped) {
      if (!this.#open.isStill(directory)) {
        this.#block(directory, undefined, 'ESTALE', 'lstat');
        return true;
      }
      const part = await this.#nextPart(directory);
      if (part === undefined) return true;
      if (!this.#open.isStill(directory)) continue;
      await inLanes(part.others, namesAtOnce, async (name) => {
        if (this.#isStopped) return;
        const code = await this.#unlink(directory, name);
        // Became a directory since: rmdir will say ENOTEMPTY, and then it is read again.
        if (code !== undefined && code !== 'EISDIR') this.#block(directory, name, code, 'unlink');
      });
      if (part.directories.length === 0) continue;
      directory.unfinished = part.directories.length;
      for (const name of part.directories) this.#ready.push(new Doomed(directory, name));
      return false;
    }
    return false;
  }

  async #nextPart(directory: Doomed): Promise<Listing | undefined> {
    try {
      const path = this.#open.at(directory);
      directory.parts ??= list(path, fs.statSync(path).size);
      this.#reading.add(directory);
      const next = await directory.parts.next();
      if (next.done === true) return undefined;
      return next.value;
    } catch (cause) {
      const code = errnoOf(cause);
      if (code === undefined) throw cause;
      if (code !== 'ENOENT') this.#block(directory, undefined, code, 'scandir');
      return undefined;
    }
  }

  async #removeEmptied(directory: Doomed): Promise<void> {
    const { parent } = directory;
    directory.parts = undefined;
    this.#reading.delete(directory);
    if (directory.isBlocked || parent === undefined) return this.#finish(directory);
    if (directory.pins === 0) this.#open.close(directory);

    const unreachable = await this.#open.pin(parent);
    if (unreachable !== undefined) {
      this.#block(directory, undefined, unreachable, 'open');
      return this.#finish(directory);
    }
    const code = await this.#allowed(parent, (path) => call(fs.rmdir, path), directory.name);
    this.#open.unpin(parent);
    if (code === undefined) this.#removed();
    else if ((code === 'ENOTEMPTY' || code === 'EEXIST') && (directory.attempts += 1) < attempts) {
      this.#ready.push(directory);
      return;
    } else if (code === 'ENOTDIR') return this.#couldNotOpen(directory, code);
    else if (code !== 'ENOENT') this.#block(directory, undefined, code, 'rmdir');
    this.#finish(directory);
  }

  #finish(directory: Doomed): void {
    if (directory.pins === 0) this.#open.close(directory);
    const { parent } = directory;
    if (!(parent instanceof Doomed)) return;
    if (directory.isBlocked) parent.isBlocked = true;
    parent.unfinished -= 1;
    if (parent.unfinished === 0) this.#ready.push(parent);
  }

  async #unlink(directory: Directory, name: Name): Promise<string | undefined> {
    const code = await this.#allowed(directory, (path) => call(fs.unlink, path), name);
    if (code === undefined) this.#removed();
    return code === 'ENOENT' ? undefined : code;
  }

  /** Read-only directories are made writable, but only those of the tree itself. */
  async #allowed(
    directory: Directory,
    act: (path: Name) => Promise<string | undefined>,
    name: Name,
  ): Promise<string | undefined> {
    const code = await act(this.#open.at(directory, name));
    if (code !== 'EACCES' && code !== 'EPERM') return code;
    if (!(directory instanceof Doomed)) return code;
    // Another name of this directory may have loosened it meanwhile, so it is tried again in any case.
    this.#open.loosen(directory);
    return act(this.#open.at(directory, name));
  }

  #removed(): void {
    this.removedEntries += 1;
    this.#onRemoved?.(this.removedEntries);
  }

  #block(directory: Directory, name: Name | undefined, code: string, syscall: string): void {
    if (directory instanceof Doomed) directory.isBlocked = true;
    this.blockedCount += 1;
    if (this.blocked.length >= failuresKept) return;
    this.blocked.push({ type: 'disk', code, syscall, path: directory.pathOf(name) });
  }
}
