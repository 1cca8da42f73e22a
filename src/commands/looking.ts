import type { Result } from 'neverthrow';
import type { RunPolicy, RunScope } from '../journal/event-run.ts';
import { look } from '../cleaners/look.ts';
import type { Begun } from '../disk/measure.ts';
import { scanOf, shortHash, type Scan } from '../cleaners/scan.ts';
import { activityWindowMs, canonicalPolicy, policyOf, type Policy } from '../policy/retention.ts';
import { inScope, type Scope } from '../policy/scope.ts';
import { judgeAll } from '../policy/verdict.ts';
import type { JournalReader } from '../journal/journal.ts';
import type { JournalFailure } from '../model/failure.ts';
import type { Kind } from '../model/kind.ts';
import { noPins, pinsAt, type Pins } from '../model/pin.ts';
import { pins as storedPins } from '../projections/pins.ts';
import { explain } from '../ui/explain.ts';
import type { Progress } from '../ui/progress.ts';
import { openToRead } from './journal-access.ts';
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
    begun,
    onProgress: (kind, found) => progress.scanning(kind, found),
  });
  const verdicts = judgeAll(seen.look, policy, { scope, pins });
  return scanOf(seen.look, verdicts, seen.outOfScope, performance.now() - startedAt);
}

/** What is on hold or abandoned now. */
export async function pinsOf(
  journal: Pick<JournalReader, 'rows'>,
  nowMs: number,
): Promise<Result<Pins, JournalFailure>> {
  const rows = await journal.rows(storedPins);
  return rows.map((found) => pinsAt(found.values(), nowMs));
}

export type PinsSeen = {
  readonly pins: Pins;
  /** Why they are not known, when there may be some. */
  readonly unknown: JournalFailure | undefined;
};

/** The same for who only looks: from a copy, whoever writes; none when the journal cannot be read, and why. */
export async function pinsSeen(shell: Pick<Shell, 'config'>, nowMs: number): Promise<PinsSeen> {
  const opened = await openToRead(shell);
  if (opened.isErr()) {
    const isAbsent = opened.error.type === 'journal-absent';
    return { pins: noPins, unknown: isAbsent ? undefined : opened.error };
  }
  await using reader = opened.value;
  const found = await pinsOf(reader, nowMs);
  return found.match(
    (pins) => ({ pins, unknown: undefined }),
    (unknown) => ({ pins: noPins, unknown }),
  );
}

/** What is shown as going may be held then. No run removes it: a run needs the journal. */
export function holdsUnknown(unknown: JournalFailure): string {
  return `What is on hold is not known: ${explain(unknown).sentence}`;
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
