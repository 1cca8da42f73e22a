import { err, ok, type Result } from 'neverthrow';
import { checkQuarantine, type Compared } from '../cleaners/quarantine-check.ts';
import { lyingInPlace } from '../cleaners/quarantine-place.ts';
import type { Link } from '../journal/entry.ts';
import { intentPages } from '../journal/intents.ts';
import type { JournalReader } from '../journal/journal.ts';
import { verifyJournal, type KeptAnchor } from '../journal/verify.ts';
import type { Failure, JournalFailure } from '../model/failure.ts';
import { inlineProjections } from '../projections/inline.ts';
import { openOperations, type OpenOperation } from '../projections/open-operations.ts';
import { storyCheck } from '../run/story-check.ts';
import type { FindingView } from '../ui/finding-text.ts';
import { isBeingCleaned, openToRead } from './journal-access.ts';
import type { Shell } from './shell.ts';

/** All that a look at the whole journal and at the disk brought to light. */
export type JournalCheck = {
  readonly journalId: string | undefined;
  readonly entries: number;
  readonly head: Link | undefined;
  readonly anchor: (Link & { readonly at: string }) | undefined;
  readonly segments: number;
  /** `undefined`: a run is under way, and the disk was not compared. */
  readonly openOperations: number | undefined;
  readonly findings: readonly FindingView[];
};

/** Walks the whole journal and compares it with what is beside it. `undefined`: there is none. */
export async function checkJournal(
  kept: readonly KeptAnchor[],
  shell: Shell,
): Promise<Result<JournalCheck | undefined, Failure>> {
  // Asked before the journal is read, so that a run that begins meanwhile is not taken for a disagreement.
  const isBusy = await isBeingCleaned(shell);
  const opened = await openToRead(shell);
  if (opened.isErr()) return unopened(opened.error);
  await using reader = opened.value;
  const { journalId, head, anchor, segments } = reader;
  const observe = storyCheck();
  const verified = await verifyJournal(reader, inlineProjections, { kept, observe });
  if (verified.isErr()) return err(verified.error);
  const findings: FindingView[] = [...verified.value.findings];
  const open = isBusy ? undefined : await compareDisk(reader, findings, shell);
  return ok({
    journalId,
    entries: verified.value.entries,
    head: { seq: head.seq, hash: head.hash },
    anchor: anchor === undefined ? undefined : { seq: anchor.seq, hash: anchor.hash, at: anchor.at },
    segments: segments.length,
    openOperations: open,
    findings,
  });
}

function unopened(failure: JournalFailure): Result<JournalCheck | undefined, Failure> {
  if (failure.type === 'journal-absent') return ok(undefined);
  if (failure.type !== 'journal-damaged') return err(failure);
  const { seq, detail } = failure;
  const nothing = { journalId: undefined, head: undefined, anchor: undefined, openOperations: undefined };
  return ok({ ...nothing, entries: 0, segments: 0, findings: [{ type: 'database-damaged', seq, detail }] });
}

/** Answers with how many operations are open; rows and entries that are damaged were found before. */
async function compareDisk(
  reader: JournalReader,
  findings: FindingView[],
  shell: Shell,
): Promise<number | undefined> {
  const { roots } = shell.config;
  // Where something is damaged, whether the intents can be read is part of the answer.
  const isSound = findings.length === 0;
  const isInPlace = lyingInPlace(roots, reader.journalId);
  const inPlace: string[] = [];
  const others: Pick<OpenOperation, 'op' | 'state' | 'intentSeq'>[] = [];
  for await (const page of reader.rowPages(openOperations)) {
    if (page.isErr()) return undefined;
    for (const [op, operation] of page.value) {
      const { state, intentSeq } = operation;
      if (isSound && isInPlace(operation)) inPlace.push(op);
      else others.push({ op, state, intentSeq });
    }
  }
  let isRead = true;
  async function* whole(): AsyncGenerator<readonly Compared[]> {
    for await (const page of intentPages(reader, others)) {
      if (page.isOk()) yield page.value;
      else isRead = false;
    }
  }
  const found = await checkQuarantine(whole(), roots, reader.journalId, inPlace);
  if (!isRead) return undefined;
  // One that began meanwhile may have moved what was looked for.
  if (found.length > 0 && (await isBeingCleaned(shell))) return undefined;
  for (const finding of found) findings.push(finding);
  return inPlace.length + others.length;
}
