import { addTo } from '../model/groups.ts';
import type { RunPolicy, RunScope } from '../journal/event-run.ts';
import { kinds, type Kind } from '../model/kind.ts';
import { formatDuration } from '../policy/age.ts';
import { formatBytes, formatTime, formatWhole, printable } from './format.ts';

/** `all repositories`, or their names with the paths that tell them apart. */
export function scopeOfRun(scope: RunScope): string {
  const parts = [
    scope.allRepositories
      ? 'all repositories'
      : `repository ${scope.repositories
          .map(({ name, gitDir }) =>
            gitDir === undefined ? printable(name) : `${printable(name)} (${printable(directoryOf(gitDir))})`,
          )
          .join(', ')}`,
    scope.kinds.length === kinds.length ? 'all kinds' : scope.kinds.join(', '),
    ...(scope.mapreduceOnly === true ? ['MapReduce only'] : []),
    ...(scope.jobId === undefined ? [] : [`job ${printable(scope.jobId)}`]),
  ];
  return parts.join('; ');
}

function directoryOf(gitDir: string): string {
  return gitDir.replace(/(?<=.)\/\.git$/, '');
}

/** The rules of a run, its cut-offs in absolute times. */
export function policyLines({ scope, policy }: { scope: RunScope; policy: RunPolicy }): readonly string[] {
  const byCutoff = new Map<number, Kind[]>();
  for (const kind of scope.kinds) {
    const cutoff = policy.cutoffMs[kind];
    addTo(byCutoff, cutoff, kind);
  }
  return [
    ...[...byCutoff].map(([cutoff, of]) => {
      const age = formatDuration(policy.retentionMs[of[0] ?? 'logs']);
      return `${of.join(', ')}: older than ${age}, before ${formatTime(cutoff)}`;
    }),
    [
      `activity window ${formatDuration(policy.windowMs)}`,
      ...(policy.mergedOnly ? ['merged worktrees only'] : []),
      ...limitTexts(policy),
    ].join('; '),
  ];
}

function limitTexts({ keepLast, freeBytes, maxDelete }: RunPolicy): readonly string[] {
  return [
    ...(keepLast === undefined
      ? []
      : [`the youngest ${formatWhole(keepLast)} of each repository and kind stay`]),
    ...(freeBytes === undefined ? [] : [`oldest first, and no more than makes ${formatBytes(freeBytes)}`]),
    ...(maxDelete === undefined ? [] : [`refused beyond ${printable(maxDelete)} (--max-delete)`]),
  ];
}
