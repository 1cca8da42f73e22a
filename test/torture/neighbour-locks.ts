import { spawn, type ChildProcess } from 'node:child_process';
import { deadPid, resumeLock } from '../helpers/lock-artefact.ts';
import type { Cast } from './neighbour-storage.ts';
import type { Random } from './random.ts';

const locks = ['live', 'dead', 'foreign', 'recycled', 'empty', 'young-empty', 'corrupt'] as const;
export type LockState = (typeof locks)[number];
/** Of these nobody can hold anything any more. */
export const stale: ReadonlySet<LockState> = new Set(['dead', 'recycled']);

/** Alive, called prodigy, and at work for another storage: somebody whom a lock can name. */
export function somebody(): ChildProcess {
  const script = "process.title = 'prodigy'; setInterval(() => {}, 60_000)";
  const env = { HOME: '/nonexistent', PRODIGY_HOME: '/nonexistent/.prodigy' };
  return spawn(process.execPath, ['-e', script], { cwd: '/', env, stdio: 'ignore' });
}

/** Two of the sessions that would go get a lock of some kind. */
export async function lockSome(
  { shop, lockable }: Cast,
  random: Random,
  livePid: number,
): Promise<ReadonlyMap<string, LockState>> {
  const locked = new Map<string, LockState>();
  const { home } = shop;
  for (const id of lockable.slice(0, 2)) {
    const state = random.pick(locks);
    locked.set(id, state);
    switch (state) {
      case 'live':
        await resumeLock(home, { id, holder: 'live', pid: livePid, ago: '0s' });
        break;
      case 'recycled':
        // This process runs, is no Prodigy, and began after the lock was taken.
        await resumeLock(home, { id, holder: 'live', pid: process.pid, ago: '20d' });
        break;
      case 'young-empty':
        await resumeLock(home, { id, holder: 'empty', ago: '5m' });
        break;
      case 'dead':
        await resumeLock(home, { id, holder: 'dead', pid: deadPid(), ago: '3d' });
        break;
      default:
        await resumeLock(home, { id, holder: state, ago: '3d' });
    }
  }
  return locked;
}
