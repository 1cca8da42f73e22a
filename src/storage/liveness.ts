import { basename, dirname } from 'node:path';
import type { ProcessUse, Repository } from '../model/item.ts';
import { isAncestorOrSelf, normalise } from '../disk/path.ts';
import type { ProcessInfo, ProcessTable } from './processes.ts';
import { mayUseRoots } from './process-home.ts';
import { repositoryAt } from './repository.ts';

/**
 * Processes that stand in `path`, run from it or hold something in it open. Our own ancestors count (the user's shell
 * may stand there), our own open files do not.
 */
export function usersOf(path: string, table: ProcessTable): readonly ProcessUse[] {
  const asked = normalise(path);
  if (asked === undefined) return [];
  const index = indexOf(table);
  const found = new Set<ProcessUse>();
  for (const spelling of spellings(asked, table)) {
    for (const use of index.get(spelling) ?? []) found.add(use);
  }
  return [...found];
}

/** The path as given, and as the kernel shows it when it lies under a prefix that is reached through a link. */
function spellings(path: string, { aliases = [] }: ProcessTable): readonly string[] {
  const real = aliases
    .filter(([given]) => isAncestorOrSelf(given, path))
    .map(([given, target]) => normalise(target + path.slice(given.length)) ?? path);
  return [path, ...real];
}

type Index = ReadonlyMap<string, readonly ProcessUse[]>;

const indexes = new WeakMap<ProcessTable, Index>();

/** Every use under each directory above it: asked for a hundred thousand items, it is one look each. */
function indexOf(table: ProcessTable): Index {
  const known = indexes.get(table);
  if (known !== undefined) return known;
  const index = new Map<string, ProcessUse[]>();
  for (const use of table.processes.flatMap(usesOf)) {
    for (let at = use.path; ; at = dirname(at)) {
      const uses = index.get(at);
      if (uses === undefined) index.set(at, [use]);
      else uses.push(use);
      if (dirname(at) === at) break;
    }
  }
  indexes.set(table, index);
  return index;
}

function usesOf({ pid, name, cwd, executable, openFiles, self }: ProcessInfo): readonly ProcessUse[] {
  const use = (how: ProcessUse['how'], path: string | undefined): readonly ProcessUse[] => {
    const clean = path === undefined ? undefined : normalise(path);
    return clean === undefined ? [] : [{ pid, name, how, path: clean }];
  };
  const open = self ? [] : openFiles.flatMap((path) => use('open-file', path));
  return [...use('cwd', cwd), ...use('executable', executable), ...open];
}

/** A Prodigy at work. This program and those that started it are not meant: it may be called `prodigy` too. */
export function isProdigy({ executable, name, self, ancestor }: ProcessInfo): boolean {
  if (self || ancestor) return false;
  return name === 'prodigy' || (executable !== undefined && basename(executable) === 'prodigy');
}

/** Prodigy processes that stand in one of the directories or below. */
export function prodigyProcessesIn(
  directories: readonly string[],
  table: ProcessTable,
): readonly ProcessInfo[] {
  const places = directories.flatMap((directory) => spellings(directory, table));
  return table.processes.filter((process) => {
    const { cwd } = process;
    return isProdigy(process) && cwd !== undefined && places.some((place) => isAncestorOrSelf(place, cwd));
  });
}

export type ProdigyAtWork = {
  readonly process: ProcessInfo;
  /** The one it stands in, found through worktrees; `undefined` when it stands elsewhere or cannot be told. */
  readonly repository: Repository | undefined;
};

/**
 * Each live Prodigy with the repository that it works on, as far as its working directory tells. One that was surely
 * started for another storage is left out.
 *
 * @param roots - real paths of the storage
 */
export async function prodigiesAtWork(
  table: ProcessTable,
  roots: readonly string[],
): Promise<readonly ProdigyAtWork[]> {
  const prodigies = table.processes.filter(isProdigy);
  const found = await Promise.all(
    prodigies.map(async (process): Promise<ProdigyAtWork[]> => {
      if (!(await mayUseRoots(process.pid, roots))) return [];
      const repository = process.cwd === undefined ? undefined : await repositoryAt(process.cwd);
      return [{ process, repository }];
    }),
  );
  return found.flat();
}

/**
 * A live Prodigy that is tied to nothing finer than a repository protects each of its sessions that is not terminal, or
 * was touched after the process started. Start times are as good as the clock: a margin is on the side of protection.
 *
 * @param session - of the repository that the process works on
 */
export function mayBeAtWorkOn(
  session: { readonly isTerminal: boolean; readonly modifiedAtMs: number },
  process: ProcessInfo,
): boolean {
  return !session.isTerminal || session.modifiedAtMs >= process.startedAtMs - startMarginMs;
}

const startMarginMs = 2_000;
