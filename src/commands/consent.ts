import { err, ok, type Result } from 'neverthrow';
import type { RunRecord } from '../cleaners/run-record.ts';
import type { Failure } from '../model/failure.ts';
import { obstacleKeys } from '../model/obstacle.ts';
import { isMostOfAKind } from '../policy/brake.ts';
import { formatBytes, formatCount, printable } from '../ui/format.ts';
import { branchesOf, scopeText } from '../ui/plan-text.ts';
import { ask } from '../ui/prompt.ts';
import { outlookOf, undoOutlookText } from '../ui/undo-outlook.ts';
import type { ItemView, RunView } from '../ui/view.ts';
import { isShortOfSpace } from './carry-out.ts';
import type { CleanRequest } from './options.ts';
import { refuse } from './run-steps.ts';
import type { Shell } from './shell.ts';

/** Others wait for the lock that is held while somebody thinks. */
const questionTimeoutMs = 10 * 60 * 1000;

/** Asks once, after the full list; default no (DESIGN 6). */
export async function consentTo(
  view: RunView,
  request: CleanRequest,
  record: RunRecord,
  shell: Shell,
): Promise<Result<'given' | 'declined', Failure>> {
  const going = view.items.filter(({ verdict }) => verdict === 'remove');
  const bytes = going.reduce((sum, item) => sum + item.bytes, 0);
  const { undoMs, undoBytes } = shell.config;
  const told = { notUndoable: obstaclesOf(going), undoMs, undoBytes };
  if (request.force) {
    const confirmed = await record.command({ type: 'ConfirmRun', how: 'force', ...told });
    return confirmed.isErr() ? err(confirmed.error) : ok('given');
  }
  const { output } = request;
  if (!shell.terminal.canAsk) return refuse({ type: 'no-terminal', items: going.length, bytes }, record);
  if (output !== 'text') return refuse({ type: 'no-terminal', items: going.length, bytes, output }, record);
  const many = view.scope.kinds.find((kind) => {
    const of = view.items.filter((item) => item.kind === kind);
    const gone = of.filter(({ verdict }) => verdict === 'remove').length;
    return isMostOfAKind(gone, of.length);
  });
  const undo = undoOutlookText({
    ...outlookOf(going),
    branches: branchesOf(going),
    isUndoable: request.isUndoable,
    undoBytes,
    undoMs,
    isShortOfSpace: await isShortOfSpace(shell.config.firstRoot),
  });
  const what = `Remove ${formatCount(going.length, 'item')} (${formatBytes(bytes)}) of ${scopeText(view)} on ${printable(shell.config.host)}?`;
  const question =
    many === undefined
      ? `${what} ${undo} [y/N] `
      : `${what} ${undo}\nThat is more than half of all ${many}. Type yes to go on: `;
  const answered = await ask(
    question,
    many === undefined ? undefined : 'yes',
    questionTimeoutMs,
    shell.signal,
  );
  if (answered === 'yes') {
    const how = many === undefined ? 'prompt' : 'typed-word';
    const confirmed = await record.command({ type: 'ConfirmRun', how, ...told });
    return confirmed.isErr() ? err(confirmed.error) : ok('given');
  }
  if (shell.signal.aborted) return ok('declined');
  const declined = await record.command({ type: 'DeclineRun', how: answered });
  return declined.isErr() ? err(declined.error) : ok('declined');
}

/** What is consented to not being undoable. */
export function obstaclesOf(going: readonly ItemView[]): readonly string[] {
  return obstacleKeys(going.map(({ obstacle }) => obstacle));
}
