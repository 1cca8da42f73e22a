import type { RunOutcome } from '../journal/event-run.ts';
import { unreachable } from '../model/invariant.ts';
import type { Failure } from '../model/failure.ts';

export type ExitName =
  | 'done'
  | 'failed'
  | 'usage'
  | 'partial'
  | 'refused'
  | 'declined'
  | 'found'
  | 'locked'
  | 'defect'
  | 'nobody'
  | 'interrupted'
  | 'terminated';

/** The exit codes of DESIGN 6; `--help` prints them from here. */
export const exitCodes: Readonly<Record<ExitName, { readonly code: number; readonly means: string }>> = {
  done: { code: 0, means: 'done, or nothing to do' },
  failed: { code: 1, means: 'failed' },
  usage: { code: 2, means: 'wrong usage' },
  partial: { code: 3, means: 'finished, some items failed' },
  refused: { code: 4, means: 'refused by a safety rule' },
  declined: { code: 5, means: 'declined at the question' },
  found: { code: 10, means: 'with --detailed-exitcode: a dry run or doctor found something' },
  locked: { code: 11, means: 'another run holds the lock' },
  defect: { code: 70, means: 'a defect of this program' },
  nobody: { code: 127, means: 'no other prodigy to hand over to' },
  interrupted: { code: 130, means: 'interrupted (143: terminated); prodigy clean resume goes on' },
  terminated: { code: 143, means: 'terminated; prodigy clean resume goes on' },
};

export function exitCodeOf(outcome: RunOutcome, signal: NodeJS.Signals | undefined): number {
  switch (outcome) {
    case 'completed':
    case 'nothing-to-do':
    case 'planned':
      return exitCodes.done.code;
    case 'partial':
      return exitCodes.partial.code;
    case 'declined':
      return exitCodes.declined.code;
    case 'refused':
      return exitCodes.refused.code;
    case 'interrupted':
      return signal === 'SIGTERM' ? exitCodes.terminated.code : exitCodes.interrupted.code;
    case 'failed':
      return exitCodes.failed.code;
    default:
      return unreachable(outcome);
  }
}

export function exitCodeOfFailure(failure: Failure): number {
  switch (failure.type) {
    case 'root-refused':
    case 'usage':
    case 'unknown-run':
    case 'unknown-plan':
    case 'unknown-item':
      return exitCodes.usage.code;
    case 'no-terminal':
    case 'clock-behind':
    case 'clock-ahead':
    case 'unfinished-work':
    case 'plan-expired':
    case 'max-delete':
    case 'not-abandonable':
      return exitCodes.refused.code;
    case 'run-locked':
    case 'journal-locked':
      return exitCodes.locked.code;
    case 'no-prodigy':
      return exitCodes.nobody.code;
    default:
      return exitCodes.failed.code;
  }
}
