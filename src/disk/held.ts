import fs from 'node:fs';
import { basename, dirname } from 'node:path';
import { err, ok } from 'neverthrow';
import type { Result } from 'neverthrow';
import type { DiskFailure } from '../model/failure.ts';
import { errnoOf, toDiskFailure } from './failure.ts';

/** A name in a directory that is held open: whatever is swapped on the way there meanwhile, it means the same. */
export type Held = Disposable & { readonly path: string };

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = fs.constants;

/**
 * Holds the directory of `path`, which must be without symbolic links: one that is reached through a link is refused
 * with `ELOOP`, or `ENOTDIR` when it is itself a link. Systems without `/proc/self/fd` get the path back as it is.
 * Synchronous, because it is asked for each of 100,000 files and takes microseconds.
 */
export type Hold = (path: string) => Result<Held, DiskFailure>;

export const hold: Hold = (path) => {
  if (process.platform !== 'linux') return ok(unheld(path));
  return openReal(dirname(path), path).map((fd) => ({
    path: within(fd, path),
    [Symbol.dispose]: () => release(fd),
  }));
};

type Open = { readonly directory: string; readonly fd: number; users: number };

/** So many directories that nobody uses just now stay open. */
const mostIdle = 8;

/**
 * Holds as {@link hold} does, and keeps directories open between one hold and the next: thousands of files of one
 * directory then cost one `open`. Where it lies is asked each time all the same.
 */
export class KeptDirectories implements Disposable {
  readonly #open = new Map<string, Open>();

  readonly hold: Hold = (path) => {
    if (process.platform !== 'linux') return ok(unheld(path));
    const directory = directoryOf(path);
    const kept = this.#open.get(directory);
    if (kept !== undefined) {
      if (isAt(kept.fd, directory)) return ok(this.#heldIn(kept, path));
      // Another directory may have its name by now: whoever still uses this one closes it.
      this.#forget(kept);
    }
    return openReal(directory, path).map((fd) => {
      const opened = { directory, fd, users: 0 };
      this.#open.set(directory, opened);
      return this.#heldIn(opened, path);
    });
  };

  #heldIn(one: Open, path: string): Held {
    one.users += 1;
    return {
      path: within(one.fd, path),
      [Symbol.dispose]: () => {
        one.users -= 1;
        if (one.users > 0) return;
        // A number is used again: it is given back only when no path with it is in use.
        if (this.#open.get(one.directory) !== one) release(one.fd);
        else this.#closeIdle(mostIdle);
      },
    };
  }

  /** No longer found by its name; its descriptor is closed by its last user. */
  #forget(one: Open): void {
    this.#open.delete(one.directory);
    if (one.users === 0) release(one.fd);
  }

  /** The oldest first, until only `most` are open. */
  #closeIdle(most: number): void {
    if (this.#open.size <= most) return;
    for (const one of this.#open.values()) {
      if (one.users === 0) this.#forget(one);
      if (this.#open.size <= most) return;
    }
  }

  [Symbol.dispose](): void {
    for (const one of this.#open.values()) this.#forget(one);
  }
}

function unheld(path: string): Held {
  return { path, [Symbol.dispose]: () => undefined };
}

function within(fd: number, path: string): string {
  return `/proc/self/fd/${fd}/${path.endsWith('/') ? basename(path) : path.slice(path.lastIndexOf('/') + 1)}`;
}

/** As `dirname` has it, which walks through the path letter by letter. */
function directoryOf(path: string): string {
  const end = path.lastIndexOf('/');
  return end > 0 && end < path.length - 1 && path[end - 1] !== '/' ? path.slice(0, end) : dirname(path);
}

function openReal(directory: string, path: string): Result<number, DiskFailure> {
  let fd: number;
  try {
    fd = fs.openSync(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (cause) {
    return err(toDiskFailure(cause, path, 'open'));
  }
  try {
    const real = fs.readlinkSync(`/proc/self/fd/${fd}`);
    if (real === directory) return ok(fd);
    release(fd);
    return err({ type: 'disk', code: 'ELOOP', syscall: 'open', path });
  } catch (cause) {
    release(fd);
    return err(toDiskFailure(cause, path, 'readlink'));
  }
}

/**
 * Whether the open directory lies where it was opened: not renamed, not removed, not behind a link by now. Of one that
 * something was mounted over it says so, too: what is moved then goes below the mount, is not found at the look
 * afterwards, and is told as stuck.
 */
function isAt(fd: number, directory: string): boolean {
  try {
    return fs.readlinkSync(`/proc/self/fd/${fd}`) === directory;
  } catch (cause) {
    if (errnoOf(cause) === undefined) throw cause;
    return false;
  }
}

/** A descriptor is free after `close`, whatever the system complains about: nothing was written through it. */
function release(fd: number): void {
  try {
    fs.closeSync(fd);
  } catch (cause) {
    if (errnoOf(cause) === undefined) throw cause;
  }
}
