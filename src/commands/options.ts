import { err, ok, type Result } from 'neverthrow';
import type { UsageFailure } from '../model/failure.ts';
import { isKind, kinds, type Kind } from '../model/kind.ts';
import { parseDuration } from '../policy/age.ts';
import { parseBrake } from '../policy/brake.ts';
import { parseCount, parseSize } from '../policy/size.ts';
import { nearest } from '../ui/nearest.ts';

/** Flags of `prodigy clean`, as commander hands them over. */
export type CleanFlags = Partial<Record<Kind, boolean>> & {
  readonly all?: boolean;
  readonly olderThan?: string;
  readonly allRepos?: boolean;
  readonly repo?: string;
  readonly mapreduce?: boolean;
  readonly jobId?: string;
  readonly mergedOnly?: boolean;
  readonly deleteMergedBranches?: boolean;
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly yes?: boolean;
  readonly undo?: boolean;
  readonly full?: boolean;
  readonly json?: boolean;
  readonly jsonl?: boolean;
  readonly detailedExitcode?: boolean;
  readonly acceptClock?: boolean;
  /** The overview of an earlier time. */
  readonly at?: string;
  readonly keepLast?: string;
  readonly free?: string;
  readonly maxDelete?: string;
};

export type Output = 'text' | 'json' | 'jsonl';

/** What was asked for, checked. */
export type CleanRequest = {
  /** Empty: no run, the overview. */
  readonly kinds: readonly Kind[];
  readonly olderThanMs: number | undefined;
  readonly allRepositories: boolean;
  /** Name or path. */
  readonly repository: string | undefined;
  readonly mapreduceOnly: boolean;
  readonly jobId: string | undefined;
  readonly mergedOnly: boolean;
  /** What is named may go with the work in it, after a snapshot. */
  readonly insisted?: boolean;
  readonly deleteMergedBranches: boolean;
  readonly keepLast?: number | undefined;
  readonly freeBytes?: number | undefined;
  /** As it was typed; it can be read. */
  readonly maxDelete?: string | undefined;
  readonly dryRun: boolean;
  readonly force: boolean;
  readonly isUndoable: boolean;
  readonly isFull: boolean;
  readonly output: Output;
  readonly detailedExitCode: boolean;
  readonly acceptClock: boolean;
  /** Normalised, as the journal keeps them. */
  readonly argv: readonly string[];
};

const words = ['all', ...kinds.toReversed()];
const ofItems = ['hold', 'release', 'abandon', 'why'];
const commands = ['apply', 'resume', 'undo', ...ofItems, 'doctor', 'log', 'completion'];

function usage(problem: string, text: string | undefined, accepted: readonly string[]): UsageFailure {
  return { type: 'usage', problem, text, accepted };
}

/** Words and flags, both shapes and any mixture of them (DESIGN 6), to one request; or one clear sentence. */
export function parseRequest(
  given: readonly string[],
  flags: CleanFlags,
): Result<CleanRequest, UsageFailure> {
  const selected = new Set<Kind>();
  for (const word of given) {
    if (word === 'all') kinds.forEach((kind) => selected.add(kind));
    else if (isKind(word)) selected.add(word);
    else if (word !== given[0] && (word === 'help' || commands.includes(word))) {
      return err(
        usage(`The command '${word}' goes with no kind: it stands right behind 'prodigy clean'`, undefined, [
          `prodigy clean ${word}`,
        ]),
      );
    } else {
      const meant = nearest(word, [...words, ...commands]);
      return err(
        usage(
          `There is no 'prodigy clean ${word}'${meant === undefined ? '' : `; did you mean '${meant}'?`}`,
          undefined,
          [...words, ...commands],
        ),
      );
    }
  }
  for (const kind of kinds) if (flags.all === true || flags[kind] === true) selected.add(kind);

  const selections = selectionFlags(flags);
  if (selected.size === 0 && selections.length > 0) {
    return err(
      usage(`${selections[0]} needs to know what to clean: nothing is ever assumed to be "all"`, undefined, [
        '--all',
        ...kinds.toReversed().map((kind) => `--${kind}`),
      ]),
    );
  }
  const conflict = conflictIn(flags);
  if (conflict !== undefined) return err(conflict);

  const olderThanMs = read(flags.olderThan, parseDuration);
  if (olderThanMs.isErr()) return err(olderThanMs.error);
  for (const [flag, value] of [['--repo', flags.repo] as const, ['--job-id', flags.jobId] as const]) {
    if (value?.trim() === '') return err(usage(`${flag} is empty`, undefined, [`${flag} NAME`]));
  }
  const keepLast = read(flags.keepLast, parseCount);
  if (keepLast.isErr()) return err(keepLast.error);
  const freeBytes = read(flags.free, parseSize);
  if (freeBytes.isErr()) return err(freeBytes.error);
  const brake = read(flags.maxDelete, parseBrake);
  if (brake.isErr()) return err(brake.error);
  const chosen = kinds.filter((kind) => selected.has(kind));
  return ok({
    kinds: chosen,
    olderThanMs: olderThanMs.value,
    allRepositories: flags.allRepos === true,
    repository: flags.repo,
    mapreduceOnly: flags.mapreduce === true,
    jobId: flags.jobId,
    mergedOnly: flags.mergedOnly === true,
    deleteMergedBranches: flags.deleteMergedBranches === true,
    keepLast: keepLast.value,
    freeBytes: freeBytes.value,
    maxDelete: flags.maxDelete?.trim(),
    dryRun: flags.dryRun === true,
    force: flags.force === true || flags.yes === true,
    isUndoable: flags.undo !== false,
    isFull: flags.full === true,
    output: flags.json === true ? 'json' : flags.jsonl === true ? 'jsonl' : 'text',
    detailedExitCode: flags.detailedExitcode === true,
    acceptClock: flags.acceptClock === true,
    argv: normalised(chosen, flags),
  });
}

