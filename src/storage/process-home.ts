import { readFile, readlink, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { hasEnded } from './proc.ts';

/**
 * Whether a process may work on one of these storage roots, told by the `HOME` and `PRODIGY_HOME` it was started with.
 * Whatever cannot be told is `true`: only a process that surely has another home is another storage's, and one that has
 * ended since it was seen works on none. One in another mount namespace may know the same directory by another name.
 * Nothing else of its environment is looked at.
 *
 * @param roots - real paths
 */
export async function mayUseRoots(pid: number, roots: readonly string[]): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  try {
    const [theirs, ours] = await Promise.all([
      readlink(`/proc/${pid}/ns/mnt`),
      readlink('/proc/self/ns/mnt'),
    ]);
    if (theirs !== ours) return true;
    const environment = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0');
    const home = valueOf(environment, 'HOME');
    const given = valueOf(environment, 'PRODIGY_HOME');
    // What is just ending has no environment any more.
    if (home === undefined) return !hasEnded(pid);
    if (!isAbsolute(home)) return true;
    if (given !== undefined && !isAbsolute(given)) return true;
    const used = [join(home, '.prodigy'), ...(given === undefined ? [] : [given])];
    const real = await Promise.all(used.map((path) => realpath(path).catch(() => path)));
    if (real.some((path) => roots.includes(path))) return true;
    // By another mount a root has another real path.
    const objects = new Set(await Promise.all(roots.map(objectAt)));
    return (await Promise.all(real.map(objectAt))).some((one) => one !== undefined && objects.has(one));
  } catch {
    return !hasEnded(pid);
  }
}

async function objectAt(path: string): Promise<string | undefined> {
  return stat(path, { bigint: true }).then(
    ({ dev, ino }) => `${dev}:${ino}`,
    () => undefined,
  );
}

function valueOf(environment: readonly string[], name: string): string | undefined {
  return environment.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1);
}
