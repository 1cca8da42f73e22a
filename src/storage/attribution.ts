import { basename, isAbsolute } from 'node:path';
import type { Repository } from '../model/item.ts';
import { mapEach } from './each.ts';
import type { Placing } from './placing.ts';
import type { Relations } from './relations.ts';
import { repositoryAt } from './repository.ts';
import { isOutside, nowhere, SessionFinder, type Attributed } from './session-finder.ts';
import type { Survey, WorktreeEntry } from './entries.ts';

/** Answers of PRODIGY-STORAGE 6.3. */
export type Repositories = {
  ofSession(id: string): Attributed;
  /** By a directory name of the second level, a session's or a repository's. */
  ofHolder(holder: string | undefined): Attributed;
  ofWorktree(entry: WorktreeEntry): Attributed;
  /** By a directory somebody worked in, recorded earlier in the session or checkpoint. */
  ofDirectory(path: string): Attributed;
  /** Main git directories known for a name. */
  gitDirsOf(name: string): ReadonlySet<string>;
};

const lookupsAtOnce = 64;

export async function attribute(
  survey: Survey,
  relations: Relations,
  placing: Placing,
): Promise<Repositories> {
  const directories = await repositoriesOfDirectories(survey, relations, placing);
  const gitDirs = gitDirsByName(survey, relations, directories);
  const byName = (name: string): Attributed => {
    const known = gitDirs.get(name);
    if (known === undefined) return { repository: { name }, attribution: 'name' };
    const [only, ...others] = known;
    if (only === undefined || others.length > 0) return { repository: { name }, attribution: 'ambiguous' };
    return { repository: { name, gitDir: only }, attribution: 'path' };
  };
  const lookUp = (path: string): Attributed => {
    const name = basename(path);
    const repository = directories.get(path);
    if (repository !== undefined) {
      return { repository: { name, ...gitDirOf(repository) }, attribution: 'path' };
    }
    // It is gone from there. A repository of that name somewhere else may be it, moved, or a stranger.
    return { repository: { name }, attribution: gitDirs.has(name) ? 'ambiguous' : 'name' };
  };
  // Thousands of sessions worked in one directory: they share one answer.
  const answers = new Map<string, Attributed>();
  const ofDirectory = (path: string): Attributed => {
    const known = answers.get(path) ?? lookUp(path);
    answers.set(path, known);
    return known;
  };
  const finder = new SessionFinder(survey, relations, placing, byName, ofDirectory);
  const ofSession = (id: string): Attributed => finder.find(id);
  const ofHolder = (holder: string | undefined): Attributed => {
    if (holder === undefined) return nowhere;
    return relations.isSession(holder) ? ofSession(holder) : byName(holder);
  };
  const ofWorktree = ({ holder, name, signs }: WorktreeEntry): Attributed => {
    if (signs.mainGitDir === undefined) return ofHolder(holder);
    const above = relations.isSession(holder) ? ofSession(holder).repository?.name : holder;
    return { repository: { name: above ?? name, gitDir: signs.mainGitDir }, attribution: 'path' };
  };
  return {
    ofSession,
    ofHolder,
    ofWorktree,
    ofDirectory,
    gitDirsOf: (name) => gitDirs.get(name) ?? new Set(),
  };
}

/** Each directory that a session or checkpoint says it worked in, looked up once. Worktrees tell by themselves. */
async function repositoriesOfDirectories(
  survey: Survey,
  relations: Relations,
  placing: Placing,
): Promise<ReadonlyMap<string, Repository>> {
  const directories = new Set<string>();
  const note = (path: string): void => {
    if (isAbsolute(path)) directories.add(path);
  };
  for (const { folder } of survey.checkpoints) folder.workingDirectories.forEach(note);
  for (const records of relations.read.values()) {
    for (const { workingDirectories } of records) workingDirectories.forEach(note);
  }
  for (const { cwd } of survey.logs) if (cwd !== undefined) note(cwd);
  const outside = [...directories].filter((path) => isOutside(path, placing));
  const found = await mapEach(outside, lookupsAtOnce, async (path) => {
    const repository = await repositoryAt(path);
    return repository === undefined ? [] : [[path, repository] as const];
  });
  return new Map(found.flat());
}

function gitDirsByName(
  survey: Survey,
  relations: Relations,
  directories: ReadonlyMap<string, Repository>,
): ReadonlyMap<string, ReadonlySet<string>> {
  const known = new Map<string, Set<string>>();
  const note = (name: string, gitDir: string | undefined): void => {
    if (gitDir === undefined) return;
    const set = known.get(name);
    if (set === undefined) known.set(name, new Set([gitDir]));
    else set.add(gitDir);
  };
  for (const { holder, signs } of survey.worktrees) {
    if (!relations.isSession(holder)) note(holder, signs.mainGitDir);
  }
  for (const [path, { gitDir }] of directories) note(basename(path), gitDir);
  return known;
}

function gitDirOf({ gitDir }: Repository): { gitDir?: string } {
  return gitDir === undefined ? {} : { gitDir };
}
