import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import { findUndoObstacles } from '../cleaners/undo-obstacles.ts';
import type { Failure } from '../model/failure.ts';
import type { Scope } from '../policy/scope.ts';
import { repositoryAt } from '../storage/repository.ts';
import { adviceFor } from '../ui/errno-words.ts';
import { whyText } from '../ui/why-words.ts';
import { openProgress } from '../ui/progress.ts';
import { formatCount, printable } from '../ui/format.ts';
import { barredOf } from '../ui/undo-outlook.ts';
import { entryName, linesAfter, linesBefore, linesOfDryRun, noTarget } from '../ui/worktree-lines.ts';
import type { ItemView, RunView } from '../ui/view.ts';
import { accountOf } from './account.ts';
import type { Answer } from './answer.ts';
import { run, type Manner } from './clean.ts';
import { obstaclesOf } from './consent.ts';
import { goneDirectory } from './here.ts';
import { openForLooking } from './journal-access.ts';
import { lookAndJudge, runPolicy } from './looking.ts';
import { holdsUnknown, pinsSeen } from './pins-now.ts';
import type { CleanRequest } from './options.ts';
import { endRun, putOnRecord } from './run-steps.ts';
import type { Shell } from './shell.ts';
import { viewOf } from './view.ts';
import { parseWorktreeClean, type WorktreeFlags, type WorktreeRequest } from './worktree-request.ts';

/** Exit codes of Prodigy's own commands. */
export const prodigyCodes = { done: 0, failed: 1, usage: 2 } as const;

/** Without an age of their own, agents count as orphaned after this time, as Prodigy has it. */
const orphanedMs = 3_600_000;
/** Every age: what protects, protects all the same. */
const anyAgeMs = 1;

/**
 * `prodigy worktree clean [NAME]`: Prodigy's own flags, lines and exit codes, carried out by the engine of
 * `prodigy clean --worktrees`, under the same promises. It never asks, as it never did.
 */
export async function worktreeClean(
  name: string | undefined,
  flags: WorktreeFlags,
  shell: Shell,
): Promise<Result<number, Failure>> {
  const { terminal, config } = shell;
  terminal.err(
    'prodigy worktree clean is deprecated: use prodigy clean --worktrees (prodigy clean --help)\n',
  );
  const parsed = parseWorktreeClean(name, flags);
  if (parsed.isErr()) return ok(fail(parsed.error, shell));
  const request = parsed.value;
  if (request.form === 'nothing') {
    terminal.out(noTarget);
    return ok(prodigyCodes.done);
  }
  const repository = await repositoryAt(shell.cwd);
  if (shell.cwd === goneDirectory) return ok(fail('The current directory is gone', shell));
  if (repository === undefined) return ok(fail('Not in a git repository', shell));
  const base = join(config.home, '.prodigy', 'worktrees', basename(shell.cwd));
  if (request.form === 'mapreduce' && !(await isThere(base))) {
    const why = `Cleanup coordinator error: Failed to read worktree directory: ${base}: No such file or directory (os error 2)`;
    return ok(fail(why, shell));
  }
  const scope: Scope = {
    allRepositories: false,
    repositories: [repository],
    kinds: ['worktrees'],
    mapreduceOnly: request.form === 'mapreduce',
    jobId: request.jobId,
    ...(request.form === 'name' && request.name !== undefined ? { names: [request.name] } : {}),
  };
  return request.isDryRun ? dryRun(request, scope, shell) : act(request, scope, shell);
}

async function act(request: WorktreeRequest, scope: Scope, shell: Shell): Promise<Result<number, Failure>> {
  let exitCode: number = prodigyCodes.done;
  const manner: Manner = {
    ...silentManner('worktree clean', shell),
    show: (view) => shell.terminal.out(textOf(linesBefore(request, going(view)))),
    answer: (given) => {
      exitCode = tell(request, given, shell);
      return Promise.resolve();
    },
  };
  const done = await engine(requestOf(request), scope, shell, manner);
  return done.map((code) => (code > 100 ? code : exitCode));
}

/** One run whose consent is the call itself. */
export async function engine(
  request: CleanRequest,
  scope: Scope,
  shell: Shell,
  manner: Manner,
): Promise<Result<number, Failure>> {
  const progress = openProgress(shell.terminal, true);
  try {
    return await run(request, scope, shell, progress, manner);
  } finally {
    progress.stop();
  }
}

export function silentManner(
  command: string,
  { terminal, config }: Pick<Shell, 'terminal' | 'config'>,
): Pick<Manner, 'command' | 'consent'> {
  return {
    command,
    consent: async (view, record) => {
      const gone = going(view);
      tellBarred(gone, terminal);
      const { undoMs, undoBytes } = config;
      const told = { notUndoable: obstaclesOf(gone), undoMs, undoBytes };
      const confirmed = await record.command({ type: 'ConfirmRun', how: 'force', ...told });
      return confirmed.isErr() ? err(confirmed.error) : ok('given' as const);
    },
  };
}

/** Nobody is asked, but who looks on can stop it. */
function tellBarred(gone: readonly ItemView[], terminal: Pick<Shell['terminal'], 'err'>): void {
  for (const { why, items } of barredOf(gone))
    terminal.err(`${formatCount(items, 'worktree')} cannot be put back: ${printable(why)}\n`);
}

