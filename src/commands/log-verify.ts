import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { err, ok, type Result } from 'neverthrow';
import { toDiskFailure } from '../disk/failure.ts';
import { isAnchorLine, parseAnchorLines } from '../journal/anchor-line.ts';
import type { KeptAnchor } from '../journal/verify.ts';
import type { Failure } from '../model/failure.ts';
import { badSeqOf, findingText } from '../ui/finding-text.ts';
import { formatCount, formatTime, printable } from '../ui/format.ts';
import { lockRoots, openToAccept } from './journal-access.ts';
import { checkJournal, type JournalCheck } from './journal-check.ts';
import { exitCodes } from './outcome.ts';
import type { Shell } from './shell.ts';
import { keepHeapSmall } from './small-heap.ts';

export type VerifyFlags = {
  readonly anchor?: readonly string[];
  readonly accept?: boolean;
  readonly json?: boolean;
  readonly color?: boolean;
};

/** `prodigy clean log verify`: walks everything, and names the first entry that is altered, missing or out of order. */
export async function verify(flags: VerifyFlags, shell: Shell): Promise<Result<number, Failure>> {
  keepHeapSmall([...process.execArgv, shell.config.nodeOptions]);
  const kept = await readAnchors(flags.anchor ?? []);
  if (kept.isErr()) return err(kept.error);
  const checked = await checkJournal(kept.value, shell);
  if (checked.isErr()) return err(checked.error);
  const check = checked.value;
  if (check === undefined && kept.value.length > 0) {
    return err({ type: 'journal-absent', path: shell.config.journalDirectory });
  }
  if (check !== undefined && flags.accept === true && isAcceptable(check)) return accept(flags, shell);
  const exitCode = check === undefined || check.findings.length === 0 ? exitCodes.done : exitCodes.failed;
  tell(check, kept.value.length, flags, exitCode.code, shell);
  return ok(exitCode.code);
}

const noFile: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG']);

/** Given as the line itself, as a file that holds some, or as `-` for stdin. */
async function readAnchors(given: readonly string[]): Promise<Result<readonly KeptAnchor[], Failure>> {
  const anchors: KeptAnchor[] = [];
  for (const one of given) {
    const read = await textOf(one).then(
      (text) => ok(text),
      (cause: unknown) => err(toDiskFailure(cause, one)),
    );
    // What is neither a line nor a file is a word that was mistyped.
    if (read.isErr() && !noFile.has(read.error.code)) return err(read.error);
    const parsed = read.isErr() ? undefined : parseAnchorLines(read.value);
    if (parsed === undefined) {
      const accepted = ['the line that prodigy clean log anchor printed', 'a file that holds it', '-'];
      return err({ type: 'usage', problem: 'That is no anchor', text: one, accepted });
    }
    anchors.push(...parsed);
  }
  return ok(anchors);
}

async function textOf(given: string): Promise<string> {
  if (isAnchorLine(given)) return given;
  return given === '-' ? readAll(process.stdin) : readFile(given, 'utf8');
}

const acceptable: ReadonlySet<string> = new Set(['tail-missing', 'anchor-differs', 'anchor-unreadable']);

function isAcceptable({ findings }: JournalCheck): boolean {
  return findings.length > 0 && findings.every(({ type }) => acceptable.has(type));
}

/** The journal goes on from where it ends, and says that entries before are missing (JOURNAL 7.6). */
async function accept(flags: VerifyFlags, shell: Shell): Promise<Result<number, Failure>> {
  const lock = await lockRoots(shell, 'prodigy clean log verify --accept');
  if (lock.isErr()) return err(lock.error);
  try {
    const opened = await openToAccept(shell);
    if (opened.isErr()) return err(opened.error);
    const anchored = await opened.value.writeAnchor();
    await opened.value.close();
    if (anchored.isErr()) return err(anchored.error);
  } finally {
    await lock.value.release();
  }
  const checked = await checkJournal([], shell);
  if (checked.isErr()) return err(checked.error);
  const isSound = checked.value?.findings.length === 0;
  const exitCode = isSound ? exitCodes.done.code : exitCodes.failed.code;
  tell(checked.value, 0, flags, exitCode, shell);
  if (isSound && flags.json !== true)
    shell.terminal.out('Accepted: the journal goes on from here, and says so.\n');
  return ok(exitCode);
}

function tell(
  check: JournalCheck | undefined,
  kept: number,
  flags: VerifyFlags,
  exitCode: number,
  { terminal }: Shell,
): void {
  if (flags.json === true) terminal.out(`${JSON.stringify(documentOf(check, exitCode), null, 2)}\n`);
  else if (check === undefined) terminal.out('There is no journal yet.\n');
  else terminal.out(textFor(check, kept));
}

/** Keys may be added, never renamed. */
function documentOf(check: JournalCheck | undefined, exitCode: number): Record<string, unknown> {
  const findings = check?.findings ?? [];
  return {
    schema: 'prodigy-clean/1',
    exitCode,
    sound: findings.length === 0,
    journalId: check?.journalId ?? null,
    entries: check?.entries ?? 0,
    segments: check?.segments ?? 0,
    head: check?.head ?? null,
    anchor: check?.anchor ?? null,
    openOperations: check?.openOperations ?? null,
    firstBadSeq: check === undefined ? null : (firstBad(check) ?? null),
    findings,
  };
}

function firstBad({ findings }: JournalCheck): number | undefined {
  const seqs = findings.flatMap((finding) => badSeqOf(finding) ?? []);
  return seqs.length === 0 ? undefined : seqs.reduce((least, seq) => Math.min(least, seq));
}

function textFor(check: JournalCheck, kept: number): string {
  const { entries, findings, segments, anchor, head, openOperations: open } = check;
  const read = formatCount(entries, 'entry', 'entries');
  const lines = findings.map((finding) => `✗ ${findingText(finding)}`);
  if (findings.length === 0) {
    const sealed = segments === 0 ? '' : `, ${formatCount(segments, 'sealed segment')}`;
    lines.push(`✓ ${read}${sealed}, every one in its place.`);
    if (kept > 0)
      lines.push(
        `✓ ${formatCount(kept, 'anchor')} that was kept elsewhere: nothing is missing, nothing was rewritten.`,
      );
    if (anchor !== undefined)
      lines.push(`  anchored at #${anchor.seq} on ${printable(formatTime(Date.parse(anchor.at)))}`);
    lines.push(
      open === undefined
        ? '  a run is under way: the quarantine was not compared'
        : `  ${formatCount(open, 'item')} under way or held for undo, each where the journal has it`,
    );
  } else {
    const bad = firstBad(check);
    lines.push(`${read} read${bad === undefined ? '' : `; the first bad one is #${bad}`}.`);
    if (isAcceptable(check)) lines.push('When you know why: prodigy clean log verify --accept');
    else if (isRepairable(check)) lines.push('What can be kept: prodigy clean log repair');
  }
  if (head !== undefined) lines.push(`  head #${head.seq} ${head.hash}`);
  return `${lines.join('\n')}\n`;
}

const repairable: ReadonlySet<string> = new Set([
  'entry-damaged',
  'identity-differs',
  'database-damaged',
  'rows-damaged',
  'row-differs',
]);

function isRepairable({ findings }: JournalCheck): boolean {
  return findings.some(({ type }) => repairable.has(type));
}
