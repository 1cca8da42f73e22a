import fs from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { invariant } from '../model/invariant.ts';
import { errnoOf } from './failure.ts';
import { joined, toText } from './name.ts';
import type { Name } from './name.ts';

/** A directory of the tree under work, known by its name in the one above it, never by a path from outside. */
export class Directory {
  readonly parent: Directory | undefined;
  readonly name: Name;
  /** Set when it is first opened; opening it again must find the same object. */
  object: { readonly dev: bigint; readonly ino: bigint } | undefined;
  fd: number | undefined;
  /** Calls under way that need `fd` to stay what it is. */
  pins = 0;
  opening: Promise<string | undefined> | undefined;

  /** @param name - a path when there is no parent */
  constructor(parent: Directory | undefined, name: Name) {
    this.parent = parent;
    this.name = name;
  }

  /** For failures; as long as the tree is deep. */
  pathOf(name?: Name): string {
    const names = name === undefined ? [toText(this.name)] : [toText(name), toText(this.name)];
    for (let up = this.parent; up !== undefined; up = up.parent) names.push(toText(up.name));
    return names.reverse().join('/');
  }
}

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = fs.constants;

/** Linux only, and not among node's constants: a descriptor that needs no permission on what it stands for. */
const O_PATH = 0x20_0000;

/** Directories that wait for those below them keep at most this many descriptors. */
const idleDescriptors = 128;

const openFile = (path: Name, flags: number): Promise<number | string> =>
  new Promise((resolve) => {
    fs.open(path, flags, (cause, fd) => resolve(cause === null ? fd : (errnoOf(cause) ?? 'EIO')));
  });

/**
 * Keeps directories open, so that names in them are resolved from the directory itself: with
 * `/proc/self/fd/<n>/name` nobody who swaps a directory for a link can lead a call elsewhere. Where there is no
 * such thing, paths are used and a directory's identity is checked before and after it is read.
 *
 * A path through a descriptor is only as good as the descriptor: whoever uses one pins the directory meanwhile.
 * Calls that can fail answer with the errno name.
 */
export class OpenDirectories {
  readonly #byDescriptor: boolean;
  /** Open, not pinned, least recently used first. */
  readonly #idle = new Set<Directory>();

  constructor(byDescriptor: boolean) {
    this.#byDescriptor = byDescriptor;
  }

  /** Where a call must go for `name` in the pinned `directory`, or for the directory itself. */
  at(directory: Directory, name?: Name): Name {
    let base: Name;
    if (this.#byDescriptor) {
      invariant(directory.fd !== undefined && directory.pins > 0, 'a directory in use is open and pinned');
      base = `/proc/self/fd/${directory.fd}`;
    } else {
      base = directory.name;
      for (let up = directory.parent; up !== undefined; up = up.parent) base = joined(up.name, base);
    }
    return name === undefined ? base : joined(base, name);
  }

  /** Opens it if need be and keeps it open until `unpin`; after a failure it is not pinned. */
  async pin(directory: Directory): Promise<string | undefined> {
    // The closed ones above it are opened from the top, each through the one before: a loop, because trees may
    // be deeper than the stack.
    const closed: Directory[] = [];
    let held: Directory | undefined = directory;
    for (; held !== undefined && held.fd === undefined; held = held.parent) closed.push(held);
    if (held !== undefined) this.#hold(held);
    for (const next of closed.reverse()) {
      this.#hold(next);
      const code = await this.#opened(next, held);
      if (held !== undefined) this.unpin(held);
      if (code !== undefined) {
        this.unpin(next);
        return code;
      }
      held = next;
    }
    return undefined;
  }

