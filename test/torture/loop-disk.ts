import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRoot, makeTemporaryDirectory, removeTemporaryDirectory } from '../helpers/temporary.ts';

/** A file system of its own in a file, whose power can be cut: it forgets whatever was not made durable. */
export type LoopDisk = {
  /** Where it is mounted. */
  readonly path: string;
  /** From here on nothing reaches the disk any more, not even the log of the file system (FS_IOC_SHUTDOWN). */
  readonly cut: () => void;
  /** Unmounts it and mounts it again, as after a reboot: the file system recovers from its log. */
  readonly restart: () => void;
  readonly unmount: () => void;
};

/** `EXT4_IOC_SHUTDOWN` with NOLOGFLUSH; xfs has the same number for its own. Perl, because Node knows no ioctl. */
export const cutScript =
  'open(F, "<", $ARGV[0]) or die $!; my $flag = pack("L", 2); ioctl(F, 0x8004587D, $flag) or die $!';

export type DiskType = 'ext4' | 'xfs';

function sh(command: string, ...args: string[]): void {
  const done = spawnSync(command, args, { encoding: 'utf8' });
  if (done.status !== 0)
    throw new Error(`${command} ${args.join(' ')}: ${done.stderr ?? String(done.error)}`);
}

/** Makes an empty file system in a file; xfs wants at least 300 MiB, which the file does not really take. */
export function format(image: string, type: DiskType, mebibytes = 48, inodes?: number): void {
  writeFileSync(image, '');
  truncateSync(image, (type === 'xfs' ? 300 : mebibytes) * 1024 * 1024);
  if (type === 'xfs') sh('mkfs.xfs', '-q', '-f', image);
  else {
    const files = inodes === undefined ? [] : ['-N', String(inodes)];
    const whole = 'lazy_itable_init=0,lazy_journal_init=0';
    sh('mkfs.ext4', '-q', '-F', '-m', '0', '-E', whole, ...files, image);
  }
}

export function mountDisk(image: string, path: string): LoopDisk {
  mkdirSync(path, { recursive: true });
  const mount = (): void => sh('mount', '-o', 'loop', image, path);
  // Busy for a moment, when whoever was killed has not quite ended.
  const unmount = (): void => {
    for (let tried = 0; tried < 100; tried += 1) {
      if (spawnSync('umount', [path]).status === 0) return;
      spawnSync('sleep', ['0.05']);
    }
    sh('umount', path);
  };
  mount();
  return {
    path,
    // One that is cut off already answers with an error.
    cut: () => void spawnSync('perl', ['-e', cutScript, path]),
    restart: () => {
      unmount();
      mount();
    },
    unmount,
  };
}

/** A copy that takes no more room than the original. */
export function copyImage(from: string, to: string): void {
  if (spawnSync('cp', ['--sparse=always', from, to]).status !== 0) copyFileSync(from, to);
}

let known: { readonly hindrance: string | undefined } | undefined;

/** Why power cannot be cut here, tried once on a disk of its own; `undefined` when it can. */
export function cutHindrance(): string | undefined {
  known ??= { hindrance: tryOnce('ext4') };
  return known.hindrance;
}

let xfs: boolean | undefined;

/** Whether xfs can be had as well; ext4 alone will do. */
export function hasXfs(): boolean {
  xfs ??= existsSync('/usr/sbin/mkfs.xfs') && tryOnce('xfs') === undefined;
  return xfs;
}

function tryOnce(type: DiskType): string | undefined {
  if (process.platform !== 'linux') return 'power is cut on Linux only';
  if (!isRoot()) return 'cutting power needs root';
  const directory = makeTemporaryDirectory('torture-disk-');
  try {
    const image = join(directory, 'image');
    format(image, type);
    const disk = mountDisk(image, join(directory, 'disk'));
    writeFileSync(join(disk.path, 'unsynced'), '');
    disk.cut();
    disk.restart();
    const kept = existsSync(join(disk.path, 'unsynced'));
    disk.unmount();
    return kept ? 'what was cut off came back: FS_IOC_SHUTDOWN does not work here' : undefined;
  } catch (cause) {
    return `no file system in a file whose power can be cut (mkfs, mount, perl): ${String(cause)}`;
  } finally {
    removeTemporaryDirectory(directory);
  }
}
