import type { RunPolicy, RunScope } from '../journal/event-run.ts';
import { look } from '../cleaners/look.ts';
import type { Begun } from '../disk/measure.ts';
import { scanOf, shortHash, type Scan } from '../cleaners/scan.ts';
import { activityWindowMs, canonicalPolicy, policyOf, type Policy } from '../policy/retention.ts';
import { inScope, type Scope } from '../policy/scope.ts';
import { judgeAll } from '../policy/verdict.ts';
import type { Kind } from '../model/kind.ts';
import type { Pins } from '../model/pin.ts';
import type { Progress } from '../ui/progress.ts';
import { placesOf } from './journal-access.ts';
import type { CleanRequest } from './options.ts';
import { keepHeapSmall } from './small-heap.ts';
import type { Shell } from './shell.ts';

/** Looks once, judges once: sizes are measured here and nowhere else in the run. */
export async function lookAndJudge(
  scope: Scope,
  policy: Policy,
  shell: Shell,
  progress: Progress,
  pins: Pins,
  begun?: Begun,
): Promise<Scan> {
  const startedAt = performance.now();
  keepHeapSmall([...process.execArgv, shell.config.nodeOptions]);
  const seen = await look({
    roots: shell.config.roots,
    kinds: scope.kinds,
    wants: (item) => inScope(item, scope) !== 'out',
    nowMs: policy.nowMs,
    host: shell.config.host,
    ownPid: process.pid,
    branches: policy.deleteMergedBranches === true,
    readProcesses: shell.readProcesses,
    places: await placesOf(shell),
    begun,
    onProgress: (kind, found) => progress.scanning(kind, found),
  });
  const verdicts = judgeAll(seen.look, policy, { scope, pins });
  return scanOf(seen.look, verdicts, seen.outOfScope, performance.now() - startedAt);
}

type Rules = Pick<
  CleanRequest,
  'mergedOnly' | 'deleteMergedBranches' | 'insisted' | 'keepLast' | 'freeBytes' | 'maxDelete'
>;

/** Of whoever removes nothing. */
export const noRules: Rules = { mergedOnly: false, deleteMergedBranches: false };

export function runPolicy(
  nowMs: number,
  olderThanMs: number | undefined,
  kinds: readonly Kind[],
  { mergedOnly, deleteMergedBranches, insisted, keepLast, freeBytes, maxDelete }: Rules,
): RunPolicy {
  const rules = { mergedOnly, deleteMergedBranches, insisted, keepLast, freeBytes };
  const policy = policyOf({ nowMs, olderThanMs, windowMs: activityWindowMs, kinds, ...rules });
  return {
    ...policy,
    ...(maxDelete === undefined ? {} : { maxDelete }),
    hash: shortHash(canonicalPolicy(policy)),
  };
}

/**
 * The rules of an earlier run for what it had planned: its cut-offs, so that the same items are old, and today's clock,
 * so that whatever came to life since is seen. Its list is what was to be freed: no other item stands in for one that
 * stays now.
 */
export function rulesOfThen(policy: RunPolicy, nowMs: number): RunPolicy {
  const { freeBytes: _, ...rules } = policy;
  return { ...rules, nowMs };
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
