import { realpathSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { errnoOf } from './failure.ts';
import type { Mount } from './mounts.ts';
import { isAncestorOrSelf } from './path.ts';

/** No system takes a longer path, in bytes: what somebody wrote down may have ten thousand levels. */
const longestPath = 4096;

/** Of what is not there, the real path of the nearest directory above it that is, and the rest. */
export function realNearest(path: string): string {
  for (let at = path; ; at = dirname(at)) {
    const real = realOf(at);
    if (real !== undefined) return at === path ? real : join(real, path.slice(at.length));
    if (dirname(at) === at) return path;
  }
}

function realOf(path: string): string | undefined {
  if (path.length > longestPath) return undefined;
  try {
    // The other one resolves `..` in the text, before it looks.
    return realpathSync.native(path);
  } catch (cause) {
    if (errnoOf(cause) === undefined) throw cause;
    return undefined;
  }
}

/** The other names of a real path: by each mount that shows it. */
export function otherSpellings(real: string, mounts: readonly Mount[]): readonly string[] {
  const mount = mounts.findLast(({ point }) => isAncestorOrSelf(point, real));
  if (mount === undefined) return [];
  const inside = join(mount.root, relative(mount.point, real));
  return mounts
    .filter(({ device, root }) => device === mount.device && isAncestorOrSelf(root, inside))
    .map(({ root, point }) => join(point, relative(root, inside)))
    .filter((spelling) => spelling !== real);
}
