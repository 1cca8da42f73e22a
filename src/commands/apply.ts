import { err, type Result } from 'neverthrow';
import type { StillPlanned } from '../cleaners/still-planned.ts';
import type { Failure, UsageFailure } from '../model/failure.ts';
import { parseBrake } from '../policy/brake.ts';
import { appliedText } from '../ui/applied-text.ts';
import { openProgress } from '../ui/progress.ts';
import type { RunView } from '../ui/view.ts';
import { run, usualManner, type Manner } from './clean.ts';
import { findPlan, type ShownPlan } from './find-plan.ts';
import { openToRead } from './journal-access.ts';
import type { CleanRequest } from './options.ts';
import type { Shell } from './shell.ts';

/** Flags of `prodigy clean apply`, as commander hands them over. */
export type ApplyFlags = {
  readonly maxDelete?: string;
  readonly force?: boolean;
  readonly yes?: boolean;
  readonly undo?: boolean;
  readonly full?: boolean;
  readonly acceptClock?: boolean;
  readonly json?: boolean;
  readonly jsonl?: boolean;
  readonly color?: boolean;
};

/**
 * `prodigy clean apply PLAN`: carries out what a dry run showed, or less. Everything is looked at and judged again, by
 * the rules of then; what has changed, is protected now or is not there any more is left out, and nothing is added.
 */
export async function apply(text: string, flags: ApplyFlags, shell: Shell): Promise<Result<number, Failure>> {
  const wrong = wrongIn(flags);
  if (wrong !== undefined) return err(wrong);
  const shown = await readPlan(text, shell);
  if (shown.isErr()) return err(shown.error);
  const request = requestOf(shown.value, flags);
  const progress = openProgress(shell.terminal, request.output === 'jsonl');
  try {
    const { scope } = shown.value.shownBy;
    return await run(request, scope, shell, progress, mannerOf(shown.value, request, shell));
  } finally {
    progress.stop();
  }
}

async function readPlan(text: string, shell: Shell): Promise<Result<ShownPlan, Failure>> {
  const opened = await openToRead(shell);
  if (opened.isErr())
    return err(opened.error.type === 'journal-absent' ? { type: 'unknown-plan', text } : opened.error);
  await using reader = opened.value;
  return await findPlan(text, reader);
}

function wrongIn(flags: ApplyFlags): UsageFailure | undefined {
  if (flags.json === true && flags.jsonl === true) {
    const accepted = ['--json', '--jsonl'];
    return { type: 'usage', problem: '--json and --jsonl exclude each other', accepted };
  }
  const brake = flags.maxDelete === undefined ? undefined : parseBrake(flags.maxDelete);
  return brake?.isErr() === true ? brake.error : undefined;
}

function mannerOf(shown: ShownPlan, request: CleanRequest, shell: Shell): Manner {
  const usual = usualManner(request, shell);
  const show = (view: RunView, narrowed: StillPlanned | undefined): void => {
    if (request.output !== 'text' || narrowed === undefined) return;
    const { plan, shownAtMs, shownBy } = shown;
    const { dropped, gone } = narrowed;
    const told = { plan, shownAtMs, run: shownBy.run, items: shown.items.size, dropped, gone };
    shell.terminal.out(appliedText(told, view));
    usual.show(view, narrowed);
  };
  return { ...usual, command: 'apply', show, applied: shown };
}

/** What was asked for then is in the plan and in its rules; the rest is as of now. */
function requestOf({ plan, shownBy }: ShownPlan, flags: ApplyFlags): CleanRequest {
  const { scope, policy } = shownBy;
  const maxDelete = flags.maxDelete?.trim();
  const force = flags.force === true || flags.yes === true;
  return {
    kinds: scope.kinds,
    olderThanMs: undefined,
    allRepositories: scope.allRepositories,
    repository: undefined,
    mapreduceOnly: scope.mapreduceOnly === true,
    jobId: scope.jobId,
    mergedOnly: policy.mergedOnly,
    deleteMergedBranches: policy.deleteMergedBranches === true,
    maxDelete,
    dryRun: false,
    force,
    isUndoable: flags.undo !== false,
    isFull: flags.full === true,
    output: flags.json === true ? 'json' : flags.jsonl === true ? 'jsonl' : 'text',
    detailedExitCode: false,
    acceptClock: flags.acceptClock === true,
    argv: [
      plan,
      ...(maxDelete === undefined ? [] : ['--max-delete', maxDelete]),
      ...(flags.undo === false ? ['--no-undo'] : []),
      ...(flags.acceptClock === true ? ['--accept-clock'] : []),
      ...(force ? ['--force'] : []),
    ],
  };
}
