import { unreachable } from '../model/invariant.ts';
import type { Closed } from '../model/closed.ts';
import type { Failure, JournalFailure } from '../model/failure.ts';
import { formatDuration } from '../policy/age.ts';
import { adviceFor, causeOf } from './errno-words.ts';
import { formatBytes, formatCount, formatTime, formatWhole, printable } from './format.ts';
import { nearest } from './nearest.ts';
import { explainRoot } from './root-words.ts';
import { inRoot } from './run-line.ts';
import { explainLock } from './run-lock-words.ts';

/** A failure as one clear sentence and one next step. */
export type Explanation = { readonly sentence: string; readonly next: string };

/**
 * Turns facts into words: the only place where failures become sentences.
 *
 * @param closed - the directory that forbids it, where that was looked for
 */
export function explain(failure: Failure, closed?: Closed): Explanation {
  switch (failure.type) {
    case 'disk':
      return {
        sentence: `${causeOf(failure.code)}: ${printable(failure.path)} (${failure.code}, ${printable(failure.syscall)})`,
        next: adviceFor(failure.code, failure.path, closed, closed === undefined ? undefined : 'try again'),
      };
    case 'outside-storage':
      return {
        sentence: `${printable(failure.path)} is not inside the storage: it was not touched.`,
        next: 'prodigy clean log shows what led there',
      };
    case 'git':
      return {
        sentence: `git ${printable(failure.args.join(' '))} failed: ${printable(failure.stderr.trim()) || `exit ${failure.exitCode ?? 'unknown'}`}`,
        next: 'run that git command by hand to see why, then prodigy clean resume',
      };
    case 'journal-locked':
      return {
        sentence: `The journal ${printable(failure.path)} is in use by another process.`,
        next: 'wait until it has ended, then try again',
      };
    case 'journal-absent':
      return {
        sentence: `There is no journal yet: ${printable(failure.path)}.`,
        next: 'the first run or dry run begins it: prodigy clean --all --dry-run',
      };
    case 'journal-full':
      return {
        sentence: `The volume of ${printable(failure.path)} is full${failure.freeBytes === undefined ? '' : ` (${formatBytes(failure.freeBytes)} free)`}: without a journal nothing is removed.`,
        next: 'set PRODIGY_CLEAN_JOURNAL_DIR to a directory on another volume',
      };
    case 'journal-unavailable':
      return {
        sentence: `The journal ${printable(failure.path)} cannot be written (${detailOf(failure)}): without a journal nothing is removed.`,
        next: 'mend the cause, or set PRODIGY_CLEAN_JOURNAL_DIR to a writable directory',
      };
    case 'journal-damaged':
      return {
        sentence: `The journal ${printable(failure.path)} is damaged${failure.seq === undefined ? '' : ` at entry ${failure.seq}`}: ${printable(failure.detail)}. Nothing is removed while it is.`,
        next: 'prodigy clean log repair shows what can be kept, and asks; prodigy clean log verify says what is wrong',
      };
    case 'journal-truncated':
      return {
        sentence: `The journal ${printable(failure.path)} ends at entry ${failure.headSeq}, but its anchor knows entry ${failure.anchorSeq}: entries are missing. Nothing is removed while that is unexplained.`,
        next: 'restore the journal directory from a backup; or, when you know why, prodigy clean log verify --accept',
      };
    case 'holds-unknown':
      return {
        sentence: `What is on hold by the journal of ${printable(failure.root)} is not known: ${whyUnread(failure.cause)}. Nothing is removed before it is.`,
        next: `${inRoot(failure.root, 'prodigy clean doctor')} says what can be done about it`,
      };
    case 'journal-newer':
      return {
        sentence: `The journal ${printable(failure.path)} was written by a newer version (format ${failure.format}, this one knows ${failure.supported}).`,
        next: 'update prodigy-clean; prodigy clean log --jsonl exports it all the same',
      };
    case 'journal-dead':
      return {
        sentence: `An entry could not be written to the journal ${printable(failure.path)}: the run stopped before anything else was touched.`,
        next: 'prodigy clean resume',
      };
    case 'root-refused':
      return explainRoot(failure);
    case 'usage':
      return {
        sentence: printable(
          `${failure.problem}${failure.text === undefined ? '' : `: '${failure.text}'`}${
            failure.meant === undefined ? '' : `; did you mean '${failure.meant}'?`
          }`,
        ),
        next: printable(failure.next ?? `accepted: ${failure.accepted.join(', ')}`),
      };
    case 'no-terminal':
      return {
        sentence: `Nothing of this plan was removed: ${failure.output === undefined ? 'there is no terminal to ask on' : `with --${failure.output} no question is asked`}, and ${formatCount(failure.items, 'item')} (${formatBytes(failure.bytes)}) would go.`,
        next: 'give --force to answer yes, or --dry-run to see the list only',
      };
    case 'clock-behind':
      return {
        sentence: `The clock says ${formatTime(failure.nowMs)}, but the journal's last entry is of ${formatTime(failure.lastEntryAtMs)}: ages cannot be trusted.`,
        next: 'set the clock right, or give --accept-clock',
      };
    case 'clock-ahead':
      return {
        sentence: `The clock says ${formatTime(failure.nowMs)}, and the last run was on ${formatTime(failure.lastEntryAtMs)}: ${aheadText(failure)}. Ages cannot be trusted.`,
        next: 'set the clock right; or, when it is right, give --accept-clock once',
      };
    case 'unfinished-work':
      return {
        sentence: `${formatCount(failure.operations, 'operation')} of an earlier run are unfinished.`,
        next: 'prodigy clean resume',
      };
    case 'plan-expired':
      return {
        sentence: `The plan ${printable(failure.plan)} is of ${formatTime(failure.shownAtMs)}: it can be applied for 24 hours. Nothing of it was removed.`,
        next: `look again: ${failure.again}`,
      };
    case 'max-delete':
      return {
        sentence: `${formatWhole(failure.items)} of ${formatCount(failure.found, 'item')} (${formatBytes(failure.bytes)}) would go, more than --max-delete ${printable(failure.limit)} allows.`,
        next: 'nothing of this plan was removed: look at the list with --dry-run, then raise --max-delete, or select less',
      };
    case 'not-abandonable':
      return {
        sentence: `${printable(failure.target)} stays: ${failure.reason} (${printable(failure.status)}). Abandoning lifts only that something could be resumed.`,
        next: 'let it end, or see prodigy clean --all --dry-run --full for what protects it',
      };
    case 'run-locked':
      return explainLock(failure);
    case 'purge-blocked':
      return {
        sentence: `${formatCount(failure.count, 'entry', 'entries')} of ${printable(failure.path)} could not be removed.`,
        next: 'prodigy clean resume, once the cause is gone',
      };
    case 'half-moved':
      return {
        sentence: `${printable(failure.path)} was moved in part and waits in quarantine: ${causeOf(failure.cause.code)}.`,
        next: 'prodigy clean resume, once the cause is gone',
      };
    case 'unknown-run':
      return {
        sentence: `The journal knows no run '${printable(failure.text)}'.`,
        next: 'prodigy clean log --event RunStarted lists them',
      };
    case 'unknown-plan':
      return {
        sentence: `The journal knows no plan '${printable(failure.text)}' that was shown.`,
        next: 'prodigy clean --all --dry-run shows one, and how to apply it',
      };
    case 'unknown-item':
      return explainUnknown(failure);
    case 'no-prodigy':
      return {
        sentence: `There is no other prodigy on PATH to hand 'prodigy ${printable(failure.args.join(' '))}' over to.`,
        next: handOverAdvice(failure.args[0] ?? ''),
      };
    case 'scan-failed':
      return {
        sentence: `${failure.kind} could not be looked at: ${causeOf(failure.cause.code)}: ${printable(failure.cause.path)}.`,
        next: adviceFor(failure.cause.code, failure.cause.path),
      };
    default:
      return unreachable(failure);
  }
}

