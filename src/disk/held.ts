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
export function hold(path: string): Result<Held, DiskFailure> {
  if (process.platform !== 'linux') return ok({ path, [Symbol.dispose]: () => undefined });
  const directory = dirname(path);
  let fd: number;
  try {
    fd = fs.openSync(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (cause) {
    return err(toDiskFailure(cause, path, 'open'));
  }
  try {
    const real = fs.readlinkSync(`/proc/self/fd/${fd}`);
    if (real === directory) {
      return ok({ path: `/proc/self/fd/${fd}/${basename(path)}`, [Symbol.dispose]: () => release(fd) });
    }
    release(fd);
    return err({ type: 'disk', code: 'ELOOP', syscall: 'open', path });
  } catch (cause) {
    release(fd);
    return err(toDiskFailure(cause, path, 'readlink'));
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
