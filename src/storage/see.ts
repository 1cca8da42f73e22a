import { closeSync, lstatSync, readdirSync, type BigIntStats, type Dirent } from 'node:fs';
import { err, ok, type Result } from 'neverthrow';
import { toIdentity } from '../disk/identity.ts';
import type { FileType, Identity, Size } from '../model/item.ts';
import type { Doubt } from '../model/reason.ts';

/** A name that was looked at without following it. */
export type Seen = {
  readonly path: string;
  readonly identity: Identity;
  readonly mtimeMs: number;
  /** Allocated; of a directory without what is below it. */
  readonly bytes: number;
  readonly links: number;
};

/** Closes what was only read: what was read is as good when the system complains, and the descriptor is gone. */
export function closeRead(descriptor: number): void {
  try {
    closeSync(descriptor);
  } catch (cause) {
    if (errorCode(cause) === undefined) throw cause;
  }
}

/**
 * Bytes and entries of what was seen, when nothing else can share them: then it need not be measured again.
 * `undefined` when a file has other names, which may lie anywhere.
 */
export function sizeOf(all: readonly Seen[]): Size | undefined {
  let bytes = 0;
  for (const one of all) {
    if (one.identity.type !== 'directory' && one.links !== 1) return undefined;
    bytes += one.bytes;
  }
  return { bytes, files: all.length };
}

/** `undefined` when nothing has this name. Synchronous: for small calls by the ten thousand it is the fast way. */
export function see(path: string): Result<Seen | undefined, Doubt> {
  try {
    const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    return ok(stats === undefined ? undefined : seen(path, stats));
  } catch (cause) {
    return err(unreadable(path, cause));
  }
}

export function seen(path: string, stats: BigIntStats): Seen {
  return {
    path,
    identity: compact(toIdentity(stats)),
    mtimeMs: Number(stats.mtimeMs),
    bytes: Number(stats.blocks ?? 0n) * 512,
    links: Number(stats.nlink),
  };
}

const devices = new Map<string, string>();

/** A hundred thousand of them are kept at a time: equal text is kept once. */
function compact(identity: Identity): Identity {
  const { dev, mtimeNs, birthtimeNs } = identity;
  const known = devices.get(dev);
  if (known === undefined) devices.set(dev, dev);
  const { ino, type, size } = identity;
  return {
    dev: known ?? dev,
    ino,
    type,
    mtimeNs,
    birthtimeNs: birthtimeNs === mtimeNs ? mtimeNs : birthtimeNs,
    size,
  };
}

/** Names in a directory, sorted: two looks at the same storage tell the same. */
export function list(path: string): Result<Dirent[], Doubt> {
  try {
    return ok(readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1)));
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return ok([]);
    return err(unreadable(path, cause));
  }
}

/** Node shows a name that is not UTF-8 with this character: it can be listed but not opened by that text. */
export function isNameable(name: string): boolean {
  return !name.includes('\uFFFD');
}

export function unreadable(path: string, cause: unknown): Doubt {
  const code = errorCode(cause);
  if (code === 'ELOOP') return { reason: 'symlink', detail: 'a symbolic link', path };
  return { reason: 'unreadable', detail: code ?? 'cannot be read', path };
}

export function errorCode(cause: unknown): string | undefined {
  if (typeof cause !== 'object' || cause === null || !('code' in cause)) return undefined;
  return typeof cause.code === 'string' ? cause.code : undefined;
}

export function fileType(entry: Dirent): FileType {
  if (entry.isSymbolicLink()) return 'symlink';
  if (entry.isDirectory()) return 'directory';
  return entry.isFile() ? 'file' : 'other';
}