  #hold(directory: Directory): void {
    directory.pins += 1;
    this.#idle.delete(directory);
  }

  #opened(directory: Directory, parent: Directory | undefined): Promise<string | undefined> {
    if (directory.fd !== undefined) return Promise.resolve(undefined);
    const path = parent === undefined ? directory.name : this.at(parent, directory.name);
    return this.#openOnce(directory, path);
  }

  #openOnce(directory: Directory, path: Name): Promise<string | undefined> {
    directory.opening ??= this.#open(directory, path).finally(() => {
      directory.opening = undefined;
    });
    return directory.opening;
  }

  unpin(directory: Directory): void {
    directory.pins -= 1;
    if (directory.pins > 0 || directory.fd === undefined) return;
    this.#idle.add(directory);
    for (const oldest of this.#idle) {
      if (this.#idle.size <= idleDescriptors) break;
      this.close(oldest);
    }
  }

  /** Gives back the descriptor of a directory that is not pinned. */
  close(directory: Directory): void {
    invariant(directory.pins === 0, 'a directory in use is not closed');
    this.#idle.delete(directory);
    const { fd } = directory;
    directory.fd = undefined;
    // Closing a directory that is already removed frees its blocks: not on this thread.
    if (fd !== undefined && this.#byDescriptor) fs.close(fd, () => undefined);
  }

  closeAll(): void {
    for (const directory of this.#idle) this.close(directory);
  }

  /**
   * Opens the closed parent of a pinned directory through `..`: one call, however deep they are. When somebody
   * moved the directory that leads to another one, which is noticed; `pin` then tries from the top.
   */
  async openParent(directory: Directory): Promise<void> {
    const { parent } = directory;
    if (!this.#byDescriptor || parent?.object === undefined || parent.fd !== undefined) return;
    this.#hold(parent);
    await this.#openOnce(parent, this.at(directory, '..'));
    this.unpin(parent);
  }

  async #open(directory: Directory, path: Name): Promise<string | undefined> {
    if (!this.#byDescriptor) {
      const code = this.#lookAt(directory, path);
      if (code === undefined) directory.fd = -1;
      return code;
    }
    const noFollow = directory.parent === undefined ? 0 : O_NOFOLLOW;
    const fd = await openFile(path, O_RDONLY | O_DIRECTORY | noFollow);
    if (typeof fd === 'string') return fd;
    const code = this.#checkOpened(directory, fd);
    if (code === undefined) directory.fd = fd;
    else fs.close(fd, () => undefined);
    return code;
  }

  #checkOpened(directory: Directory, fd: number): string | undefined {
    try {
      return this.#isSame(directory, fs.fstatSync(fd, { bigint: true })) ? undefined : 'ESTALE';
    } catch (cause) {
      const code = errnoOf(cause) ?? 'EIO';
      // Whatever it means, it is not that there is no such directory.
      return code === 'ENOENT' ? 'ESTALE' : code;
    }
  }

  #isSame(directory: Directory, { dev, ino }: BigIntStats): boolean {
    directory.object ??= { dev, ino };
    return directory.object.dev === dev && directory.object.ino === ino;
  }

  /** Whether its path still leads to it. Through a descriptor it always does. */
  isStill(directory: Directory): boolean {
    return this.#byDescriptor || this.#lookAt(directory, this.at(directory)) === undefined;
  }

  #lookAt(directory: Directory, path: Name): string | undefined {
    try {
      // The root is vouched for by the caller, and may itself be reached through a link.
      const look = directory.parent === undefined ? fs.statSync : fs.lstatSync;
      const stats = look(path, { bigint: true });
      if (!stats.isDirectory()) return 'ENOTDIR';
      return this.#isSame(directory, stats) ? undefined : 'ESTALE';
    } catch (cause) {
      return errnoOf(cause) ?? 'EIO';
    }
  }

  /** Adds the owner's rights to a pinned directory. @returns whether that changed anything */
  loosen(directory: Directory): boolean {
    if (!this.isStill(directory)) return false;
    const { fd } = directory;
    return this.#byDescriptor && fd !== undefined
      ? addOwnerRights(() => fs.fstatSync(fd), `/proc/self/fd/${fd}`)
      : addOwnerRights(() => fs.lstatSync(this.at(directory)), this.at(directory));
  }

  /** The same for one that cannot even be opened, by its name in the pinned `parent`. */
  async loosenClosed(parent: Directory, name: Name): Promise<boolean> {
    if (!this.#byDescriptor) {
      const path = this.at(parent, name);
      return addOwnerRights(() => fs.lstatSync(path), path);
    }
    const fd = await openFile(this.at(parent, name), O_PATH | O_DIRECTORY | O_NOFOLLOW);
    if (typeof fd === 'string') return false;
    const isLooser = addOwnerRights(() => fs.fstatSync(fd), `/proc/self/fd/${fd}`);
    fs.close(fd, () => undefined);
    return isLooser;
  }
}

function addOwnerRights(look: () => fs.Stats, path: Name): boolean {
  try {
    const stats = look();
    const { mode } = stats;
    if (!stats.isDirectory() || (mode & 0o700) === 0o700) return false;
    fs.chmodSync(path, (mode & 0o7777) | 0o700);
    return true;
  } catch {
    // Not ours to change, or even to see: the call that failed will say why.
    return false;
  }
}
