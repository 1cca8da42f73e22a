import { lchown, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { isRoot } from './temporary.ts';

const nobody = 65_534;

export type Spoke = {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | undefined;
};

/**
 * Runs `node` with `args` as a user without rights when we are root, as ourselves otherwise: the way to see a
 * permission failure on a machine where tests run as root. Temporary directories are 0700: see {@link giveToNobody}.
 */
export async function asNobody(
  args: readonly string[],
  options: {
    readonly cwd?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly input?: string;
  } = {},
): Promise<Spoke> {
  const done = await execa(process.execPath, args, {
    cwd: options.cwd ?? '/',
    env: { PATH: process.env['PATH'] ?? '', TZ: 'UTC', ...options.env },
    extendEnv: false,
    reject: false,
    stripFinalNewline: false,
    input: options.input ?? '',
    ...(isRoot() ? { uid: nobody, gid: nobody } : {}),
  });
  return { stdout: done.stdout, stderr: done.stderr, exitCode: done.exitCode };
}

/** Makes a whole temporary tree belong to the user that {@link asNobody} runs as; links are not followed. */
export async function giveToNobody(path: string): Promise<void> {
  if (!isRoot()) return;
  await lchown(path, nobody, nobody);
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) await giveToNobody(child);
    else await lchown(child, nobody, nobody);
  }
}