function aheadText({
  uptimeMs,
  aheadMs,
  silentFromMs,
  silentUntilMs,
}: Extract<Failure, { type: 'clock-ahead' }>): string {
  const up = roundly(uptimeMs);
  if (aheadMs !== undefined)
    return `the machine has been up all the time since (for ${up}), and the clock has gone ${roundly(aheadMs)} further than it has`;
  const from = silentFromMs ?? 0;
  const until = silentUntilMs ?? 0;
  return `the machine has been up for ${up} only, and nothing on it tells of the ${roundly(until - from)} from ${formatTime(from)} to ${formatTime(until)}: it was off, or the clock is wrong`;
}

/** Seconds say nothing of days. */
function roundly(ms: number): string {
  return formatDuration(Math.round(ms / 60_000) * 60_000);
}

/** What it was asked for may be a slip of ours. It is told, and never done. */
function handOverAdvice(command: string): string {
  const meant = nearest(command, ['clean', 'worktree']);
  return meant === undefined || meant === command
    ? 'install Prodigy, or use prodigy clean --help'
    : `did you mean 'prodigy ${meant}'?`;
}

function explainUnknown({ text, similar, among }: Extract<Failure, { type: 'unknown-item' }>): Explanation {
  const what = printable(text);
  const alike = similar.length === 0 ? undefined : `similar: ${similar.map(printable).join(', ')}`;
  if (among === 'pins') {
    return {
      sentence: `Nothing is on hold or abandoned as '${what}'.`,
      next: alike ?? 'prodigy clean hold lists what is',
    };
  }
  return {
    sentence:
      among === 'journal'
        ? `The journal knows nothing of an item '${what}'.`
        : `Nothing is known of an item '${what}', neither in the journal nor in the storage.`,
    next:
      alike ?? 'prodigy clean log lists what was removed, prodigy clean --all --dry-run --full what is there',
  };
}

/** Node's own words begin with the code. */
function detailOf({ code, detail }: { readonly code: string; readonly detail: string }): string {
  return printable(detail.startsWith(`${code}: `) ? detail : `${code}: ${detail}`);
}

/** Of a journal that was to be read, and nothing more. */
function whyUnread(failure: JournalFailure): string {
  switch (failure.type) {
    case 'journal-damaged':
      return `it is damaged${failure.seq === undefined ? '' : ` at entry ${failure.seq}`}: ${printable(failure.detail)}`;
    case 'journal-truncated':
      return `entries are missing after entry ${failure.headSeq}`;
    case 'journal-newer':
      return `a newer version wrote it (format ${failure.format}, this one knows ${failure.supported})`;
    case 'journal-locked':
      return 'another process has it';
    case 'journal-unavailable':
      return `it cannot be read (${failure.code}: ${printable(failure.detail)})`;
    default:
      return 'it cannot be read';
  }
}
