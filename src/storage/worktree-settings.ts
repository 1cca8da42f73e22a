import { lstat, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readRegular } from '../regular-file.ts';
import { errorCode } from './see.ts';

/** A file of settings that only one worktree has, below its admin directory, and where a copy stays for undo. */
export type KeptSettings = { readonly name: string; readonly keptAt: string };

/** Patterns first: settings that speak of them follow. */
const settingsNames = ['info/sparse-checkout', 'config.worktree'] as const;

/** Which of them a worktree has. */
export async function findSettings(adminDir: string): Promise<readonly string[]> {
  const found = await Promise.all(
    settingsNames.map((name) =>
      lstat(join(adminDir, name)).then(
        (stats) => stats.isFile(),
        () => false,
      ),
    ),
  );
  return settingsNames.filter((_, index) => found[index]);
}

/**
 * Copies a small file, whole and durable but for its name; nothing when there is none any more. Throws node's error.
 * The copy is for its owner alone: settings may hold credentials.
 */
export async function copySettings(from: string, to: string): Promise<'copied' | 'absent'> {
  const bytes = await readWhole(from);
  if (bytes === undefined) return 'absent';
  await mkdir(dirname(to), { recursive: true });
  const scratch = `${to}.tmp`;
  try {
    await writeFile(scratch, bytes, { mode: 0o600, flush: true });
    await rename(scratch, to);
  } catch (cause) {
    await rm(scratch, { force: true });
    throw cause;
  }
  return 'copied';
}

/**
 * Gives a worktree that was just made the settings it had, and no others: git hands it those of the main working
 * directory. Throws node's error.
 *
 * @returns the names of those that are not kept any more
 */
export async function layOutSettings(
  adminDir: string,
  settings: readonly KeptSettings[],
): Promise<readonly string[]> {
  for (const name of settingsNames) await rm(join(adminDir, name), { force: true });
  const lost: string[] = [];
  for (const { name, keptAt } of settings) {
    if (!settingsNames.some((known) => known === name)) continue;
    if ((await copySettings(keptAt, join(adminDir, name))) === 'absent') lost.push(name);
  }
  return lost;
}

async function readWhole(path: string): Promise<Buffer | undefined> {
  try {
    return await readRegular(path);
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return undefined;
    throw cause;
  }
}
