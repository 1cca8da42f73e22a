import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { scratchPid } from '../disk/whole-file.ts';
import type { LockOddity } from '../model/oddity.ts';
import { isOwnScratch, type RunLockSeen } from './run-lock.ts';
import { lockAside } from './prodigy-lock.ts';
import type { Storage } from './storage.ts';

/** Resume locks that nobody holds any more, or that cannot be understood. */
export function oddResumeLocks({ locks }: Storage): readonly LockOddity[] {
  return [...locks.values()].flat().flatMap(({ path, link, lock }): LockOddity[] => {
    if (link !== undefined) return [];
    switch (lock.state) {
      case 'stale':
        return [{ type: 'lock-stale', path, pid: lock.pid }];
      case 'foreign':
        return [{ type: 'lock-foreign', path, host: lock.host, since: lock.acquiredAt }];
      case 'broken':
        return [{ type: 'lock-broken', path, detail: lock.detail }];
      case 'absent':
      case 'live':
      case 'ours':
      // It may be half written: somebody is at work.
      case 'broken-young':
        return [];
    }
  });
}

/** Run locks that no process of this machine holds. */
export function oddRunLocks(seen: readonly RunLockSeen[]): readonly LockOddity[] {
  return seen.flatMap(({ path, state, pid, host }): LockOddity[] => {
    switch (state) {
      case 'stale':
      case 'abandoned':
        return [{ type: 'run-lock-stale', path, pid }];
      case 'foreign':
      case 'unknown':
        return [{ type: 'run-lock-respected', path, host }];
      case 'live':
        return [];
    }
  });
}

/** Whether a name that the survey does not know is a scratch file of ours, told by {@link lockScratch}. */
export function isLockScratch(path: string): boolean {
  const name = basename(path);
  return scratchPid(name) !== undefined || lockAside(name) !== undefined;
}

/** What killed processes left of locks. To be asked only while no run is under way: it would be in the middle of one. */
export async function lockScratch(roots: readonly string[]): Promise<readonly LockOddity[]> {
  const found: LockOddity[] = [];
  for (const directory of roots.flatMap((root) => [join(root, 'resume_locks'), join(root, 'clean')])) {
    const names: readonly string[] = await readdir(directory).catch(() => []);
    for (const name of names.toSorted()) {
      const path = join(directory, name);
      if (lockAside(name) !== undefined) found.push({ type: 'lock-aside', path });
      else if (isOwnScratch(name)) found.push({ type: 'scratch', path });
    }
  }
  return found;
}
