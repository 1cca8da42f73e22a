import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';

/** The part of AVA's `t` that helpers need. */
export type Teardown = { readonly teardown: (undo: () => void | Promise<void>) => void };

/** A new directory, real path, below the system's temporary directory; gone when the test ends. */
export function temporaryDirectory(t: Teardown, prefix = 'prodigy-clean-'): string {
  const path = makeTemporaryDirectory(prefix);
  t.teardown(() => removeTemporaryDirectory(path));
  return path;
}

/** The same without a test: the caller removes it with {@link removeTemporaryDirectory}. */
export function makeTemporaryDirectory(prefix = 'prodigy-clean-'): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), prefix)));
  made.add(path);
  return path;
}

/** What this process made, and therefore may remove: where a path lies says nothing, a checkout can lie there, too. */
const made = new Set<string>();

/** Whether `path` lies strictly below the system's temporary directory, by its name and by its real name. */
export function isTemporary(path: string): boolean {
  return [tmpdir(), realpathSync(tmpdir())].some(
    (top) => path.startsWith(top + sep) && !path.includes('/../'),
  );
}

/** Removes a temporary directory with whatever tests did to it: mounts, immutable flags, closed directories. */
export function removeTemporaryDirectory(path: string): void {
  if (!made.delete(path)) throw new Error(`not a temporary directory of this process: ${path}`);
  unmountBelow(path);
  try {
    // Not tried again yet: what is immutable would be, at every level above it, for minutes.
    rmSync(path, { recursive: true, force: true });
  } catch {
    if (isRoot() && process.platform === 'linux') spawnSync('chattr', ['-R', '-f', '-i', '-a', path]);
    openDirectories(path);
    rmSync(path, { recursive: true, force: true, maxRetries: 3 });
  }
}

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Whether this process may mount a file system: tried once, with a tmpfs. */
export function canMount(): boolean {
  mountable ??= isRoot() && process.platform === 'linux' && tryIn((path) => mountTmpfs(path, '1m'));
  return mountable;
}
let mountable: boolean | undefined;

/** Whether this process may make a file immutable: tried once. */
export function canChattr(): boolean {
  immutable ??=
    isRoot() &&
    process.platform === 'linux' &&
    tryIn((path) => {
      writeFileSync(join(path, 'file'), '');
      return setImmutable(join(path, 'file'), true);
    });
  return immutable;
}
let immutable: boolean | undefined;

/** `chattr +i` or `-i`: the one way to make a removal fail for root. Teardown lifts it. */
export function setImmutable(path: string, on: boolean): boolean {
  return spawnSync('chattr', [on ? '+i' : '-i', path]).status === 0;
}

/**
 * Mounts a new tmpfs on an existing directory; teardown of the temporary directory unmounts it.
 *
 * @param size - as mount takes it: `3m`; `inodes` limits the number of entries
 */
export function mountTmpfs(path: string, size: string, inodes?: number): boolean {
  const options = inodes === undefined ? `size=${size}` : `size=${size},nr_inodes=${inodes}`;
  return spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path]).status === 0;
}

function tryIn(attempt: (path: string) => boolean): boolean {
  const path = makeTemporaryDirectory();
  try {
    return attempt(path);
  } catch {
    return false;
  } finally {
    removeTemporaryDirectory(path);
  }
}

function unmountBelow(path: string): void {
  if (!isRoot() || process.platform !== 'linux') return;
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => (line.split(' ')[4] ?? '').replaceAll('\\040', ' '))
    .filter((mount) => mount === path || mount.startsWith(`${path}/`));
  for (const mount of mounts.reverse()) spawnSync('umount', ['-l', mount]);
}

function openDirectories(path: string): void {
  chmodSync(path, 0o700);
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) openDirectories(join(path, entry.name));
  }
}
