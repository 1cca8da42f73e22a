import { err, ok, type Result } from 'neverthrow';
import { eventShapes } from '../journal/event-shape.ts';
import type { UsageFailure } from '../model/failure.ts';
import { kinds } from '../model/kind.ts';
import { keepReasons, removalProofs } from '../model/reason.ts';
import { nearest } from '../ui/nearest.ts';
import { parseWhen } from './when.ts';

/** Flags of `prodigy clean log`, as commander hands them over. */
export type LogFlags = {
  readonly since?: string;
  readonly until?: string;
  readonly run?: readonly string[];
  readonly kind?: readonly string[];
  readonly event?: readonly string[];
  readonly repo?: readonly string[];
  readonly item?: readonly string[];
  readonly actor?: readonly string[];
  readonly reason?: readonly string[];
  readonly limit?: string;
  readonly reverse?: boolean;
  readonly follow?: boolean;
  readonly json?: boolean;
  readonly jsonl?: boolean;
  readonly csv?: boolean;
  readonly color?: boolean;
};

export type LogOutput = 'text' | 'json' | 'jsonl' | 'csv';

/** What is asked of the log, checked. An empty list asks for everything; several values are alternatives. */
export type LogRequest = {
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly runs: readonly string[];
  readonly kinds: readonly string[];
  readonly events: readonly string[];
  readonly repositories: readonly string[];
  readonly items: readonly string[];
  readonly actors: readonly string[];
  readonly reasons: readonly string[];
  /** The newest so many; `undefined`: all. */
  readonly limit: number | undefined;
  readonly reverse: boolean;
  readonly follow: boolean;
  readonly output: LogOutput;
};

export const reasons: readonly string[] = [
  ...keepReasons,
  'expired',
  ...removalProofs,
  'expectation-gone',
  'no-terminal',
  'clock-behind',
  'clock-ahead',
  'unfinished-work',
  'max-delete',
  'plan-expired',
];

export async function parseLog(flags: LogFlags, nowMs: number): Promise<Result<LogRequest, UsageFailure>> {
  const conflict = conflictIn(flags) ?? emptyIn(flags);
  if (conflict !== undefined) return err(conflict);
  const named =
    unknownIn('kind', flags.kind, kinds) ??
    unknownIn('event', flags.event, Object.keys(eventShapes)) ??
    // Failures are told by their errno.
    unknownIn(
      'reason',
      flags.reason?.filter((reason) => !/^E[A-Z0-9]+$/.test(reason)),
      reasons,
    );
  if (named !== undefined) return err(named);
  if (flags.limit !== undefined && !/^[1-9]\d{0,8}$/.test(flags.limit)) {
    return err(usage('--limit is not a count', flags.limit, ['--limit 20']));
  }
  const since = flags.since === undefined ? ok(-Infinity) : await parseWhen(flags.since, 'since', nowMs);
  if (since.isErr()) return err(since.error);
  const until = flags.until === undefined ? ok(Infinity) : await parseWhen(flags.until, 'until', nowMs);
  if (until.isErr()) return err(until.error);
  return ok({
    sinceMs: since.value,
    untilMs: until.value,
    runs: flags.run ?? [],
    kinds: flags.kind ?? [],
    events: flags.event ?? [],
    repositories: flags.repo ?? [],
    items: flags.item ?? [],
    actors: flags.actor ?? [],
    reasons: flags.reason ?? [],
    limit: flags.limit === undefined ? undefined : Number(flags.limit),
    reverse: flags.reverse === true,
    follow: flags.follow === true,
    output: outputs.find((output) => flags[output] === true) ?? 'text',
  });
}

const outputs = ['json', 'jsonl', 'csv'] as const;

function conflictIn(flags: LogFlags): UsageFailure | undefined {
  const chosen = outputs.filter((output) => flags[output] === true).map((output) => `--${output}`);
  if (chosen.length > 1) return usage(`${chosen.join(' and ')} exclude each other`, undefined, chosen);
  if (flags.follow !== true) return undefined;
  if (flags.reverse === true)
    return usage('--follow and --reverse exclude each other', undefined, ['--follow', '--reverse']);
  if (flags.until !== undefined)
    return usage('--follow has no end, --until has', undefined, ['--follow --since WHEN', '--until WHEN']);
  if (flags.json === true)
    return usage('--json is one array, and --follow never ends', undefined, ['--follow --jsonl']);
  return undefined;
}

function emptyIn(flags: LogFlags): UsageFailure | undefined {
  for (const flag of ['run', 'repo', 'item', 'actor'] as const) {
    if (flags[flag]?.some((value) => value.trim() === '') === true)
      return usage(`--${flag} is empty`, undefined, [`--${flag} ...`]);
  }
  return undefined;
}

function unknownIn(
  what: string,
  given: readonly string[] | undefined,
  known: readonly string[],
): UsageFailure | undefined {
  const wrong = given?.find((name) => !known.includes(name));
  if (wrong === undefined) return undefined;
  const meant = nearest(wrong, known);
  return meant === undefined
    ? usage(`There is no ${what}`, wrong, known)
    : usage(`There is no ${what} '${wrong}'; did you mean '${meant}'?`, undefined, known);
}

function usage(problem: string, text: string | undefined, accepted: readonly string[]): UsageFailure {
  return { type: 'usage', problem, text, accepted };
}
