import { statfs } from 'node:fs/promises';
import { err, ok, type Result } from 'neverthrow';
import type { Failure } from '../model/failure.ts';
import { kinds } from '../model/kind.ts';
import { repositoryAt } from '../storage/repository.ts';
import { openOperations, type OpenOperation } from '../projections/open-operations.ts';
import { runDocument } from '../ui/document.ts';
import { explain } from '../ui/explain.ts';
import { printable } from '../ui/format.ts';
import { overviewText, type UnfinishedView, type VolumeView } from '../ui/overview-text.ts';
import { scopeText } from '../ui/plan-text.ts';
import { pinsText } from '../ui/pins-text.ts';
import { openProgress } from '../ui/progress.ts';
import { accountOf } from './account.ts';
import { endRun, putOnRecord } from './run-steps.ts';
import { openForLooking } from './journal-access.ts';
import { holdsUnknown, lookAndJudge, noRules, pinsSeen, runPolicy } from './looking.ts';
import type { CleanRequest } from './options.ts';
import { scopeOf } from './scope.ts';
import { unfinishedRuns } from './unfinished.ts';
import type { Shell } from './shell.ts';
import { viewOf } from './view.ts';

/** Bare `prodigy clean`: what is there, what could go, what stays and why. Removes nothing. */
export async function overview(request: CleanRequest, shell: Shell): Promise<Result<number, Failure>> {
  const { config, terminal } = shell;
  const isOutside = request.repository === undefined && (await repositoryAt(shell.cwd)) === undefined;
  const everything: CleanRequest = {
    ...request,
    kinds,
    allRepositories: request.allRepositories || isOutside,
  };
  const scope = await scopeOf(everything, shell.cwd, config.roots);
  if (scope.isErr()) return err(scope.error);
  if (config.roots.length === 0 && request.output === 'text') {
    terminal.out(`There is no Prodigy storage at ${printable(config.firstRoot)}: nothing to clean.\n`);
    return ok(0);
  }

  const progress = openProgress(terminal, request.output === 'jsonl');
  try {
    const startedAtMs = shell.clock();
    const policy = runPolicy(startedAtMs, undefined, kinds, noRules);
    const { pins, unknown } = await pinsSeen(shell, startedAtMs);
    const scan = await lookAndJudge(scope.value, policy, shell, progress, pins);
    progress.stop();
    await using ledger = await openForLooking(shell, request.output);
    const { record, journal } = ledger;
    const put = { request, scope: scope.value, policy, scan, record, journal, command: 'overview' };
    const planned = await putOnRecord(put, shell);
    if (planned.isErr()) return err(planned.error);
    const volume = await volumeView(config.roots[0] ?? config.firstRoot);
    const account = accountOf(record);
    const ended = await endRun(record, 'planned', 0, account, volume?.freeBytes, volume?.freeBytes);
    if (ended.isErr()) return err(ended.error);

    const ids = { run: record.id, plan: planned.value, dryRun: true };
    const view = viewOf(scan, scope.value, policy, config.roots, ids);
    if (request.output === 'json') {
      const document = runDocument({
        view,
        outcome: 'planned',
        exitCode: 0,
        startedAtMs,
        endedAtMs: shell.clock(),
        ...account,
        freeBefore: volume?.freeBytes,
        freeAfter: volume?.freeBytes,
        notes: unknown === undefined ? [] : [holdsUnknown(unknown)],
      });
      terminal.out(`${JSON.stringify(document, null, 2)}\n`);
    }
    if (request.output === 'text') {
      const open = journal === undefined ? ok(new Map()) : await journal.rows(openOperations);
      const operations: OpenOperation[] = open.isErr() ? [] : [...open.value.values()];
      const runs = journal === undefined ? ok([]) : await unfinishedRuns(journal, undefined);
      const unfinished = unfinishedView(operations, runs.isErr() ? 0 : runs.value.length);
      terminal.out(
        `${terminal.outColours.bold(`Prodigy storage of ${scopeText(view)}: ${config.roots.map(printable).join(', ')}`)}\n\n`,
      );
      terminal.out(overviewText(view, volume, unfinished, terminal.outColours, terminal.columns));
      terminal.out(pinsText(pins.values()));
      if (unknown !== undefined) terminal.err(`${holdsUnknown(unknown)}\n`);
      if (ledger.without !== undefined && ledger.without.type !== 'journal-absent')
        terminal.err(`Not journalled: ${explain(ledger.without).sentence}\n`);
    }
    return ok(0);
  } finally {
    progress.stop();
  }
}

function unfinishedView(open: readonly OpenOperation[], runs: number): UnfinishedView {
  const isHeld = ({ state, heldUntilMs }: OpenOperation): boolean =>
    state === 'quarantined' && heldUntilMs !== undefined;
  const bytes = (of: readonly OpenOperation[]): number =>
    of.reduce((sum, { intent }) => sum + intent.bytes, 0);
  const stuck = open.filter((operation) => !isHeld(operation) && operation.state !== 'intended');
  return { heldBytes: bytes(open.filter(isHeld)), blocked: stuck.length, blockedBytes: bytes(stuck), runs };
}

async function volumeView(path: string): Promise<VolumeView | undefined> {
  return statfs(path).then(
    ({ bavail, blocks, bsize }) => ({ freeBytes: bavail * bsize, totalBytes: blocks * bsize }),
    () => undefined,
  );
}
