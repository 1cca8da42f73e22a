import { err, ok, type Result } from 'neverthrow';
import { isPlainId } from '../storage/names.ts';

/** Flags of Prodigy's own `worktree clean`, as commander hands them over. */
export type WorktreeFlags = {
  readonly all?: boolean;
  readonly force?: boolean;
  readonly mergedOnly?: boolean;
  readonly mapreduce?: boolean;
  readonly olderThan?: string;
  readonly dryRun?: boolean;
  readonly jobId?: string;
};

/** Which of its forms was meant, by its own precedence (PRODIGY-STORAGE 7.1). */
export type WorktreeRequest = {
  readonly form: 'mapreduce' | 'older-than' | 'all' | 'name' | 'nothing';
  readonly name: string | undefined;
  readonly jobId: string | undefined;
  readonly olderThanMs: number | undefined;
  /** As it was typed: it is said again. */
  readonly olderThan: string | undefined;
  readonly isForced: boolean;
  readonly mergedOnly: boolean;
  readonly isDryRun: boolean;
  readonly argv: readonly string[];
};

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Durations as Prodigy reads them; the sentences of its refusals are its own. */
export function parseProdigyDuration(text: string): Result<number, string> {
  const typed = text.trim().toLowerCase();
  const [, number, unit = ''] = /^(.*?)(ms|s|m|h|d)$/su.exec(typed) ?? [];
  const factor = unitMs[unit];
  if (number === undefined || factor === undefined)
    return err("Invalid duration format. Use format like '1h', '24h', '7d'");
  const ms = Number(number) * factor;
  if (!/^\d+$/.test(number) || !Number.isSafeInteger(ms) || ms > longestMs)
    return err('Invalid number in duration');
  return ok(ms);
}

const longestMs = 100 * 365 * 86_400_000;

export function parseWorktreeClean(
  name: string | undefined,
  flags: WorktreeFlags,
): Result<WorktreeRequest, string> {
  const { olderThan, jobId } = flags;
  const age = olderThan === undefined ? ok(undefined) : parseProdigyDuration(olderThan);
  if (age.isErr()) return err(age.error);
  if (name !== undefined && !isEntryName(name)) {
    return err(`'${name}' is not the name of a worktree: only a plain name of an existing one is taken`);
  }
  if (jobId?.trim() === '') return err('--job-id is empty');
  return ok({
    form: formOf(name, flags),
    name,
    jobId,
    olderThanMs: age.value,
    olderThan,
    isForced: flags.force === true,
    mergedOnly: flags.mergedOnly === true,
    isDryRun: flags.dryRun === true,
    argv: argvOf(name, flags),
  });
}

function formOf(name: string | undefined, flags: WorktreeFlags): WorktreeRequest['form'] {
  if (flags.mapreduce === true) return 'mapreduce';
  if (flags.olderThan !== undefined) return 'older-than';
  if (flags.all === true) return 'all';
  return name === undefined ? 'nothing' : 'name';
}

/** What could lead elsewhere, or is Prodigy's own, is never joined to a path. */
function isEntryName(name: string): boolean {
  return isPlainId(name) && !name.startsWith('.') && !name.startsWith('-');
}

function argvOf(name: string | undefined, flags: WorktreeFlags): string[] {
  return [
    ...(name === undefined ? [] : [name]),
    ...(flags.all === true ? ['--all'] : []),
    ...(flags.force === true ? ['--force'] : []),
    ...(flags.mergedOnly === true ? ['--merged-only'] : []),
    ...(flags.mapreduce === true ? ['--mapreduce'] : []),
    ...(flags.olderThan === undefined ? [] : ['--older-than', flags.olderThan]),
    ...(flags.jobId === undefined ? [] : ['--job-id', flags.jobId]),
    ...(flags.dryRun === true ? ['--dry-run'] : []),
  ];
}
