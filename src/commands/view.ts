import { dirname, basename } from 'node:path';
import type { Scan } from '../cleaners/scan.ts';
import type { RunPolicy } from '../journal/event.ts';
import { ageBasisMs } from '../policy/age.ts';
import type { Scope } from '../policy/scope.ts';
import type { PlanLook } from '../ui/plan-text.ts';
import type { ItemView, RunView } from '../ui/view.ts';
import type { CleanRequest } from './options.ts';
import type { Shell } from './shell.ts';

/** What the screens show of a scan: `run` and `plan` are ids. */
export function viewOf(
  scan: Scan,
  scope: Scope,
  policy: RunPolicy,
  roots: readonly string[],
  ids: Pick<RunView, 'run' | 'plan' | 'dryRun' | 'applies'>,
): RunView {
  const items = scan.judged.map(({ item, verdict }): ItemView => {
    const agedFromMs = ageBasisMs(item);
    return {
      id: item.id,
      kind: item.kind,
      name: item.name,
      path: item.path,
      repository: item.repository?.name,
      repositoryPath: workingDirectoryOf(item.repository?.gitDir),
      bytes: item.size?.bytes ?? 0,
      ageMs: agedFromMs === undefined ? undefined : policy.nowMs - agedFromMs,
      verdict: verdict.type,
      reason: verdict.reason,
      proof: verdict.type === 'remove' ? verdict.proof : undefined,
      evidence: verdict.evidence,
      deletes: verdict.type === 'remove' ? (verdict.deletes ?? []).length : 0,
    };
  });
  return {
    ...ids,
    scope: {
      allRepositories: scope.allRepositories,
      repositories: scope.repositories.map(({ name, gitDir }) => ({
        name,
        path: workingDirectoryOf(gitDir),
      })),
      roots,
      kinds: scope.kinds,
    },
    cutoffMs: policy.cutoffMs,
    retentionMs: policy.retentionMs,
    items,
    outOfScope: scope.kinds.reduce((sum, kind) => sum + (scan.outOfScope[kind] ?? 0), 0),
    oddities: scan.look.oddities,
  };
}

/** How the plan of a request is shown here. */
export function planLook(
  { isFull, isUndoable }: Pick<CleanRequest, 'isFull' | 'isUndoable'>,
  { terminal, config }: Pick<Shell, 'terminal' | 'config'>,
): PlanLook {
  return {
    colours: terminal.outColours,
    columns: terminal.columns(),
    isFull,
    undo: { isUndoable, forMs: config.undoMs, bytes: config.undoBytes },
  };
}

/** People know a repository by its working directory: `/src/app`, not `/src/app/.git`. */
export function workingDirectoryOf(gitDir: string | undefined): string | undefined {
  if (gitDir === undefined) return undefined;
  return basename(gitDir) === '.git' ? dirname(gitDir) : gitDir;
}
