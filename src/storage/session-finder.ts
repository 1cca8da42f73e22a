import { basename, isAbsolute } from 'node:path';
import type { Attribution, Repository } from '../model/item.ts';
import { addTo } from '../model/groups.ts';
import type { Survey, WorktreeEntry } from './entries.ts';
import { jobOfAgent } from './names.ts';
import type { Placing } from './placing.ts';
import type { Relations } from './relations.ts';

/** Whose repository something is, and how sure that is. */
export type Attributed = {
  readonly repository: Repository | undefined;
  readonly attribution: Attribution;
};

export const nowhere: Attributed = { repository: undefined, attribution: 'none' };

/** Finds the repository of each session once. */
export class SessionFinder {
  readonly #found = new Map<string, Attributed>();
  readonly #worktrees = new Map<string, WorktreeEntry[]>();
  readonly #agents = new Map<string, WorktreeEntry[]>();
  readonly #metadataHolders = new Map<string, string[]>();
  readonly #checkpoints = new Map<string, { directories: readonly string[]; atMs: number }[]>();
  readonly #outside = new Map<string, boolean>();
  readonly #placing: Placing;
  readonly #relations: Relations;
  readonly #byName: (name: string) => Attributed;
  readonly #ofDirectory: (path: string) => Attributed;

  constructor(
    survey: Survey,
    relations: Relations,
    placing: Placing,
    byName: (name: string) => Attributed,
    ofDirectory: (path: string) => Attributed,
  ) {
    this.#placing = placing;
    this.#relations = relations;
    this.#byName = byName;
    this.#ofDirectory = ofDirectory;
    for (const entry of survey.worktrees) {
      if (jobOfAgent(entry.name) === undefined) addTo(this.#worktrees, entry.name, entry);
      else addTo(this.#agents, entry.holder, entry);
    }
    for (const { name, holder } of survey.metadata) addTo(this.#metadataHolders, name, holder);
    for (const { holder, folder } of survey.checkpoints) {
      const { workingDirectories: directories, recordedAtMs: atMs = 0 } = folder;
      addTo(this.#checkpoints, holder, { directories, atMs });
    }
  }

  find(id: string): Attributed {
    const known = this.#found.get(id);
    if (known !== undefined) return known;
    // Stands for the answer while it is looked for: a chain that leads back to itself ends in nothing.
    this.#found.set(id, nowhere);
    const found =
      this.#byWorktree(id) ?? this.#byHolder(id) ?? this.#byAgents(id) ?? this.#byRecords(id) ?? nowhere;
    this.#found.set(id, found);
    return found;
  }

  #byWorktree(id: string): Attributed | undefined {
    for (const { holder, signs } of this.#worktrees.get(id) ?? []) {
      if (signs.mainGitDir === undefined) continue;
      const name = this.#relations.isSession(holder) ? this.find(holder).repository?.name : holder;
      return { repository: { name: name ?? id, gitDir: signs.mainGitDir }, attribution: 'path' };
    }
    return undefined;
  }

  #byHolder(id: string): Attributed | undefined {
    const holders = [
      ...(this.#worktrees.get(id) ?? []).map(({ holder }) => holder),
      ...(this.#metadataHolders.get(id) ?? []),
    ];
    const repositories = holders.filter((holder) => !this.#relations.isSession(holder));
    const [repository] = repositories;
    if (repository !== undefined) return this.#byName(repository);
    for (const session of holders) {
      const found = this.find(session);
      if (found.attribution !== 'none') return found;
    }
    return undefined;
  }

  #byAgents(id: string): Attributed | undefined {
    const gitDir = (this.#agents.get(id) ?? []).find(({ signs }) => signs.mainGitDir !== undefined)?.signs
      .mainGitDir;
    if (gitDir === undefined) return undefined;
    const main = basename(gitDir) === '.git' ? gitDir.slice(0, -'/.git'.length) : gitDir;
    return { repository: { name: basename(main), gitDir }, attribution: 'path' };
  }

  /** Worktrees tell by themselves. */
  #isOutside(path: string): boolean {
    const known = this.#outside.get(path);
    if (known !== undefined) return known;
    const outside = isOutside(path, this.#placing);
    this.#outside.set(path, outside);
    return outside;
  }

  #byRecords(id: string): Attributed | undefined {
    const checkpoints = (this.#checkpoints.get(id) ?? []).sort((a, b) => b.atMs - a.atMs);
    const records = this.#relations.read.get(id) ?? [];
    for (const { directories } of checkpoints) {
      const outside = directories.find((path) => this.#isOutside(path));
      if (outside !== undefined) return this.#ofDirectory(outside);
    }
    for (const { workingDirectories } of records) {
      const outside = workingDirectories.find((path) => this.#isOutside(path));
      if (outside !== undefined) return this.#ofDirectory(outside);
    }
    const project = records.find(({ projectName }) => projectName !== undefined)?.projectName;
    return project === undefined ? undefined : this.#byName(project);
  }
}

/** Not in the storage itself: there the names tell more than any record. */
export function isOutside(path: string, placing: Placing): boolean {
  return isAbsolute(path) && placing.of(path).length === 0;
}