/** Success is said of what has gone, and what stayed is told with its reason. */
function tell(request: WorktreeRequest, { view, account }: Answer, shell: Shell): number {
  const { terminal } = shell;
  if (request.form === 'name' && view.items.length === 0) {
    return fail(`Failed to remove worktree: '${request.name ?? ''}' is not a working tree here`, shell);
  }
  const gone = going(view).filter(({ id }) => account.results.get(id)?.outcome === 'removed');
  const stays = view.items.filter((item) => isKept(request, item));
  for (const item of stays) terminal.err(stayLine(request, item));
  for (const { name, why } of account.drifted) terminal.err(`Kept ${printable(name)}: ${printable(why)}\n`);
  for (const { name, code, path, detail, closed } of account.failures) {
    const why = detail ?? `${code} ${path}`;
    terminal.err(
      `Error: Failed to remove worktree: ${printable(name)}: ${printable(why)}\n  ${adviceFor(code, path, closed)}\n`,
    );
  }
  const isWhole = stays.length === 0 && account.drifted.length === 0 && account.failures.length === 0;
  terminal.out(textOf(linesAfter(request, gone, isWhole)));
  return isWhole ? prodigyCodes.done : prodigyCodes.failed;
}

function stayLine({ form }: WorktreeRequest, item: ItemView): string {
  const why = `${entryName(item)}: ${whyText(item)}`;
  return form === 'name' ? `Error: Failed to remove worktree: ${why}\n` : `Kept worktree ${why}\n`;
}

async function dryRun(
  request: WorktreeRequest,
  scope: Scope,
  shell: Shell,
): Promise<Result<number, Failure>> {
  const view = await lookOnly(requestOf(request), scope, 'worktree clean', shell);
  if (view.isErr()) return err(view.error);
  if (request.form === 'name' && view.value.items.length === 0) {
    return ok(fail(`Failed to remove worktree: '${request.name ?? ''}' is not a working tree here`, shell));
  }
  for (const item of view.value.items.filter((one) => isKept(request, one)))
    shell.terminal.err(stayLine(request, item));
  tellBarred(going(view.value), shell.terminal);
  shell.terminal.out(textOf(linesOfDryRun(request, going(view.value))));
  return ok(prodigyCodes.done);
}

/** The same look, journalled, and nothing more. */
export async function lookOnly(
  request: CleanRequest,
  scope: Scope,
  command: string,
  shell: Shell,
): Promise<Result<RunView, Failure>> {
  const progress = openProgress(shell.terminal, true);
  try {
    const policy = runPolicy(shell.clock(), request.olderThanMs, request.kinds, request);
    const { pins, unknown } = await pinsSeen(shell, policy.nowMs);
    if (unknown !== undefined) shell.terminal.err(`${holdsUnknown(unknown)}\n`);
    const scan = await lookAndJudge(scope, policy, shell, progress, pins);
    await using ledger = await openForLooking(shell, request.output);
    const { record, journal } = ledger;
    const planned = await putOnRecord({ request, scope, policy, scan, record, journal, command }, shell);
    if (planned.isErr()) return err(planned.error);
    const account = accountOf(record);
    const ended = await endRun(record, 'planned', prodigyCodes.done, account, undefined, undefined);
    if (ended.isErr()) return err(ended.error);
    const ids = { run: record.id, plan: planned.value, dryRun: true };
    const obstacles = await findUndoObstacles(journal?.journalId);
    return ok(viewOf(scan, scope, policy, shell.config.roots, ids, obstacles.to));
  } finally {
    progress.stop();
  }
}

/** What the engine is asked for. */
function requestOf(request: WorktreeRequest): CleanRequest {
  const { form, olderThanMs, mergedOnly, jobId, argv, isForced } = request;
  const insisted = form === 'name' && isForced;
  const ageMs = olderThanMs ?? (form === 'mapreduce' ? orphanedMs : anyAgeMs);
  return { ...engineRequest(argv), olderThanMs: Math.max(ageMs, anyAgeMs), mergedOnly, jobId, insisted };
}

export function engineRequest(argv: readonly string[]): CleanRequest {
  return {
    kinds: ['worktrees'],
    olderThanMs: anyAgeMs,
    allRepositories: false,
    repository: undefined,
    mapreduceOnly: false,
    jobId: undefined,
    mergedOnly: false,
    deleteMergedBranches: false,
    dryRun: false,
    force: true,
    isUndoable: true,
    isFull: false,
    output: 'text',
    detailedExitCode: false,
    acceptClock: false,
    argv,
  };
}

function going({ items }: RunView): readonly ItemView[] {
  return items.filter(({ verdict }) => verdict === 'remove');
}

/** Kept for what it is, and not because it was not asked for; one that was named was asked for. */
function isKept({ form }: WorktreeRequest, { verdict, reason }: ItemView): boolean {
  return verdict === 'keep' && (form === 'name' || (reason !== 'young' && reason !== 'unmerged'));
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

function fail(why: string, { terminal }: Pick<Shell, 'terminal'>): number {
  terminal.err(`Error: ${printable(why)}\n`);
  return prodigyCodes.failed;
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
