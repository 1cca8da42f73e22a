import { join } from 'node:path';
import { real } from './interpose.ts';

const memory = '/dev/shm';

/**
 * Runs `work` in a directory in memory where there is such a thing, in `directory` where not: a trial that simulates its
 * own power cuts has no use for a disk, and syncs cost it nothing there.
 *
 * @param isToKeep - what is to be looked at afterwards is copied to `directory`
 */
export async function swiftDirectory<T>(
  directory: string,
  work: (top: string) => Promise<T>,
  isToKeep: (result: T) => boolean = () => false,
): Promise<T> {
  const top = real.mkdtempSync(join(isWritable(memory) ? memory : directory, 'prodigy-clean-torture-'));
  try {
    const result = await work(top);
    if (isToKeep(result)) real.cpSync(top, directory, { recursive: true, verbatimSymlinks: true });
    return result;
  } finally {
    openAll(top);
    real.rmSync(top, { recursive: true, force: true });
  }
}

function isWritable(path: string): boolean {
  try {
    real.accessSync(path, real.constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function openAll(directory: string): void {
  real.chmodSync(directory, 0o700);
  for (const entry of real.readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) openAll(join(directory, entry.name));
  }
}
