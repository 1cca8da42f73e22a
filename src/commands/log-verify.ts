import { err, ok, type Result } from 'neverthrow';
import { verifyJournal } from '../journal/verify.ts';
import type { Failure } from '../model/failure.ts';
import { inlineProjections } from '../projections/inline.ts';
import { formatCount, printable } from '../ui/format.ts';
import { openToRead } from './journal-access.ts';
import type { Shell } from './shell.ts';

/** `prodigy clean log verify`: walks everything, and names the first entry that is altered, missing or out of order. */
export async function verify(
  flags: { readonly json?: boolean },
  shell: Shell,
): Promise<Result<number, Failure>> {
  const { terminal } = shell;
  const opened = await openToRead(shell);
  if (opened.isErr()) {
    if (opened.error.type !== 'journal-absent') return err(opened.error);
    terminal.out(flags.json === true ? '{"entries":0,"findings":[]}\n' : 'There is no journal yet.\n');
    return ok(0);
  }
  await using reader = opened.value;
  const verified = await verifyJournal(reader, inlineProjections);
  if (verified.isErr()) return err(verified.error);
  const { entries, findings } = verified.value;
  if (flags.json === true) terminal.out(`${JSON.stringify({ entries, findings }, null, 2)}\n`);
  else {
    for (const finding of findings) terminal.out(`✗ ${printable(JSON.stringify(finding))}\n`);
    const what = formatCount(entries, 'entry', 'entries');
    terminal.out(findings.length === 0 ? `✓ ${what}, every one in its place.\n` : `${what} read.\n`);
  }
  return ok(findings.length === 0 ? 0 : 1);
}
