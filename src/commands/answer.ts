import type { RunOutcome } from '../journal/event-run.ts';
import { documentText, runDocument, type DocumentInput } from '../ui/document.ts';
import { nextOld, nextOldText } from '../ui/next-old.ts';
import { resultText } from '../ui/result-text.ts';
import type { Terminal } from '../ui/terminal.ts';
import { barredOf } from '../ui/undo-outlook.ts';
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

/** The document of `--json` for one run. */
export function documentOf(given: Answer, shell: Pick<Shell, 'clock'>): Record<string, unknown> {
  return runDocument({ ...given, ...given.account, endedAtMs: shell.clock() });
}

/** However long it is, no more of it is in memory than the reader leaves in the pipe. */
export async function printDocument(input: DocumentInput, terminal: Pick<Terminal, 'pour'>): Promise<void> {
  for (const text of documentText(input)) if (!(await terminal.pour(text))) return;
}

function nothingToDo(view: RunView): string {
  const next = nextOld(view);
  return next === undefined ? 'Nothing to do.\n' : `Nothing to do. Old enough next: ${nextOldText(next)}.\n`;
}

/** Says how it ended, in the form that was asked for. */
export async function answer(given: Answer, shell: Shell): Promise<void> {
  const { request, view, outcome, account } = given;
  const { terminal } = shell;
  if (request.output === 'json') {
    return printDocument({ ...given, ...given.account, endedAtMs: shell.clock() }, terminal);
  }
  if (request.output === 'jsonl') return;
  if (outcome === 'declined') terminal.out('Nothing of this plan was removed.\n');
  else if (outcome === 'interrupted' && account.results.size === 0)
    terminal.out('Interrupted before anything was removed.\n');
  else if (outcome === 'nothing-to-do' && account.drifted.length === 0) terminal.out(nothingToDo(view));
  else {
    const going = view.items.filter(({ verdict }) => verdict === 'remove');
    const predictedItems = going.length + account.takenUp.items;
    const predictedBytes = going.reduce((sum, { bytes }) => sum + bytes, account.takenUp.bytes);
    const barred = barredOf(going.filter(({ id }) => account.results.get(id)?.outcome === 'removed'));
    const text = resultText(
      { ...given, ...account, run: view.run, predictedItems, predictedBytes, barred },
      terminal.outColours,
      terminal.columns(),
    );
    terminal.out(text);
  }
}
