import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** More names than this are not asked: a few are enough. */
const mostTraces = 50_000;

type Place = { readonly path: string; readonly depth: number };

/** When what lies in these places was last written. Reads names and times, follows no link; what cannot be read tells nothing. */
export async function tracesIn(places: readonly Place[]): Promise<readonly number[]> {
  const times: number[] = [];
  const waiting = [...places];
  for (let place = waiting.shift(); place !== undefined; place = waiting.shift()) {
    const { path, depth } = place;
    for (const name of await readdir(path).catch(() => [])) {
      if (times.length >= mostTraces) return times;
      const found = await lstat(join(path, name)).catch(() => undefined);
      if (found === undefined) continue;
      times.push(found.mtimeMs);
      if (depth > 1 && found.isDirectory()) waiting.push({ path: join(path, name), depth: depth - 1 });
    }
  }
  return times;
}

/** Where machines and Prodigy leave traces of every day. */
export function tracePlaces(home: string, roots: readonly string[]): readonly Place[] {
  return [
    ...roots.map((path) => ({ path, depth: 3 })),
    { path: '/var/log', depth: 2 },
    { path: home, depth: 1 },
  ];
}

/**
 * Whether the clock follows others in the network, as the kernel knows it: setting it by hand ends that. Only a plain
 * yes is one.
 */
export async function isSynchronised(): Promise<boolean> {
  const args = ['show', '--property=NTPSynchronized', '--value'];
  // A hundred modules: loaded where they are needed.
  const { execa } = await import('execa');
  const { stdout, exitCode } = await execa('timedatectl', args, { reject: false, timeout: 3000, cwd: '/' });
  return exitCode === 0 && stdout.trim() === 'yes';
}
