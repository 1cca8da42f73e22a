import { spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the work is done: a directory of its own on the file system to be measured, gone in the end. */
export type Stage = {
  readonly directory: string;
  /** Of the sizes that DESIGN 9 names. */
  readonly scale: number;
  readonly seed: number;
  /** Whether the caches can be dropped here; otherwise all is measured warm. */
  readonly canDropCaches: boolean;
  /** Writes everything back and forgets what was read, as far as the system lets us. */
  readonly goCold: () => void;
  /** Removes everything that the contenders left. */
  readonly clear: () => Promise<void>;
};

/** @param isWarm - nothing is dropped or written back: other people's caches are left alone */
export function makeStage(parent: string, scale: number, seed: number, isWarm = false): Stage {
  const directory = realpathSync(mkdtempSync(join(realpathSync(parent), 'prodigy-clean-bench-')));
  const canDropCaches = !isWarm && dropCaches();
  return {
    directory,
    scale,
    seed,
    canDropCaches,
    goCold: () => {
      if (isWarm) return;
      spawnSync('sync');
      if (canDropCaches) dropCaches();
    },
    clear: async () => {
      for (const name of await readdir(directory)) {
        await rm(join(directory, name), { recursive: true, force: true, maxRetries: 3 });
      }
    },
  };
}

export function removeStage({ directory }: Stage): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}

export function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

/** A size of DESIGN 9 at this scale. */
export function scaled({ scale }: Pick<Stage, 'scale'>, size: number, least = 1): number {
  return Math.max(least, Math.round(size * scale));
}

/** Page cache, directory entries and inodes; Linux, and only for who may. */
function dropCaches(): boolean {
  try {
    writeFileSync('/proc/sys/vm/drop_caches', '3\n');
    return true;
  } catch {
    return false;
  }
}