function read<T>(
  text: string | undefined,
  parse: (text: string) => Result<T, UsageFailure>,
): Result<T | undefined, UsageFailure> {
  return text === undefined ? ok(undefined) : parse(text);
}

function selectionFlags(flags: CleanFlags): string[] {
  const given: [string, boolean][] = [
    ['--older-than', flags.olderThan !== undefined],
    ['--mapreduce', flags.mapreduce === true],
    ['--job-id', flags.jobId !== undefined],
    ['--merged-only', flags.mergedOnly === true],
    ['--delete-merged-branches', flags.deleteMergedBranches === true],
    ['--keep-last', flags.keepLast !== undefined],
    ['--free', flags.free !== undefined],
    ['--max-delete', flags.maxDelete !== undefined],
    ['--dry-run', flags.dryRun === true],
    ['--force', flags.force === true || flags.yes === true],
    ['--no-undo', flags.undo === false],
    ['--detailed-exitcode', flags.detailedExitcode === true],
  ];
  return given.filter(([, isGiven]) => isGiven).map(([flag]) => flag);
}

function conflictIn(flags: CleanFlags): UsageFailure | undefined {
  if (flags.json === true && flags.jsonl === true) {
    return usage('--json and --jsonl exclude each other', undefined, ['--json', '--jsonl']);
  }
  if (flags.allRepos === true && flags.repo !== undefined) {
    return usage('--all-repos and --repo exclude each other', undefined, ['--all-repos', '--repo NAME|PATH']);
  }
  if (flags.detailedExitcode === true && flags.dryRun !== true) {
    return usage('--detailed-exitcode speaks of a dry run', undefined, ['--dry-run --detailed-exitcode']);
  }
  return undefined;
}

function normalised(chosen: readonly Kind[], flags: CleanFlags): string[] {
  return [
    ...chosen.map((kind) => `--${kind}`),
    ...(flags.olderThan === undefined ? [] : ['--older-than', flags.olderThan]),
    ...(flags.allRepos === true ? ['--all-repos'] : []),
    ...(flags.repo === undefined ? [] : ['--repo', flags.repo]),
    ...(flags.mapreduce === true ? ['--mapreduce'] : []),
    ...(flags.jobId === undefined ? [] : ['--job-id', flags.jobId]),
    ...(flags.mergedOnly === true ? ['--merged-only'] : []),
    ...(flags.deleteMergedBranches === true ? ['--delete-merged-branches'] : []),
    ...(flags.keepLast === undefined ? [] : ['--keep-last', flags.keepLast]),
    ...(flags.free === undefined ? [] : ['--free', flags.free]),
    ...(flags.maxDelete === undefined ? [] : ['--max-delete', flags.maxDelete.trim()]),
    ...(flags.undo === false ? ['--no-undo'] : []),
    ...(flags.acceptClock === true ? ['--accept-clock'] : []),
    ...(flags.dryRun === true ? ['--dry-run'] : []),
    ...(flags.force === true || flags.yes === true ? ['--force'] : []),
  ];
}
