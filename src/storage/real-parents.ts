import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from './see.ts';

/**
 * What leads from `top` to `path`: real directories all the way, or a name that is not there, or something else, a link
 * for one, behind which everything belongs to somebody else. Rejects when it cannot be told.
 */
export async function parentsOf(top: string, path: string): Promise<'real' | 'absent' | 'other'> {
  let full = top;
  for (const name of path.split('/').slice(0, -1)) {
    full = join(full, name);
    const type = await typeOf(full);
    if (type !== 'directory') return type;
  }
  return 'real';
}

async function typeOf(path: string): Promise<'directory' | 'absent' | 'other'> {
  try {
    return (await lstat(path)).isDirectory() ? 'directory' : 'other';
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return 'absent';
    throw cause;
  }
}
