import type { Item, Repository } from '../model/item.ts';
import type { Kind } from '../model/kind.ts';
import type { Evidence } from '../model/reason.ts';

/**
 * What a run covers. A repository without `gitDir` stands for every one of its name: whoever knows the path must
 * give it, because two checkouts with one name are two repositories.
 */
export type Scope = {
  readonly allRepositories: boolean;
  readonly repositories: readonly Repository[];
  readonly kinds: readonly Kind[];
  /** Only what belongs to MapReduce agents and jobs. */
  readonly mapreduceOnly?: boolean | undefined;
  readonly jobId?: string | undefined;
  /** Only items whose main part has one of these names, or lies at one of these paths. */
  readonly names?: readonly string[];
  readonly paths?: readonly string[];
};

export type Coverage = 'in' | 'out' | { readonly keep: 'unattributed'; readonly evidence: Evidence };

/** `unattributed`: it may belong to the repositories in scope, or not; only a run over all of them may take it. */
export function inScope(item: Item, scope: Scope): Coverage {
  if (!scope.kinds.includes(item.kind)) return 'out';
  if (scope.mapreduceOnly === true && !belongsToMapreduce(item)) return 'out';
  if (scope.jobId !== undefined && !item.owners.includes(`job:${scope.jobId}`)) return 'out';
  if (scope.names !== undefined && !scope.names.includes(lastName(item.path))) return 'out';
  if (scope.paths !== undefined && !scope.paths.includes(item.path)) return 'out';
  return scope.allRepositories ? 'in' : byRepository(item, scope.repositories);
}

function byRepository({ repository, attribution }: Item, asked: readonly Repository[]): Coverage {
  if (attribution === 'none' || repository === undefined)
    return unattributed('nothing tells which repository it belongs to');

  const sameName = asked.filter(({ name }) => name === repository.name);
  switch (attribution) {
    case 'path':
      if (repository.gitDir === undefined) return unattributed('the path of its repository is not known');
      return asked.some(({ gitDir }) => gitDir === repository.gitDir) ||
        sameName.some(({ gitDir }) => gitDir === undefined)
        ? 'in'
        : 'out';
    case 'name':
      return sameName.length > 0 ? 'in' : 'out';
    case 'ambiguous':
      return sameName.length > 0 ? unattributed(`several repositories are called ${repository.name}`) : 'out';
  }
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function belongsToMapreduce({ detail, owners }: Item): boolean {
  return (detail.type === 'worktree' && detail.agent) || owners.some((owner) => owner.startsWith('job:'));
}

function unattributed(doubt: string): Coverage {
  return { keep: 'unattributed', evidence: { doubt } };
}
