import { randomBytes } from 'node:crypto';
import { rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { discardFlatDirectory, namesIn, syncDirectory } from './durable.ts';
import { databasePath, isDirectory, nextPath, nextPrefix } from './layout.ts';

/** How long the database of an older format is kept after it was copied forward. */
const keepOldMs = 30 * 24 * 60 * 60 * 1000;

/** Where a database is made that is to take the place of another. What a dead process left is swept. */
export function newNextPath(directory: string): string {
  return join(directory, `${nextPrefix}${process.pid}-${randomBytes(4).toString('hex')}`);
}

/**
 * Puts the database in `made`, complete and durable, in the place of the one that is there, which is kept as `aside`.
 * There is always one of the two: whatever is called `db.next` is complete, and {@link finishSwap} ends what a crash
 * cut short. Answers with the name under which the old one is kept.
 */
export async function swapIn(
  directory: string,
  made: string,
  aside: string,
  step: (step: string) => void,
): Promise<string> {
  await discardFlatDirectory(nextPath(directory));
  await rename(made, nextPath(directory));
  await syncDirectory(directory);
  step('next-ready');
  const kept = await freeName(directory, aside);
  if (await isDirectory(databasePath(directory))) {
    await rename(databasePath(directory), join(directory, kept));
    await syncDirectory(directory);
  }
  step('old-aside');
  await finishSwap(directory);
  step('swapped');
  return kept;
}

export async function finishSwap(directory: string): Promise<void> {
  const isHalf = !(await isDirectory(databasePath(directory))) && (await isDirectory(nextPath(directory)));
  if (!isHalf) return;
  try {
    await rename(nextPath(directory), databasePath(directory));
  } catch (error) {
    // Another process was quicker.
    if (!(await isDirectory(databasePath(directory)))) throw error;
  }
  await syncDirectory(directory);
}

/** Discards databases of older formats that were copied forward long ago. What resists is left. */
export async function sweepOldFormats(directory: string, nowMs: number): Promise<void> {
  for (const name of await namesIn(directory).catch(() => [])) {
    if (!/^db\.old-\d+(?:\.\d+)?$/.test(name)) continue;
    const path = join(directory, name);
    const changedMs = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => nowMs,
    );
    if (nowMs - changedMs > keepOldMs) await discardFlatDirectory(path).catch(() => undefined);
  }
}

/** `name`, or `name.2` and so on when it is taken. */
export async function freeName(directory: string, name: string): Promise<string> {
  const taken = new Set(await namesIn(directory));
  let free = name;
  for (let count = 2; taken.has(free); count += 1) free = `${name}.${count}`;
  return free;
}
