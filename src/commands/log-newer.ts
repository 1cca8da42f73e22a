import { realpath } from 'node:fs/promises';
import { err, ok, type Result } from 'neverthrow';
import { newerTexts } from '../journal/newer.ts';
import type { Failure } from '../model/failure.ts';
import { explain } from '../ui/explain.ts';
import { journalPlace } from './journal-access.ts';
import { exitCodes } from './outcome.ts';
import type { Shell } from './shell.ts';

/** `prodigy clean log --jsonl` of a journal that a newer version wrote: all of it, to the letter, with a word of warning. */
export async function exportNewer(newer: Failure, shell: Shell): Promise<Result<number, Failure>> {
  const { terminal } = shell;
  terminal.err(`${explain(newer).sentence} Its entries follow as they are stored, all of them, unchecked.\n`);
  const place = await journalPlace(shell);
  const directory = await realpath(place).catch(() => place);
  for await (const page of newerTexts(directory)) {
    if (page.isErr()) return err(page.error);
    const isRead = await terminal.pour(page.value.map((text) => `${text}\n`).join(''));
    if (!isRead || shell.signal.aborted) break;
  }
  return ok(exitCodes.done.code);
}
