import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf } from './failure.ts';

/** Makes a directory and those it lies in, level by level: Node's own way calls a full disk `ENOENT`. */
export async function makeDirectories(path: string, mode = 0o777): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (cause) {
    const code = errnoOf(cause);
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(path) === path) throw cause;
    await makeDirectories(dirname(path), mode);
    await makeDirectories(path, mode);
  }
}
