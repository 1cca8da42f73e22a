import { err, ok, type Result } from 'neverthrow';
import type { UsageFailure } from '../model/failure.ts';
import { completionScripts, shells } from '../ui/completion-script.ts';
import { nearest } from '../ui/nearest.ts';
import { exitCodes } from './outcome.ts';
import type { Shell } from './shell.ts';

/** `prodigy clean completion SHELL`: prints the script; what it calls is `answerCompletion`. */
export async function completion(
  name: string,
  { terminal }: Pick<Shell, 'terminal'>,
): Promise<Result<number, UsageFailure>> {
  const shell = shells.find((each) => each === name);
  if (shell === undefined) {
    const meant = nearest(name, shells);
    const hint = meant === undefined ? '' : `; did you mean '${meant}'?`;
    return err({ type: 'usage', problem: `There is no script for '${name}'${hint}`, accepted: shells });
  }
  await terminal.pour(completionScripts[shell]);
  return ok(exitCodes.done.code);
}
