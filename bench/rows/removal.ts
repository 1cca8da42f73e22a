import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { ProdigyHome } from '../../test/helpers/prodigy-home.ts';
import { endOf, runOurs, runPeer, type Child } from '../child.ts';
import { findUpstream } from '../upstream.ts';
import type { Contender, Sample } from '../row.ts';
import type { Stage } from '../stage.ts';

/** A storage, and what a run removes from it. */
export type Removable = {
  readonly home: ProdigyHome;
  readonly kind: string;
  readonly items: number;
  /** Directories whose content goes, all of it. */
  readonly directories: readonly string[];
};

export type Removal = {
  /** Whom the target names; the others are there to be seen, in half the rounds. */
  readonly against: 'rm -rf' | 'find -delete';
  readonly make: () => Promise<Removable>;
  /** Further words for our own run. */
  readonly args?: readonly string[];
};

export const ourselves = 'prodigy clean';

/** Our run against `find -delete`, `rm -rf` and others, each on a storage made for it. */
export function removalContenders(stage: Stage, { against, make, args = [] }: Removal): readonly Contender[] {
  const measured = async (run: (removable: Removable) => Promise<Sample>): Promise<Sample> => {
    const removable = await make();
    stage.goCold();
    const sample = await run(removable);
    await rm(removable.home.home, { recursive: true, force: true, maxRetries: 3 });
    return sample;
  };
  const peer =
    (command: string, argsFor: (directories: readonly string[]) => readonly string[]) =>
    (): Promise<Sample> =>
      measured(async ({ directories }) => {
        const ran = await runPeer(stage, command, argsFor(directories));
        for (const directory of directories) {
          if (existsSync(directory) && readdirSync(directory).length > 0)
            throw new Error(`${command} left something in ${directory}`);
        }
        return ran;
      });
  const upstream = findUpstream();
  const contenders: readonly Contender[] = [
    {
      name: ourselves,
      run: () =>
        measured(async (removable) => {
          const words = ['clean', `--${removable.kind}`, '--all-repos', '--force', '--json', ...args];
          const ran = await runOurs(stage, removable.home.home, words);
          checkRemoval(ran, removable);
          return ran;
        }),
    },
    { name: 'rm -rf', run: peer('rm', (directories) => ['-rf', '--', ...directories]) },
    {
      name: 'find -delete',
      run: peer('find', (directories) => [...directories, '-mindepth', '1', '-delete']),
    },
    {
      name: 'fs.promises.rm',
      run: peer(process.execPath, (directories) => ['-e', removeScript, ...directories]),
    },
    { name: 'rimraf', ...rimraf(peer) },
    {
      name: 'Prodigy',
      ...('absent' in upstream ? { absent: upstream.absent } : {}),
      mayFail: true,
      run: () =>
        measured(async ({ home, kind, directories }) => {
          const program = 'absent' in upstream ? '' : upstream.path;
          const env = { HOME: home.home, PRODIGY_HOME: home.root };
          const words = ['clean', kind, '--older-than', '1d', '--force'];
          const cwd = join(home.home, 'src', 'shop');
          mkdirSync(cwd, { recursive: true });
          const ran = await runPeer(stage, program, words, { env, cwd });
          const left = directories.filter((path) => existsSync(path)).flatMap(withoutOwn);
          if (left.length > 0) throw new Error(`it left ${left.length} of the ${kind}`);
          return ran;
        }),
    },
  ];
  const named = new Set([ourselves, against, 'Prodigy']);
  return contenders.map((one) => (named.has(one.name) ? one : { ...one, share: 0.5 }));
}

const removeScript =
  "Promise.all(process.argv.slice(1).map((path) => require('node:fs').promises.rm(path, { recursive: true })))";

function rimraf(
  peer: (
    command: string,
    argsFor: (directories: readonly string[]) => readonly string[],
  ) => () => Promise<Sample>,
): Pick<Contender, 'absent' | 'run'> {
  try {
    const entry = createRequire(import.meta.url).resolve('rimraf');
    // Its package is found by an export that leads to `dist/commonjs/index.js`; the program lies beside it.
    const program = join(dirname(dirname(entry)), 'esm', 'bin.mjs');
    return { run: peer(process.execPath, (directories) => [program, ...directories]) };
  } catch {
    return { absent: 'rimraf is not installed', run: () => Promise.reject(new Error('rimraf is absent')) };
  }
}

/** Throws unless the run says, and the disk shows, that everything it was made to remove is gone. */
export function checkRemoval(ran: Child, { home, kind, items, directories }: Removable): void {
  if (ran.exitCode !== 0) throw new Error(`the run failed: ${endOf(ran)}`);
  const document = JSON.parse(ran.stdout) as {
    readonly outcome?: unknown;
    readonly kinds?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  };
  const counts = document.kinds?.[kind];
  const says = `condemned ${counts?.['condemned']}, removed ${counts?.['removed']}, failed ${counts?.['failed']}`;
  if (document.outcome !== 'completed' || counts?.['removed'] !== items || counts['condemned'] !== items)
    throw new Error(`${items} ${kind} were to go: ${String(document.outcome)}, ${says}`);
  const left = directories.filter((path) => existsSync(path)).flatMap(withoutOwn);
  if (left.length > 0) throw new Error(`still there: ${left.slice(0, 3).join(', ')}`);
  const quarantine = join(home.root, 'clean', 'quarantine');
  // Worktrees are freed at once; small kinds may lie there for their undo.
  if (kind === 'worktrees' && existsSync(quarantine) && filesIn(quarantine) > 0)
    throw new Error(`bytes are left in ${quarantine}`);
}

/** What lies in a directory, but for files that Prodigy or git keep there. */
function withoutOwn(directory: string): readonly string[] {
  return readdirSync(directory).filter(
    (name) => !name.startsWith('.') && !isEmptyDirectory(join(directory, name)),
  );
}

function isEmptyDirectory(path: string): boolean {
  try {
    return readdirSync(path).length === 0;
  } catch {
    return false;
  }
}

function filesIn(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true }).filter(
    (entry) => !entry.isDirectory(),
  ).length;
}
