import type { RunPolicy, RunScope } from '../journal/event.ts';
import { look } from '../cleaners/look.ts';
import { scanOf, shortHash, type Scan } from '../cleaners/scan.ts';
import { activityWindowMs, canonicalPolicy, policyOf, type Policy } from '../policy/retention.ts';
import { inScope, type Scope } from '../policy/scope.ts';
import { judgeAll } from '../policy/verdict.ts';
import type { Kind } from '../model/kind.ts';
import type { Progress } from '../ui/progress.ts';
import type { Shell } from './shell.ts';

/** Looks once, judges once: sizes are measured here and nowhere else in the run. */
export async function lookAndJudge(
  scope: Scope,
  policy: Policy,
  shell: Shell,
  progress: Progress,
): Promise<Scan> {
  const startedAt = performance.now();
  const seen = await look({
    roots: shell.config.roots,
    kinds: scope.kinds,
    wants: (item) => inScope(item, scope) !== 'out',
    nowMs: policy.nowMs,
    host: shell.config.host,
    ownPid: process.pid,
    readProcesses: shell.readProcesses,
    onProgress: (kind, found) => progress.scanning(kind, found),
  });
  const verdicts = judgeAll(seen.look, policy, { scope });
  return scanOf(seen.look, verdicts, seen.outOfScope, performance.now() - startedAt);
}

export function runPolicy(
  nowMs: number,
  olderThanMs: number | undefined,
  kinds: readonly Kind[],
  mergedOnly: boolean,
): RunPolicy {
  const policy = policyOf({ nowMs, olderThanMs, windowMs: activityWindowMs, mergedOnly, kinds });
  return { ...policy, hash: shortHash(canonicalPolicy(policy)) };
}

export function runScope(scope: Scope, roots: readonly string[]): RunScope {
  return {
    allRepositories: scope.allRepositories,
    repositories: scope.repositories,
    roots,
    kinds: scope.kinds,
    ...(scope.mapreduceOnly === true ? { mapreduceOnly: true } : {}),
    ...(scope.jobId === undefined ? {} : { jobId: scope.jobId }),
  };
}
