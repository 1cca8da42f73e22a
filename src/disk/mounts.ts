import { readFile } from 'node:fs/promises';
import { isAncestorOrSelf } from './path.ts';

/** Where file systems are mounted, as this process sees it. */
export type MountTable = {
  readonly points: readonly string[];
  /** In their order, the last one on top; none where the system does not tell. */
  readonly mounts?: readonly Mount[];
};

/** Of the file system `device`, the directory `root` is shown at `point`. */
export type Mount = { readonly device: string; readonly root: string; readonly point: string };

/** The kernel writes space, tab, newline and backslash in names as three octal digits. */
function decodeOctal(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\([0-7]{3})/gu, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}

/** The third, fourth and fifth field of each line of `/proc/self/mountinfo`. */
export function parseMountInfo(text: string): MountTable {
  const mounts: Mount[] = [];
  for (const line of text.split('\n')) {
    const [, , device, root, point] = line.split(' ');
    if (device === undefined || root === undefined || point === undefined) continue;
    mounts.push({ device, root: decodeOctal(root), point: decodeOctal(point) });
  }
  return { points: mounts.map(({ point }) => point), mounts };
}

/** Lines of `mount` on macOS: `/dev/disk3s5 on /System/Volumes/Data (apfs, local)`. */
export function parseMountOutput(text: string): MountTable {
  const points: string[] = [];
  for (const line of text.split('\n')) {
    const point = /^.*? on (.*) \([^()]*\)$/u.exec(line)?.[1];
    if (point !== undefined) points.push(point);
  }
  return { points };
}

/**
 * The mount table of this moment; `undefined` when it cannot be told. Device numbers are no substitute:
 * a bind mount has the number of the file system it shows (JOURNAL 3.2).
 */
export async function readMounts(): Promise<MountTable | undefined> {
  try {
    if (process.platform === 'linux') {
      const table = parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8'));
      return table.points.length === 0 ? undefined : table;
    }
    if (process.platform === 'darwin') {
      const { execa } = await import('execa');
      const table = parseMountOutput((await execa('/sbin/mount', [], { stdin: 'ignore', cwd: '/' })).stdout);
      return table.points.length === 0 ? undefined : table;
    }
  } catch {
    // Whatever kept us from reading it: the answer is that we do not know.
  }
  return undefined;
}

/**
 * Mount points at `path` and below it.
 *
 * @param path - without symbolic links: the table knows real paths only
 */
export function mountsInside(table: MountTable, path: string): readonly string[] {
  return table.points.filter((point) => isAncestorOrSelf(path, point));
}
