import type { RunOutcome } from '../journal/event.ts';
import { runDocument } from '../ui/document.ts';
import { resultText } from '../ui/result-text.ts';
import type { RunView } from '../ui/view.ts';
import type { Account } from './account.ts';
import type { CleanRequest } from './options.ts';
import type { Shell } from './shell.ts';

export type Answer = {
  readonly request: Pick<CleanRequest, 'output'>;
  readonly view: RunView;
  readonly outcome: RunOutcome;
  readonly exitCode: number;
  readonly startedAtMs: number;
  readonly account: Account;
  readonly freeBefore: number | undefined;
  readonly freeAfter: number | undefined;
};

/** Says how it ended, in the form that was asked for. */
export function answer(given: Answer, shell: Shell): void {
  const { request, view, outcome, account } = given;
  const { terminal } = shell;
  if (request.output === 'json') {
    const document = runDocument({ ...given, ...account, endedAtMs: shell.clock() });
    terminal.out(`${JSON.stringify(document, null, 2)}\n`);
    return;
  }
  if (request.output === 'jsonl') return;
  if (outcome === 'declined') terminal.out('Nothing was removed.\n');
  else if (outcome === 'nothing-to-do') terminal.out('Nothing to do.\n');
  else {
    const going = view.items.filter(({ verdict }) => verdict === 'remove');
    const predictedItems = going.length + account.takenUp.items;
    const predictedBytes = going.reduce((sum, { bytes }) => sum + bytes, account.takenUp.bytes);
    const text = resultText(
      { ...given, ...account, run: view.run, predictedItems, predictedBytes },
      terminal.outColours,
    );
    terminal.out(text);
  }
}
