import { hash } from 'node:crypto';
import { join, relative, sep } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { err, ok, type Result } from 'neverthrow';
import type { Doubt } from '../model/reason.ts';
import { fileType, list, see, type Seen } from './see.ts';

/** What a directory holds with more entries than this is told from what it held by count, size and newest time only. */
const maxEntries = 20_000;
const turnEntries = 512;

/**
 * Stands for all that was seen below `top`: a name, an object, a size or a time that differs makes it another. What
 * was written to a file is seen by its time, so whatever is read must have been looked at before.
 */
export function stampOf(top: string, seen: readonly Seen[], limit: number = maxEntries): string {
  const stamp = new Stamp(limit);
  for (const one of seen) if (one.path !== top) stamp.add(nameBelow(top, one.path), one);
  return stamp.text;
}

/** Nearly always the one path begins with the other, and there may be a hundred thousand. */
function nameBelow(top: string, path: string): string {
  return path.startsWith(top) && path[top.length] === sep ? path.slice(top.length + 1) : relative(top, path);
}

/** The stamp of the directory as it is now, never through a link. */
export async function readStamp(top: string, limit: number = maxEntries): Promise<Result<string, Doubt>> {
  const stamp = new Stamp(limit);
  const pending = [''];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const listed = list(join(top, next));
    if (listed.isErr()) return err(listed.error);
    for (const entry of listed.value) {
      const name = join(next, entry.name);
      const looked = see(join(top, name));
      if (looked.isErr()) return err(looked.error);
      stamp.add(name, looked.value);
      if (fileType(entry) === 'directory') pending.push(name);
      if (stamp.count % turnEntries === 0) await breathe();
    }
  }
  return ok(stamp.text);
}

class Stamp {
  readonly #limit: number;
  #lines: string[] = [];
  #sizeBytes = 0;
  #newestNs = 0n;
  count = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @param seen - `undefined` for a name that was listed and could not be looked at */
  add(name: string, seen: Seen | undefined): void {
    this.count += 1;
    const { type, size, mtimeNs, ino } = seen?.identity ?? { type: '?', size: 0, mtimeNs: '0', ino: '' };
    // How large a directory is depends on the file system, and on what was in it once.
    const sizeBytes = type === 'directory' ? 0 : size;
    this.#sizeBytes += sizeBytes;
    const ns = BigInt(mtimeNs);
    if (ns > this.#newestNs) this.#newestNs = ns;
    if (this.count > this.#limit) this.#lines = [];
    else this.#lines.push([name, type, sizeBytes, mtimeNs, ino].join('\0'));
  }

  get text(): string {
    if (this.count > this.#limit) return `${this.count} ${this.#sizeBytes} ${this.#newestNs}`;
    return hash('sha256', this.#lines.sort().join('\0\0'), 'base64');
  }
}
