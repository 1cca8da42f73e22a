import { err, ok, type Result } from 'neverthrow';
import { anchorLine } from '../journal/anchor-line.ts';
import type { Failure } from '../model/failure.ts';
import { openToRead } from './journal-access.ts';
import { exitCodes } from './outcome.ts';
import type { Shell } from './shell.ts';

export type AnchorFlags = { readonly json?: boolean; readonly color?: boolean };

/** `prodigy clean log anchor`: the one line to keep elsewhere, for `log verify --anchor`. */
export async function anchor(flags: AnchorFlags, shell: Shell): Promise<Result<number, Failure>> {
  const opened = await openToRead(shell);
  if (opened.isErr()) return err(opened.error);
  await using reader = opened.value;
  const { seq, hash } = reader.head;
  const kept = { journalId: reader.journalId, seq, hash };
  const at = new Date(shell.clock()).toISOString();
  const line = anchorLine(kept, at);
  const document = { schema: 'prodigy-clean/1', ...kept, at, line };
  shell.terminal.out(flags.json === true ? `${JSON.stringify(document, null, 2)}\n` : `${line}\n`);
  return ok(exitCodes.done.code);
}
